import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { Problem } from "@/api/problem";
import type { JsonSchema, TaskDetail } from "@/api/types";
import { decide, userTask } from "@/api/work";
import { LazySchemaForm } from "@/forms/LazySchemaForm";
import type { FormAction } from "@/forms/SchemaForm";
import { principalsText } from "@/model/journal";
import { fieldErrors } from "@/model/problem";
import { outcomeLook } from "@/model/status";
import { shapeOf } from "@/model/value";
import { byText, titled, wordFor } from "@/model/words";
import { Button } from "@/ui/Button";
import { type Fact, Facts } from "@/ui/Facts";
import { Empty, Loading, Notice } from "@/ui/Notice";
import { Section } from "@/ui/Section";
import { Moment } from "./frame/Moment";
import { PageHead } from "./frame/PageHead";
import { ProblemState } from "./frame/Problem";
import { useToast } from "./frame/Toast";
import { keys } from "./keys";
import { useWords } from "./language";
import { Due, TaskMarks } from "./shown/Due";
import { OutcomeMark } from "./shown/InstanceMark";
import { ValueView } from "./shown/ValueView";

/** One user task: what to look at, what others decided, and the reader's own decision. */
export function Task() {
  const { id = "" } = useParams();
  const { language, t } = useWords();
  const task = useQuery({ queryKey: keys.task(id), queryFn: () => userTask(id) });
  const title = task.data ? `${titled(task.data.title, language, task.data.node)} ${task.data.key}` : t("work.title");
  return (
    <>
      <PageHead title={title} back={{ to: "/", label: t("task.back") }}>
        {task.data && <TaskMarks task={task.data} />}
      </PageHead>
      {task.isPending && <Loading />}
      {task.isError && <ProblemState thrown={task.error} onRetry={() => task.refetch()} />}
      {task.data && <TaskBody task={task.data} />}
    </>
  );
}

function TaskBody({ task }: { task: TaskDetail }) {
  const { language, t } = useWords();
  const about: Fact[] = [
    { label: t("work.due"), value: <Due task={task} /> },
    { label: t("work.opened"), value: <Moment at={task.opened_at} /> },
    { label: t("task.who"), value: principalsText(task.who, task.roles, { language, t }) || "—" },
  ];
  const shown: Fact[] = task.shown.map(({ label, value, data }) => ({
    label: data?.unit ? `${label} (${data.unit})` : label,
    value: <ValueView value={value} label={label} data={data} />,
    wide: shapeOf(value) !== "line",
  }));
  return (
    <>
      <Section
        title={t("task.shown")}
        aside={
          <Link to={`/instances/${encodeURIComponent(task.instance)}`}>
            {titled(task.workflow_title, language, task.workflow)} · {t("task.instance")}
          </Link>
        }
      >
        {shown.length > 0 && <Facts facts={shown} />}
        <Facts facts={about} />
      </Section>
      {task.decisions.length > 0 && <Decisions task={task} />}
      <Decide task={task} />
    </>
  );
}

function Decisions({ task }: { task: TaskDetail }) {
  const { t } = useWords();
  return (
    <Section title={t("task.decisions")}>
      <ul className="rows">
        {task.decisions.map((one) => (
          <li key={`${one.by}-${one.at}`} className="row-title">
            <OutcomeMark outcome={one.outcome} />
            <strong>{byText(one.by, t)}</strong>
            <span className="quiet small">
              <Moment at={one.at} />
            </span>
            {one.comment && <span>{one.comment}</span>}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function hasFields(schema: JsonSchema | undefined): schema is JsonSchema {
  return Object.keys((schema?.properties as object | undefined) ?? {}).length > 0;
}

function Decide({ task }: { task: TaskDetail }) {
  const { language, t } = useWords();
  const client = useQueryClient();
  const goTo = useNavigate();
  const say = useToast();
  const actions: FormAction[] = task.outcomes.map((outcome, index) => ({
    id: outcome.id,
    label: titled(outcome.title, language, wordFor(t, "outcome", outcome.id)),
    look: outcomeLook(outcome.id, index),
  }));
  const deciding = useMutation({
    mutationFn: ({ outcome, data }: { outcome: string; data: Record<string, unknown> }) =>
      decide(task.id, outcome, data),
    onSuccess: async ({ status }, { outcome }) => {
      say(
        t(status === "open" ? "task.others" : "task.decided", {
          outcome: actions.find((action) => action.id === outcome)?.label ?? outcome,
        }),
      );
      client.removeQueries({ queryKey: keys.task(task.id) });
      await client.invalidateQueries({ queryKey: keys.allWork });
      await goTo("/");
    },
  });
  const refused = useMemo(
    () => (deciding.error instanceof Problem ? fieldErrors(deciding.error) : undefined),
    [deciding.error],
  );
  if (!task.may_decide) {
    return task.why_not ? (
      <Notice tone="calm" title={t("task.may_not")}>
        <p data-testid="why-not">{task.why_not}</p>
      </Notice>
    ) : (
      <Empty title={t("task.gone")} help={t("task.gone_help")} />
    );
  }
  return (
    <Section title={t("task.decide")}>
      {deciding.isError && <ProblemState title={t("task.refused")} thrown={deciding.error} />}
      {hasFields(task.form?.schema) ? (
        <LazySchemaForm
          schema={task.form?.schema ?? {}}
          uiSchema={task.form?.ui_schema ?? {}}
          actions={actions}
          busy={deciding.isPending}
          refused={refused}
          onSubmit={(data, outcome) => deciding.mutate({ outcome, data })}
        />
      ) : (
        <>
          <p className="quiet">{t("task.no_form")}</p>
          <div className="actions outcomes">
            {actions.map((action) => (
              <Button
                key={action.id}
                look={action.look}
                busy={deciding.isPending}
                onClick={() => deciding.mutate({ outcome: action.id, data: {} })}
              >
                {action.label}
              </Button>
            ))}
          </div>
        </>
      )}
    </Section>
  );
}

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { instance, resumeInstance } from "@/api/instances";
import type { InstanceDetail } from "@/api/types";
import { numberText } from "@/model/amount";
import { mayOperate } from "@/model/permissions";
import { byText, titled, wordFor } from "@/model/words";
import { Button } from "@/ui/Button";
import { type Fact, Facts } from "@/ui/Facts";
import { Icon } from "@/ui/Icon";
import { Loading } from "@/ui/Notice";
import { Section } from "@/ui/Section";
import { Live } from "../frame/Live";
import { Moment } from "../frame/Moment";
import { PageHead } from "../frame/PageHead";
import { ProblemState } from "../frame/Problem";
import { useToast } from "../frame/Toast";
import { keys } from "../keys";
import { useWords } from "../language";
import { useRoles } from "../session";
import { Due, TaskMarks } from "../shown/Due";
import { InstanceMark, OutcomeMark } from "../shown/InstanceMark";
import { Incidents } from "./Incidents";
import { Journal } from "./Journal";
import { type Stop, StopInstance } from "./StopInstance";
import { Variables } from "./Variables";

/** One instance: where it stands, what stopped it, what it knows and how it came here. */
export function Instance() {
  const { id = "" } = useParams();
  const { language, t } = useWords();
  const found = useQuery({ queryKey: keys.instance(id), queryFn: () => instance(id) });
  const item = found.data;
  const title = item ? item.key || titled(item.title, language, item.workflow) : t("instances.title");
  return (
    <>
      <PageHead title={title} back={{ to: "/instances", label: t("instance.back") }}>
        {item && <InstanceMark item={{ ...item, incidents: item.incidents.length }} />}
        {item?.outcome && item.status === "ended" && <OutcomeMark outcome={item.outcome} />}
        <Live />
        {item && <Acts item={item} />}
      </PageHead>
      {found.isPending && <Loading />}
      {found.isError && <ProblemState thrown={found.error} onRetry={() => found.refetch()} />}
      {item && <InstanceBody item={item} />}
    </>
  );
}

/** What an operator may do to the whole instance. */
function Acts({ item }: { item: InstanceDetail }) {
  const { t } = useWords();
  const [stop, setStop] = useState<Stop>();
  const operates = mayOperate(useRoles());
  const lives = item.status === "running" || item.status === "suspended";
  if (!lives || !operates) return null;
  return (
    <div className="actions">
      {item.status === "suspended" ? (
        <Resume id={item.id} />
      ) : (
        <Button onClick={() => setStop("suspend")}>{t("instance.suspend")}</Button>
      )}
      <Button look="danger" onClick={() => setStop("cancel")}>
        {t("instance.cancel")}
      </Button>
      {stop && <StopInstance id={item.id} how={stop} onClose={() => setStop(undefined)} />}
    </div>
  );
}

function Resume({ id }: { id: string }) {
  const { t } = useWords();
  const client = useQueryClient();
  const say = useToast();
  const resuming = useMutation({
    mutationFn: () => resumeInstance(id),
    onSuccess: async () => {
      say(t("instance.done_resume"));
      await client.invalidateQueries({ queryKey: keys.instance(id) });
    },
  });
  return (
    <>
      <Button look="primary" busy={resuming.isPending} onClick={() => resuming.mutate()}>
        {t("instance.resume")}
      </Button>
      {resuming.isError && <ProblemState thrown={resuming.error} />}
    </>
  );
}

function InstanceBody({ item }: { item: InstanceDetail }) {
  const { language, t } = useWords();
  const facts: Fact[] = [
    {
      label: t("instances.column_workflow"),
      value: `${titled(item.title, language, item.workflow)} · ${t("instance.version", { version: item.version })}`,
    },
    { label: t("instance.started"), value: <Moment at={item.started_at} /> },
    { label: t("instance.changed"), value: <Moment at={item.changed_at} /> },
    { label: t("instance.by"), value: byText(item.by, t) },
  ];
  if (item.ended_at) facts.push({ label: t("instance.ended"), value: <Moment at={item.ended_at} /> });
  if (typeof item.priority === "number") {
    facts.push({ label: t("instance.priority"), value: numberText(item.priority) });
  }
  if (item.durability)
    facts.push({ label: t("instance.durability"), value: t(`instance.durability_${item.durability}`) });
  return (
    <>
      {item.incidents.length > 0 && <Incidents item={item} />}
      <Where item={item} />
      <div className="card">
        <Facts facts={facts} />
      </div>
      <div className="pair">
        <Variables item={item} />
        <Journal item={item} />
      </div>
    </>
  );
}

/** The nodes where the instance is now, and the tasks that people have there. */
function Where({ item }: { item: InstanceDetail }) {
  const { language, t } = useWords();
  const ofGraph = new Map(item.graph.nodes.map((node) => [node.id, node.title]));
  if (item.status !== "running" && item.status !== "suspended") return null;
  return (
    <Section title={t("instance.where")}>
      {item.tokens.length === 0 && <p className="quiet">{t("instance.nowhere")}</p>}
      <ul className="rows">
        {item.tokens.map((token) => {
          const waits = token.waits_on ?? "ready";
          return (
            <li key={token.id} className="row-title">
              <Icon name={waits === "incident" ? "bad" : "running"} />
              <strong>{titled(token.title ?? ofGraph.get(token.node), language, token.node)}</strong>
              <span className="quiet">{wordFor(t, "waits", waits)}</span>
            </li>
          );
        })}
      </ul>
      {item.user_tasks.length > 0 && (
        <>
          <h3>{t("instance.tasks")}</h3>
          <ul className="rows">
            {item.user_tasks.map((task) => (
              <li key={task.id} className="row row-way">
                <div className="row-main">
                  <div className="row-title">
                    <Link to={`/tasks/${encodeURIComponent(task.id)}`}>{titled(task.title, language, task.node)}</Link>
                    <TaskMarks task={task} />
                  </div>
                  <div className="row-facts">
                    <Due task={task} />
                  </div>
                </div>
                <Icon name="next" />
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  );
}

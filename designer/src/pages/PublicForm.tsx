import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { Link, useParams } from "react-router";
import { startForm, submitForm } from "@/api/forms";
import { Problem } from "@/api/problem";
import type { FormView } from "@/api/types";
import { LazySchemaForm } from "@/forms/LazySchemaForm";
import { fieldErrors } from "@/model/problem";
import { outcomeTone } from "@/model/status";
import { newSubmissionId } from "@/model/submission";
import { Button } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import { Loading, Notice } from "@/ui/Notice";
import { Brand } from "./frame/Brand";
import { LanguageSwitch } from "./frame/LanguageSwitch";
import { ProblemState } from "./frame/Problem";
import { keys } from "./keys";
import { useWords } from "./language";
import { useSession } from "./session";
import { OutcomeMark } from "./shown/InstanceMark";

/** A start form, for anyone with its address where it is public, else for whoever is signed in and may. */
export function PublicForm() {
  const { workflow = "", start = "" } = useParams();
  const { t } = useWords();
  const form = useQuery({ queryKey: keys.form(workflow, start), queryFn: () => startForm(workflow, start) });
  const signedIn = Boolean(useSession().data);
  const [round, setRound] = useState(0);
  const title = form.data?.title ?? t("start.title");
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title, t]);
  // Who is not signed in is told that a form for staff does not exist.
  const askToSignIn = !signedIn && form.error instanceof Problem && [401, 403, 404].includes(form.error.status);
  return (
    <div className="door">
      <header className="door-bar">
        <Brand />
        <LanguageSwitch />
      </header>
      <main className="door-form">
        {signedIn && (
          <Link className="trail" to="/start">
            <Icon name="back" size={16} />
            {t("start.back")}
          </Link>
        )}
        <h1>{title}</h1>
        {form.isPending && <Loading />}
        {form.isError && <ProblemState thrown={form.error} onRetry={() => form.refetch()} />}
        {askToSignIn && (
          <Link to={`/sign-in?next=${encodeURIComponent(`/forms/${workflow}/${start}`)}`}>{t("sign_in.title")}</Link>
        )}
        {form.data && (
          <Fill
            key={round}
            form={form.data}
            signedIn={signedIn}
            onAgain={() => setRound(round + 1)}
            submit={(id, data) => submitForm(workflow, start, id, data)}
          />
        )}
      </main>
    </div>
  );
}

interface FillProps {
  form: FormView;
  signedIn: boolean;
  onAgain: () => void;
  submit: (id: string, data: Record<string, unknown>) => ReturnType<typeof submitForm>;
}

/** One filling-in of the form. Its submission id is made once, so that a second press never submits twice. */
function Fill({ form, signedIn, onAgain, submit }: FillProps) {
  const { t } = useWords();
  const [submissionId] = useState(newSubmissionId);
  const sending = useMutation({ mutationFn: (data: Record<string, unknown>) => submit(submissionId, data) });
  const refused = useMemo(
    () => (sending.error instanceof Problem ? fieldErrors(sending.error) : undefined),
    [sending.error],
  );
  if (sending.data) {
    const { outcome } = sending.data;
    const declined = outcome ? outcomeTone(outcome) === "bad" : false;
    return (
      <>
        <Notice
          tone={declined ? "bad" : "good"}
          title={declined ? t("form.declined") : form.thanks || t("form.thanks")}
        >
          {outcome && (
            <p>
              {t("form.outcome")} <OutcomeMark outcome={outcome} />
            </p>
          )}
          {declined && <p>{t("form.declined_help")}</p>}
          <p className="small">
            {t("form.reference")} <span data-testid="reference">{sending.data.id}</span>
          </p>
        </Notice>
        <div className="actions">
          <Button onClick={onAgain}>{t("form.again")}</Button>
          {signedIn && (
            <Link className="button" to={`/instances/${encodeURIComponent(sending.data.id)}`}>
              {t("form.track")}
            </Link>
          )}
        </div>
      </>
    );
  }
  return (
    <div className="card">
      <LazySchemaForm
        schema={form.schema}
        uiSchema={form.ui_schema ?? {}}
        actions={[{ id: "submit", label: form.submit || t("form.submit"), look: "primary" }]}
        busy={sending.isPending}
        refused={refused}
        onSubmit={(data) => sending.mutate(data)}
      />
      {sending.isError && <ProblemState title={t("form.refused")} thrown={sending.error} />}
    </div>
  );
}

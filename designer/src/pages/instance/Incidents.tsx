import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { cancelIncident, retryIncident, skipIncident } from "@/api/instances";
import type { Incident, InstanceDetail } from "@/api/types";
import { mayOperate } from "@/model/permissions";
import { leafPaths, type Row, shapeOf, typedValue } from "@/model/value";
import { titled } from "@/model/words";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";
import { Icon } from "@/ui/Icon";
import { Section } from "@/ui/Section";
import { Moment } from "../frame/Moment";
import { ProblemState } from "../frame/Problem";
import { useToast } from "../frame/Toast";
import { keys } from "../keys";
import { useWords } from "../language";
import { useRoles } from "../session";
import { ValueView } from "../shown/ValueView";

type Remedy = "retry" | "skip" | "cancel";

export function Incidents({ item }: { item: InstanceDetail }) {
  const { t } = useWords();
  return (
    <Section title={t("instance.incidents")}>
      <ul className="rows">
        {item.incidents.map((incident) => (
          <IncidentRow key={incident.id} incident={incident} item={item} />
        ))}
      </ul>
    </Section>
  );
}

function useRemedy(remedy: Remedy, instanceId: string, act: () => Promise<unknown>, done: () => void) {
  const { t } = useWords();
  const client = useQueryClient();
  const say = useToast();
  return useMutation({
    mutationFn: act,
    onSuccess: async () => {
      say(t(`instance.done_${remedy}`));
      done();
      await client.invalidateQueries({ queryKey: keys.instance(instanceId) });
      await client.invalidateQueries({ queryKey: keys.allInstances });
    },
  });
}

function IncidentRow({ incident, item }: { incident: Incident; item: InstanceDetail }) {
  const { language, t } = useWords();
  const [asking, setAsking] = useState<Remedy | null>(null);
  const retrying = useRemedy(
    "retry",
    item.id,
    () => retryIncident(incident.id),
    () => {},
  );
  const operates = mayOperate(useRoles());
  const close = () => setAsking(null);
  return (
    <li className="notice notice-bad" data-testid="incident">
      <Icon name="bad" />
      <div>
        <p className="notice-title">{titled(incident.title, language, incident.node)}</p>
        <p>{incident.message}</p>
        <p className="notice-code">
          {t("app.code", { code: incident.code })} · <Moment at={incident.opened_at} />
        </p>
        <Details details={incident.details} />
        {operates && (
          <div className="actions">
            <Button look="primary" busy={retrying.isPending} onClick={() => retrying.mutate()}>
              {t("instance.retry")}
            </Button>
            <Button onClick={() => setAsking("retry")}>{t("instance.retry_changed")}</Button>
            <Button onClick={() => setAsking("skip")}>{t("instance.skip")}</Button>
            <Button look="danger" onClick={() => setAsking("cancel")}>
              {t("instance.cancel")}
            </Button>
          </div>
        )}
        {retrying.isError && <ProblemState thrown={retrying.error} />}
      </div>
      {asking === "retry" && <RetryChanged incident={incident} variables={item.variables} onClose={close} />}
      {asking === "skip" && <Skip incident={incident} onClose={close} />}
      {asking === "cancel" && <Stop incident={incident} onClose={close} />}
    </li>
  );
}

function Details({ details }: { details: unknown }) {
  const { t } = useWords();
  if (details === null || details === undefined || (shapeOf(details) === "line" && !details)) return null;
  return (
    <details>
      <summary>{t("instance.show_details")}</summary>
      <ValueView value={details} label={t("instance.show_details")} />
    </details>
  );
}

interface AskProps {
  incident: Incident;
  onClose: () => void;
}

function RetryChanged({ incident, variables, onClose }: AskProps & { variables: Row }) {
  const { t } = useWords();
  const listId = useId();
  const [path, setPath] = useState("");
  const [value, setValue] = useState("");
  const [missing, setMissing] = useState(false);
  const act = () => retryIncident(incident.id, { [path.trim()]: typedValue(value) });
  const retrying = useRemedy("retry", incident.instance, act, onClose);
  const confirm = () => {
    setMissing(path.trim() === "");
    if (path.trim()) retrying.mutate();
  };
  return (
    <Dialog
      title={t("instance.retry_title")}
      help={t("instance.retry_help")}
      confirm={t("instance.retry")}
      busy={retrying.isPending}
      onConfirm={confirm}
      onClose={onClose}
    >
      <TextField
        label={t("instance.path")}
        list={listId}
        value={path}
        onChange={(event) => setPath(event.target.value)}
        error={missing ? t("instance.path_missing") : undefined}
      />
      <datalist id={listId}>
        {leafPaths(variables).map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <TextField label={t("instance.value")} value={value} onChange={(event) => setValue(event.target.value)} />
      {retrying.isError && <ProblemState thrown={retrying.error} />}
    </Dialog>
  );
}

function Skip({ incident, onClose }: AskProps) {
  const { t } = useWords();
  const [value, setValue] = useState("");
  const act = () => skipIncident(incident.id, value.trim() ? typedValue(value) : null);
  const skipping = useRemedy("skip", incident.instance, act, onClose);
  return (
    <Dialog
      title={t("instance.skip_title")}
      help={t("instance.skip_help")}
      confirm={t("instance.skip")}
      busy={skipping.isPending}
      onConfirm={() => skipping.mutate()}
      onClose={onClose}
    >
      <TextField label={t("instance.skip_value")} value={value} onChange={(event) => setValue(event.target.value)} />
      {skipping.isError && <ProblemState thrown={skipping.error} />}
    </Dialog>
  );
}

function Stop({ incident, onClose }: AskProps) {
  const { t } = useWords();
  const [why, setWhy] = useState("");
  const [missing, setMissing] = useState(false);
  const stopping = useRemedy("cancel", incident.instance, () => cancelIncident(incident.id, why.trim()), onClose);
  const confirm = () => {
    setMissing(why.trim() === "");
    if (why.trim()) stopping.mutate();
  };
  return (
    <Dialog
      title={t("instance.stop_title")}
      help={t("instance.cancel_help")}
      confirm={t("instance.cancel")}
      danger
      busy={stopping.isPending}
      onConfirm={confirm}
      onClose={onClose}
    >
      <TextField
        label={t("instance.why")}
        value={why}
        onChange={(event) => setWhy(event.target.value)}
        error={missing ? t("instance.why_missing") : undefined}
      />
      {stopping.isError && <ProblemState thrown={stopping.error} />}
    </Dialog>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { entities, record, recordHistory } from "@/api/records";
import type { EntityShape, RecordChange, RecordItem } from "@/api/types";
import { changedText, changingInstance, fieldChanges, fieldData } from "@/model/record";
import { nameOf, shapeOf } from "@/model/value";
import { byText, titled } from "@/model/words";
import { type Fact, Facts } from "@/ui/Facts";
import { Icon } from "@/ui/Icon";
import { Loading } from "@/ui/Notice";
import { Section } from "@/ui/Section";
import { Moment } from "./frame/Moment";
import { More } from "./frame/More";
import { PageHead } from "./frame/PageHead";
import { ProblemState } from "./frame/Problem";
import { keys } from "./keys";
import { useWords } from "./language";
import { usePages } from "./paging";
import { ValueView } from "./shown/ValueView";

/** One record, read only: what it holds and who changed it, which is where alerts lead. */
export function Record() {
  // The rest of the address: a record's key may hold slashes.
  const { entity = "", "*": id = "" } = useParams();
  const { language, t } = useWords();
  const shapes = useQuery({ queryKey: keys.entities, queryFn: entities, staleTime: 60_000 });
  const found = useQuery({ queryKey: keys.record(entity, id), queryFn: () => record(entity, id) });
  const shape = shapes.data?.find((one) => one.id === entity);
  return (
    <>
      <PageHead title={`${titled(shape?.title, language, entity)} ${id}`} back={{ to: "/", label: t("task.back") }} />
      {found.isPending && <Loading />}
      {found.isError && <ProblemState thrown={found.error} onRetry={() => found.refetch()} />}
      {found.data && (
        <>
          <Fields item={found.data} shape={shape} />
          <History entity={entity} id={id} shape={shape} />
        </>
      )}
    </>
  );
}

function Fields({ item, shape }: { item: RecordItem; shape?: EntityShape }) {
  const speech = useWords();
  const declared = Object.keys(shape?.fields ?? {}).filter((field) => field in item.fields);
  const fields = new Set([...declared, ...Object.keys(item.fields)]);
  const facts: Fact[] = [...fields].map((field) => {
    const value = item.fields[field];
    const data = fieldData(shape, field);
    const label = nameOf(field, data, speech);
    return { label, value: <ValueView value={value} label={label} data={data} />, wide: shapeOf(value) !== "line" };
  });
  facts.push({ label: speech.t("record.changed"), value: <Moment at={item.changed_at} /> });
  return (
    <Section title={speech.t("record.fields")}>
      <Facts facts={facts} />
    </Section>
  );
}

function History({ entity, id, shape }: { entity: string; id: string; shape?: EntityShape }) {
  const { t } = useWords();
  const changes = usePages(keys.recordHistory(entity, id), (cursor) => recordHistory(entity, id, cursor));
  return (
    <Section title={t("record.history")}>
      {changes.isPending && <Loading />}
      {changes.isError && <ProblemState thrown={changes.error} onRetry={() => changes.refetch()} />}
      <ol className="timeline" aria-label={t("record.history")}>
        {changes.items.map((change) => (
          <Change key={change.rev} change={change} shape={shape} />
        ))}
      </ol>
      {changes.hasNextPage && <More pages={changes} />}
    </Section>
  );
}

function Change({ change, shape }: { change: RecordChange; shape?: EntityShape }) {
  const speech = useWords();
  const { t } = speech;
  const instance = changingInstance(change.by);
  return (
    <li className="step step-good">
      <span className="step-dot">
        <Icon name="good" />
      </span>
      <div>
        <div className="step-head">
          <strong>{change.rev === 1 ? t("record.created") : t("record.edited")}</strong>
          {instance ? (
            <Link to={`/instances/${encodeURIComponent(instance)}`}>{t("record.by_instance")}</Link>
          ) : (
            <span>{byText(change.by, t)}</span>
          )}
          <Moment at={change.at} />
        </div>
        {change.why && <p className="quiet">{change.why}</p>}
        {fieldChanges(change).map(({ field, from, to }) => {
          const data = fieldData(shape, field);
          const moved = { from: changedText(from, speech, data), to: changedText(to, speech, data) };
          // From nothing to an empty list is no news.
          if (moved.from === "—" && moved.to === "—") return null;
          return <p key={field}>{t("record.moved", { field: nameOf(field, data, speech), ...moved })}</p>;
        })}
      </div>
    </li>
  );
}

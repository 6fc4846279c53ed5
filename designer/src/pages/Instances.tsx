import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { publishedWorkflows } from "@/api/forms";
import { type InstanceFilter, instances } from "@/api/instances";
import type { InstanceItem, Words } from "@/api/types";
import { numberText } from "@/model/amount";
import { filterFrom, STATUSES, searchOf } from "@/model/filter";
import { mayInspect } from "@/model/permissions";
import { byText, titled } from "@/model/words";
import { Button } from "@/ui/Button";
import { CheckField, SelectField, TextField } from "@/ui/Field";
import { Empty, Loading } from "@/ui/Notice";
import { Live } from "./frame/Live";
import { Moment } from "./frame/Moment";
import { More } from "./frame/More";
import { PageHead } from "./frame/PageHead";
import { ProblemState } from "./frame/Problem";
import { keys } from "./keys";
import { useWords } from "./language";
import { usePages } from "./paging";
import { useRoles } from "./session";
import { InstanceMark, OutcomeMark } from "./shown/InstanceMark";

/** All instances the reader may see; the filter lives in the address. */
export function Instances() {
  const { t } = useWords();
  const [search, setSearch] = useSearchParams();
  const filter = filterFrom(search);
  const list = usePages(keys.instances(filter), (cursor) => instances(filter, cursor));
  const change = (next: InstanceFilter) => setSearch(searchOf(next), { replace: true });
  return (
    <>
      <PageHead title={t("instances.title")}>
        <Live />
      </PageHead>
      <Filters key={search.toString()} filter={filter} shown={list.items} onChange={change} />
      {list.isPending && <Loading />}
      {list.isError && <ProblemState thrown={list.error} onRetry={() => list.refetch()} />}
      {list.isSuccess && list.items.length === 0 && (
        <Empty title={t("instances.empty")} help={t("instances.empty_help")}>
          {search.size > 0 && <Link to="/instances">{t("instances.clear")}</Link>}
        </Empty>
      )}
      {list.items.length > 0 && (
        <>
          <Table items={list.items} />
          <More pages={list} />
        </>
      )}
    </>
  );
}

interface FiltersProps {
  filter: InstanceFilter;
  shown: readonly InstanceItem[];
  onChange: (filter: InstanceFilter) => void;
}

/** The published workflows where the reader may know them all, else those that the list shows. */
function useWorkflows(shown: readonly InstanceItem[]): Map<string, Words> {
  const inspects = mayInspect(useRoles());
  const published = useQuery({
    queryKey: keys.workflows,
    queryFn: publishedWorkflows,
    staleTime: 60_000,
    enabled: inspects,
  });
  const listed = shown.map(({ workflow, title }): [string, Words] => [workflow, title]);
  return new Map([...listed, ...(published.data ?? []).map(({ id, title }): [string, Words] => [id, title])]);
}

function Filters({ filter, shown, onChange }: FiltersProps) {
  const { language, t } = useWords();
  const [key, setKey] = useState(filter.key);
  const workflows = useWorkflows(shown);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onChange({ ...filter, key });
  };
  return (
    <form className="card filters" onSubmit={submit} aria-label={t("instances.filters")}>
      <SelectField
        label={t("instances.workflow")}
        value={filter.workflow}
        onChange={(event) => onChange({ ...filter, key, workflow: event.target.value })}
      >
        <option value="">{t("instances.any_workflow")}</option>
        {filter.workflow && !workflows.has(filter.workflow) && <option>{filter.workflow}</option>}
        {[...workflows].map(([id, title]) => (
          <option key={id} value={id}>
            {titled(title, language, id)}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={t("instances.status")}
        value={filter.status}
        onChange={(event) => onChange({ ...filter, key, status: event.target.value as InstanceFilter["status"] })}
      >
        <option value="">{t("instances.any_status")}</option>
        {STATUSES.map((status) => (
          <option key={status} value={status}>
            {t(`status.${status}`)}
          </option>
        ))}
      </SelectField>
      <TextField
        label={t("instances.key")}
        type="search"
        placeholder={t("instances.key_hint")}
        value={key}
        onChange={(event) => setKey(event.target.value)}
      />
      <CheckField
        label={t("instances.incidents")}
        checked={filter.incidents}
        onChange={(event) => onChange({ ...filter, key, incidents: event.target.checked })}
      />
      <div className="actions">
        <Button type="submit" look="primary">
          {t("instances.search")}
        </Button>
      </div>
    </form>
  );
}

function Table({ items }: { items: readonly InstanceItem[] }) {
  const { t } = useWords();
  return (
    <div className="card">
      <table className="table table-rows table-cards" aria-label={t("instances.table")}>
        <thead>
          <tr>
            <th scope="col">{t("instances.column_key")}</th>
            <th scope="col">{t("instances.column_status")}</th>
            <th scope="col">{t("instances.column_workflow")}</th>
            <th scope="col">{t("instances.column_outcome")}</th>
            <th scope="col" className="number">
              {t("instances.column_priority")}
            </th>
            <th scope="col">{t("instances.column_started")}</th>
            <th scope="col">{t("instances.column_changed")}</th>
            <th scope="col">{t("instances.column_by")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <InstanceRow key={item.id} item={item} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function InstanceRow({ item }: { item: InstanceItem }) {
  const { language, t } = useWords();
  return (
    <tr data-testid="instance">
      <td className="key">
        <Link to={`/instances/${encodeURIComponent(item.id)}`}>{item.key || t("instances.no_key")}</Link>
      </td>
      <td>
        <InstanceMark item={item} />
      </td>
      <td>{titled(item.title, language, item.workflow)}</td>
      <td>{item.outcome && item.status === "ended" && <OutcomeMark outcome={item.outcome} />}</td>
      <td className="number phone-hide">{typeof item.priority === "number" ? numberText(item.priority) : "—"}</td>
      <td className="phone-hide">
        <Moment at={item.started_at} />
      </td>
      <td>
        <Moment at={item.changed_at} />
      </td>
      <td className="phone-hide">{byText(item.by, t)}</td>
    </tr>
  );
}

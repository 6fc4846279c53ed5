import { journal } from "@/api/instances";
import type { InstanceDetail, JournalRow, JournalStep } from "@/api/types";
import { detailsReading, stepLine } from "@/model/journal";
import { titled } from "@/model/words";
import { Icon } from "@/ui/Icon";
import { Loading } from "@/ui/Notice";
import { Section } from "@/ui/Section";
import { Moment } from "../frame/Moment";
import { More } from "../frame/More";
import { ProblemState } from "../frame/Problem";
import { keys } from "../keys";
import { useWords } from "../language";
import { usePages } from "../paging";
import { ValueTree } from "../shown/ValueView";

/** What happened, in order, by the nodes' titles. */
export function Journal({ item }: { item: InstanceDetail }) {
  const { t } = useWords();
  const rows = usePages(keys.journal(item.id), (cursor) => journal(item.id, cursor));
  return (
    <Section title={t("instance.journal")}>
      {rows.isPending && <Loading />}
      {rows.isError && <ProblemState thrown={rows.error} onRetry={() => rows.refetch()} />}
      {rows.isSuccess && rows.items.length === 0 && <p className="quiet">{t("instance.journal_empty")}</p>}
      <ol className="timeline" aria-label={t("instance.journal")}>
        {rows.items.flatMap((row) =>
          row.steps.map((step, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: steps of a row never change their order.
            <Step key={`${row.seq}-${index}`} row={row} step={step as JournalStep} item={item} />
          )),
        )}
      </ol>
      {rows.hasNextPage && <More pages={rows} />}
    </Section>
  );
}

function Step({ row, step, item }: { row: JournalRow; step: JournalStep; item: InstanceDetail }) {
  const { language, t } = useWords();
  const nodeTitle = (id: string) => titled(item.graph.nodes.find((node) => node.id === id)?.title, language, id);
  const line = stepLine(step, { language, t, nodeTitle, roles: item.roles });
  return (
    <li className={`step step-${line.tone}`} data-testid="step">
      <span className="step-dot">
        <Icon name={line.tone} />
      </span>
      <div>
        <div className="step-head">
          {line.node && <strong>{line.node}</strong>}
          <span>{line.text}</span>
          <Moment at={row.at} />
        </div>
        {line.note && <p className="quiet">{line.note}</p>}
        {Object.keys(line.details).length > 0 && (
          <details>
            <summary className="small">{t("instance.show_details")}</summary>
            <ValueTree
              value={line.details}
              label={t("instance.show_details")}
              data={detailsReading(line.details, item.data ?? [])}
            />
          </details>
        )}
      </div>
    </li>
  );
}

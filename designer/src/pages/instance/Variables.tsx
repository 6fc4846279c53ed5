import type { InstanceDetail, Reading } from "@/api/types";
import type { Row } from "@/model/value";
import { Section } from "@/ui/Section";
import { useWords } from "../language";
import { ValueTree } from "../shown/ValueView";

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);

/** What the instance knows: what it is about stands open, what it worked out or looked up on the way is folded. */
export function Variables({ item }: { item: InstanceDetail }) {
  const { t } = useWords();
  const { main, variables } = item;
  const about = main ? variables[main] : undefined;
  const aside = Object.fromEntries(Object.entries(variables).filter(([name]) => !isRow(about) || name !== main));
  const count = Object.keys(aside).length;
  const known: Reading = { key: "", type: "object", fields: item.data ?? [] };
  const rest = <ValueTree value={aside} label={t("instance.other_variables")} data={known} />;
  return (
    <Section title={t("instance.variables")}>
      {Object.keys(variables).length === 0 && <p className="quiet">{t("instance.no_variables")}</p>}
      {isRow(about) && (
        <ValueTree value={about} label={t("instance.variables")} data={item.data?.find((one) => one.key === main)} />
      )}
      {count > 0 &&
        (isRow(about) ? (
          <details className="aside">
            <summary>
              {t("instance.other_variables")} <span className="quiet small">{t("value.items", { count })}</span>
            </summary>
            {rest}
          </details>
        ) : (
          rest
        ))}
    </Section>
  );
}

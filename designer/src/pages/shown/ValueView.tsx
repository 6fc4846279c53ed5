import type { Reading } from "@/api/types";
import { severityTone } from "@/model/status";
import { columnsOf, isNumeric, lineText, nameOf, partOf, type Row, shapeOf } from "@/model/value";
import { byText, wordFor } from "@/model/words";
import { Mark } from "@/ui/Mark";
import { useWords } from "../language";

/** How the value reads, where the server knows. */
type Known = { data?: Reading | null };

/** A value as a person reads it: one line, a table of like rows, or a tree. */
export function ValueView({ value, label, data }: { value: unknown; label: string } & Known) {
  switch (shapeOf(value)) {
    case "line":
      return <Line name={data?.key ?? ""} value={value} data={data} />;
    case "table":
      return <ValueTable rows={value as Row[]} label={label} data={data} />;
    case "tree":
      return <ValueTree value={value as Row | unknown[]} label={label} data={data} />;
  }
}

const SEVERITIES = new Set(["error", "critical", "warning", "info"]);

/** `by`, `submitted_by`: who it was, which may have been nobody we know. */
const PERSON = /(^|_)by$/;

function Line({ name, value, data }: { name: string; value: unknown } & Known) {
  const speech = useWords();
  if (name === "severity" && typeof value === "string" && SEVERITIES.has(value)) {
    return <Mark tone={severityTone(value)}>{wordFor(speech.t, "alerts.severity", value)}</Mark>;
  }
  if (typeof value === "string" && PERSON.test(name)) return <span>{byText(value, speech.t)}</span>;
  return <span className={typeof value === "number" ? "number" : undefined}>{lineText(value, speech, data)}</span>;
}

function ValueTable({ rows, label, data }: { rows: readonly Row[]; label: string } & Known) {
  const speech = useWords();
  const columns = columnsOf(rows, data?.fields);
  const look = new Map(columns.map((column) => [column, isNumeric(rows, column) ? "number" : undefined]));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset holds inputs; this holds what scrolls.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <div className="scroll" role="group" aria-label={label} tabIndex={0}>
      <table className="table small">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col" className={look.get(column)}>
                {nameOf(column, partOf(data, column), speech)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of a value have no other identity.
            <tr key={index}>
              {columns.map((column) => (
                <td key={column} className={look.get(column)} data-label={nameOf(column, partOf(data, column), speech)}>
                  <Line name={column} value={row[column]} data={partOf(data, column)} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const LONG_TABLE = 20;
const LONG_LIST = 5;

/** What stands open at first: the outermost parts and short tables near them, so that a page keeps its length. */
function opensAt(depth: number, value: unknown, isTable: boolean): boolean {
  const length = Array.isArray(value) ? value.length : 0;
  return isTable ? depth < 2 && length <= LONG_TABLE : depth < 1 && length <= LONG_LIST;
}

interface NamedPart {
  key: string;
  name: string;
  value: unknown;
  data?: Reading | null;
}

/** The parts of a value, as declared and then as they come; the items of a list carry their number. */
function usePartsOf(value: Row | unknown[], data?: Reading | null): NamedPart[] {
  const speech = useWords();
  if (Array.isArray(value)) {
    return value.map((item, index) => ({ key: String(index), name: String(index + 1), value: item, data }));
  }
  const declared = (data?.fields ?? []).map(({ key }) => key).filter((key) => key in value);
  return [...new Set([...declared, ...Object.keys(value)])].map((key) => {
    const part = partOf(data, key);
    return { key, name: nameOf(key, part, speech), value: value[key], data: part };
  });
}

/** Named parts under one another; parts with parts of their own fold. */
export function ValueTree({
  value,
  label,
  data,
  depth = 0,
}: {
  value: Row | unknown[];
  label: string;
  depth?: number;
} & Known) {
  const parts = usePartsOf(value, data);
  return (
    <ul className="tree" aria-label={depth === 0 ? label : undefined}>
      {parts.map((part) => (
        <li key={part.key}>
          <Part part={part} depth={depth} />
        </li>
      ))}
    </ul>
  );
}

function Part({ part, depth }: { part: NamedPart; depth: number }) {
  const { t } = useWords();
  const { key, name, value, data } = part;
  const shape = shapeOf(value);
  if (shape === "line") {
    return (
      <div className="leaf">
        <span className="leaf-name">{name}</span>
        <span className="leaf-value">
          <Line name={key} value={value} data={data} />
        </span>
      </div>
    );
  }
  const count = Array.isArray(value) ? value.length : undefined;
  return (
    <details open={opensAt(depth, value, shape === "table")}>
      <summary>
        {name} {count !== undefined && <span className="quiet small">{t("value.items", { count })}</span>}
      </summary>
      {shape === "table" ? (
        <ValueTable rows={value as Row[]} label={name} data={data} />
      ) : (
        <ValueTree value={value as Row | unknown[]} label={name} data={data} depth={depth + 1} />
      )}
    </details>
  );
}

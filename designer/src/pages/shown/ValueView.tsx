import { columnsOf, isNumeric, lineText, type Row, shapeOf } from "@/model/value";
import { useWords } from "../language";

/** A value as a person reads it: one line, a table of like rows, or a tree. */
export function ValueView({ value, label }: { value: unknown; label: string }) {
  const { t } = useWords();
  switch (shapeOf(value)) {
    case "line":
      return <span className={typeof value === "number" ? "number" : undefined}>{lineText(value, t)}</span>;
    case "table":
      return <ValueTable rows={value as Row[]} label={label} />;
    case "tree":
      return <ValueTree value={value as Row | unknown[]} label={label} />;
  }
}

function ValueTable({ rows, label }: { rows: readonly Row[]; label: string }) {
  const { t } = useWords();
  const columns = columnsOf(rows);
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
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of a value have no other identity.
            <tr key={index}>
              {columns.map((column) => (
                <td key={column} className={look.get(column)}>
                  {lineText(row[column], t)}
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

/** Named parts under one another; parts with parts of their own fold. */
export function ValueTree({ value, label, depth = 0 }: { value: Row | unknown[]; label: string; depth?: number }) {
  const entries: [string, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [String(index + 1), item])
    : Object.entries(value);
  return (
    <ul className="tree" aria-label={depth === 0 ? label : undefined}>
      {entries.map(([name, part]) => (
        <li key={name}>
          <Part name={name} value={part} depth={depth} />
        </li>
      ))}
    </ul>
  );
}

function Part({ name, value, depth }: { name: string; value: unknown; depth: number }) {
  const { t } = useWords();
  const shape = shapeOf(value);
  if (shape === "line") {
    return (
      <div className="leaf">
        <span className="leaf-name">{name}</span>
        <span className="leaf-value">{lineText(value, t)}</span>
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
        <ValueTable rows={value as Row[]} label={name} />
      ) : (
        <ValueTree value={value as Row | unknown[]} label={name} depth={depth + 1} />
      )}
    </details>
  );
}

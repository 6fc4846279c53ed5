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
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section className="scroll" aria-label={label} tabIndex={0}>
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
    </section>
  );
}

const OPEN_UP_TO = 2;

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
    <details open={depth < OPEN_UP_TO}>
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

import { numberText } from "./amount";
import { fullMoment } from "./moment";
import type { Translate } from "./words";

/** How a value is shown: in one line, as a table of like rows, or as a tree of named parts. */
export type Shape = "line" | "table" | "tree";

export type Row = Record<string, unknown>;

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);
const isLine = (value: unknown): boolean => typeof value !== "object" || value === null;

/** The shape in which a person reads `value` best. */
export function shapeOf(value: unknown): Shape {
  if (isLine(value)) return "line";
  if (Array.isArray(value)) {
    if (value.every(isLine)) return "line";
    return value.every((item) => isRow(item) && Object.values(item).every(isLine)) ? "table" : "tree";
  }
  return Object.keys(value as Row).length === 0 ? "line" : "tree";
}

/** The columns of a table of like rows, in the order in which the rows first name them. */
export function columnsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

/** Whether every value there is a number: such a column stands to the right. */
export function isNumeric(rows: readonly Row[], column: string): boolean {
  const present = rows.map((row) => row[column]).filter((value) => value !== null && value !== undefined);
  return present.length > 0 && present.every((value) => typeof value === "number");
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** One line for a value that has no parts worth a line of their own. */
export function lineText(value: unknown, t: Translate): string {
  if (value === null || value === undefined || value === "") return "—";
  if (typeof value === "boolean") return t(value ? "value.yes" : "value.no");
  if (typeof value === "number") return numberText(value);
  if (typeof value === "string") return MOMENT.test(value) ? fullMoment(value).slice(0, 16) : value;
  if (Array.isArray(value)) return value.length ? value.map((item) => lineText(item, t)).join(t("value.comma")) : "—";
  return Object.keys(value).length ? JSON.stringify(value) : "—";
}

function partsOf(value: unknown, path: string): [string, unknown][] | null {
  if (!isRow(value)) return null;
  return Object.entries(value).map(([name, item]) => [path ? `${path}.${name}` : name, item]);
}

/** Every place in the variables that holds no parts, as paths such as `order.customer.tier`; at most `most`. A list is one place. */
export function leafPaths(variables: Row, most = 200): string[] {
  const found: string[] = [];
  const ahead: [string, unknown][] = [["", variables]];
  for (let next = ahead.shift(); next && found.length < most; next = ahead.shift()) {
    const [path, value] = next;
    const parts = partsOf(value, path);
    if (parts) ahead.unshift(...parts);
    else found.push(path);
  }
  return found;
}

/** What a person typed as a value: a number, true, false, null, a JSON list or mapping; any other text is itself. */
export function typedValue(text: string): unknown {
  const trimmed = text.trim();
  if (!/^(-?\d|true$|false$|null$|[[{"])/.test(trimmed)) return text;
  try {
    return JSON.parse(trimmed) as unknown;
  } catch {
    return text;
  }
}

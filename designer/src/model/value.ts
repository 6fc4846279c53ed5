import type { Reading, Words } from "@/api/types";
import { numberText } from "./amount";
import { fullMoment } from "./moment";
import { type Speech, titled, wordFor } from "./words";

/** How a value is shown: in one line, as a table of like rows, or as a tree of named parts. */
export type Shape = "line" | "table" | "tree";

export type Row = Record<string, unknown>;

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);

/** A sentence in both languages, as messages and titles carry it. */
const isWords = (value: unknown): value is Words =>
  isRow(value) && Object.keys(value).length === 2 && typeof value.zh === "string" && typeof value.en === "string";

const isOne = (value: unknown): boolean => typeof value !== "object" || value === null || isWords(value);

/** Whether a cell can hold it: something in one line, or a list of such. */
const isLine = (value: unknown): boolean => isOne(value) || (Array.isArray(value) && value.every(isOne));

/** The shape in which a person reads `value` best. */
export function shapeOf(value: unknown): Shape {
  if (isLine(value)) return "line";
  if (Array.isArray(value)) {
    return value.every((item) => isRow(item) && Object.values(item).every(isLine)) ? "table" : "tree";
  }
  return Object.keys(value as Row).length === 0 ? "line" : "tree";
}

const isAbsent = (value: unknown) => value === null || value === undefined;

/** What a person looks for first in what a check found. */
const FIRST = ["severity", "message"];

/** The columns of a table of like rows: as declared, then as the rows name them. Columns that hold nothing are left out. */
export function columnsOf(rows: readonly Row[], fields: readonly Reading[] = []): string[] {
  const held = new Set(rows.flatMap((row) => Object.keys(row).filter((key) => !isAbsent(row[key]))));
  const wanted = [...FIRST, ...fields.map(({ key }) => key), ...held];
  return [...new Set(wanted)].filter((key) => held.has(key));
}

/** Whether every value there is a number: such a column stands to the right. */
export function isNumeric(rows: readonly Row[], column: string): boolean {
  const present = rows.map((row) => row[column]).filter((value) => !isAbsent(value));
  return present.length > 0 && present.every((value) => typeof value === "number");
}

/** What is known of a part by its key. */
export function partOf(data: Reading | null | undefined, key: string): Reading | undefined {
  return data?.fields?.find((field) => field.key === key);
}

/** What a piece of data is called, with its unit; its key where nobody named it. */
export function nameOf(key: string, data: Reading | null | undefined, { language, t }: Speech): string {
  const title = data?.title ? titled(data.title, language, key) : wordFor(t, "field", key);
  return data?.unit ? `${title} (${data.unit})` : title;
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

function textLine(value: string, { language, zone }: Speech, data?: Reading | null): string {
  const choice = data?.values?.find((one) => one.value === value);
  if (choice) return titled(choice.title, language, value);
  return MOMENT.test(value) ? fullMoment(value, zone).slice(0, 16) : value;
}

/** One line for a value that has no parts worth a line of their own; `data` tells how it reads. */
export function lineText(value: unknown, speech: Speech, data?: Reading | null): string {
  const { language, t } = speech;
  if (isAbsent(value) || value === "") return "—";
  if (typeof value === "boolean") return t(value ? "value.yes" : "value.no");
  if (typeof value === "number") return numberText(value, data?.scale);
  if (typeof value === "string") return textLine(value, speech, data);
  if (isWords(value)) return titled(value, language, "—");
  if (Array.isArray(value)) {
    return value.map((item) => lineText(item, speech, data)).join(t("value.comma")) || "—";
  }
  return Object.keys(value as Row).length ? JSON.stringify(value) : "—";
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

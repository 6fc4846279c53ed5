import type { JournalStep, Reading, Words } from "@/api/types";
import { outcomeTone, type Tone } from "./status";
import { partOf } from "./value";
import { byText, type Language, type Translate, titled, wordFor } from "./words";

/** One line of the timeline: at which node, what happened, what is said of it, and what is known besides. */
export interface StepLine {
  node: string;
  text: string;
  tone: Tone;
  note: string;
  details: Record<string, unknown>;
}

/** What roles are called, by their id. */
export type Roles = Readonly<Record<string, Words>>;

/** What telling a step needs: the reader's language, its sentences, and the titles of nodes and roles by id. */
export interface Reader {
  language: Language;
  t: Translate;
  nodeTitle: (id: string) => string;
  roles: Roles;
}

type Told = Pick<Reader, "language" | "t">;

const TONES: Record<string, Tone> = {
  failed: "bad",
  incident: "bad",
  routed: "warning",
  overdue: "warning",
  escalated: "warning",
  cancelled: "calm",
  withdrawn: "calm",
  late: "calm",
  waiting: "running",
  asked: "running",
  requested: "running",
  items: "running",
  called: "running",
  opened: "running",
  queued: "running",
  happened: "warning",
  compensating: "warning",
  undoing: "warning",
  suspended: "calm",
  kept: "calm",
};

const SAID_IN_WORDS = new Set([
  "step",
  "node",
  "title",
  "by",
  "outcome",
  "message",
  "fault",
  "to",
  "who",
  "why",
  "how",
]);
const FOR_MACHINES = new Set(["effect", "task", "incident", "child"]);

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function said(value: unknown, language: Language): string {
  if (typeof value !== "object" || value === null) return text(value);
  const words = value as Record<string, unknown>;
  return text(words[language]) || text(words.message) || text(words.code);
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text).filter(Boolean) : [text(value)].filter(Boolean);
}

/** Who may do something: `role:supervisor` by the role's title, `user:ann` by name. */
export function principalsText(principals: readonly string[], roles: Roles, { language, t }: Told): string {
  const called = (one: string) => {
    const name = one.replace(/^(role|user):/, "");
    return one.startsWith("role:") ? titled(roles[name], language, name) : name;
  };
  return principals.map(called).join(t("value.comma"));
}

function notes(step: JournalStep, reader: Reader): string[] {
  const { language, t, nodeTitle, roles } = reader;
  const who = names(step.who);
  const outcome = text(step.outcome);
  const by = text(step.by);
  const goesTo = names(step.to);
  const to =
    step.step === "escalated" ? principalsText(goesTo, roles, reader) : goesTo.map(nodeTitle).join(t("value.comma"));
  return [
    outcome && t("journal.outcome", { outcome: wordFor(t, "outcome", outcome) }),
    text(step.how) && wordFor(t, "journal.how", text(step.how)),
    to && t("journal.to", { to }),
    who.length > 0 && t("journal.who", { who: principalsText(who, roles, reader) }),
    by && t("journal.by", { by: byText(by, t) }),
    said(step.fault, language) || said(step.message, language),
    text(step.why),
  ].filter((note) => note !== false && note !== "") as string[];
}

function details(step: JournalStep): Record<string, unknown> {
  const worth = ([key, value]: [string, unknown]) =>
    !SAID_IN_WORDS.has(key) && !FOR_MACHINES.has(key) && value !== null && value !== undefined;
  return Object.fromEntries(Object.entries(step).filter(worth));
}

/** How the details of a step read: its `variables` as the instance's, its `value` as what it wrote (`out`). */
export function detailsReading(details: Record<string, unknown>, variables: readonly Reading[]): Reading {
  const all: Reading = { key: "variables", type: "object", fields: [...variables] };
  const [first = "", ...rest] = text(details.out).split(".");
  const written = rest.reduce((at, name) => partOf(at, name), partOf(all, first));
  return { key: "", type: "object", fields: [all, ...(written ? [{ ...written, key: "value", title: null }] : [])] };
}

/** A step record of the journal as a line that a person reads. Kinds the page does not know keep their own name. */
export function stepLine(step: JournalStep, reader: Reader): StepLine {
  const { language, t, nodeTitle } = reader;
  const node = step.node ?? "";
  const tone = TONES[step.step] ?? (step.fault ? "bad" : undefined);
  return {
    node: titled(step.title, language, node && nodeTitle(node)),
    text: wordFor(t, "step", step.step, step.step.replaceAll(/[_.]/g, " ")),
    tone: tone ?? (text(step.outcome) && step.step === "decided" ? outcomeTone(text(step.outcome)) : "good"),
    note: notes(step, reader).join(t("journal.between")),
    details: details(step),
  };
}

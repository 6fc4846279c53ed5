import type { InstanceItem, TaskItem } from "@/api/types";

/** What a mark means to the eye; each has its colour and its icon, and never stands without a word. */
export type Tone = "running" | "good" | "bad" | "warning" | "calm";

const BAD_OUTCOMES = new Set(["rejected", "refused", "failed", "error", "duplicate"]);
const GOOD_OUTCOMES = new Set(["approved", "booked", "done", "released", "completed"]);

/** The mark of an instance: an open incident outranks everything, for it waits for a person. */
export function instanceTone(item: Pick<InstanceItem, "status" | "outcome" | "incidents">): Tone {
  if (item.incidents > 0 && item.status === "running") return "bad";
  if (item.status === "running") return "running";
  if (item.status === "cancelled" || item.status === "suspended") return "calm";
  // The outcome's own mark says whether that was good news.
  return "good";
}

export function outcomeTone(outcome: string): Tone {
  if (BAD_OUTCOMES.has(outcome)) return "bad";
  return GOOD_OUTCOMES.has(outcome) ? "good" : "calm";
}

/** Key of the word beside an instance's mark. */
export function instanceWord(item: Pick<InstanceItem, "status" | "incidents">): string {
  return item.incidents > 0 && item.status === "running" ? "status.stuck" : `status.${item.status}`;
}

/** What a user task is marked with, the gravest first. */
export function taskMarks(task: Pick<TaskItem, "overdue" | "escalated">): ("overdue" | "escalated")[] {
  const marks: ("overdue" | "escalated")[] = [];
  if (task.overdue) marks.push("overdue");
  if (task.escalated) marks.push("escalated");
  return marks;
}

/** How an outcome's button looks: agreeing is the main way, refusing warns. */
export function outcomeLook(outcome: string, index: number): "primary" | "danger" | "plain" {
  if (BAD_OUTCOMES.has(outcome)) return "danger";
  return index === 0 || GOOD_OUTCOMES.has(outcome) ? "primary" : "plain";
}

export function severityTone(severity: string): Tone {
  if (severity === "error" || severity === "critical") return "bad";
  return severity === "warning" ? "warning" : "calm";
}

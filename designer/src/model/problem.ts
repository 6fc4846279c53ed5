import { asProblem, type Problem, type ProblemFinding, UNREACHABLE, UNREADABLE } from "@/api/problem";
import type { Translate } from "./words";

/** What an error state says: a sentence, the code for support, and single findings below it. */
export interface ProblemView {
  message: string;
  code: string;
  findings: readonly ProblemFinding[];
}

/** Any thrown thing as an error state. The server's sentence wins; the page has its own where none came. */
export function problemView(thrown: unknown, t: Translate): ProblemView {
  const problem = asProblem(thrown);
  const own = problem.code === UNREACHABLE || problem.code === UNREADABLE;
  return {
    message: own ? t(`problem.${problem.code.replace("page.", "")}`, { status: problem.status }) : problem.message,
    code: problem.code,
    findings: problem.findings,
  };
}

/** Findings that name a place in a form's data, by path; `/data/lines/0/qty` and `/lines/0/qty` are one place. */
export function fieldErrors(problem: Problem): Map<string, string[]> {
  const byPath = new Map<string, string[]>();
  for (const finding of problem.findings) {
    const path = pointerPath(finding.at);
    if (!path.length) continue;
    const key = JSON.stringify(path);
    byPath.set(key, [...(byPath.get(key) ?? []), finding.message]);
  }
  return byPath;
}

/** The steps of a JSON pointer into form data, without the envelope's `data`. */
export function pointerPath(pointer: string): string[] {
  const steps = pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  return steps[0] === "data" ? steps.slice(1) : steps;
}

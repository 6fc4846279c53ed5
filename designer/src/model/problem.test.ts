import { describe, expect, it } from "vitest";
import { asProblem, problemOf, UNREACHABLE, UNREADABLE } from "@/api/problem";
import { fieldErrors, pointerPath, problemView } from "./problem";

const t = (key: string) => key;

describe("problems", () => {
  it("say the server's sentence and code", () => {
    const problem = problemOf(403, { code: "task.four_eyes", detail: "Ask another supervisor.", title: "Refused" });

    expect(problemView(problem, t)).toMatchObject({ message: "Ask another supervisor.", code: "task.four_eyes" });
  });

  it("fall back to the title and the status", () => {
    const problem = problemOf(418, { title: "Teapot" });

    expect([problem.message, problem.code]).toEqual(["Teapot", "http.418"]);
  });

  it("of a proxy or a broken line get a sentence of the page's own", () => {
    expect(problemOf(502, "<html>").code).toBe(UNREADABLE);
    expect(problemView(problemOf(502, "<html>"), t).message).toBe("problem.unreadable");
    expect(problemView(new TypeError("Failed to fetch"), t)).toMatchObject({
      message: "problem.unreachable",
      code: UNREACHABLE,
    });
  });

  it("stay themselves when they are thrown on", () => {
    const problem = problemOf(409, { detail: "Read again.", code: "record.stale" });

    expect(asProblem(problem)).toBe(problem);
  });

  it("name fields by pointers, with or without the envelope", () => {
    expect(pointerPath("/data/lines/0/qty")).toEqual(["lines", "0", "qty"]);
    expect(pointerPath("/a~1b")).toEqual(["a/b"]);
    expect(pointerPath("")).toEqual([]);
  });

  it("gather all that is wrong with one field", () => {
    const findings = [
      { code: "a", at: "/data/qty", message: "One" },
      { code: "b", at: "/qty", message: "Two" },
      { code: "c", at: "", message: "Whole" },
    ];
    const problem = problemOf(422, { detail: "x", findings });

    expect([...fieldErrors(problem)]).toEqual([[JSON.stringify(["qty"]), ["One", "Two"]]]);
  });
});

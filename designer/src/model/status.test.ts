import { describe, expect, it } from "vitest";
import { filterFrom, searchOf } from "./filter";
import { instanceTone, instanceWord, outcomeLook, taskMarks } from "./status";
import { newSubmissionId, safeNext } from "./submission";
import { languageOf, titled } from "./words";

describe("marks", () => {
  it("an open incident outranks running, but not the end", () => {
    expect(instanceTone({ status: "running", outcome: null, incidents: 1 })).toBe("bad");
    expect(instanceWord({ status: "running", incidents: 1 })).toBe("status.stuck");
    expect(instanceWord({ status: "cancelled", incidents: 1 })).toBe("status.cancelled");
    expect(instanceWord({ status: "suspended", incidents: 0 })).toBe("status.suspended");
    expect(instanceTone({ status: "ended", outcome: "refused", incidents: 0 })).toBe("good");
  });

  it("refusing warns, agreeing is the main way", () => {
    expect(outcomeLook("approved", 0)).toBe("primary");
    expect(outcomeLook("rejected", 0)).toBe("danger");
    expect(outcomeLook("later", 2)).toBe("plain");
  });

  it("a task is overdue before it is escalated", () => {
    expect(taskMarks({ overdue: true, escalated: true })).toEqual(["overdue", "escalated"]);
  });
});

describe("titles", () => {
  it("come in the reader's language, else the other, else the id", () => {
    expect(titled({ zh: "计价", en: "Price" }, "en", "price")).toBe("Price");
    expect(titled({ zh: "计价", en: "" }, "en", "price")).toBe("计价");
    expect(titled(null, "en", "price")).toBe("price");
  });

  it("are Chinese unless English is asked for", () => {
    expect([languageOf("en-GB"), languageOf("fr"), languageOf(null)]).toEqual(["en", "zh", "zh"]);
  });
});

describe("addresses", () => {
  it("carry the filter there and back", () => {
    const filter = { workflow: "order_intake", status: "running" as const, key: "SO-1", incidents: true };

    expect(filterFrom(searchOf(filter))).toEqual(filter);
    expect(searchOf({ workflow: "", status: "", key: " ", incidents: false }).size).toBe(0);
    expect(filterFrom(new URLSearchParams("status=melted")).status).toBe("");
  });

  it("after signing in never lead to another site", () => {
    expect(safeNext("/instances?status=running")).toBe("/instances?status=running");
    expect(safeNext("//evil.example")).toBe("/");
    expect(safeNext("/\\evil.example")).toBe("/");
    expect(safeNext("https://evil.example")).toBe("/");
    expect(safeNext(null)).toBe("/");
  });

  it("submission ids are never the same", () => {
    expect(newSubmissionId()).toMatch(/^sub-[0-9a-f]{32}$/);
    expect(newSubmissionId()).not.toBe(newSubmissionId());
  });
});

import { describe, expect, it } from "vitest";
import type { Reading } from "@/api/types";
import { columnsOf, isNumeric, leafPaths, lineText, nameOf, partOf, shapeOf, typedValue } from "./value";
import type { Speech } from "./words";

const t = (key: string, args?: Record<string, unknown>) =>
  key === "value.comma" ? ", " : String(args?.defaultValue ?? key);
const speech: Speech = { language: "zh", t, zone: "Asia/Shanghai" };
const reading = (key: string, more: Partial<Reading> = {}): Reading => ({ key, type: "text", ...more });

describe("values", () => {
  it("are shown as a line, a table of like rows or a tree", () => {
    expect(shapeOf("x")).toBe("line");
    expect(shapeOf(["a", 1])).toBe("line");
    expect(shapeOf([{ sku: "A", qty: 1 }])).toBe("table");
    expect(shapeOf([{ sku: "A", parts: { a: 1 } }])).toBe("tree");
    expect(shapeOf({ a: 1 })).toBe("tree");
    expect(shapeOf({})).toBe("line");
  });

  it("separate thousands, keep their decimals and never turn into an exponent", () => {
    expect(lineText(16060.5, speech)).toBe("16,060.5");
    expect(lineText(0.0000001, speech)).toBe("0.0000001");
  });

  it("that are absent are a dash, true and false are words", () => {
    expect(lineText(null, speech)).toBe("—");
    expect(lineText([], speech)).toBe("—");
    expect(lineText(false, speech)).toBe("value.no");
  });

  it("that are moments are told on the plant's clock", () => {
    expect(lineText("2026-08-14T16:05:09Z", speech)).toBe("2026-08-15 00:05");
    expect(lineText("2026-08-14", speech)).toBe("2026-08-14");
  });

  it("stand to the right in a column of numbers alone", () => {
    const rows = [{ sku: "A", qty: 1 }, { sku: "B", qty: null }, { sku: 3 }];

    expect(columnsOf(rows)).toEqual(["sku", "qty"]);
    expect(isNumeric(rows, "qty")).toBe(true);
    expect(isNumeric(rows, "sku")).toBe(false);
  });

  it("in both languages are read in the reader's, wherever they stand", () => {
    const message = { zh: "低于最小起订量", en: "below the minimum" };

    expect(shapeOf(message)).toBe("line");
    expect(shapeOf([{ severity: "error", message }])).toBe("table");
    expect(lineText(message, speech)).toBe("低于最小起订量");
    expect(lineText([message, message], { ...speech, language: "en" })).toBe("below the minimum, below the minimum");
  });

  it("are called as declared, with their unit, else by their key", () => {
    const lines = reading("lines", {
      type: "list",
      fields: [reading("qty", { title: { zh: "数量", en: "Quantity" }, unit: "kg" }), reading("state")],
    });

    expect(nameOf("qty", partOf(lines, "qty"), speech)).toBe("数量 (kg)");
    expect(nameOf("odd", partOf(lines, "odd"), speech)).toBe("odd");
  });

  it("of a choice are its words, and money keeps two decimals", () => {
    const state = reading("state", { values: [{ value: "held", title: { zh: "暂停", en: "Held" } }] });

    expect(lineText("held", speech, state)).toBe("暂停");
    expect(lineText(1530, speech, reading("amount", { scale: 2 }))).toBe("1,530.00");
    expect(lineText(16.06, speech, reading("price", { scale: 4 }))).toBe("16.06");
  });

  it("stand in columns as declared, findings by their severity and message first, without empty columns", () => {
    const fields = [reading("sku"), reading("qty"), reading("available")];

    expect(columnsOf([{ qty: 1, extra: "x", sku: "A", available: null }], fields)).toEqual(["sku", "qty", "extra"]);
    expect(columnsOf([{ rule: "r", severity: "error", message: "m" }])).toEqual(["severity", "message", "rule"]);
  });

  it("are found by path, in order and within the bound", () => {
    const variables = { order: { number: "SO-1", lines: [{ qty: 1 }, { qty: 2 }] }, ok: true };

    expect(leafPaths(variables)).toEqual(["order.number", "order.lines", "ok"]);
    expect(leafPaths(variables, 2)).toHaveLength(2);
  });

  it("typed by a person are numbers and lists where they read as such, else text", () => {
    expect(typedValue("12.5")).toBe(12.5);
    expect(typedValue("true")).toBe(true);
    expect(typedValue("[1, 2]")).toEqual([1, 2]);
    expect(typedValue("FL-DN50")).toBe("FL-DN50");
    expect(typedValue("2026-08-14")).toBe("2026-08-14");
  });
});

import { describe, expect, it } from "vitest";
import { columnsOf, isNumeric, leafPaths, lineText, shapeOf, typedValue } from "./value";

const t = (key: string) => (key === "value.comma" ? ", " : key);

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
    expect(lineText(16060.5, t)).toBe("16,060.5");
    expect(lineText(0.0000001, t)).toBe("0.0000001");
  });

  it("that are absent are a dash, true and false are words", () => {
    expect(lineText(null, t)).toBe("—");
    expect(lineText([], t)).toBe("—");
    expect(lineText(false, t)).toBe("value.no");
  });

  it("that are moments are told on the plant's clock", () => {
    expect(lineText("2026-08-14T16:05:09Z", t)).toBe("2026-08-15 00:05");
    expect(lineText("2026-08-14", t)).toBe("2026-08-14");
  });

  it("stand to the right in a column of numbers alone", () => {
    const rows = [{ sku: "A", qty: 1 }, { sku: "B", qty: null }, { sku: 3 }];

    expect(columnsOf(rows)).toEqual(["sku", "qty"]);
    expect(isNumeric(rows, "qty")).toBe(true);
    expect(isNumeric(rows, "sku")).toBe(false);
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

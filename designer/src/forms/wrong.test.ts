import { describe, expect, it } from "vitest";
import { fits, wrongs } from "./wrong";

const t = (key: string, args?: Record<string, unknown>) => [key, ...Object.values(args ?? {})].join(" ");
const told = (schema: Record<string, unknown>, data: unknown) =>
  wrongs(schema, data, (key, args) => t(key, { ...args, defaultValue: "" }).trim()).map(
    ({ path, message }) => `${path.join("/")}: ${message}`,
  );

describe("what is wrong in a form", () => {
  it("comes all at once, at its place", () => {
    const line = { type: "object", required: ["sku"], properties: { sku: { title: "Item" }, qty: { minimum: 1 } } };
    const schema = { type: "object", properties: { lines: { type: "array", items: line } } };

    expect(told(schema, { lines: [{ qty: 0 }, { sku: "A", qty: 1 }] })).toEqual([
      "lines/0/sku: wrong.required Item",
      "lines/0/qty: wrong.minimum 1",
    ]);
  });

  it("counts an emptied field as missing", () => {
    const schema = { type: "object", required: ["a"], properties: { a: { type: "string" } } };

    expect(told(schema, { a: undefined })).toEqual(["a: wrong.required a"]);
  });

  it("of a choice is told for the alternative that was meant", () => {
    const bank = { type: "object", required: ["bank"], properties: { how: { const: "transfer" }, bank: {} } };
    const term = { type: "object", required: ["days"], properties: { how: { const: "account" }, days: {} } };
    const schema = { type: "object", properties: { pay: { oneOf: [bank, term] } } };

    expect(told(schema, { pay: { how: "account" } })).toEqual(["pay/days: wrong.required days"]);
  });

  it("of a list of constants is one sentence", () => {
    const schema = { type: "object", properties: { how: { oneOf: [{ const: "a" }, { const: "b" }] } } };

    expect(told(schema, { how: "c" })).toEqual(["how: wrong.oneOf"]);
  });

  it("is found behind references", () => {
    const schema = {
      $defs: { qty: { type: "integer", maximum: 9 } },
      type: "object",
      properties: { n: { $ref: "#/$defs/qty" } },
    };

    expect(told(schema, { n: 10 })).toEqual(["n: wrong.maximum 9"]);
    expect(fits({ $ref: "#/$defs/qty" }, 10, schema)).toBe(false);
    expect(fits({ $ref: "#/$defs/qty" }, 9, schema)).toBe(true);
  });

  it("counts decimals in people's words", () => {
    const schema = { type: "object", properties: { price: { multipleOf: 0.01 }, box: { multipleOf: 12 } } };

    expect(told(schema, { price: 1.005, box: 13 })).toEqual(["price: wrong.decimals 2", "box: wrong.multipleOf 12"]);
    expect(told(schema, { price: 1.15, box: 24 })).toEqual([]);
  });

  it("is no time of day without a zone", () => {
    const schema = { type: "object", properties: { at: { type: "string", format: "time" } } };

    expect(told(schema, { at: "15:30:00" })).toEqual([]);
  });

  it("is nothing where all fits", () => {
    expect(
      told({ type: "object", properties: { at: { type: "string", format: "date" } } }, { at: "2026-08-14" }),
    ).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import type { EntityShape } from "@/api/types";
import { changedText, changingInstance, fieldChanges, fieldData } from "./record";
import { lineText, nameOf } from "./value";
import type { Speech } from "./words";

const text = { required: false, personal: false, unit: null, scale: null, entity: null, values: [], fields: [] };
const order = {
  id: "order",
  title: { zh: "订单", en: "Order" },
  key: "number",
  index: [],
  may_write: false,
  fields: {
    amount: { ...text, type: "number", title: { zh: "金额", en: "Amount" }, unit: "CNY" },
    queue: {
      ...text,
      type: "choice",
      title: { zh: "队列", en: "Queue" },
      values: [{ value: "top", title: { zh: "置顶", en: "Top" } }],
    },
  },
} as EntityShape;
const t = (key: string, args?: Record<string, unknown>) => `${key} ${Object.values(args ?? {}).join(" ")}`.trim();
const speech: Speech = { language: "zh", t, zone: "Asia/Shanghai" };

describe("records", () => {
  it("are told by the titles of their fields, units and choices", () => {
    expect(nameOf("amount", fieldData(order, "amount"), speech)).toBe("金额 (CNY)");
    expect(fieldData(undefined, "amount")).toBeUndefined();
    expect(lineText("top", speech, fieldData(order, "queue"))).toBe("置顶");
    expect(lineText("odd", speech, fieldData(order, "queue"))).toBe("odd");
  });

  it("tell what each change moved, and of the first only that it was", () => {
    const change = { rev: 2, at: "", by: "ann", source: "", why: "", changes: { queue: { from: null, to: "top" } } };

    expect(fieldChanges(change)).toEqual([{ field: "queue", from: null, to: "top" }]);
    expect(fieldChanges({ ...change, rev: 1 })).toEqual([]);
    expect(changedText([{ a: 1 }, { a: 2 }], speech)).toBe("value.items 2");
  });

  it("were changed by a person or by an instance", () => {
    expect(changingInstance("instance:01a")).toBe("01a");
    expect(changingInstance("ann")).toBeNull();
  });
});

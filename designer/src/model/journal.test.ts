import { createInstance } from "i18next";
import { beforeAll, describe, expect, it } from "vitest";
import en from "@/ui/i18n/en.json";
import zh from "@/ui/i18n/zh.json";
import { detailsReading, type Reader, stepLine } from "./journal";
import type { Language } from "./words";

const words = createInstance();
beforeAll(async () => {
  await words.init({ resources: { zh: { translation: zh }, en: { translation: en } }, lng: "zh" });
});

const TITLES: Record<string, string> = { hold: "起订量放行", book: "登记到 ERP" };

const ROLES = { supervisor: { zh: "主管", en: "Supervisor" } };

function reader(language: Language): Reader {
  const t = words.getFixedT(language);
  return { language, t: (key, args) => t(key, args ?? {}), nodeTitle: (id) => TITLES[id] ?? id, roles: ROLES };
}

describe("journal steps", () => {
  it("tell who decided what", () => {
    const line = stepLine({ step: "decided", node: "hold", by: "王主管", outcome: "rejected" }, reader("zh"));

    expect(line).toMatchObject({ node: "起订量放行", text: "已作决定", tone: "bad", note: "结果：驳回；由 王主管" });
  });

  it("read what they wrote as the instance's data", () => {
    const amount = { key: "amount", type: "number", title: { zh: "金额", en: "Amount" } };
    const data = [{ key: "order", type: "object", fields: [amount] }];

    const whole = detailsReading({ out: "order", value: { amount: 1 } }, data);
    const part = detailsReading({ out: "order.amount", value: 1 }, data);

    expect(whole.fields?.map(({ key }) => key)).toEqual(["variables", "value"]);
    expect(whole.fields?.[1]?.fields).toEqual([amount]);
    expect(part.fields?.[1]).toMatchObject({ key: "value", type: "number", title: null });
    expect(detailsReading({ out: "odd" }, data).fields).toHaveLength(1);
  });

  it("name the chosen way by its node's title", () => {
    const line = stepLine({ step: "chose", node: "enough", to: "book" }, reader("zh"));

    expect(line.note).toBe("去往 登记到 ERP");
  });

  it("say the fault in the reader's language and keep the rest as details", () => {
    const step = {
      step: "failed",
      node: "book",
      effect: "i:book:7",
      attempt: 2,
      message: { zh: "ERP 没有应答", en: "The ERP did not answer" },
    };

    expect(stepLine(step, reader("zh"))).toMatchObject({ tone: "bad", note: "ERP 没有应答", details: { attempt: 2 } });
    expect(stepLine(step, reader("en")).note).toBe("The ERP did not answer");
  });

  it("name people by role without its prefix", () => {
    expect(stepLine({ step: "escalated", node: "hold", to: ["role:manager"] }, reader("en")).note).toBe(
      "on to manager",
    );
  });

  it("of a kind that the page does not know keep their own name", () => {
    expect(stepLine({ step: "scope_opened", node: "x" }, reader("en")).text).toBe("scope opened");
  });

  it("without a node stand for the whole instance", () => {
    expect(stepLine({ step: "ended", node: "", outcome: "booked" }, reader("en"))).toMatchObject({
      node: "",
      text: "Instance ended",
      note: "Outcome: Booked",
    });
  });
});

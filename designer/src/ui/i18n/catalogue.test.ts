import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import en from "./en.json";
import zh from "./zh.json";

type Words = { [key: string]: string | Words };

function flat(words: Words, at = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(words)) {
    const path = at ? `${at}.${key}` : key;
    if (typeof value === "string") found.set(path, value);
    else for (const [deep, text] of flat(value, path)) found.set(deep, text);
  }
  return found;
}

const inChinese = flat(zh);
const inEnglish = flat(en);
const src = join(import.meta.dirname, "../..");
const sources = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.includes(".test.") && !name.endsWith(".d.ts"))
  .map((name) => readFileSync(join(src, name), "utf8"));

describe("the catalogue", () => {
  it("has the same keys in Chinese and English", () => {
    expect([...inChinese.keys()].sort()).toEqual([...inEnglish.keys()].sort());
  });

  it("has no empty sentence, and the same gaps to fill in both languages", () => {
    const gaps = (text = "") => [...text.matchAll(/{{(\w+)}}/g)].map(([, name]) => name).sort();

    for (const [key, text] of inChinese) {
      expect(text, key).not.toBe("");
      expect(gaps(inEnglish.get(key)), key).toEqual(gaps(text));
    }
  });

  it("has every key that the page names", () => {
    const named = sources.flatMap((text) =>
      [...text.matchAll(/\bt\(\s*"([a-z][\w.-]*)"/g)].map(([, key]) => key ?? ""),
    );
    const known = (key: string) => inEnglish.has(key) || inEnglish.has(`${key}_other`);

    expect(named.length).toBeGreaterThan(80);
    expect(named.filter((key) => !known(key))).toEqual([]);
  });
});

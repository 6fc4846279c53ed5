import type { Words } from "@/api/types";

export type Language = "zh" | "en";

/** Turns a key of the page's catalogue and its arguments into a sentence in the reader's language. */
export type Translate = (key: string, args?: Record<string, unknown>) => string;

/** What telling anything needs: the reader's language, its sentences, and the plant's time zone. */
export interface Speech {
  language: Language;
  t: Translate;
  zone: string;
}

/** A title in the reader's language; `fallback` (an id) where the definition names none. */
export function titled(title: Words | string | null | undefined, language: Language, fallback: string): string {
  if (typeof title === "string") return title || fallback;
  return title?.[language] || title?.[language === "zh" ? "en" : "zh"] || fallback;
}

/** The catalogue's sentence for `key` with an open ending such as `outcome.approved`; `fallback` where it has none. */
export function wordFor(t: Translate, area: string, name: string, fallback = name): string {
  return t(`${area}.${name}`, { defaultValue: fallback });
}

/** Who did or brought something: a person's name as it is, anyone else by a word. */
export function byText(by: string, t: Translate): string {
  const [kind, name] = by.split(":", 2);
  if (name !== undefined) return t(`by.${kind}`, { name, defaultValue: by });
  return t(`by.${by}`, { defaultValue: by || "—" });
}

/** The language of a BCP 47 tag or preference list; Chinese when it names neither of ours. */
export function languageOf(tag: string | null | undefined): Language {
  return tag?.toLowerCase().startsWith("en") ? "en" : "zh";
}

import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import en from "./en.json";
import zh from "./zh.json";

export type PageLanguage = "zh" | "en";

const KEPT = "taktflow.language";

/** The language that the reader chose on this device; null before any choice. */
export function chosenLanguage(): PageLanguage | null {
  try {
    const kept = localStorage.getItem(KEPT);
    return kept === "zh" || kept === "en" ? kept : null;
  } catch {
    // A browser may forbid storage; the page then speaks the default language.
    return null;
  }
}

/** Speaks `language` from now on; `keep` remembers it on this device. */
export async function speak(language: PageLanguage, keep: boolean): Promise<void> {
  if (keep) {
    try {
      localStorage.setItem(KEPT, language);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  await i18next.changeLanguage(language);
}

/** Loads the catalogue and speaks the kept language, else the browser's. */
export async function startSpeaking(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: { zh: { translation: zh }, en: { translation: en } },
    lng: "zh",
    fallbackLng: false,
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  const browser = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
  await speak(chosenLanguage() ?? browser, false);
}

export function spokenLanguage(): PageLanguage {
  return i18next.language === "en" ? "en" : "zh";
}

import { useTranslation } from "react-i18next";
import type { Language, Translate } from "@/model/words";

/** The reader's language and its sentences, as the model wants them. */
export function useWords(): { language: Language; t: Translate } {
  const { t, i18n } = useTranslation();
  const say: Translate = (key, args) => t(key, args ?? {});
  return { language: i18n.language === "en" ? "en" : "zh", t: say };
}

import { createContext, useContext } from "react";
import { useTranslation } from "react-i18next";
import type { Speech, Translate } from "@/model/words";

/** The plant's time zone; whoever is not signed in knows of no plant and reads times in their own. */
export const PlantZone = createContext(Intl.DateTimeFormat().resolvedOptions().timeZone);

/** The reader's language, its sentences and the plant's clock, as the model wants them. */
export function useWords(): Speech {
  const { t, i18n } = useTranslation();
  const zone = useContext(PlantZone);
  const say: Translate = (key, args) => t(key, args ?? {});
  return { language: i18n.language === "en" ? "en" : "zh", t: say, zone };
}

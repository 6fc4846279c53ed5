import { useTranslation } from "react-i18next";
import { useLiveness } from "./updates";

/** Whether what is shown follows the plant as it happens. */
export function Live() {
  const { t } = useTranslation();
  const liveness = useLiveness();
  return <span className={`live live-${liveness}`}>{t(`live.${liveness}`)}</span>;
}

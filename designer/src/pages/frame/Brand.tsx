import { useTranslation } from "react-i18next";
import { Link } from "react-router";

export function Brand() {
  const { t } = useTranslation();
  return (
    <Link to="/" className="brand" aria-label={t("app.name")}>
      <img src="/taktflow.svg" width="26" height="26" alt="" />
      <span className="brand-name">{t("app.name")}</span>
    </Link>
  );
}

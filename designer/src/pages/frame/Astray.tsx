import { useTranslation } from "react-i18next";
import { Link, useRouteError } from "react-router";
import { Empty, ProblemNotice } from "@/ui/Notice";
import { PageHead } from "./PageHead";

export function NotFound() {
  const { t } = useTranslation();
  return (
    <>
      <PageHead title={t("app.not_found")} />
      <Empty title={t("app.not_found")} help={t("app.not_found_help")}>
        <Link to="/">{t("app.home")}</Link>
      </Empty>
    </>
  );
}

/** The last wall: a page that threw says so, instead of leaving a white screen. */
export function Broken() {
  const { t } = useTranslation();
  const thrown = useRouteError();
  const code = thrown instanceof Error ? thrown.message : String(thrown);
  return (
    <main className="page page-narrow">
      <ProblemNotice
        title={t("app.broken")}
        message={t("app.broken_help")}
        code={code}
        onRetry={() => location.reload()}
      />
    </main>
  );
}

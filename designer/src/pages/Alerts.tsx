import { useState } from "react";
import { Link } from "react-router";
import { alerts } from "@/api/alerts";
import type { Alert } from "@/api/types";
import { severityTone } from "@/model/status";
import { safeNext } from "@/model/submission";
import { wordFor } from "@/model/words";
import { Button } from "@/ui/Button";
import { CheckField } from "@/ui/Field";
import { Mark } from "@/ui/Mark";
import { Empty, Loading } from "@/ui/Notice";
import { useMarkRead } from "./alerts";
import { Moment } from "./frame/Moment";
import { More } from "./frame/More";
import { PageHead } from "./frame/PageHead";
import { ProblemState } from "./frame/Problem";
import { keys } from "./keys";
import { useWords } from "./language";
import { usePages } from "./paging";

export function Alerts() {
  const { t } = useWords();
  const [unreadOnly, setUnreadOnly] = useState(false);
  const list = usePages(keys.alerts(unreadOnly), (cursor) => alerts(unreadOnly, cursor));
  return (
    <>
      <PageHead title={t("alerts.title")}>
        <CheckField
          label={t("alerts.only_unread")}
          checked={unreadOnly}
          onChange={(event) => setUnreadOnly(event.target.checked)}
        />
      </PageHead>
      {list.isPending && <Loading />}
      {list.isError && <ProblemState thrown={list.error} onRetry={() => list.refetch()} />}
      {list.isSuccess && list.items.length === 0 && <Empty title={t("alerts.empty")} help={t("alerts.empty_help")} />}
      {list.items.length > 0 && (
        <>
          <ul className="rows" aria-label={t("alerts.title")}>
            {list.items.map((alert) => (
              <AlertRow key={alert.id} alert={alert} />
            ))}
          </ul>
          <More pages={list} />
        </>
      )}
    </>
  );
}

function AlertRow({ alert }: { alert: Alert }) {
  const { t } = useWords();
  const reading = useMarkRead();
  const about = alert.instance ? `/instances/${encodeURIComponent(alert.instance)}` : null;
  const link = safeNext(alert.link ?? about);
  return (
    <li className={alert.read ? "row row-read" : "row"} data-testid="alert">
      <div className="row-main">
        <div className="row-title">
          <Mark tone={severityTone(alert.severity)}>{wordFor(t, "alerts.severity", alert.severity)}</Mark>
          <strong>{alert.title}</strong>
          {alert.cc && <span className="quiet small">{t("alerts.cc")}</span>}
        </div>
        {alert.body && <p>{alert.body}</p>}
        <div className="row-facts">
          <Moment at={alert.at} />
          {link !== "/" && (
            <Link to={link} aria-label={t("alerts.open_named", { title: alert.title })}>
              {t("alerts.open")}
            </Link>
          )}
        </div>
        {reading.isError && <ProblemState thrown={reading.error} />}
      </div>
      {!alert.read && (
        <div className="row-side">
          <Button
            busy={reading.isPending}
            onClick={() => reading.mutate(alert.id)}
            aria-label={t("alerts.mark_read_named", { title: alert.title })}
          >
            {t("alerts.mark_read")}
          </Button>
        </div>
      )}
    </li>
  );
}

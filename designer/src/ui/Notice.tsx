import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./Button";
import { Icon } from "./Icon";

export interface NoticeFinding {
  code: string;
  at: string;
  message: string;
}

interface ProblemProps {
  title?: string;
  message: string;
  code: string;
  findings?: readonly NoticeFinding[];
  onRetry?: () => void;
}

/** What went wrong and what to do: the sentence first, its code small below for whoever helps. */
export function ProblemNotice({ title, message, code, findings = [], onRetry }: ProblemProps) {
  const { t } = useTranslation();
  return (
    <div className="notice notice-bad" role="alert" data-testid="problem" data-code={code}>
      <Icon name="bad" />
      <div>
        <p className="notice-title">{title ?? t("problem.title")}</p>
        <p>{message}</p>
        {findings.length > 0 && (
          <ul>
            {findings.map((finding) => (
              <li key={`${finding.at}-${finding.code}-${finding.message}`}>{finding.message}</li>
            ))}
          </ul>
        )}
        <p className="notice-code">{t("app.code", { code })}</p>
        {onRetry && <Button onClick={onRetry}>{t("app.retry")}</Button>}
      </div>
    </div>
  );
}

/** News or a plain fact, told to screen readers as it appears. */
export function Notice({
  tone,
  title,
  children,
}: {
  tone: "good" | "calm" | "bad";
  title: string;
  children?: ReactNode;
}) {
  return (
    <div className={`notice notice-${tone}`} role="status">
      <Icon name={tone} />
      <div>
        <p className="notice-title">{title}</p>
        {children}
      </div>
    </div>
  );
}

export function Loading() {
  const { t } = useTranslation();
  return (
    <p className="loading" role="status">
      <span className="spinner" aria-hidden="true" />
      {t("app.loading")}
    </p>
  );
}

export function Empty({ title, help, children }: { title: string; help?: string; children?: ReactNode }) {
  return (
    <div className="empty" data-testid="empty">
      <p className="empty-title">{title}</p>
      {help && <p>{help}</p>}
      {children}
    </div>
  );
}

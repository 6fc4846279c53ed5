import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Icon } from "@/ui/Icon";

interface Props {
  title: string;
  back?: { to: string; label: string };
  children?: ReactNode;
}

/** A page's heading. It names the browser's tab, and takes the focus so that screen readers hear where they are. */
export function PageHead({ title, back, children }: Props) {
  const { t } = useTranslation();
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title, t]);
  useEffect(() => {
    if (document.activeElement === document.body || document.activeElement?.closest("nav, .rows, table")) {
      ref.current?.focus({ preventScroll: true });
    }
  }, []);
  return (
    <>
      {back && (
        <Link className="trail" to={back.to}>
          <Icon name="back" size={16} />
          {back.label}
        </Link>
      )}
      <div className="page-head">
        <h1 ref={ref} tabIndex={-1}>
          {title}
        </h1>
        {children}
      </div>
    </>
  );
}

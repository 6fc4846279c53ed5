import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Icon } from "@/ui/Icon";
import { useUnread } from "../alerts";

const MOST = 99;

export function Bell() {
  const { t } = useTranslation();
  const count = useUnread().data ?? 0;
  const label = count ? t("alerts.bell", { count }) : t("alerts.bell_none");
  return (
    <Link to="/alerts" className="bar-button" aria-label={label} data-testid="bell">
      <Icon name="bell" size={20} />
      {count > 0 && <span className="bell-count">{count > MOST ? `${MOST}+` : count}</span>}
    </Link>
  );
}

import { useTranslation } from "react-i18next";
import { Button } from "@/ui/Button";

interface Props {
  pages: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
}

/** The end of a list: more, or that this is all. */
export function More({ pages }: Props) {
  const { t } = useTranslation();
  return (
    <div className="more">
      {pages.hasNextPage ? (
        <Button busy={pages.isFetchingNextPage} onClick={() => pages.fetchNextPage()}>
          {pages.isFetchingNextPage ? t("app.loading") : t("app.load_more")}
        </Button>
      ) : (
        <span>{t("app.all_shown")}</span>
      )}
    </div>
  );
}

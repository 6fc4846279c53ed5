import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Icon } from "@/ui/Icon";
import { speak } from "@/ui/i18n";

/** One press to the other language; named in that language, for whoever cannot read this one. */
export function LanguageSwitch() {
  const { i18n } = useTranslation();
  const client = useQueryClient();
  const other = i18n.language === "en" ? "zh" : "en";
  const change = async () => {
    await speak(other, true);
    // Titles, forms and sentences of the server come in the reader's language, too.
    await client.invalidateQueries();
  };
  return (
    <button
      type="button"
      className="bar-button"
      lang={other === "zh" ? "zh-CN" : "en"}
      onClick={change}
      data-testid="language"
    >
      <Icon name="globe" />
      {other === "zh" ? "中文" : "English"}
    </button>
  );
}

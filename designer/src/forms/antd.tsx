import { ConfigProvider, type ThemeConfig } from "antd";
import enUS from "antd/es/locale/en_US";
import zhCN from "antd/es/locale/zh_CN";
import dayjs from "dayjs";
import "dayjs/locale/zh-cn";
import updateLocale from "dayjs/plugin/updateLocale";
import { type ReactNode, useState } from "react";
import type { Language } from "@/model/words";

// The plant's week begins on Monday in both languages.
dayjs.extend(updateLocale);
dayjs.updateLocale("en", { weekStart: 1 });

const PHONE = "(max-width: 720px)";

/** Fingers need taller fields, and phones zoom into text smaller than 16 px. */
const sizes = () => (window.matchMedia(PHONE).matches ? { controlHeight: 44, fontSize: 16 } : { controlHeight: 34 });

const theme: ThemeConfig = {
  token: {
    colorPrimary: "#1456d9",
    colorError: "#b42318",
    colorText: "#1c2430",
    colorTextPlaceholder: "#667080",
    colorBorder: "#8a94a3",
    borderRadius: 6,
    fontFamily: "inherit",
  },
};

/** antd in the page's language and colours. */
export function AntdAround({ language, children }: { language: Language; children: ReactNode }) {
  const [size] = useState(sizes);
  dayjs.locale(language === "zh" ? "zh-cn" : "en");
  return (
    <ConfigProvider
      locale={language === "zh" ? zhCN : enUS}
      theme={{ token: { ...theme.token, ...size } }}
      button={{ autoInsertSpace: false }}
    >
      {children}
    </ConfigProvider>
  );
}

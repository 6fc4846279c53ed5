import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/pages/App";
import { startSpeaking } from "@/ui/i18n";
import "@/ui/styles.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root to draw into");
await startSpeaking();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

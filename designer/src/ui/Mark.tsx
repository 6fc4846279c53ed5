import type { ReactNode } from "react";
import { Icon, type IconName } from "./Icon";

export type MarkTone = "running" | "good" | "bad" | "warning" | "calm";

/** A state: colour, icon and word together, so that none has to be told from another by colour alone. */
export function Mark({ tone, icon, children }: { tone: MarkTone; icon?: IconName; children: ReactNode }) {
  return (
    <span className={`mark mark-${tone}`}>
      <Icon name={icon ?? tone} size={15} />
      {children}
    </span>
  );
}

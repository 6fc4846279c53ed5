import type { ButtonHTMLAttributes } from "react";
import { Icon, type IconName } from "./Icon";

export type ButtonLook = "primary" | "danger" | "plain" | "quiet";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: ButtonLook;
  icon?: IconName;
  busy?: boolean;
}

/** A button; while `busy` it cannot be pressed again but keeps its place and its name. */
export function Button({ look = "plain", icon, busy = false, type = "button", ...rest }: ButtonProps) {
  const { children, className, disabled, ...more } = rest;
  return (
    <button
      {...more}
      type={type}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={["button", `button-${look}`, className].filter(Boolean).join(" ")}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

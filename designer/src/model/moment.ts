import type { Speech, Translate } from "./words";

interface Parts {
  year: string;
  month: string;
  day: string;
  hour: string;
  minute: string;
  second: string;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clock(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  clocks.set(zone, made);
  return made;
}

function parts(at: Date, zone: string): Parts {
  const found = Object.fromEntries(
    clock(zone)
      .formatToParts(at)
      .map((p) => [p.type, p.value]),
  );
  return found as unknown as Parts;
}

const day = (p: Parts) => `${p.year}-${p.month}-${p.day}`;

/** `2026-08-14 15:04:09` on the plant's clock, wherever the reader sits; the text itself when it is no moment. */
export function fullMoment(iso: string, zone: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const p = parts(at, zone);
  return `${day(p)} ${p.hour}:${p.minute}:${p.second}`;
}

const DAY_MS = 86_400_000;

/** As short as it stays clear: `today 15:04`, `08-14 15:04` within the year, else `2025-08-14 15:04`. 24 hours. */
export function shortMoment(iso: string, now: Date, { t, zone }: Pick<Speech, "t" | "zone">): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const p = parts(at, zone);
  const time = `${p.hour}:${p.minute}`;
  const near: [string, number][] = [
    ["today", 0],
    ["yesterday", -1],
    ["tomorrow", 1],
  ];
  for (const [name, days] of near) {
    if (day(p) === day(parts(new Date(now.getTime() + days * DAY_MS), zone))) return t(`moment.${name}`, { time });
  }
  const sameYear = p.year === parts(now, zone).year;
  return `${sameYear ? "" : `${p.year}-`}${p.month}-${p.day} ${time}`;
}

/** How long from `from` to `to`, in its largest two units: `2 d 3 h`, `4 min`. */
export function span(from: string, to: Date, t: Translate): string {
  const minutes = Math.max(0, Math.round(Math.abs(to.getTime() - new Date(from).getTime()) / 60_000));
  if (minutes < 60) return t("moment.minutes", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return t(minutes % 60 ? "moment.hours" : "moment.hours_only", { h: hours, m: minutes % 60 });
  return t(hours % 24 ? "moment.days" : "moment.days_only", { d: Math.floor(hours / 24), h: hours % 24 });
}

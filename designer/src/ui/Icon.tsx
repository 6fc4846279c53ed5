/** Line icons on a 24 grid; decoration only, for a word always stands beside them. */
const PATHS = {
  work: "M5 4h14v16H5z M8.5 9l1.5 1.5L13 7.5 M8.5 15l1.5 1.5 3-3 M15.5 9.5h1 M15.5 15.5h1",
  start: "M12 5v14 M5 12h14",
  instances: "M4 6h6v5H4z M14 13h6v5h-6z M10 8.5h4a3 3 0 0 1 3 3V13",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l2 2H4z M10 20.5h4",
  running: "M12 3a9 9 0 1 0 9 9 M12 7v5l3 3",
  good: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M8 12l3 3 5-6",
  bad: "M12 3 22 20H2z M12 9.5v5 M12 17v.5",
  warning: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M12 7v6 M12 16v.5",
  calm: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M8 12h8",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M12 7v5l3 2",
  raise: "M12 20V5 M6 11l6-6 6 6",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8z M4.5 20a7.5 7.5 0 0 1 15 0",
  lock: "M6 11h12v9H6z M8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  back: "M14 6l-6 6 6 6",
  next: "M10 6l6 6-6 6",
  out: "M14 5h5v14h-5 M10 8l-4 4 4 4 M6 12h9",
  globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M3 12h18 M12 3c3 3 3 15 0 18 M12 3c-3 3-3 15 0 18",
  up: "M12 18V6 M7 11l5-5 5 5",
  down: "M12 6v12 M7 13l5 5 5-5",
  remove: "M5 7h14 M9 7V4h6v3 M7 7l1 13h8l1-13",
  form: "M6 3h12v18H6z M9 8h6 M9 12h6 M9 16h3",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

import { describe, expect, it } from "vitest";
import { fullMoment, shortMoment, span } from "./moment";

const t = (key: string, args?: Record<string, unknown>) => `${key} ${Object.values(args ?? {}).join(" ")}`.trim();
const zone = "Asia/Shanghai";

describe("moments", () => {
  it("are told on the plant's clock, in 24 hours", () => {
    expect(fullMoment("2026-08-14T16:05:09Z", zone)).toBe("2026-08-15 00:05:09");
  });

  it("are today, yesterday or tomorrow by the plant's day, not the reader's", () => {
    const now = new Date("2026-08-14T17:00:00Z");

    expect(shortMoment("2026-08-14T16:30:00Z", now, { t, zone })).toBe("moment.today 00:30");
    expect(shortMoment("2026-08-14T15:30:00Z", now, { t, zone })).toBe("moment.yesterday 23:30");
    expect(shortMoment("2026-08-15T17:00:00Z", now, { t, zone })).toBe("moment.tomorrow 01:00");
  });

  it("carry the year only when it is another", () => {
    const now = new Date("2026-08-14T04:00:00Z");

    expect(shortMoment("2026-03-01T04:00:00Z", now, { t, zone })).toBe("03-01 12:00");
    expect(shortMoment("2025-03-01T04:00:00Z", now, { t, zone })).toBe("2025-03-01 12:00");
  });

  it("stay as they came when they are no moments", () => {
    expect(fullMoment("soon", zone)).toBe("soon");
  });

  it("lie apart by their two largest units", () => {
    const now = new Date("2026-08-14T12:00:00Z");

    expect(span("2026-08-14T11:56:00Z", now, t)).toBe("moment.minutes 4");
    expect(span("2026-08-14T09:30:00Z", now, t)).toBe("moment.hours 2 30");
    expect(span("2026-08-12T09:00:00Z", now, t)).toBe("moment.days 2 3");
  });
});

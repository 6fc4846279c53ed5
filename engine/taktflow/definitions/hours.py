"""How a calendar writes working hours: ``08:00-12:00``; ``22:00-06:00`` is a night shift of the day it begins on."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
DAY_MINUTES = 24 * 60


def parse_hours(text: str) -> tuple[int, int]:
    """Begin and end in minutes from the midnight the shift's day begins with, the end after the begin.

    ``ValueError`` when ``text`` is no such span; ``24:00`` is the day's end, an end before the begin the next morning.
    """
    match = _HOURS.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no span of hours such as 08:00-12:00")
    begin, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if end > DAY_MINUTES or begin == end:
        raise ValueError(f"{text!r} is no span of hours such as 08:00-12:00")
    return begin, end if end > begin else end + DAY_MINUTES


def parse_day(text: str) -> date:
    """The day an ISO date names; ``ValueError`` otherwise."""
    if len(text) != 10:
        raise ValueError(f"{text!r} is no date such as 2026-10-01")
    return date.fromisoformat(text)


def parse_zone(name: str) -> ZoneInfo:
    """The IANA time zone ``name``; ``ValueError`` when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as wrong:
        raise ValueError(f"{name!r} is no time zone such as Asia/Shanghai") from wrong

"""Dates, times and durations as FEEL writes, reads and reckons them.

Seconds run to the microsecond. A date and time without a zone is meant in the caller's zone.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from taktflow.expressions.far import FarDate, FarMoment, cycled, day_of, distance, split, uncycled
from taktflow.expressions.unzoned import UNZONED, Unzoned, zoned
from taktflow.values import Value, YearsMonths, parse_duration

_DATE = re.compile(r"(-?(?:[1-9]\d{3,8}|0\d{3}))-(\d\d)-(\d\d)", re.ASCII)
_TIME = re.compile(
    r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?(Z|z|[+-]\d\d:\d\d(?::\d\d)?|@[A-Za-z_/+\-0-9]{1,40})?", re.ASCII
)
Day: TypeAlias = date | FarDate
Moment: TypeAlias = datetime | FarMoment

_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)(?::(\d\d))?", re.ASCII)


def read_date(text: str) -> Day | None:
    """``2026-11-23``; None for any other text."""
    match = _DATE.fullmatch(text)
    if match is None or match[1] == "-0000":
        return None
    try:
        return day_of(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def read_time(text: str) -> time | None:
    """``14:30:00``, with a fraction, an offset or ``@Asia/Shanghai`` where wanted; None for any other text."""
    match = _TIME.fullmatch(text.removeprefix("T"))
    if match is None:
        return None
    zone = read_zone(match[5]) if match[5] else None
    if match[5] and zone is None:
        return None
    try:
        return time(int(match[1]), int(match[2]), int(match[3]), int((match[4] or "0").ljust(6, "0")[:6]), zone)
    except ValueError:
        return None


def read_zone(text: str) -> tzinfo | None:
    """``Z``, ``+08:00`` or ``@Asia/Shanghai``."""
    if text in ("Z", "z"):
        return UTC
    if text.startswith("@"):
        try:
            return ZoneInfo(text[1:])
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None
    match = _OFFSET.fullmatch(text)
    if match is None or int(match[2]) > 14 or int(match[3]) > 59 or int(match[4] or 0) > 59:
        return None
    length = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    return timezone(-length if match[1] == "-" else length)


def is_local(text: str) -> bool:
    """Whether ``text`` writes a date and time that names no zone."""
    day, _, clock = text.partition("T")
    at = read_time(clock) if read_date(day) is not None else None
    return at is not None and at.tzinfo is None


def read_date_and_time(text: str, zone: tzinfo | None) -> Moment | None:
    """``2026-11-23T14:30:00+08:00``; a bare date is its midnight, and ``zone`` stands in where none is written."""
    day_text, _, clock_text = text.partition("T")
    day, at = read_date(day_text), read_time(clock_text) if clock_text else time()
    if day is None or at is None:
        return None
    return joined(day, at, zone)


def joined(day: Day, at: time, zone: tzinfo | None) -> Moment | None:
    """The moment of ``day`` and ``at``, in ``zone`` where ``at`` has none."""
    where = at.tzinfo or zone
    if where is None:
        return None
    if isinstance(day, FarDate):
        return FarMoment(day.cycles, datetime.combine(day.base, at.replace(tzinfo=None), tzinfo=where))
    return datetime.combine(day, at.replace(tzinfo=None), tzinfo=where)


def day_in(moment: Moment) -> Day:
    """The day of ``moment`` in its own zone."""
    return FarDate(moment.cycles, moment.base.date()) if isinstance(moment, FarMoment) else moment.date()


def near(value: Value) -> Value:
    """``value``, or None when its year lies beyond 1 to 9999."""
    return None if isinstance(value, FarDate | FarMoment) else value


def read_length(text: str) -> timedelta | YearsMonths | None:
    """An ISO 8601 duration; None for any other text."""
    try:
        return parse_duration(text)
    except ValueError:
        return None


def read_any(text: str, zone: tzinfo | None) -> Value:
    """What ``@"..."`` means; None when it is no date, time or duration."""
    if "T" in text[1:] and text.lstrip("-")[:1].isdigit():
        return read_date_and_time(text, zone)
    if text.lstrip("-").startswith("P"):
        return read_length(text)
    found = read_date(text)
    return found if found is not None else read_time(text)


def months_later(day: date, months: int) -> date:
    """``day`` moved by whole months and held inside the month it lands in; keeps the time of day and the zone."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= years <= 9999:
        raise OverflowError("years run from 1 to 9999")
    return day.replace(year=years, month=month + 1, day=min(day.day, _days_of(years, month + 1)))


def _days_of(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def later(moment: Day | Moment | time, length: timedelta | YearsMonths) -> Value:
    """``moment`` plus ``length``; a moment in time moves along the real clock, whatever summer time does."""
    if isinstance(moment, time):
        return _later(moment, length)
    if not isinstance(moment, FarDate | FarMoment):
        try:
            return _later(moment, length)
        except OverflowError:
            pass
    cycles, base = cycled(moment)
    if isinstance(length, YearsMonths):
        more, months = divmod(length.months, 4_800)
        return uncycled(cycles + more, months_later(base, months))
    more, days = split(length.days)
    return uncycled(cycles + more, _later(base, length - timedelta(days=length.days - days)))


def _later(moment: date | time, length: timedelta | YearsMonths) -> Value:
    if isinstance(length, YearsMonths):
        return months_later(moment, length.months) if isinstance(moment, date) else None
    if isinstance(moment, datetime):
        return (moment.astimezone(UTC) + length).astimezone(moment.tzinfo)
    if isinstance(moment, date):
        # A date counts from its midnight; what is left of a day is dropped downwards.
        return moment + timedelta(days=length // timedelta(days=1))
    start = datetime(2000, 1, 1, moment.hour, moment.minute, moment.second, moment.microsecond, tzinfo=UTC)
    return (
        (start + timedelta(seconds=length.seconds, microseconds=length.microseconds))
        .time()
        .replace(tzinfo=moment.tzinfo)
    )


def between(first: Value, second: Value) -> timedelta | None:
    """``first - second`` for two dates, moments or times of day; None when only one of them has a zone."""
    if isinstance(first, time) and isinstance(second, time):
        if (first.tzinfo is None) != (second.tzinfo is None):
            return None
        return _since_midnight(first) - _since_midnight(second)
    if type(first) is date and type(second) is date:
        return first - second
    if isinstance(first, time) or isinstance(second, time):
        return None
    if type(first) in (date, FarDate) and type(second) in (date, FarDate):
        return distance(first, second)
    first, second = as_moment(first), as_moment(second)
    if isinstance(first.tzinfo, Unzoned) != isinstance(second.tzinfo, Unzoned):
        return None
    return distance(first, second) if isinstance(first, FarMoment) or isinstance(second, FarMoment) else first - second


def _since_midnight(at: time) -> timedelta:
    own = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
    return own - (at.utcoffset() or timedelta())


def as_moment(value: Day | Moment) -> Moment:
    """A date as the moment its day begins in UTC (DMN 1.5, 10.3.2.3.6)."""
    if isinstance(value, FarMoment):
        return value
    if isinstance(value, FarDate):
        return FarMoment(value.cycles, datetime.combine(value.base, time(), UTC))
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)


def whole_months(first: Day | Moment, second: Day | Moment) -> int:
    """Full months from ``first`` to ``second``, negative when it lies before."""
    months = (second.year - first.year) * 12 + second.month - first.month
    after = (second.day, _clock_of(second)) >= (first.day, _clock_of(first))
    if months > 0 and not after:
        return months - 1
    if months < 0 and (second.day, _clock_of(second)) > (first.day, _clock_of(first)):
        return months + 1
    return months


def alike(first: Moment | time, second: Moment | time) -> bool:
    """Whether they are equal: to the second, as the standard counts (DMN 1.5, 10.3.2.3.4 and 10.3.2.3.5)."""
    if isinstance(first, FarMoment) and isinstance(second, FarMoment):
        return first.cycles == second.cycles and alike(first.base, second.base)
    if isinstance(first, datetime) and isinstance(second, datetime):
        both = isinstance(first.tzinfo, Unzoned) == isinstance(second.tzinfo, Unzoned)
        return both and first.replace(microsecond=0) == second.replace(microsecond=0)
    if isinstance(first, time) and isinstance(second, time):
        return first.replace(microsecond=0) == second.replace(microsecond=0)
    return first == second


def clock_time(moment: Moment) -> time:
    """The time of day of ``moment``, in its zone where it has one."""
    if isinstance(moment, FarMoment):
        moment = moment.base
    return moment.time().replace(tzinfo=zoned(moment.tzinfo))


def _clock_of(value: Day | Moment) -> time:
    if isinstance(value, FarMoment):
        value = value.base
    return value.time() if isinstance(value, datetime) else time()


def seconds_of(length: timedelta) -> Decimal:
    """The exact length in seconds."""
    micro = (length.days * 86_400 + length.seconds) * 1_000_000 + length.microseconds
    return Decimal(micro) / 1_000_000


def length_of(seconds: Decimal) -> timedelta:
    """The days-time duration of ``seconds``; ``OverflowError`` beyond a billion days."""
    if abs(seconds) > 86_400 * 999_999_999:
        raise OverflowError("a duration of that length cannot be counted")
    return timedelta(microseconds=int((seconds * 1_000_000).to_integral_value()))


_DATE_FIELDS = {"year": "year", "month": "month", "day": "day"}
_TIME_FIELDS = {"hour": "hour", "minute": "minute"}


def property_of(value: Day | Moment | time | timedelta | YearsMonths, field: str) -> Value:
    """``value.field`` (DMN 1.5, table 65); None for a field it has not."""
    if isinstance(value, FarDate | FarMoment):
        return Decimal(value.year) if field == "year" else property_of(value.base, field)
    if isinstance(value, YearsMonths):
        sign = -1 if value.months < 0 else 1
        years, months = divmod(abs(value.months), 12)
        found = {"years": years, "months": months}.get(field)
        return None if found is None else Decimal(sign * found)
    if isinstance(value, timedelta):
        return _length_field(value, field)
    if isinstance(value, date) and field in _DATE_FIELDS:
        return Decimal(getattr(value, _DATE_FIELDS[field]))
    if isinstance(value, date) and field == "weekday":
        return Decimal(value.isoweekday())
    if isinstance(value, datetime | time):
        return _clock_field(value, field)
    return None


def _clock_field(value: datetime | time, field: str) -> Value:
    match field:
        case "hour" | "minute":
            return Decimal(getattr(value, field))
        case "second":
            return (
                Decimal(value.second) + Decimal(value.microsecond).scaleb(-6)
                if value.microsecond
                else Decimal(value.second)
            )
        case "time offset":
            return None if value.tzinfo is UNZONED else value.utcoffset()
        case "timezone":
            return value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None
        case _:
            return None


def _length_field(value: timedelta, field: str) -> Value:
    sign, length = (-1, -value) if value < timedelta() else (1, value)
    hours, rest = divmod(length.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    found = {"days": length.days, "hours": hours, "minutes": minutes}.get(field)
    if found is not None:
        return Decimal(sign * found)
    if field == "seconds":
        return sign * (Decimal(seconds) + Decimal(length.microseconds).scaleb(-6).normalize())
    return None

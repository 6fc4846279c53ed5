"""Dates beyond the years 1 to 9999, which the standard knows up to 999,999,999 (DMN 1.5, 10.3.2.3.3).

The calendar repeats every 400 years, weekdays included, so a far date is a near one and a number of such cycles. Far
dates live inside expressions only: what an expression hands to documents and databases is near, or null.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import total_ordering
from typing import Any

_YEARS, _DAYS = 400, 146_097
_FIRST = 2_000
FARTHEST = 999_999_999
_DAY = 86_400_000_000


@total_ordering
@dataclass(frozen=True, slots=True)
class FarDate:
    """The day ``base``, which lies in the years 2000 to 2399, ``cycles`` times 400 years later."""

    cycles: int
    base: date

    @property
    def year(self) -> int:
        return self.base.year + self.cycles * _YEARS

    @property
    def month(self) -> int:
        return self.base.month

    @property
    def day(self) -> int:
        return self.base.day

    def __lt__(self, other: Any) -> bool:
        return _count(self) < _count(other) if type(other) in (date, FarDate) else NotImplemented

    def written(self, base: str) -> str:
        """``base``, its own text, with the year it stands for."""
        return _far_text(self.year, base)


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class FarMoment:
    """The moment ``base``, which lies in the years 2000 to 2399, ``cycles`` times 400 years later."""

    cycles: int
    base: datetime

    @property
    def year(self) -> int:
        return self.base.year + self.cycles * _YEARS

    @property
    def month(self) -> int:
        return self.base.month

    @property
    def day(self) -> int:
        return self.base.day

    @property
    def tzinfo(self) -> tzinfo | None:
        return self.base.tzinfo

    def __eq__(self, other: object) -> bool:
        return _count(self) == _count(other) if isinstance(other, datetime | FarMoment) else NotImplemented

    def __hash__(self) -> int:
        return hash(_count(self))

    def __lt__(self, other: Any) -> bool:
        return _count(self) < _count(other) if isinstance(other, datetime | FarMoment) else NotImplemented

    def written(self, base: str) -> str:
        """``base``, its own text, with the year it stands for."""
        return _far_text(self.year, base)


Far = FarDate | FarMoment


def _far_text(year: int, base: str) -> str:
    return f"{'-' if year < 0 else ''}{abs(year):04d}{base[4:]}"


def _count(value: Any) -> int:
    """Days, or for a moment microseconds in Greenwich, since the calendar began."""
    cycles, base = cycled(value)
    days: int = cycles * _DAYS + base.toordinal()
    if not isinstance(base, datetime):
        return days
    clock: int = (base.hour * 3_600 + base.minute * 60 + base.second) * 1_000_000 + base.microsecond
    offset: timedelta = base.utcoffset() or timedelta()
    return days * _DAY + clock - offset // timedelta(microseconds=1)


def distance(first: Any, second: Any) -> timedelta:
    """``first - second`` of two dates or of two moments; ``OverflowError`` when no duration is that long."""
    counted = _count(first) - _count(second)
    return timedelta(microseconds=counted) if isinstance(cycled(first)[1], datetime) else timedelta(days=counted)


def cycled(value: date | FarDate | FarMoment) -> tuple[int, Any]:
    """``value`` as cycles of 400 years and a date or moment of the years 2000 to 2399."""
    if isinstance(value, FarDate | FarMoment):
        return value.cycles, value.base
    cycles, years = divmod(value.year - _FIRST, _YEARS)
    return cycles, value.replace(year=_FIRST + years)


def uncycled(cycles: int, base: Any) -> Any:
    """The date or moment ``cycles`` times 400 years after ``base``; ``OverflowError`` beyond the standard's years."""
    more, base = cycled(base)
    year = base.year + (cycles + more) * _YEARS
    if 1 <= year <= 9_999:
        return base.replace(year=year)
    if abs(year) > FARTHEST:
        raise OverflowError("years run to 999,999,999")
    made = FarMoment if isinstance(base, datetime) else FarDate
    return made(cycles + more, base)


def day_of(year: int, month: int, day: int) -> date | FarDate:
    """The day with these numbers; ``ValueError`` when there is none."""
    if abs(year) > FARTHEST:
        raise ValueError("years run to 999,999,999")
    cycles, years = divmod(year - _FIRST, _YEARS)
    found: date | FarDate = uncycled(cycles, date(_FIRST + years, month, day))
    return found


def split(days: int) -> tuple[int, int]:
    """``days`` as cycles of 400 years and the days that are left."""
    return divmod(days, _DAYS)

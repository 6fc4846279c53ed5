"""Time that counts only while a calendar works: due moments of people's tasks and of stages.

Working hours are wall-clock times of the calendar's zone; spans are real elapsed time, so a shift in which the clock is
put forward is an hour shorter. A wall time that occurs twice is its first occurrence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from taktflow.definitions.hours import parse_day, parse_hours, parse_zone
from taktflow.definitions.kinds import Calendar
from taktflow.errors import Invalid

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_IDLE_DAYS = 400
"""A calendar without work for so long never works again: the week and every yearly pattern have passed."""
_FARTHEST = timedelta(days=40 * 366)
_ONE_DAY = timedelta(days=1)
_STRETCH = timedelta(days=14)

_Shifts = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Hours:
    """A calendar ready to count with; shifts are minutes from their day's midnight."""

    calendar: str
    zone: tzinfo
    week: tuple[_Shifts, ...]
    days: Mapping[date, _Shifts]

    @classmethod
    def of(cls, calendar: Calendar) -> Hours:
        """Reads ``calendar``; raises Invalid when it writes hours, days or a zone that are none."""
        try:
            week = tuple(_shifts(calendar.week.get(day, ())) for day in _WEEKDAYS)  # type: ignore[call-overload]
            days: dict[date, _Shifts] = {parse_day(day): () for day in calendar.holidays}
            # A day with hours of its own is worked even when it is also a holiday.
            days |= {parse_day(day): _shifts(hours) for day, hours in calendar.special.items()}
            return cls(calendar.id, parse_zone(calendar.timezone), week, days)
        except ValueError as wrong:
            raise Invalid("calendar.unreadable", calendar=calendar.id, problem=str(wrong)) from wrong

    def on(self, day: date) -> _Shifts:
        """The shifts that begin on ``day``."""
        found = self.days.get(day)
        return self.week[day.weekday()] if found is None else found

    def spans(self, start: datetime, until: datetime | None = None) -> Iterator[tuple[datetime, datetime]]:
        """Working spans from ``start`` on (both UTC), in order and apart from each other.

        Without ``until`` there is no end; Invalid when no work follows any more.
        """
        # A night shift of the day before may still be on.
        day = start.astimezone(self.zone).date() - _ONE_DAY
        covered, idle = start, 0
        while idle <= _IDLE_DAYS:
            idle += 1
            # Shifts begin on their day, so sorted by day and begin they are in order; only ends overlap.
            for begin, end in sorted(self._moment(day, b, e) for b, e in self.on(day)):
                idle = 0
                if until is not None and begin >= until:
                    return
                if end > covered:
                    yield max(begin, covered), end if until is None else min(end, until)
                    covered = end
            day += _ONE_DAY
            if until is not None and day > until.date() + _ONE_DAY:
                return
        raise Invalid("calendar.never_works", calendar=self.calendar)

    def spans_back(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Working spans before ``start`` (UTC), the latest first; Invalid when none came before."""
        end, idle = start, timedelta(0)
        while idle <= _IDLE_DAYS * _ONE_DAY:
            begin = end - _STRETCH
            found = list(self.spans(begin, end))
            yield from reversed(found)
            idle = timedelta(0) if found else idle + _STRETCH
            end = begin
        raise Invalid("calendar.never_works", calendar=self.calendar)

    def _moment(self, day: date, begin: int, end: int) -> tuple[datetime, datetime]:
        midnight = datetime.combine(day, time())
        first, last = (
            (midnight + timedelta(minutes=m)).replace(tzinfo=self.zone).astimezone(UTC) for m in (begin, end)
        )
        return first, max(first, last)

    def add(self, start: datetime, span: timedelta) -> datetime:
        """The first moment at which ``span`` of working time has passed since ``start`` (before it when negative)."""
        start = start.astimezone(UTC)
        if span < timedelta(0):
            return self._back(start, -span)
        if not span:
            return start
        for begin, end in self.spans(start):
            if end - begin >= span:
                return begin + span
            span -= end - begin
            if end - start > _FARTHEST:
                break
        raise Invalid("calendar.too_far", calendar=self.calendar)

    def _back(self, start: datetime, span: timedelta) -> datetime:
        for begin, end in self.spans_back(start):
            if end - begin >= span:
                return end - span
            span -= end - begin
            if start - begin > _FARTHEST:
                break
        raise Invalid("calendar.too_far", calendar=self.calendar)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from ``start`` to ``end``; negative when ``end`` is the earlier one."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if end < start:
            return -self.between(end, start)
        if end - start > _FARTHEST:
            raise Invalid("calendar.too_far", calendar=self.calendar)
        return sum((last - first for first, last in self.spans(start, end)), timedelta(0))

    def working(self, at: datetime) -> bool:
        """Whether people work at the moment ``at``."""
        first, last = next(self.spans(at.astimezone(UTC)))
        return first <= at < last


def _shifts(hours: tuple[str, ...]) -> _Shifts:
    return tuple(parse_hours(h) for h in hours)


def add_working(start: datetime, span: timedelta, calendar: Calendar) -> datetime:
    """The first moment (UTC) at which ``span`` of working time has passed since ``start``.

    Raises Invalid for a calendar that never works or cannot be read, and for spans beyond forty years.
    """
    return Hours.of(calendar).add(start, span)


def working_between(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """The working time from ``start`` to ``end``; same errors as :func:`add_working`."""
    return Hours.of(calendar).between(start, end)

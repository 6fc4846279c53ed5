"""The moments of a schedule: cron in a time zone, moved or left out on days on which nobody works.

Where clocks change, a cron of fixed hours means wall time: a moment that does not exist is the first one after the gap,
one that comes twice is the first of the two. A cron with ``*`` as its minute or hour means elapsed time: it has no
moments in the gap and all of them in both repeated hours.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim

from taktflow.definitions.kinds import Calendar
from taktflow.definitions.workflow import OnHoliday

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ONE_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
_LONGEST_REST = 60
"""Days off in a row across which a moment is moved."""
_FARTHEST = 12 * 366
"""A schedule without a moment for so many days has none: leap days have come round, on every day of some week."""
_FIRST_LOOK = timedelta(hours=1)


@dataclass(frozen=True)
class Recurrence:
    """When something recurs. ``calendar`` says which days are worked; days begin at midnight in ``zone``.

    On a day off a moment is left out, or moved to the same time on the nearest working day ``before`` or ``after``;
    moments that meet there are one. CronSimError for a ``cron`` that is none.
    """

    cron: str
    zone: ZoneInfo
    calendar: Calendar | None = None
    on_holiday: OnHoliday = "skip"

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Every moment later than ``moment``, the earliest first, in UTC; it ends where there is none for years."""
        last = moment.astimezone(UTC)
        for local in self._sought(last):
            # Compared in UTC: wall times do not tell the first of two equal ones from the second.
            found = local.astimezone(UTC)
            if found > last:
                last = found
                yield found

    def newest(self, since: datetime, until: datetime, most: int) -> tuple[list[datetime], bool]:
        """The last ``most`` moments from ``since`` to ``until``, both included; whether there are earlier ones."""
        look = _FIRST_LOOK
        while True:
            # Looked for backwards in growing steps: years of minutes need not be counted to find the last one.
            begin = max(since, until - look)
            found = deque(takewhile(lambda m: m <= until, self.after(begin - _INSTANT)), maxlen=most + 1)
            if len(found) > most or begin == since:
                return list(found)[-most:], len(found) > most
            look *= 4

    def _sought(self, moment: datetime) -> Iterator[datetime]:
        if self.calendar is None:
            yield from CronSim(self.cron, moment.astimezone(self.zone))
            return
        day, idle = moment.astimezone(self.zone).date(), 0
        while idle < _FARTHEST:
            idle += 1
            if self._falls_on(day):
                idle = 0
                yield from self._times(day)
            day += _ONE_DAY

    def _falls_on(self, day: date) -> bool:
        return self._worked(day) and any(
            self._days.match_day(d) and d.month in self._days.months for d in self._of(day)
        )

    def _of(self, day: date) -> Iterator[date]:
        """The days whose moments are on the working day ``day``."""
        yield day
        if self.on_holiday == "skip":
            return
        step = -_ONE_DAY if self.on_holiday == "after" else _ONE_DAY
        for _ in range(_LONGEST_REST):
            day += step
            if self._worked(day):
                return
            yield day

    def _times(self, day: date) -> Iterator[datetime]:
        midnight = datetime.combine(day, time(), self.zone).astimezone(UTC)
        times = " ".join([*self.cron.split()[:-3], "* * *"])
        begin = (midnight - timedelta(seconds=1)).astimezone(self.zone)
        return takewhile(lambda m: m.date() <= day, CronSim(times, begin))

    @cached_property
    def _days(self) -> CronSim:
        return CronSim(self.cron, datetime(2000, 1, 1, tzinfo=UTC))

    def _worked(self, day: date) -> bool:
        calendar = self.calendar
        if calendar is None:
            return True
        named = day.isoformat()
        if named in calendar.special:
            return bool(calendar.special[named])
        return named not in calendar.holidays and bool(calendar.week.get(_WEEKDAYS[day.weekday()]))  # type: ignore[call-overload]  # a name of the week

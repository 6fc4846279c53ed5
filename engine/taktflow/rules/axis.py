"""One column's values cut into classes within which every constant cell answers alike.

The constants ``c0 < c1 < ...`` that cells name cut an ordered type into points and the gaps around them. Class 0 is
null, then come the gap below ``c0``, ``c0`` itself, the gap up to ``c1``, ``c1`` ... and the gap above. Where nothing
but equality is asked there is one class a constant, and one for every other value. A set of classes is an integer whose
bit ``i`` is class ``i``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Final

from taktflow.expressions import Cell
from taktflow.values import Range, Value, YearsMonths

NULL: Final = 1
"""The set of class 0 alone."""

ANY_OTHER: Final = "…"
"""Stands for any value that no cell names."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The classes of a column. ``exact`` finds a constant's class; ``size`` counts the classes."""

    constants: Sequence[Value]
    exact: Mapping[Value, int]
    ordered: bool
    size: int

    def class_of(self, value: Value) -> int:
        """The class that holds ``value``; ``TypeError`` for a value that does not compare with the constants."""
        found = self.exact.get(value)
        if found is not None:
            return found
        return 2 * bisect_left(self.constants, value) + 1 if self.ordered else self.size - 1

    @property
    def every(self) -> int:
        """All classes."""
        return (1 << self.size) - 1

    def classes(self, cell: Cell) -> int:
        """The classes whose values meet ``cell``, residuals aside; its constants must be among the axis's own."""
        if cell.wildcard:
            return self.every
        found = 0
        for value in cell.values:
            found |= 1 << self.exact[value]
        # Without order nothing lies between: booleans do not compare.
        for interval in cell.intervals if self.ordered else ():
            found |= self._span(interval)
        if cell.negated:
            # Null is unknown, not "none of these": it meets no negation.
            return self.every & ~found & ~NULL
        return found | NULL if cell.null else found

    def _span(self, interval: Range) -> int:
        low, high = 1, self.size - 1
        if interval.low is not None:
            low = self.exact[interval.low] + (0 if interval.low_closed else 1)
        if interval.high is not None:
            high = self.exact[interval.high] - (0 if interval.high_closed else 1)
        return (1 << (high + 1)) - (1 << low) if low <= high else 0

    def sample(self, place: int) -> tuple[Value, bool]:
        """A value of class ``place``, and whether there is one: no date lies between two neighbouring days."""
        if place == 0:
            return None, True
        if not self.ordered:
            return (self.constants[place - 1], True) if place <= len(self.constants) else self._another()
        after, point = divmod(place - 1, 2)
        if point:
            return self.constants[after], True
        low = self.constants[after - 1] if after else None
        high = self.constants[after] if after < len(self.constants) else None
        found = _between(low, high)
        return found, found is not None

    def _another(self) -> tuple[Value, bool]:
        match self.constants:
            case [False, True]:
                return None, False
            case [] | [str(), *_]:
                return ANY_OTHER, True
            case [*_, last]:
                return _between(last, None), True
            case _:
                return None, False


def axis_of(cells: Iterable[Cell], extra: Iterable[Value] = (), *, boolean: bool = False) -> Axis:
    """The classes that the constants of ``cells`` and ``extra`` cut."""
    cells = list(cells)
    found = {value for value in extra if value is not None}
    for cell in cells:
        found |= {*cell.values, *constants(cell)}
    if boolean:
        found = {True, False}
    ordered = not boolean and any(cell.intervals for cell in cells)
    order = sorted(found)
    step = 2 if ordered else 1
    exact = {None: 0, **{constant: step * place + step for place, constant in enumerate(order)}}
    return Axis(order, exact, ordered, size=len(order) * step + 2)


def constants(cell: Cell) -> list[Value]:
    """Every constant that the cell names: listed values and the ends of intervals."""
    ends = [end for interval in cell.intervals for end in (interval.low, interval.high)]
    return [*cell.values, *(end for end in ends if end is not None)]


def _between(low: Value, high: Value) -> Value:
    """A value strictly between; ``None`` when there is none. An absent end is unbounded."""
    known = high if low is None else low
    for kind, middle in _MIDDLES:
        if isinstance(known, kind):
            try:
                return middle(low, high)
            except OverflowError:
                return None
    return None


def _number(low: Decimal | None, high: Decimal | None) -> Decimal | None:
    if low is None:
        return None if high is None else high - 1
    if high is None:
        return low + 1
    whole = (low + 1).to_integral_value(rounding=ROUND_FLOOR)
    return whole if low < whole < high else (low + high) / 2


def _moment(low: Any, high: Any) -> Any:
    if low is None:
        return high - timedelta(days=1)
    if high is None:
        return low + timedelta(days=1)
    middle = low + (high - low) / 2
    return middle if low < middle < high else None


def _day(low: date | None, high: date | None) -> date | None:
    if low is None:
        return None if high is None else high - timedelta(days=1)
    after = low + timedelta(days=1)
    return after if high is None or after < high else None


def _words(low: str | None, high: str | None) -> str | None:
    if low is None:
        return "" if high else None
    return next((low + tail for tail in ("!", "\0") if high is None or low + tail < high), None)


def _clock(low: time | None, high: time | None) -> time | None:
    known = high if low is None else low
    assert known is not None
    first = timedelta(microseconds=-1) if low is None else _since_midnight(low)
    last = timedelta(days=1) if high is None else _since_midnight(high)
    middle = (datetime(1, 1, 2, tzinfo=UTC) + (first + last) / 2).time().replace(tzinfo=known.tzinfo)
    return middle if (low is None or low < middle) and (high is None or middle < high) else None


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)


def _months(low: YearsMonths | None, high: YearsMonths | None) -> YearsMonths | None:
    if low is None:
        return None if high is None else YearsMonths(high.months - 1)
    after = YearsMonths(low.months + 1)
    return after if high is None or after < high else None


# A datetime is a date to isinstance, so it is asked first.
_MIDDLES: Sequence[tuple[type, Callable[[Any, Any], Value]]] = (
    (Decimal, _number),
    (datetime, _moment),
    (date, _day),
    (timedelta, _moment),
    (time, _clock),
    (YearsMonths, _months),
    (str, _words),
)

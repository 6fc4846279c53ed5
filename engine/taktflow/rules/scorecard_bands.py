"""Whether the bands of a part give every value its points, and only once: exact, by trying every border and between.

Between two neighbouring borders nothing changes, so one value stands for all of them. Bands whose borders only the
running data tells are not judged.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from itertools import pairwise

from taktflow.definitions.decision import CellType
from taktflow.definitions.formula import FormulaInput, PointsBand
from taktflow.expressions import Cell, Clock
from taktflow.rules.typed import cell_text
from taktflow.values import Finding, Pointer, Value

OTHER_TEXT = "…"
"""Stands for every text that no band names."""
CLOCK = Clock(datetime(2026, 1, 15, tzinfo=UTC), UTC)

_WIDE = Context(prec=120)
"""Wide enough for a number between any two that cells can write."""
Bands = Sequence[tuple[Cell, PointsBand]]


@dataclass(frozen=True, slots=True)
class Ladder:
    """Which band holds a value, found by halving: one answer for each border and each stretch between two.

    ``texts`` answers for the texts that are named, ``other`` for every other text.
    """

    borders: Sequence[Value]
    held: Sequence[int | None]
    texts: Mapping[str, int | None]
    other: int | None

    def band(self, value: Value) -> int | None:
        """The first band that holds ``value``, which is not null."""
        if isinstance(value, str):
            return self.texts.get(value, self.other)
        place = bisect_left(self.borders, value)
        on_border = place < len(self.borders) and self.borders[place] == value
        return self.held[2 * place + on_border]


def ladder_of(bands: Bands, type_: CellType) -> Ladder | None:
    """The ladder of ``bands``; None where their borders are only known when they are asked."""
    cells = [cell for cell, _ in bands]
    if any(cell.residuals for cell in cells):
        return None
    if type_ == "text":
        named = {v: _first(bands, v) for cell in cells for v in cell.values}
        return Ladder((), (), named, _first(bands, OTHER_TEXT))
    borders = borders_of(cells)
    if type_ not in ("number", "date") or not borders or len({type(b) for b in borders}) > 1:
        return None
    stretches: list[Value] = [_one(_beyond(borders[0], -1))]
    for here, following in pairwise(borders):
        stretches += [here, _one(_between(here, following))]
    stretches += [borders[-1], _one(_beyond(borders[-1], 1))]
    # Two neighbouring days have nothing between them, and nothing is ever looked for there.
    return Ladder(borders, [None if v is None else _first(bands, v) for v in stretches], {}, None)


def borders_of(cells: Sequence[Cell]) -> list[Value]:
    """Where the answer of a cell may change, in ascending order."""
    found = {v for cell in cells for v in cell.values}
    return sorted(found | {end for cell in cells for i in cell.intervals for end in (i.low, i.high) if end is not None})


def _one(values: Sequence[Value]) -> Value:
    return values[0] if values else None


def _first(bands: Bands, value: Value) -> int | None:
    return next((n for n, (cell, _) in enumerate(bands) if cell.matches(value, {}, CLOCK)), None)


def probes(cells: Sequence[Cell], about: FormulaInput | None, type_: CellType) -> list[Value]:
    """Values of which one stands for each stretch without a border, in ascending order; empty where none is known."""
    if any(cell.residuals for cell in cells):
        cells = [cell for cell in cells if not cell.residuals]
    if type_ == "boolean":
        return [False, True]
    if type_ == "text":
        named = [v for cell in cells for v in cell.values]
        return list(dict.fromkeys([*about.values] if about and about.values else [*named, OTHER_TEXT]))
    borders = {v for cell in cells for v in cell.values}
    borders |= {end for cell in cells for i in cell.intervals for end in (i.low, i.high) if end is not None}
    low, high = (about.min, about.max) if about and type_ == "number" else (None, None)
    borders |= {end for end in (low, high) if end is not None}
    if not borders or type_ not in _ORDERED or len({type(b) for b in borders}) > 1:
        return []
    ordered = sorted(borders)
    found: list[Value] = [] if low is not None else _beyond(ordered[0], -1)
    for here, following in pairwise(ordered):
        found += [here, *_between(here, following)]
    found += [ordered[-1], *([] if high is not None else _beyond(ordered[-1], 1))]
    return [v for v in found if (low is None or v >= low) and (high is None or v <= high)]


_ORDERED = frozenset({"number", "date", "datetime", "duration", "time"})


def _beyond(end: Value, way: int) -> list[Value]:
    try:
        match end:
            case Decimal():
                return [_WIDE.add(end, Decimal(way))]
            case date() | timedelta():
                return [end + way * timedelta(days=1)]
            case time():
                return [v for v in (time.min if way < 0 else time.max,) if v != end]
            case _:
                return []
    except OverflowError:
        return []


def _between(low: Value, high: Value) -> list[Value]:
    match low:
        case Decimal():
            middle: Value = _WIDE.divide(_WIDE.add(low, high), Decimal(2))
        case date() | timedelta():
            middle = low + (high - low) / 2
        case time():
            seconds = (_seconds(low) + _seconds(high)) // 2
            middle = time(seconds // 3600, seconds // 60 % 60, seconds % 60)
        case _:
            return []
    return [middle] if low < middle < high else []


def _seconds(value: time) -> int:
    return value.hour * 3600 + value.minute * 60 + value.second


def points_at(bands: Bands, value: Value) -> Decimal | None:
    """The points that ``value`` earns; None where no band holds it."""
    held = [band.points for cell, band in bands if cell.matches(value, {}, CLOCK)]
    return held[0] if held else None


def band_findings(part: str, bands: Bands, about: FormulaInput | None, type_: CellType, at: Pointer) -> list[Finding]:
    """Values without points, values with two, and bands that are never reached."""
    found = _after_others(part, bands, at)
    if any(cell.residuals for cell, _ in bands):
        return found
    values = probes([cell for cell, _ in bands], about, type_)
    held = [[n for n, (cell, _) in enumerate(bands) if cell.matches(v, {}, CLOCK)] for v in values]
    if not any(cell.wildcard for cell, _ in bands):
        found += _gaps(part, bands, values, [bool(h) for h in held], _bounded(about, type_), at)
    seen: set[int] = set()
    for value, holding in zip(values, held, strict=True):
        first, *others = [n for n in holding if not bands[n][0].wildcard] or [0]
        for other in (n for n in others if n not in seen):
            seen.add(other)
            found.append(_overlap(part, bands[first][1], bands[other][1], value, f"{at}/{other}"))
    return found


def _gaps(
    part: str, bands: Bands, values: Sequence[Value], held: Sequence[bool], bounded: bool, at: Pointer
) -> Iterator[Finding]:
    """One finding for each run of values that earn nothing.

    It is only a warning where the run has no end that anybody declared, or lies between two values that are listed one
    by one, such as 1 and 2 of a count.
    """
    listed = {v for cell, _ in bands for v in cell.values}
    place = 0
    while place < len(values):
        end = place
        while end < len(values) and not held[end]:
            end += 1
        if end > place:
            outer = not bounded and (place == 0 or end == len(values))
            counted = place > 0 and end < len(values) and {values[place - 1], values[end]} <= listed
            harmless = outer or (counted and end == place + 1)
            args = {"part": part, "value": values[place]}
            yield Finding("scorecard.gap", at, args, severity="warning" if harmless else "error")
        place = end + 1


def _overlap(part: str, first: PointsBand, second: PointsBand, value: Value, at: Pointer) -> Finding:
    args = {"part": part, "first": cell_text(first.when), "second": cell_text(second.when), "value": value}
    return Finding("scorecard.overlap", at, args, severity="warning" if first.points == second.points else "error")


def _bounded(about: FormulaInput | None, type_: CellType) -> bool:
    if type_ == "boolean":
        return True
    if about is None:
        return False
    return bool(about.values) if type_ == "text" else about.min is not None and about.max is not None


def _after_others(part: str, bands: Bands, at: Pointer) -> list[Finding]:
    wild = [place for place, (cell, _) in enumerate(bands) if cell.wildcard]
    if not wild or wild[0] == len(bands) - 1:
        return []
    return [Finding("scorecard.unreached", f"{at}/{wild[0] + 1}", {"part": part, "place": wild[0] + 1})]

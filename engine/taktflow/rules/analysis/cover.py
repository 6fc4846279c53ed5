"""Cuts boxes by the rows that meet them, and looks for a point of a box that none of some rows covers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import accumulate, islice
from operator import and_, or_

from taktflow.rules.analysis.grid import Grid, Side, by_class, place_in
from taktflow.rules.analysis.meter import Meter
from taktflow.rules.rowset import members, runs

Parts = Iterable[tuple[int, int]]
"""Each set of rows that is alive somewhere, and the classes where exactly it is."""


class Cover:
    """What the rows of a grid cover; ``sure`` counts only cells that surely match, else all that may.

    Keeps what it has computed for the length of one analysis.
    """

    def __init__(self, grid: Grid, *, sure: bool) -> None:
        self.grid = grid
        self._by_class = [side.must_rows if sure else side.may_rows for side in grid.sides]
        self._sets = [side.must if sure else side.may for side in grid.sides]
        self._groups = [_groups(side, rows) for side, rows in zip(grid.sides, self._by_class, strict=True)]
        self._runs: list[dict[int, list[tuple[int, int]]]] = [{} for _ in grid.sides]
        self._spans = [_Spans(side, sets) for side, sets in zip(grid.sides, self._sets, strict=True)]
        self._whole: list[dict[int, int]] = [{} for _ in grid.sides]
        self._meeting: list[dict[int, int]] = [{} for _ in grid.sides]

    def order(self) -> list[int]:
        """The sides, those that tell rows apart best first."""
        return sorted(range(len(self._groups)), key=lambda k: -len(self._groups[k]))

    def by_class(self, side: int) -> Sequence[int]:
        """The rows that match each class of ``side``."""
        return self._by_class[side]

    def parts(self, side: int, rows: int, within: int, meter: Meter) -> Parts:
        """``within`` cut into the classes that are alike for ``rows``."""
        groups = self._groups[side]
        found: dict[int, int] = {}
        if rows.bit_count() * 4 < len(groups):
            return self.swept(side, self._by_set(side, rows), within, meter)
        meter.spend(len(groups))
        for mask, classes in groups:
            inside = classes & within
            if inside:
                alive = mask & rows
                found[alive] = found.get(alive, 0) | inside
        return found.items()

    def _by_set(self, side: int, rows: int) -> Iterable[tuple[int, int]]:
        set_of = self.grid.sides[side].set_of
        found: dict[int, int] = {}
        for row in members(rows):
            number = set_of[row]
            found[number] = found.get(number, 0) | 1 << row
        return found.items()

    def swept(self, side: int, sets: Iterable[tuple[int, int]], within: int, meter: Meter) -> Parts:
        """``within`` cut by the ends of ``sets`` alone: numbers of sets of classes, each with the rows that hold it."""
        own, known = self._sets[side], self._runs[side]
        events: dict[int, int] = {0: 0}
        for number, held in sets:
            ends = known.get(number)
            if ends is None:
                ends = known[number] = list(runs(own[number]))
            for low, high in ends:
                events[low] = events.get(low, 0) ^ held
                events[high + 1] = events.get(high + 1, 0) ^ held
        meter.spend(len(events))
        places = sorted(events)
        found: dict[int, int] = {}
        alive = 0
        for low, high in zip(places, [*places[1:], len(self.grid.sides[side].places)], strict=True):
            alive ^= events[low]
            inside = within & ((1 << high) - (1 << low))
            if inside:
                found[alive] = found.get(alive, 0) | inside
        return found.items()

    def whole(self, side: int, classes: int) -> int:
        """The rows that match all of ``classes``."""
        known = self._whole[side]
        found = known.get(classes)
        if found is None:
            found = known[classes] = self._spans[side].whole(classes) if classes else self.grid.every
        return found

    def meeting(self, side: int, classes: int) -> int:
        """The rows that match any of ``classes``."""
        known = self._meeting[side]
        found = known.get(classes)
        if found is None:
            found = known[classes] = self._spans[side].meeting(classes)
        return found

    def hits(self, box: Sequence[int]) -> int:
        """The rows that meet ``box``."""
        found = self.grid.every
        for side, classes in enumerate(box):
            found &= self.meeting(side, classes)
        return found

    def uncovered(self, box: Sequence[int], rows: int, meter: Meter, but: int | None = None) -> Sequence[int] | None:
        """One class of each side, within ``box``, that none of ``rows`` matches; None when they match all of it.

        Side ``but`` is left out: ``rows`` have been chosen on it. Raises Exhausted when the answer is still open.
        """
        if not all(box):
            return None
        order = [side for side in self.order() if side != but]
        for side in order:
            rows &= self.meeting(side, box[side])
        rest = [-1]
        for side in reversed(order):
            rest.append(rest[-1] & self.whole(side, box[side]))
        return _Search(self, box, order, rest[::-1], meter).point(rows)


class _Search:
    """One search for an uncovered point, depth first, the emptiest part first."""

    def __init__(self, cover: Cover, box: Sequence[int], order: Sequence[int], rest: Sequence[int], meter: Meter):
        self._cover, self._box, self._order, self._rest, self._meter = cover, box, order, rest, meter
        self._covered: set[tuple[int, int]] = set()
        self._point = [place_in(classes) for classes in box]

    def point(self, rows: int) -> Sequence[int] | None:
        """The point, or None."""
        return list(self._point) if self._found(0, rows) else None

    def _found(self, depth: int, rows: int) -> bool:
        if not rows:
            return True
        if rows & self._rest[depth] or (depth, rows) in self._covered:
            return False
        side = self._order[depth]
        parts = self._cover.parts(side, rows, self._box[side], self._meter)
        for alive, classes in sorted(parts, key=lambda part: part[0].bit_count()):
            if self._found(depth + 1, alive):
                self._point[side] = place_in(classes)
                return True
        self._covered.add((depth, rows))
        return False


class _Spans:
    """The rows along one side by where their classes begin and end; those whose classes have holes apart."""

    def __init__(self, side: Side, sets: Sequence[int]) -> None:
        size = len(side.places)
        self._begun, self._over = [0] * (size + 1), [0] * (size + 1)
        broken: list[tuple[int, int]] = []
        for classes, rows in zip(sets, side.holders, strict=True):
            ends = list(islice(runs(classes), 2))
            if len(ends) > 1:
                broken.append((classes, rows))
            elif ends:
                self._begun[ends[0][0]] |= rows
                self._over[ends[0][1] + 1] |= rows
        self._begun = list(accumulate(self._begun, or_))
        self._over = list(accumulate(self._over, or_))
        self._broken = by_class(size, [c for c, _ in broken], [r for _, r in broken]) if broken else []

    def meeting(self, classes: int) -> int:
        found = 0
        for low, high in runs(classes):
            found |= self._begun[high] & ~self._over[low]
        if self._broken:
            for place in members(classes):
                found |= self._broken[place]
        return found

    def whole(self, classes: int) -> int:
        """``classes`` is not empty."""
        low, high = (classes & -classes).bit_length() - 1, classes.bit_length() - 1
        found = self._begun[low] & ~self._over[high]
        if self._broken:
            found |= reduce(and_, (self._broken[place] for place in members(classes)))
        return found


def _groups(side: Side, by_class: Sequence[int]) -> list[tuple[int, int]]:
    """The distinct sets of rows along ``side``, each with all classes that have it."""
    places: dict[int, list[int]] = {}
    for place in members(side.possible):
        places.setdefault(by_class[place], []).append(place)
    return [(mask, sum(1 << place for place in found)) for mask, found in places.items()]

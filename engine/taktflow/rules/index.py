"""Finds the rows of a table whose cells match given values without looking at the others.

It knows nothing of decisions: columns of parsed cells go in, values are asked, row numbers come out. Every column's
values are cut into classes (:mod:`taktflow.rules.axis`); the rows are divided by the most selective column of listed
values, those that list none there standing apart, so that sets stay small however long the table is.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from taktflow.expressions import Cell, Clock
from taktflow.rules.axis import Axis, axis_of, constants
from taktflow.rules.partition import MOST_BITS, Part, Runs, part_of
from taktflow.rules.rowset import runs
from taktflow.values import Value

DIVIDED_FROM: Final = 500
"""Rows from which on a table is divided."""

_MOST_LISTED = 400_000
"""Classes times parts up to which a column's sets are listed by class in every part."""

_MOST_NAMED = 8
"""Values that a cell of the dividing column may list; a row that lists more stands apart."""


@dataclass(frozen=True, slots=True)
class IndexColumn:
    """One column: ``cell_of[row]`` is the number of the row's cell, ``asks`` which cells must be asked always.

    ``kind`` is the type of all its constants, None where there are none. Without an ``axis`` no class is known.
    ``cells`` are those that may have to be asked, by number.
    """

    axis: Axis | None
    kind: type | None
    cell_of: Sequence[int]
    asks: frozenset[int]
    cells: Mapping[int, Cell]

    def place(self, value: Value) -> int | None:
        """The class of ``value``; None when only the cells themselves can tell what they match."""
        if self.axis is None:
            return None
        if value is None:
            return 0
        if self.kind is None:
            return self.axis.size - 1
        try:
            return self.axis.class_of(value) if type(value) is self.kind else None
        except TypeError:
            return None  # A time with an offset beside times without.

    def matches(self, row: int, value: Value, scope: Mapping[str, Value], clock: Clock) -> bool:
        """Whether the cell of ``row``, which is kept, matches ``value``."""
        return self.cells[self.cell_of[row]].matches(value, scope, clock)


@dataclass(frozen=True, slots=True)
class Index:
    """The rows by what they ask. ``divider`` is the column that ``parts`` divide by class; ``wide`` holds the rest."""

    columns: Sequence[IndexColumn]
    divider: int | None
    parts: Mapping[int, Part]
    wide: Part
    count: int

    def rows(
        self, values: Sequence[Value], scope: Mapping[str, Value], clock: Clock, but: int | None = None
    ) -> list[int]:
        """The rows that match ``values``, rising; column ``but`` is not asked."""
        places = [
            None if number == but else column.place(value)
            for number, (column, value) in enumerate(zip(self.columns, values, strict=True))
        ]
        unsure = frozenset(number for number, place in enumerate(places) if place is None and number != but)
        found: list[int] = []
        for part in self._parts(places):
            matching = part.matching(places)
            if matching and (unsure or matching & part.asked):
                found += (row for row in part.numbers(matching) if self._holds(row, values, scope, clock, unsure, but))
            else:
                found += part.numbers(matching)
        # A row that lists several values of the dividing column stands in several parts.
        return found if self.divider is None else sorted(set(found))

    def _parts(self, places: Sequence[int | None]) -> Iterator[Part]:
        if self.divider is not None:
            place = places[self.divider]
            if place is None:
                yield from self.parts.values()
            elif place in self.parts:
                yield self.parts[place]
        yield self.wide

    def _holds(
        self,
        row: int,
        values: Sequence[Value],
        scope: Mapping[str, Value],
        clock: Clock,
        unsure: frozenset[int],
        but: int | None,
    ) -> bool:
        for number, column in enumerate(self.columns):
            if (
                number != but
                and (number in unsure or column.cell_of[row] in column.asks)
                and not column.matches(row, values[number], scope, clock)
            ):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Cells:
    """One column that an index is made of: its distinct cells, and the number of each row's cell among them.

    A ``certain`` column is only ever asked for null and for values of its constants' own type, so that its cells need
    not be kept.
    """

    cells: Sequence[Cell]
    cell_of: Sequence[int]
    certain: bool = False


def index_of(columns: Iterable[Cells], count: int) -> Index:
    """The index of ``count`` rows. The columns are read one after the other; nothing is kept of them but the index."""
    described = [_described(column) for column in columns]
    divider = _divider(described, count)
    groups, rest = _divided(described[divider]) if divider is not None else ({}, list(range(count)))
    short = [one.size * len(groups) <= _MOST_LISTED for one in described]
    asked = {row for one in described if one.asks for row, n in enumerate(one.cell_of) if n in one.asks}
    within = [
        None if number == divider else (one.by_row, one.size, short[number]) for number, one in enumerate(described)
    ]
    parts = {place: part_of(rows, within, asked) for place, rows in groups.items()}
    wide = part_of(rest, [(one.by_row, one.size, True) for one in described], asked)
    found = []
    for one, sets in zip(described, wide.columns, strict=True):
        asks = frozenset(range(len(one.listed))) if sets is not None and sets.loose else one.asks
        found.append(IndexColumn(one.axis, one.kind, one.cell_of, asks, one.cells))
    return Index(found, divider, parts, wide, count)


@dataclass(frozen=True, slots=True)
class _Described:
    """A column on its way into an index: the classes of each row's cell as runs, and those each cell lists."""

    cells: Mapping[int, Cell]
    cell_of: Sequence[int]
    axis: Axis | None
    kind: type | None
    asks: frozenset[int]
    by_row: Sequence[Runs]
    listed: Sequence[Sequence[int]]

    @property
    def size(self) -> int:
        return self.axis.size if self.axis is not None else 1


def _described(column: Cells) -> _Described:
    axis, kind = _axis(column.cells)
    every = ((0, axis.size - 1 if axis is not None else 0),)
    spans: list[Runs] = []
    asks: set[int] = set()
    for number, cell in enumerate(column.cells):
        unknown = axis is None or bool(cell.residuals)
        if unknown and not cell.wildcard:
            asks.add(number)
        spans.append(every if unknown or cell.wildcard or axis is None else tuple(runs(axis.classes(cell))))
    # A set with as many changes as this may become loose, and then every cell is asked.
    sure = column.certain and axis is not None and axis.size * len(column.cell_of) <= MOST_BITS
    kept = {n: cell for n, cell in enumerate(column.cells) if n in asks or not sure}
    listed = [_listed(cell, axis) for cell in column.cells]
    own = array("I", column.cell_of)
    return _Described(kept, own, axis, kind, frozenset(asks), [spans[number] for number in own], listed)


def _axis(cells: Sequence[Cell]) -> tuple[Axis | None, type | None]:
    """The classes of a column and its constants' type; None where they do not compare with one another."""
    known = [cell for cell in cells if not cell.residuals]
    try:
        kinds = {type(constant) for cell in known for constant in constants(cell)}
        if len(kinds) > 1:
            return None, None
        return axis_of(known, boolean=kinds == {bool}), next(iter(kinds), None)
    except TypeError:
        return None, None


def _divider(columns: Sequence[_Described], count: int) -> int | None:
    """The column that leaves the fewest rows to look at: its usual part and those that list nothing there."""
    best, least = None, count / 2
    for number, column in enumerate(columns if count >= DIVIDED_FROM else ()):
        if column.axis is None or column.axis.ordered:
            continue
        groups, rest = _divided(column)
        held = sum(map(len, groups.values()))
        if groups and held <= 2 * count:
            usual = sum(len(rows) ** 2 for rows in groups.values()) / held + len(rest)
            if usual < least:
                best, least = number, usual
    return best


def _divided(column: _Described) -> tuple[Mapping[int, Sequence[int]], Sequence[int]]:
    """The rows by the class they list, and those that list none or too many."""
    groups: dict[int, list[int]] = defaultdict(list)
    rest: list[int] = []
    for row, number in enumerate(column.cell_of):
        if not column.listed[number]:
            rest.append(row)
        for place in column.listed[number]:
            groups[place].append(row)
    return groups, rest


def _listed(cell: Cell, axis: Axis | None) -> Sequence[int]:
    """The classes of the few values that the cell lists and nothing else."""
    if axis is None:
        return ()
    plain = cell.values and not (cell.negated or cell.null or cell.intervals or cell.residuals)
    return tuple({axis.exact[value] for value in cell.values}) if plain and len(cell.values) <= _MOST_NAMED else ()

"""A table as sets: along each side (what is tested) classes of values, for each class the rows that match it.

Columns that test the same source are one side, so that ``>= 100`` in one and ``< 50`` in another are known to exclude
each other. A cell that depends on other data may match every class and surely matches none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import accumulate

from taktflow.definitions.decision import CellType, Decision
from taktflow.expressions import Cell
from taktflow.rules.analysis.domain import Domain
from taktflow.rules.axis import ANY_OTHER, NULL, Axis, axis_of, constants
from taktflow.rules.reading import Reading, Row
from taktflow.rules.rowset import members, runs, united
from taktflow.values import Value

MOST_BITS = 512_000_000
"""Bits of one side's sets (64 MB); a table that needs more is not analysed."""


_SOME: Mapping[CellType, Value] = {
    "number": Decimal(1),
    "date": date(2026, 1, 1),
    "time": time(12),
    "datetime": datetime(2026, 1, 1, tzinfo=UTC),
    "duration": timedelta(days=1),
}
"""A value of each type where no cell names any; of text, what is no other."""


class TooLarge(Exception):
    """The table's sets would not fit."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one source's cells ask. Row ``i`` holds the class sets ``may[set_of[i]]`` and ``must[set_of[i]]``.

    ``places`` are the axis's classes that hold a value the source can have, null first; sets count by them. ``asked``
    are those that need an answer: never null, and where nothing is declared and the table does not promise to be
    complete, only what its cells speak of. ``may_rows`` and ``must_rows`` are the rows that may and surely match each
    class, ``holders`` the rows of each set.
    """

    columns: Sequence[int]
    type: CellType
    axis: Axis
    places: Sequence[int]
    asked: int
    set_of: Sequence[int]
    may: Sequence[int]
    must: Sequence[int]
    holders: Sequence[int]
    may_rows: Sequence[int]
    must_rows: Sequence[int]

    @property
    def possible(self) -> int:
        """All classes, null among them."""
        return (1 << len(self.places)) - 1

    @property
    def idle(self) -> bool:
        """Whether no cell asks anything, so that any value does."""
        return all(classes == self.possible for classes in self.may)

    def sample(self, place: int) -> Value:
        """A value of class ``place``."""
        if place and not self.axis.constants:
            return _SOME.get(self.type, ANY_OTHER)
        return self.axis.sample(self.places[place])[0]


@dataclass(frozen=True)
class Grid:
    """All sides of a table; ``unsure`` are the rows with a cell that depends on other data."""

    reading: Reading
    sides: Sequence[Side]
    unsure: int

    @property
    def definition(self) -> Decision:
        """The table."""
        return self.reading.definition

    @property
    def rows(self) -> Sequence[Row]:
        """The rows that could be read; row ``i`` is bit ``i`` of every set."""
        return self.reading.rows

    @cached_property
    def every(self) -> int:
        """All rows."""
        return (1 << len(self.rows)) - 1

    @cached_property
    def asked(self) -> Sequence[int]:
        """The box of all that needs an answer."""
        return tuple(side.asked for side in self.sides)

    @cached_property
    def possible(self) -> Sequence[int]:
        """The box of all that can be asked."""
        return tuple(side.possible for side in self.sides)

    def box(self, row: int, *, sure: bool = True) -> Sequence[int]:
        """The classes of ``row`` on every side."""
        return tuple((side.must if sure else side.may)[side.set_of[row]] for side in self.sides)

    def witness(self, places: Iterable[int]) -> Mapping[str, Value]:
        """A value for each column, from one class of each side; columns that nobody asks about are left out."""
        found: dict[str, Value] = {}
        for side, place in zip(self.sides, places, strict=True):
            if not side.idle:
                value = side.sample(place)
                found |= {self.definition.inputs[column].id: value for column in side.columns}
        return {column.id: found[column.id] for column in self.definition.inputs if column.id in found}


def grid_of(reading: Reading, domains: Sequence[Domain]) -> Grid:
    """The sets of all rows that could be read; raises TooLarge."""
    definition = reading.definition
    groups: dict[tuple[str, str], list[int]] = {}
    for number, column in enumerate(definition.inputs):
        groups.setdefault(((column.expr or column.id).strip(), column.type), []).append(number)
    sides = [_side(reading, numbers, [domains[n] for n in numbers]) for numbers in groups.values()]
    return Grid(reading, sides, united(_unsure(side) for side in sides))


def place_in(classes: int) -> int:
    """A class of the set, null only where there is no other."""
    other = classes & ~NULL
    return (other & -other).bit_length() - 1 if other else 0


def _unsure(side: Side) -> int:
    return united(rows for may, must, rows in zip(side.may, side.must, side.holders, strict=True) if may != must)


def _side(reading: Reading, numbers: Sequence[int], domains: Sequence[Domain]) -> Side:
    texts = list(zip(*([row.cells[n] for row in reading.rows] for n in numbers), strict=True))
    cells = {
        key: [reading.parsed[n][text] for n, text in zip(numbers, key, strict=True)] for key in dict.fromkeys(texts)
    }
    axis = _axis([cell for found in cells.values() for cell in found], domains)
    compared = axis is not None
    if axis is None:
        axis, domains = axis_of([]), ()
    elif _promised(reading.definition, numbers):
        axis = _in_order(axis)
    if max(axis.size, len(cells)) * len(texts) > MOST_BITS:
        raise TooLarge
    possible = axis.every
    for domain in domains:
        possible &= domain.classes(axis)
    squeeze = _Squeeze(possible)
    sets: dict[tuple[int, int, object], int] = {}
    numbered = {}
    for key, found in cells.items():
        may, must = (squeeze(classes) for classes in _matched(axis, found, compared))
        numbered[key] = sets.setdefault((may, must, None if may == must else key), len(sets))
    set_of = [numbered[key] for key in texts]
    every_may, every_must = [key[0] for key in sets], [key[1] for key in sets]
    holders = _holders(set_of, len(sets))
    may_rows = by_class(len(squeeze.places), every_may, holders)
    return Side(
        columns=numbers,
        type=reading.definition.inputs[numbers[0]].type,
        axis=axis,
        places=squeeze.places,
        asked=squeeze(_asked(reading.definition, axis, possible, domains, cells.values() if compared else ())),
        set_of=set_of,
        may=every_may,
        must=every_must,
        holders=holders,
        may_rows=may_rows,
        must_rows=may_rows if every_may == every_must else by_class(len(squeeze.places), every_must, holders),
    )


class _Squeeze:
    """Counts classes by the ``places`` that are possible, leaving the others out."""

    def __init__(self, possible: int) -> None:
        self.places = list(members(possible))
        self._blocks = list(runs(possible))
        self._before = [0, *accumulate(possible >> place & 1 for place in range(possible.bit_length()))]

    def __call__(self, classes: int) -> int:
        if len(self._blocks) <= _FEW_BLOCKS:
            found = 0
            for low, high in self._blocks:
                found |= (classes >> low & (1 << high + 1 - low) - 1) << self._before[low]
            return found
        found, last = 0, len(self._before) - 1
        for low, high in runs(classes):
            found |= (1 << self._before[min(high + 1, last)]) - (1 << self._before[min(low, last)])
        return found


_FEW_BLOCKS = 8
"""Unbroken runs of possible classes that are moved one by one."""


def _axis(cells: Sequence[Cell], domains: Sequence[Domain]) -> Axis | None:
    """The classes that all cells and domains cut; None when their constants do not compare."""
    known = [cell for cell in cells if not cell.residuals]
    known += [domain.range for domain in domains if domain.range is not None]
    values = [value for domain in domains for value in domain.values]
    if len({type(value) for value in [*values, *(v for cell in known for v in constants(cell))]}) > 1:
        return None
    try:
        return axis_of(known, values, boolean=any(domain.boolean for domain in domains))
    except TypeError:
        return None


def _promised(definition: Decision, columns: Sequence[int]) -> bool:
    """Whether an answer promises to follow one of the columns."""
    names = {definition.inputs[column].id for column in columns}
    return any(not names.isdisjoint(output.monotone) for output in definition.outputs)


def _in_order(axis: Axis) -> Axis:
    """The same classes with what lies between the constants told apart, though no cell asks for it."""
    if axis.ordered or any(isinstance(constant, bool) for constant in axis.constants):
        return axis
    exact = {None: 0, **{constant: 2 * place + 2 for place, constant in enumerate(axis.constants)}}
    return Axis(axis.constants, exact, ordered=True, size=2 * len(axis.constants) + 2)


def _matched(axis: Axis, cells: Sequence[Cell], compared: bool) -> tuple[int, int]:
    """The classes that the cells together may match, and those that they surely match.

    Where the constants are not ``compared``, nothing is known of a cell but that it asks nothing.
    """
    may = must = axis.every
    for cell in cells:
        if cell.residuals or not (compared or cell.wildcard):
            must = 0
        else:
            found = axis.classes(cell)
            may &= found
            must &= found
    return may, must


def _asked(
    definition: Decision, axis: Axis, possible: int, domains: Sequence[Domain], cells: Iterable[Sequence[Cell]]
) -> int:
    known = possible & ~NULL
    if definition.complete or any(domain.declared or domain.boolean for domain in domains):
        return known
    spoken = united(axis.classes(cell) for found in cells for cell in found if not cell.residuals and not cell.wildcard)
    spoken &= known
    if not spoken:
        return known
    if axis.ordered:
        low, high = (spoken & -spoken).bit_length() - 1, spoken.bit_length()
        spoken = (1 << high) - (1 << low)
    return spoken & known


def _holders(set_of: Sequence[int], count: int) -> list[int]:
    rows: list[list[int]] = [[] for _ in range(count)]
    for row, number in enumerate(set_of):
        rows[number].append(row)
    return [rowset(found, len(set_of)) for found in rows]


def rowset(rows: Iterable[int], count: int) -> int:
    """The set of ``rows`` among ``count``."""
    # Set in bytes and read once: adding bits to a growing integer would copy it for every row.
    bits = bytearray(count // 8 + 1)
    for row in rows:
        bits[row >> 3] |= 1 << (row & 7)
    return int.from_bytes(bits, "little")


def by_class(size: int, sets: Sequence[int], holders: Sequence[int]) -> list[int]:
    """For each of ``size`` classes the rows whose set has it; ``holders`` are the rows of each set."""
    changes = [0] * (size + 1)
    for classes, rows in zip(sets, holders, strict=True):
        # Each run of classes switches the set's rows on where it begins and off behind its end.
        for low, high in runs(classes):
            changes[low] ^= rows
            changes[high + 1] ^= rows
    found, now = [], 0
    for change in changes[:-1]:
        now ^= change
        found.append(now)
    return found

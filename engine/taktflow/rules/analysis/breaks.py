"""Answers that move against their promise as an input grows, such as a price that rises with the quantity.

Two rows break a promise when some data chooses the one, and the same data with a larger input the other. Whether a row
is chosen there is not guessed: the rows before it must leave a point free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import or_

from taktflow.definitions.decision import DecisionInput, DecisionOutput, Direction
from taktflow.rules.analysis.cover import Cover
from taktflow.rules.analysis.fact import Fact, Found
from taktflow.rules.analysis.gaps import SINGLE
from taktflow.rules.analysis.grid import Grid, place_in
from taktflow.rules.analysis.meter import Budget, Exhausted, Meter
from taktflow.rules.analysis.overlap import alike, answer_key
from taktflow.rules.answer import ComputedCell
from taktflow.rules.axis import NULL
from taktflow.rules.rowset import members
from taktflow.rules.typed import cell_text
from taktflow.rules.words import inputs_text, short
from taktflow.values import Value

MOST = 20
"""Broken promises listed, and rises nobody declared."""


@dataclass(frozen=True, slots=True)
class _Promise:
    """Output ``output`` moves one way along ``column``, which ``side`` tests."""

    output: int
    column: DecisionInput
    side: int
    direction: Direction


@dataclass(frozen=True, slots=True)
class _Break:
    """Row ``row`` is chosen at ``low``, row ``other`` at ``high``, a larger input, with a worse answer."""

    row: int
    other: int
    low: Sequence[int]
    high: Sequence[int]


def broken(may: Cover, sure: Cover, budget: Budget) -> Found:
    """The declared promises that do not hold, each row once, with the next row that breaks it.

    Not decided where answers are computed or the hit policy gives lists.
    """
    grid = may.grid
    if grid.definition.hit_policy not in SINGLE:
        declared = any(output.monotone for output in grid.definition.outputs)
        return Found(decided=not declared)
    found: list[Fact] = []
    total, covered, decided = 0, 1.0, True
    for promise in _promises(grid):
        tried = _Trial(may, sure, promise, budget.meter(len(grid.rows)))
        decided &= tried.certain
        try:
            for one in tried.breaks():
                total += 1
                if total <= MOST:
                    found.append(_fact(grid, promise, one, "table.promise"))
        except Exhausted:
            covered = min(covered, tried.judged / len(grid.rows))
    if total > MOST:
        found.append(Fact("table.promises_more", "info", "/rows", args={"shown": MOST, "more": total - MOST}))
    return Found(found, total, covered, decided)


def rises(may: Cover, sure: Cover, budget: Budget) -> Found:
    """Where an amount of money that mostly falls along an input rises once, though nobody promised anything."""
    grid = may.grid
    found: list[Fact] = []
    if grid.definition.hit_policy not in SINGLE:
        return Found()
    for promise in _suspected(grid):
        tried = _Trial(may, sure, promise, budget.meter(len(grid.rows)))
        falls, up = 0, []
        for row, other in tried.steps():
            falls += tried.worth[other] < tried.worth[row]
            if tried.worth[other] > tried.worth[row]:
                up.append((row, other))
        try:
            proven = [tried.proven(row, other) for row, other in up] if falls > len(up) else []
        except Exhausted:
            return Found(found, len(found), covered=0.0)
        found += [_fact(grid, promise, one, "table.rises") for one in proven if one is not None]
    return Found(found[:MOST], len(found))


def _promises(grid: Grid) -> Iterator[_Promise]:
    for number, output in enumerate(grid.definition.outputs):
        for name, direction in output.monotone.items():
            for side, column in _columns(grid):
                if column.id == name:
                    yield _Promise(number, column, side, direction)


def _suspected(grid: Grid) -> Iterator[_Promise]:
    for number, output in enumerate(grid.definition.outputs):
        if output.currency is not None and not output.monotone:
            for side, column in _columns(grid):
                if column.type == "number" and grid.sides[side].axis.ordered:
                    yield _Promise(number, column, side, "decreasing")


def _columns(grid: Grid) -> Iterator[tuple[int, DecisionInput]]:
    for number, side in enumerate(grid.sides):
        for column in side.columns:
            yield number, grid.definition.inputs[column]


class _Trial:
    """One promise tried on all rows whose answers are fixed."""

    def __init__(self, may: Cover, sure: Cover, promise: _Promise, meter: Meter) -> None:
        self._may, self._sure, self._promise, self._meter = may, sure, promise, meter
        self._grid = grid = may.grid
        self._side = grid.sides[promise.side]
        self.worth = {row: value for row in range(len(grid.rows)) if (value := self._value(row)) is not None}
        self.certain = all(not isinstance(row.answer.cells[promise.output], ComputedCell) for row in grid.rows)
        self.judged = 0
        self._before = _Before(grid)

    def _value(self, row: int) -> Value:
        """The answer of ``row``; None where it cannot be compared or the row cannot be judged."""
        value = self._grid.rows[row].answer.cells[self._promise.output]
        fixed = not isinstance(value, ComputedCell | str | bool | list | dict)
        return value if fixed and all(self._grid.box(row)) and self._places(row) else None

    def _places(self, row: int) -> int:
        return self._side.must[self._side.set_of[row]] & ~NULL

    def breaks(self) -> Iterator[_Break]:
        """For each row the next one along the side that breaks the promise."""
        rising = self._promise.direction == "increasing"
        above = list(accumulate(reversed(self._side.must_rows), or_, initial=0))[::-1]
        order = sorted(self.worth, key=lambda row: self.worth[row], reverse=not rising)
        worse: dict[str, int] = {}
        waiting: list[int] = []
        for row in order:
            self._meter.spend(1)
            self.judged += 1
            if waiting and self.worth[waiting[-1]] != self.worth[row]:
                for one in waiting:
                    money = self._money(one)
                    worse[money] = worse.get(money, 0) | 1 << one
                waiting = []
            waiting.append(row)
            others = worse.get(self._money(row), 0) & above[place_in(self._places(row)) + 1]
            for side, classes in enumerate(self._grid.box(row)):
                if others and side != self._promise.side:
                    others &= self._sure.meeting(side, classes)
            found = self._first(row, others)
            if found is not None:
                yield found

    def _first(self, row: int, others: int) -> _Break | None:
        for other in sorted(members(others), key=lambda one: place_in(self._places(one))):
            self._meter.spend(1)
            found = self.proven(row, other)
            if found is not None:
                return found
        return None

    def steps(self) -> Iterator[tuple[int, int]]:
        """Rows alike on every other side and in money, each with the next along this side."""
        groups: dict[object, list[int]] = {}
        for row in self.worth:
            sets = tuple(s.set_of[row] for n, s in enumerate(self._grid.sides) if n != self._promise.side)
            groups.setdefault((sets, self._money(row)), []).append(row)
        for rows in groups.values():
            order = sorted(rows, key=lambda row: place_in(self._places(row)))
            for row, other in pairwise(order):
                if self._places(row).bit_length() - 1 < place_in(self._places(other)):
                    yield row, other

    def _money(self, row: int) -> str:
        """The currency of the answer of ``row``; amounts in different ones do not compare."""
        outputs = self._grid.definition.outputs
        currency = outputs[self._promise.output].currency
        for number, output in enumerate(outputs):
            if output.id == currency:
                cell = self._grid.rows[row].answer.cells[number]
                return f"={row}" if isinstance(cell, ComputedCell) else cell_text(cell)
        return ""

    def proven(self, row: int, other: int) -> _Break | None:
        """Where ``row`` is chosen, and ``other`` with a larger input; None when there is no such data."""
        number = self._promise.side
        box = [a & b for a, b in zip(self._grid.box(row), self._grid.box(other), strict=True)]
        box[number] = self._side.possible
        if not all(box):
            return None
        for blocked, lows in self._cut(row):
            for barred, highs in self._cut(other):
                low = place_in(lows)
                above = highs >> (low + 1) << (low + 1)
                if not above:
                    continue
                high = place_in(above)
                point = self._may.uncovered(box, blocked | barred, self._meter, but=number)
                if point is not None:
                    return _Break(row, other, _moved(point, number, low), _moved(point, number, high))
        return None

    def _cut(self, row: int) -> list[tuple[int, int]]:
        """The classes of ``row``, cut by the rows that come before it."""
        before = self._before.rows(row)
        for side, classes in enumerate(self._grid.box(row)):
            before &= self._may.meeting(side, classes)
        return list(self._may.parts(self._promise.side, before, self._places(row), self._meter))


def _moved(point: Sequence[int], side: int, place: int) -> Sequence[int]:
    return [*point[:side], place, *point[side + 1 :]]


class _Before:
    """Which rows are chosen before a row: earlier ones, those of higher priority, or all that say otherwise."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._policy = grid.definition.hit_policy
        self._known: dict[int, int] = {}
        self._agreeing = alike(grid) if self._policy == "any" else {}
        if self._policy == "priority":
            ranks = [(row.answer.rank, n) for n, row in enumerate(grid.rows) if row.answer.constant]
            # What is computed may come before anything.
            open_ranks = sum(1 << n for n, row in enumerate(grid.rows) if not row.answer.constant)
            for _, number in sorted(ranks):
                self._known[number] = open_ranks
                open_ranks |= 1 << number

    def rows(self, row: int) -> int:
        """The rows that keep ``row`` from being chosen where they match."""
        if self._policy == "first":
            return (1 << row) - 1
        if self._policy == "priority":
            return self._known.get(row, self._grid.every)
        agreeing = self._agreeing.get(answer_key(self._grid.rows[row]), 0)
        return self._grid.every & ~(agreeing | 1 << row)


def _fact(grid: Grid, promise: _Promise, one: _Break, code: str) -> Fact:
    first, second = grid.rows[one.row], grid.rows[one.other]
    output = grid.definition.outputs[promise.output]
    low, high = grid.witness(one.low), grid.witness(one.high)
    others = {name: value for name, value in low.items() if high.get(name) == value}
    falls = promise.direction == "decreasing"
    args: Mapping[str, object] = {
        "output": _title(output, "en"),
        "output_zh": _title(output, "zh"),
        "input": _title(promise.column, "en"),
        "input_zh": _title(promise.column, "zh"),
        "moves": "rises" if falls else "falls",
        "moves_zh": "上升" if falls else "下降",
        "row": first.answer.row,
        "other": second.answer.row,
        "low": short(low[promise.column.id]),
        "high": short(high[promise.column.id]),
        "low_result": short(first.answer.cells[promise.output]),
        "high_result": short(second.answer.cells[promise.output]),
        "others": inputs_text(others) or "-",
    }
    return Fact(
        code,
        "error" if code == "table.promise" else "info",
        second.at,
        rows=(first.answer.row, second.answer.row),
        witnesses=(low, high),
        args=args,
    )


def _title(column: DecisionInput | DecisionOutput, language: str) -> str:
    if column.title is None:
        return column.id
    return column.title.zh if language == "zh" else column.title.en

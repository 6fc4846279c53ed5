"""One tested column of a table: its distinct cells, and for each class of values the set of rows that match.

Cells that depend on more than the tested value (a variable, today's date) stand in every set and are asked again, row
by row, among the few candidates that remain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from taktflow.definitions.decision import CellType, DecisionInput
from taktflow.expressions import Cell, Clock, Expression, parse
from taktflow.rules.axis import Axis, axis_of
from taktflow.rules.reading import Reading
from taktflow.rules.rowset import runs, united
from taktflow.rules.typed import coerced
from taktflow.values import Value

MOST_BITS = 512_000_000
"""Bits of one column's index (64 MB); a column that needs more is asked cell by cell instead."""


@dataclass(frozen=True, slots=True)
class Column:
    """``cell_of[i]`` is the number of row ``i``'s cell among the distinct ``cells``."""

    id: str
    type: CellType
    source: Expression | None
    cells: Sequence[Cell]
    cell_of: Sequence[int]
    cell_rows: Sequence[int]
    residual: int
    axis: Axis
    class_rows: Sequence[int]

    def value(self, scope: Mapping[str, Value], clock: Clock, zone: tzinfo) -> Value:
        """What is tested: the declared expression's value, else the variable of the column's name; raises Mistyped."""
        found = scope.get(self.id) if self.source is None else self.source.evaluate(scope, clock)
        return coerced(found, self.type, zone)

    def rows(self, value: Value, scope: Mapping[str, Value], clock: Clock) -> int:
        """The rows whose cell may match ``value``; those in ``residual`` are still to be asked."""
        if self.class_rows:
            try:
                return self.class_rows[self.axis.class_of(value)]
            except TypeError:
                # A duration of the other kind, which no constant compares with: the cells themselves decide.
                pass
        return self.residual | united(
            rows
            for cell, rows in zip(self.cells, self.cell_rows, strict=True)
            if not cell.residuals and cell.matches(value, scope, clock)
        )

    def cell(self, row: int) -> Cell:
        """The cell of ``row``."""
        return self.cells[self.cell_of[row]]

    def text(self, row: int) -> str:
        """The cell of ``row`` as its author wrote it; ``-`` when empty."""
        return self.cells[self.cell_of[row]].text or "-"


def columns_of(reading: Reading) -> tuple[Column, ...]:
    """The columns of all rows that could be read."""
    return tuple(
        _column(declared, [row.cells[number] for row in reading.rows], reading.parsed[number])
        for number, declared in enumerate(reading.definition.inputs)
    )


def _column(declared: DecisionInput, texts: Sequence[str], parsed: Mapping[str, Cell]) -> Column:
    numbers: dict[str, int] = {}
    cell_of = [numbers.setdefault(text, len(numbers)) for text in texts]
    cells = [parsed[text] for text in numbers]
    cell_rows = _rows_by_cell(cell_of, len(cells))
    residual = united(rows for cell, rows in zip(cells, cell_rows, strict=True) if cell.residuals)
    axis = axis_of((c for c in cells if not c.residuals), boolean=declared.type == "boolean")
    small = axis.size * len(texts) <= MOST_BITS
    return Column(
        id=declared.id,
        type=declared.type,
        source=parse(declared.expr) if declared.expr else None,
        cells=cells,
        cell_of=cell_of,
        cell_rows=cell_rows,
        residual=residual,
        axis=axis,
        class_rows=_rows_by_class(axis, cells, cell_rows, residual) if small else (),
    )


def _rows_by_cell(cell_of: Sequence[int], count: int) -> list[int]:
    rows: list[list[int]] = [[] for _ in range(count)]
    for row, number in enumerate(cell_of):
        rows[number].append(row)
    return [_rowset(found, len(cell_of)) for found in rows]


def _rowset(rows: Sequence[int], count: int) -> int:
    # Set in bytes and read once: adding bits to a growing integer would copy it for every row.
    bits = bytearray(count // 8 + 1)
    for row in rows:
        bits[row >> 3] |= 1 << (row & 7)
    return int.from_bytes(bits, "little")


def _rows_by_class(axis: Axis, cells: Sequence[Cell], cell_rows: Sequence[int], residual: int) -> list[int]:
    changes = [0] * (axis.size + 1)
    for cell, rows in zip(cells, cell_rows, strict=True):
        if cell.residuals:
            continue
        # Each run of classes switches the cell's rows on where it begins and off behind its end.
        for low, high in runs(axis.classes(cell)):
            changes[low] ^= rows
            changes[high + 1] ^= rows
    found, now = [], residual
    for change in changes[:-1]:
        now ^= change
        found.append(now)
    return found

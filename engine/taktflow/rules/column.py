"""One tested column of a table: where its value comes from, and what it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from taktflow.definitions.decision import CellType, Decision
from taktflow.expressions import Cell, Clock, Expression, parse
from taktflow.rules.index import Index, index_of
from taktflow.rules.reading import Reading
from taktflow.rules.typed import coerced
from taktflow.values import Value

_OF_ONE_KIND: frozenset[CellType] = frozenset({"text", "number", "boolean", "date", "datetime"})
"""Types of columns whose values all compare with one another."""


@dataclass(frozen=True, slots=True)
class Column:
    """``dated``: where the data names no date, today is asked."""

    id: str
    type: CellType
    source: Expression | None
    dated: bool

    def found(self, scope: Mapping[str, Value], clock: Clock) -> Value:
        """The declared expression's value, else the variable of the column's name."""
        return scope.get(self.id) if self.source is None else self.source.evaluate(scope, clock)

    def value(self, scope: Mapping[str, Value], clock: Clock, zone: tzinfo) -> Value:
        """What is tested; raises Mistyped."""
        value = coerced(self.found(scope, clock), self.type, zone)
        return clock.today if value is None and self.dated else value


def columns_of(definition: Decision) -> tuple[Column, ...]:
    """The columns that ``definition`` tests; its expressions can be read."""
    return tuple(
        Column(c.id, c.type, parse(c.expr) if c.expr else None, c.id == definition.effective) for c in definition.inputs
    )


def indexed(reading: Reading) -> Index:
    """The index of all rows that could be read."""
    cells: list[Sequence[Cell]] = []
    cell_of: list[Sequence[int]] = []
    for number, parsed in enumerate(reading.parsed):
        numbers: dict[str, int] = {}
        cell_of.append([numbers.setdefault(row.cells[number], len(numbers)) for row in reading.rows])
        cells.append([parsed[text] for text in numbers])
    certain = [c.type in _OF_ONE_KIND for c in reading.definition.inputs]
    return index_of(cells, cell_of, len(reading.rows), certain=certain)

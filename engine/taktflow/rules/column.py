"""One tested column of a table: where its value comes from, and what it becomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from taktflow.definitions.decision import CellType, Decision
from taktflow.expressions import Clock, Expression, parse
from taktflow.rules.index import Cells, Index, index_of
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
    """The index of all rows that could be read. The reading gives its cells away: they are not needed twice."""
    return index_of(_given(reading), len(reading.rows))


def _given(reading: Reading) -> Iterator[Cells]:
    for number, column in enumerate(reading.definition.inputs):
        numbers: dict[str, int] = {}
        cell_of = [numbers.setdefault(row.cells[number], len(numbers)) for row in reading.rows]
        parsed, reading.parsed[number] = reading.parsed[number], {}
        yield Cells([parsed.pop(text) for text in numbers], cell_of, column.type in _OF_ONE_KIND)

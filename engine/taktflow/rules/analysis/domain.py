"""What a column declares that it can hold, and the cells that lie outside of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from taktflow.definitions.decision import DecisionInput
from taktflow.expressions import Cell, ExpressionInvalid, parse_cell
from taktflow.rules.analysis.fact import Fact
from taktflow.rules.axis import NULL, Axis, axis_of, constants
from taktflow.rules.reading import Reading
from taktflow.rules.rowset import members
from taktflow.rules.typed import CELL_TYPES, Mistyped, literal
from taktflow.values import Value, shown


@dataclass(frozen=True, slots=True)
class Domain:
    """The declared ``values`` or ``range`` of a column; ``text`` is how its author wrote them."""

    values: Sequence[Value]
    range: Cell | None
    text: str
    boolean: bool

    @property
    def declared(self) -> bool:
        """Whether anything is declared."""
        return bool(self.values) or self.range is not None

    def axis(self, cells: Sequence[Cell]) -> Axis:
        """The classes that ``cells`` and the domain's own ends cut."""
        ranges = [self.range] if self.range is not None else []
        return axis_of([*(c for c in cells if not c.residuals), *ranges], self.values, boolean=self.boolean)

    def classes(self, axis: Axis) -> int:
        """The classes that hold a value the column can have; null is always possible."""
        found = axis.every
        if self.values:
            found = NULL
            for value in self.values:
                found |= 1 << axis.exact[value]
        elif self.range is not None:
            found = axis.classes(self.range) | NULL
        for place in members(found):
            if not axis.sample(place)[1]:
                found ^= 1 << place
        return found


def domains_of(reading: Reading) -> list[Domain]:
    """The domains of all inputs; notes what in them cannot be read."""
    return [domain_of(reading, number) for number in range(len(reading.definition.inputs))]


def domain_of(reading: Reading, number: int) -> Domain:
    """The domain of input ``number``; notes what in it cannot be read."""
    column = reading.definition.inputs[number]
    return Domain(
        values=_values(reading, number, column),
        range=_range(reading, number, column),
        text=", ".join(column.values) or column.range or "",
        boolean=column.type == "boolean",
    )


def _values(reading: Reading, number: int, column: DecisionInput) -> tuple[Value, ...]:
    found: list[Value] = []
    for place, text in enumerate(column.values):
        try:
            found.append(literal(text, column.type))
        except Mistyped:
            at = f"/inputs/{number}/values/{place}"
            reading.note("table.value", at, column=column.id, value=text, type=column.type)
    return tuple(value for value in found if value is not None)


def _range(reading: Reading, number: int, column: DecisionInput) -> Cell | None:
    if column.range is None:
        return None
    try:
        found = parse_cell(column.range, CELL_TYPES[column.type])
    except ExpressionInvalid as unread:
        reading.unread(unread, f"/inputs/{number}/range")
        return None
    return None if found.residuals else found


def domain_facts(reading: Reading, domains: Sequence[Domain]) -> Iterator[Fact]:
    """Cells that name a value the column does not list, or that nothing the column can hold matches."""
    for number, (column, domain) in enumerate(zip(reading.definition.inputs, domains, strict=True)):
        if not domain.declared:
            continue
        cells = {text: cell for text, cell in reading.parsed[number].items() if not cell.residuals}
        try:
            axis = domain.axis(list(cells.values()))
        except TypeError:
            # The column names what does not compare; running tells.
            continue
        possible = domain.classes(axis)
        strange = {text: _outside(cell, domain, axis, possible) for text, cell in cells.items()}
        for row, name, texts in reading.written:
            found = strange.get(texts[number])
            if found is not None:
                code, outside, sample = found
                args = {"row": name, "column": column.id, "cell": texts[number], "domain": domain.text}
                yield Fact(
                    code,
                    "error",
                    row.place(number),
                    rows=(name,),
                    witnesses=({column.id: sample},),
                    args={**args, "outside": outside},
                )


def _outside(cell: Cell, domain: Domain, axis: Axis, possible: int) -> tuple[str, str, Value] | None:
    """The finding's code, the values that are outside, and one that the cell matches although it cannot be."""
    if domain.values and not cell.intervals:
        strangers = [c for c in constants(cell) if c not in domain.values]
        if strangers:
            return "table.domain", ", ".join(map(shown, strangers)), strangers[0]
    matched = axis.classes(cell)
    if possible & matched:
        return None
    samples = (axis.sample(place) for place in members(matched))
    return "table.unreachable_cell", "", next((value for value, there in samples if there), None)

"""The answering side of a table: what a row says, computed where it is a formula, and in which order answers stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from taktflow.definitions.decision import DecisionOutput
from taktflow.expressions import Clock, Expression, parse
from taktflow.rules.typed import TYPE_WORDS, Mistyped, cell_text, coerced, literal, rounded
from taktflow.rules.words import Words, fault
from taktflow.values import Value


@dataclass(frozen=True, slots=True)
class ComputedCell:
    """An output cell that is computed; ``text`` is what its author wrote."""

    text: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Answer:
    """What one row says: ``cells`` are values or formulas, ``texts`` as written; ``constant`` when none is computed.

    ``rank`` orders answers by the outputs' declared values, the most important first; empty where it must be computed.
    """

    row: str
    cells: Sequence[Value | ComputedCell]
    texts: Mapping[str, str]
    constant: bool
    rank: tuple[int, ...]


def is_formula(text: str, output: DecisionOutput) -> bool:
    """Whether the cell is computed: it begins with ``=`` in a column that allows it."""
    return output.formula and text.startswith("=")


def answer_of(row: str, outputs: Sequence[DecisionOutput], cells: Sequence[Any]) -> Answer:
    """The answer that the output cells of ``row`` are; raises Mistyped or ExpressionInvalid."""
    texts = [cell_text(cell) for cell in cells]
    found = [_cell(text, output) for text, output in zip(texts, outputs, strict=True)]
    constant = not any(isinstance(cell, ComputedCell) for cell in found)
    return Answer(
        row=row,
        cells=found,
        texts={output.id: text or "-" for output, text in zip(outputs, texts, strict=True)},
        constant=constant,
        rank=rank(outputs, found) if constant else (),
    )


def _cell(text: str, output: DecisionOutput) -> Value | ComputedCell:
    if is_formula(text, output):
        return ComputedCell(text, parse(text[1:].strip()))
    return rounded(literal(text, output.type), output.scale, output.rounding)


def rank(outputs: Sequence[DecisionOutput], values: Sequence[Value]) -> tuple[int, ...]:
    """Where the answer stands among the declared values, column by column; what is not declared comes last."""
    return tuple(
        output.values.index(text) if (text := cell_text(value)) in output.values else len(output.values)
        for output, value in zip(outputs, values, strict=True)
        if output.values
    )


@dataclass(frozen=True, slots=True)
class Answering:
    """The outputs of one table: gives a row's values within a scope."""

    decision: str
    outputs: Sequence[DecisionOutput]

    def values(self, answer: Answer, scope: Mapping[str, Value], clock: Clock, zone: tzinfo) -> Sequence[Value]:
        """The values by column; NodeError ``decision.output`` where a formula gives none of its column's type."""
        if answer.constant:
            return answer.cells
        return [
            self._computed(cell, answer.row, output, scope, clock, zone) if isinstance(cell, ComputedCell) else cell
            for cell, output in zip(answer.cells, self.outputs, strict=True)
        ]

    def shaped(self, values: Sequence[Value]) -> Value:
        """The scalar of the only column, or a context of several."""
        if len(self.outputs) == 1:
            return values[0]
        return {output.id: value for output, value in zip(self.outputs, values, strict=True)}

    def _computed(
        self,
        cell: ComputedCell,
        row: str,
        output: DecisionOutput,
        scope: Mapping[str, Value],
        clock: Clock,
        zone: tzinfo,
    ) -> Value:
        found = cell.expression.evaluate(scope, clock)
        try:
            if found is None:
                raise Mistyped
            return rounded(coerced(found, output.type, zone), output.scale, output.rounding)
        except Mistyped as wrong:
            raise fault(
                "decision.output",
                Words(decision=self.decision, row=row, column=output.id, cell=cell.text, value=found),
                wants=TYPE_WORDS[output.type],
            ) from wrong

"""The answering side of a table: what a row says, computed where it is a formula, and in which order answers stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from taktflow.definitions.decision import DecisionOutput
from taktflow.expressions import Clock, Expression
from taktflow.rules.money import finished
from taktflow.rules.typed import TYPE_WORDS, Mistyped, cell_text, coerced
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

    ``rank`` orders answers by the outputs' declared values, the most important first; empty where it must be computed
    and where no output declares any.
    """

    row: str
    cells: Sequence[Value | ComputedCell]
    texts: Sequence[str]
    constant: bool
    rank: tuple[int, ...]


def is_formula(text: str, output: DecisionOutput) -> bool:
    """Whether the cell is computed: it begins with ``=`` in a column that allows it."""
    return output.formula and text.startswith("=")


def answer_of(
    row: str, outputs: Sequence[DecisionOutput], cells: Sequence[Value | ComputedCell], texts: Sequence[str]
) -> Answer:
    """The answer of ``row``, whose output cells were read as ``cells``; amounts get their decimals."""
    constant = not any(isinstance(cell, ComputedCell) for cell in cells)
    # A computed row is rounded when it answers: its currency may be computed too.
    values = finished(outputs, cells) if constant else cells
    return Answer(row, tuple(values), tuple(texts), constant, rank(outputs, values) if constant else ())


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
        found = [
            self._computed(cell, answer.row, output, scope, clock, zone) if isinstance(cell, ComputedCell) else cell
            for cell, output in zip(answer.cells, self.outputs, strict=True)
        ]
        return finished(self.outputs, found)

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
            return coerced(found, output.type, zone)
        except Mistyped as wrong:
            raise fault(
                "decision.output",
                Words(decision=self.decision, row=row, column=output.id, cell=cell.text, value=found),
                wants=TYPE_WORDS[output.type],
            ) from wrong

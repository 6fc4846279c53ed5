"""A compiled formula: typed inputs, named steps, one result or a scorecard's, clamped and rounded as declared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation

from taktflow.definitions.formula import Formula, FormulaInput, FormulaOutput
from taktflow.errors import Invalid
from taktflow.expressions import Clock, Expression, LimitExceeded, parse
from taktflow.rules.formula_bulk import Batch
from taktflow.rules.formula_reading import shape_findings
from taktflow.rules.scorecard import Card, Tally
from taktflow.rules.scorecard_reading import card_of
from taktflow.rules.scorecard_share import card_value, explained
from taktflow.rules.typed import TYPE_WORDS, Mistyped, coerced, rounded
from taktflow.rules.words import Words, beyond, fault
from taktflow.sdk import NodeError, Range, Result
from taktflow.values import Value, has_errors


@dataclass(frozen=True, slots=True)
class Figure:
    """A formula of one published ``version``; shared by all threads. It has an expression or a card, never both."""

    id: str
    version: int
    inputs: Sequence[tuple[str, FormulaInput, Expression | None]]
    steps: Sequence[tuple[str, Expression]]
    expression: Expression | None
    card: Card | None
    output: FormulaOutput

    def decide(self, scope: Mapping[str, Value], *, now: datetime, zone: tzinfo) -> Result:
        """The result for ``scope``; NodeError ``formula.input``, ``formula.output`` or one of a scorecard's.

        Steps, the expression and parts see inputs and earlier steps only, so the trace shows all that led to the
        result.
        """
        clock = Clock(now, zone)
        try:
            return self.computed(self._inputs(scope, clock, zone), clock, zone)
        except LimitExceeded as wrong:
            raise beyond("formula.output", wrong) from wrong

    def compute_many(
        self, scopes: Iterable[Mapping[str, Value]], *, now: datetime, zone: tzinfo
    ) -> list[Value | NodeError]:
        """The result for each of ``scopes`` without a trace, in their order; a failure stands in its place."""
        clock, given = Clock(now, zone), list(scopes)
        try:
            return Batch(self, clock, zone).results(given)
        except LimitExceeded:
            # One of them would do too much: each is asked alone, so that only that one fails.
            return [self._alone(scope, clock, zone) for scope in given]

    def _alone(self, scope: Mapping[str, Value], clock: Clock, zone: tzinfo) -> Value | NodeError:
        try:
            inputs = self._inputs(scope, clock, zone)
            return self.result(self._seen(inputs, clock), inputs, clock, zone)
        except NodeError as failed:
            return failed
        except LimitExceeded as wrong:
            return beyond("formula.output", wrong)

    def computed(self, inputs: Mapping[str, Value], clock: Clock, zone: tzinfo) -> Result:
        """The result for typed ``inputs``, with its trace."""
        seen = self._seen(inputs, clock)
        steps = {name: seen[name] for name, _ in self.steps}
        trace = {"formula": self.id, "version": self.version, "inputs": dict(inputs), "steps": steps}
        if self.card is None:
            value = self.result(seen, inputs, clock, zone)
            return Result(value=value, trace={**trace, "result": value})
        tally = self.card.tally(seen, clock, zone)
        score = self._bounded(self.card.rounded(tally.total))
        scored = explained(self.card, tally, score)
        value = self._shaped(score, scored)
        return Result(value=value, trace={**trace, "scorecard": scored, "result": value})

    def result(self, seen: Mapping[str, Value], inputs: Mapping[str, Value], clock: Clock, zone: tzinfo) -> Value:
        """The result where inputs and steps are ``seen``, without explaining it."""
        if self.card is not None:
            return self.graded(self.card.tally(seen, clock, zone))
        assert self.expression is not None
        return self.shaped(self.expression.evaluate(seen, clock), inputs, zone)

    def graded(self, tally: Tally) -> Value:
        """What the card gives for ``tally``."""
        assert self.card is not None
        score = self._bounded(self.card.rounded(tally.total))
        return self._shaped(score, explained(self.card, tally, score) if self._whole else {})

    def shaped(self, found: Value, inputs: Mapping[str, Value], zone: tzinfo) -> Value:
        """What the expression gave, as the output declares it; NodeError ``formula.output``."""
        try:
            if found is None:
                raise Mistyped
            return self._bounded(coerced(found, self.output.type, zone))
        except (Mistyped, InvalidOperation) as wrong:  # A number may be too large to have so many decimals.
            raise fault(
                "formula.output",
                Words(formula=self.id, value=found),
                details={"inputs": dict(inputs)},
                wants=TYPE_WORDS[self.output.type],
            ) from wrong

    def number(self, inputs: Mapping[str, Value], clock: Clock, zone: tzinfo) -> Value:
        """The figure for typed ``inputs``, a scorecard's score whatever the card gives; NodeError as ever."""
        seen = self._seen(inputs, clock)
        if self.card is None:
            return self.result(seen, inputs, clock, zone)
        return self._bounded(self.card.rounded(self.card.tally(seen, clock, zone).total))

    @property
    def _whole(self) -> bool:
        return self.card is not None and self.card.about.result == "card"

    def _shaped(self, score: Value, scored: dict[str, Value]) -> Value:
        assert self.card is not None
        if self.card.about.result == "score":
            return score
        grade = self.card.grade(score)
        return card_value(scored) if self._whole else grade.id if grade else None

    def _seen(self, inputs: Mapping[str, Value], clock: Clock) -> dict[str, Value]:
        seen = dict(inputs)
        for name, expression in self.steps:
            seen[name] = expression.evaluate(seen, clock)
        return seen

    def _bounded(self, value: Value) -> Value:
        if not isinstance(value, Decimal):
            return value
        value = rounded(value, self.output.scale, self.output.rounding)
        if self.output.min is not None and value < self.output.min:
            # Rounded inwards, so that a bound with more decimals than the scale still holds.
            return rounded(self.output.min, self.output.scale, "up" if self.output.min > 0 else "down")
        if self.output.max is not None and value > self.output.max:
            return rounded(self.output.max, self.output.scale, "down" if self.output.max > 0 else "up")
        return value

    def _inputs(self, scope: Mapping[str, Value], clock: Clock, zone: tzinfo) -> dict[str, Value]:
        return {
            name: self.read_input(
                name, about, scope.get(name) if source is None else source.evaluate(scope, clock), zone
            )
            for name, about, source in self.inputs
        }

    def read_input(self, name: str, about: FormulaInput, given: Value, zone: tzinfo) -> Value:
        """``given`` as the input declares it; NodeError ``formula.input``."""
        try:
            value = coerced(given, about.type, zone)
            if value is None and about.required:
                raise Mistyped
        except Mistyped as wrong:
            raise fault(
                "formula.input", Words(formula=self.id, input=name, value=given), wants=TYPE_WORDS[about.type]
            ) from wrong
        if isinstance(value, Decimal) and not _within(value, about.min, about.max):
            words = Words(formula=self.id, input=name, value=value, bounds=Range(about.min, about.max))
            raise fault("formula.input", words, told="formula.bounds")
        if about.values and isinstance(value, str) and value not in about.values:
            words = Words(formula=self.id, input=name, value=value, values=", ".join(about.values))
            raise fault("formula.input", words, told="formula.values")
        return value


def _within(value: Decimal, low: Decimal | None, high: Decimal | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def compile_formula(definition: Formula, version: int) -> Figure:
    """The formula ready to compute; raises Invalid (``formula.refused``) with all findings when any is an error."""
    findings = shape_findings(definition)
    if has_errors(findings):
        raise Invalid("formula.refused", findings=findings, formula=definition.id, problems=len(findings))
    return Figure(
        id=definition.id,
        version=version,
        inputs=[(name, i, parse(i.expr) if i.expr else None) for name, i in definition.inputs.items()],
        steps=[(name, parse(text)) for name, text in definition.steps.items()],
        expression=parse(definition.expr) if definition.expr is not None else None,
        card=card_of(definition),
        output=definition.output,
    )

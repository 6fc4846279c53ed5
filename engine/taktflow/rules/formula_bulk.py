"""Many results of one formula at once: column by column, every expression evaluated for all of them in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING

from taktflow.expressions import Clock
from taktflow.rules.scorecard import Card, Earned, Weights
from taktflow.rules.typed import CELL_TYPES
from taktflow.sdk import NodeError
from taktflow.values import Value

if TYPE_CHECKING:
    from taktflow.rules.formula import Figure


@dataclass(slots=True)
class Batch:
    """The scopes of one call; ``failed`` holds what went wrong by place, and such a place is not asked further."""

    figure: Figure
    clock: Clock
    zone: tzinfo
    failed: dict[int, NodeError] = field(default_factory=dict)

    def results(self, scopes: Sequence[Mapping[str, Value]]) -> list[Value | NodeError]:
        """The result for each scope, or its failure. LimitExceeded when one would do too much."""
        seen = self._inputs(scopes)
        for name, expression in self.figure.steps:
            for row, value in zip(seen, expression.evaluate_many(seen, self.clock), strict=True):
                row[name] = value
        found = self._scores(self.figure.card, seen) if self.figure.card else self._figures(seen)
        return [self.failed.get(place, value) for place, value in enumerate(found)]

    def _inputs(self, scopes: Sequence[Mapping[str, Value]]) -> list[dict[str, Value]]:
        rows: list[dict[str, Value]] = [{} for _ in scopes]
        for name, about, source in self.figure.inputs:
            given = [s.get(name) for s in scopes] if source is None else source.evaluate_many(scopes, self.clock)
            for place, value in enumerate(given):
                try:
                    rows[place][name] = self.figure.read_input(name, about, value, self.zone)
                except NodeError as failed:
                    rows[place][name] = None
                    self.failed.setdefault(place, failed)
        return rows

    def _figures(self, seen: Sequence[dict[str, Value]]) -> list[Value]:
        expression = self.figure.expression
        assert expression is not None
        types = {name: CELL_TYPES[about.type] for name, about, _ in self.figure.inputs if about.type == "number"}
        found: list[Value] = []
        for place, value in enumerate(expression.typed(types).evaluate_many(seen, self.clock)):
            found.append(None if place in self.failed else self._kept(place, value, seen[place]))
        return found

    def _kept(self, place: int, value: Value, seen: Mapping[str, Value]) -> Value:
        try:
            inputs = {name: seen[name] for name, _, _ in self.figure.inputs} if value is None else {}
            return self.figure.shaped(value, inputs, self.zone)
        except NodeError as failed:
            self.failed[place] = failed
            return None

    def _scores(self, card: Card, seen: Sequence[dict[str, Value]]) -> list[Value]:
        columns = [part.expression.evaluate_many(seen, self.clock) for part in card.parts]
        weights: dict[tuple[bool, ...], Weights] = {}
        found: list[Value] = []
        for place, row in enumerate(seen):
            value: Value = None
            if place not in self.failed:
                try:
                    earned = [
                        part.scored(card.formula, column[place], row, self.clock, self.zone)
                        for part, column in zip(card.parts, columns, strict=True)
                    ]
                    value = self.figure.graded(card.tallied(earned, _weights(card, earned, weights)))
                except NodeError as failed:
                    self.failed[place] = failed
            found.append(value)
        return found


def _weights(card: Card, earned: Sequence[Earned], known: dict[tuple[bool, ...], Weights]) -> Weights:
    there = tuple(e.points is not None for e in earned)
    if there not in known:
        known[there] = card.weights(there)
    return known[there]

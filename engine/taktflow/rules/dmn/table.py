"""A DMN decision table that answers: every hit policy and aggregation of the standard (DMN 1.5, 8.2.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from taktflow.expressions import SUBJECT, Expression, operators
from taktflow.rules.dmn.boxes import Aggregation, HitPolicy, Place
from taktflow.rules.dmn.kinds import Kind
from taktflow.rules.dmn.passage import Passage, scope_of
from taktflow.values import Value


@dataclass(frozen=True, slots=True)
class Clause:
    """An input: what is tested, its type and the condition that its values must meet."""

    expression: Expression
    kind: Kind
    values: Expression | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An output; ``order`` are its values as conditions, the most important first."""

    name: str
    kind: Kind
    order: Sequence[Expression]
    default: Expression | None


@dataclass(frozen=True, slots=True)
class Line:
    """A rule: a condition over ``?`` for each input, None for any value, and an expression for each output."""

    id: str
    tests: Sequence[Expression | None]
    answers: Sequence[Expression]


@dataclass(frozen=True, slots=True)
class Table:
    id: str
    at: Place
    policy: HitPolicy
    aggregation: Aggregation
    inputs: Sequence[Clause]
    outputs: Sequence[Answer]
    lines: Sequence[Line]

    @property
    def names(self) -> frozenset[str]:
        """What its cells read from around it."""
        every: list[Expression | None] = []
        for clause in self.inputs:
            every += [clause.expression, clause.values]
        for output in self.outputs:
            every += [*output.order, output.default]
        for line in self.lines:
            every += [*line.tests, *line.answers]
        return frozenset().union(*(e.names for e in every if e is not None)) - {SUBJECT}

    def answer(self, names: Mapping[str, Value], passage: Passage) -> Value:
        """The value for a scope of ``names``; null, with a note, where the hit policy is violated."""
        scope = scope_of(names, passage)
        asked = []
        for clause in self.inputs:
            fits, value = self._asked(clause, scope, passage)
            if not fits:
                return None
            asked.append({**scope, SUBJECT: value})
        hits = self._hits(asked, passage)
        passage.rows.append((self.id, tuple(line.id for line in hits)))
        if not hits:
            return self._without(scope, passage)
        return self._chosen([self._values(line.answers, scope, passage) for line in hits], hits, passage)

    def _asked(self, clause: Clause, scope: Mapping[str, Value], passage: Passage) -> tuple[bool, Value]:
        found = clause.expression.evaluate_within(scope, passage.run)
        value = clause.kind.fitted(found, passage, self.at)
        if clause.values is None or value is None:
            return True, value
        values = value if isinstance(value, list | tuple) else [value]
        for one in values:
            if clause.values.evaluate_within({**scope, SUBJECT: one}, passage.run) is not True:
                passage.note("dmn.input_value", self.at, value=one, values=clause.values.text)
                return False, None
        return True, value

    def _hits(self, asked: Sequence[Mapping[str, Value]], passage: Passage) -> list[Line]:
        hits = []
        for line in self.lines:
            passage.run.charge(1)
            if all(
                test is None or test.evaluate_within(scope, passage.run) is True
                for test, scope in zip(line.tests, asked, strict=True)
            ):
                hits.append(line)
                if self.policy == "FIRST":
                    break
        return hits

    def _values(self, answers: Sequence[Expression], scope: Mapping[str, Value], passage: Passage) -> list[Value]:
        return [
            output.kind.fitted(answer.evaluate_within(scope, passage.run), passage, self.at)
            for output, answer in zip(self.outputs, answers, strict=True)
        ]

    def _without(self, scope: Mapping[str, Value], passage: Passage) -> Value:
        if any(output.default is not None for output in self.outputs):
            values = [
                None
                if o.default is None
                else o.kind.fitted(o.default.evaluate_within(scope, passage.run), passage, self.at)
                for o in self.outputs
            ]
            several = self.policy in ("RULE ORDER", "OUTPUT ORDER", "COLLECT") and not self.aggregation
            return [self._shaped(values)] if several else self._shaped(values)
        if self.policy == "COLLECT" and self.aggregation in ("", "COUNT"):
            return [] if not self.aggregation else Decimal(0)
        return None

    def _chosen(self, rows: list[list[Value]], hits: Sequence[Line], passage: Passage) -> Value:
        match self.policy:
            case "UNIQUE" if len(rows) > 1:
                return self._violated("dmn.not_unique", hits, passage)
            case "ANY" if any(operators.same(row, rows[0]) is not True for row in rows[1:]):
                return self._violated("dmn.not_any", hits, passage)
            case "PRIORITY" | "OUTPUT ORDER":
                ranks = [self._rank(row, passage) for row in rows]
                rows = [rows[n] for n in sorted(range(len(rows)), key=lambda n: ranks[n])]
        if self.policy == "COLLECT" and self.aggregation:
            return self._aggregated(rows, passage)
        if self.policy in ("RULE ORDER", "OUTPUT ORDER", "COLLECT"):
            return [self._shaped(row) for row in rows]
        return self._shaped(rows[0])

    def _violated(self, code: str, hits: Sequence[Line], passage: Passage) -> Value:
        passage.note(code, self.at, rules=", ".join(line.id for line in hits[:5]))
        return None

    def _rank(self, row: Sequence[Value], passage: Passage) -> tuple[int, ...]:
        return tuple(
            next(
                (n for n, one in enumerate(o.order) if one.evaluate_within({SUBJECT: value}, passage.run) is True),
                len(o.order),
            )
            for o, value in zip(self.outputs, row, strict=True)
        )

    def _aggregated(self, rows: Sequence[Sequence[Value]], passage: Passage) -> Value:
        return self._shaped([self._figure([row[n] for row in rows], passage) for n in range(len(self.outputs))])

    def _figure(self, values: Sequence[Value], passage: Passage) -> Value:
        if self.aggregation == "COUNT":
            return Decimal(len(values))
        if self.aggregation == "SUM" and not all(isinstance(v, Decimal) for v in values):
            return None
        found = values[0]
        for value in values[1:]:
            if self.aggregation == "SUM":
                found = operators.add(passage.run, found, value)
            else:
                smaller = operators.less(value, found)
                if smaller is None:
                    return None
                found = value if smaller is (self.aggregation == "MIN") else found
        return found

    def _shaped(self, values: Sequence[Value]) -> Value:
        if len(self.outputs) == 1:
            return values[0]
        return {output.name: value for output, value in zip(self.outputs, values, strict=True)}

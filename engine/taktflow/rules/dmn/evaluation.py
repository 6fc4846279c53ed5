"""Evaluates the requirements graph of a model: each part sees what it requires and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import localcontext

from taktflow.expressions import Function, LimitExceeded
from taktflow.expressions.expression import settled
from taktflow.expressions.operators import MATH
from taktflow.expressions.unzoned import zoned
from taktflow.rules.dmn.document import Decision, InputData, Knowledge, Service
from taktflow.rules.dmn.linking import Key, Ready
from taktflow.rules.dmn.passage import Passage, scope_of
from taktflow.values import Finding, Value


@dataclass(frozen=True, slots=True)
class Step:
    """One decision on the way: its value, and of each table in it the rules that matched."""

    decision: str
    value: Value
    tables: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model answered: ``steps`` in the order they were decided, ``findings`` say why values are null."""

    value: Value
    steps: Sequence[Step]
    findings: Sequence[Finding]


@dataclass(slots=True)
class Evaluation:
    """One evaluation under way, or that of one service within it."""

    parts: Mapping[Key, Ready]
    given: Mapping[Key, Value]
    passage: Passage
    steps: list[Step] = field(default_factory=list)
    decided: dict[Key, Value] = field(default_factory=dict)
    open: set[Key] = field(default_factory=set)

    @classmethod
    def begun(cls, parts: Mapping[Key, Ready], inputs: Mapping[str, Value], passage: Passage) -> Evaluation:
        """With the inputs of every file taken from ``inputs`` by name and fitted to their types."""
        given: dict[Key, Value] = {}
        for key, ready in parts.items():
            # A decision without logic is asked from outside, too.
            if isinstance(ready.part, InputData) or (isinstance(ready.part, Decision) and ready.expression is None):
                value = inputs.get(f"{key[0]}#{ready.part.name}", inputs.get(ready.part.name))
                given[key] = ready.kind.fitted(settled(value), passage, ready.part.at)
        return cls(parts, given, passage)

    def outcome(self, key: Key, inputs: Mapping[str, Value]) -> Outcome:
        """The value of one part with how it came about."""
        try:
            with localcontext(MATH):
                value = self.value(key)
                if isinstance(value, Function) and not isinstance(self.parts[key].part, Decision):
                    value = value.body(*(settled(inputs.get(p)) for p in value.parameters))
                # Only who evaluates the standard to the letter can do anything with a far date.
                value = settled(value, keeps_far=zoned(self.passage.run.clock.zone) is None)
        except RecursionError as wrong:
            raise LimitExceeded("expressions.limit.steps") from wrong
        return Outcome(value, tuple(self.steps), tuple(self.passage.findings))

    def value(self, key: Key) -> Value:
        """What a part is to those who see it: a value, or a function."""
        ready = self.parts[key]
        match ready.part:
            case Decision():
                return self._decision(ready)
            case Knowledge():
                return self._knowledge(ready)
            case Service():
                return self._service(ready)
            case _:
                return self.given.get(key)

    def _decision(self, ready: Ready) -> Value:
        if ready.key in self.given:
            return self.given[ready.key]
        if ready.key in self.decided:
            return self.decided[ready.key]
        if ready.expression is None:
            return None
        if ready.key in self.open:
            self.passage.note("dmn.circle", ready.part.at, name=ready.part.name)
            return None
        self.open.add(ready.key)
        scope = self._scope(ready)
        before = len(self.passage.rows)
        found = self._evaluated(ready, scope)
        value = ready.kind.fitted(found, self.passage, ready.part.at)
        self.open.discard(ready.key)
        self.decided[ready.key] = value
        self.steps.append(Step(ready.part.name, value, tuple(self.passage.rows[before:])))
        return value

    def _evaluated(self, ready: Ready, scope: Mapping[str, Value]) -> Value:
        if ready.expression is None:
            return None
        try:
            return ready.expression.evaluate_within(scope_of(scope, self.passage), self.passage.run)
        except ArithmeticError:
            return None  # A number of the inputs is none, such as one with too many digits.

    def _scope(self, ready: Ready) -> dict[str, Value]:
        scope: dict[str, Value] = {}
        for seen in ready.seen:
            place = scope
            if seen.prefix:
                place = scope.setdefault(seen.prefix, {})
            place[self.parts[seen.key].part.name] = self.value(seen.key)
        return scope

    def _knowledge(self, ready: Ready) -> Value:
        part = ready.part
        assert isinstance(part, Knowledge)
        if part.function is None or part.function.language != "FEEL":
            return None
        parameters = tuple(p.name for p in part.function.parameters)

        def body(*arguments: Value) -> Value:
            # Looked up when called: knowledge models may call one another in a circle.
            function = self.decided.get(ready.key)
            if function is None:
                function = self._evaluated(ready, self._scope(ready))
                self.decided[ready.key] = function
            found = function.body(*arguments) if isinstance(function, Function) else None
            return ready.kind.fitted(found, self.passage, part.at)

        return Function(parameters, body, *ready.types)

    def _service(self, ready: Ready) -> Value:
        takes = [self.parts[k] for k in ready.takes]

        def body(*arguments: Value) -> Value:
            given: dict[Key, Value] = {}
            for wanted, argument in zip(takes, arguments, strict=True):
                fitted = wanted.kind.fitted(argument, self.passage, wanted.part.at)
                if fitted is None and argument is not None:
                    return None
                given[wanted.key] = fitted
            inner = Evaluation(self.parts, given, self.passage, self.steps)
            answers = {self.parts[k].part.name: inner.value(k) for k in ready.gives}
            found = next(iter(answers.values())) if len(answers) == 1 else answers
            return ready.kind.fitted(found, self.passage, ready.part.at)

        return Function(tuple(t.part.name for t in takes), body, *ready.types)

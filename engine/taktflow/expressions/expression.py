"""One expression: what it reads, what it gives, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property, lru_cache

from taktflow.expressions.compiled import Compiled, compiled
from taktflow.expressions.emission import Emitted, emit
from taktflow.expressions.faults import LimitExceeded
from taktflow.expressions.inference import inferred
from taktflow.expressions.limits import SAFE_STEPS
from taktflow.expressions.names import source
from taktflow.expressions.reading import read
from taktflow.expressions.run import Clock, Run
from taktflow.expressions.safe import evaluated
from taktflow.expressions.tree import Node
from taktflow.expressions.types import Type
from taktflow.values import Finding, Value


class Expression:
    """A FEEL expression that can be read; immutable and safe to share between threads."""

    def __init__(self, text: str, root: Node, types: Mapping[str, Type] | None = None) -> None:
        self.text = text
        self.root = root
        self._types = types or {}

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @cached_property
    def _emitted(self) -> Emitted:
        return emit(self.root, self._types)

    @cached_property
    def _compiled(self) -> Compiled:
        return compiled(self._emitted)

    @property
    def names(self) -> frozenset[str]:
        """The variables it may read from the scope, by their first name."""
        return self._emitted.names

    def evaluate(self, scope: Mapping[str, Value], clock: Clock) -> Value:
        """Its value; null where an operation has no meaning. :class:`LimitExceeded` when it would do too much."""
        try:
            value = self._compiled(scope, Run(clock))
        except RecursionError as wrong:
            raise LimitExceeded("expressions.limit.steps") from wrong
        except ArithmeticError:
            return None  # The scope held a number that is none.
        return settled(value) if type(value) in (list, tuple, dict) else value

    def evaluate_within(self, scope: Mapping[str, Value], run: Run) -> Value:
        """Its value as a part of a larger evaluation, whose budget and clock it shares; raises as that one does."""
        return self._compiled(scope, run)

    def evaluate_safely(self, scope: Mapping[str, Value], clock: Clock) -> Value:
        """The same by a slower evaluator with a smaller budget, for text that a person is still typing."""
        try:
            value = evaluated(self._emitted, scope, Run(clock, SAFE_STEPS))
        except RecursionError as wrong:
            raise LimitExceeded("expressions.limit.steps") from wrong
        except ArithmeticError:
            return None
        return settled(value)

    def infer(self, types: Mapping[str, Type]) -> tuple[Type, tuple[Finding, ...]]:
        """Its type where the variables have ``types``, and what cannot be right about it."""
        return inferred(self.root, self.text, types, self._types)


def settled(value: Value) -> Value:
    """``value`` with the numbers of foreign lists and contexts made the only number there is."""
    kind = type(value)
    if kind is int:
        return Decimal(value)
    if kind is list or kind is tuple:
        return [settled(v) for v in value]
    if isinstance(value, Mapping):
        return {k: settled(v) for k, v in value.items()}
    return value


@lru_cache(maxsize=4_096)
def parse(
    text: str,
    names: frozenset[str] = frozenset(),
    fields: frozenset[str] = frozenset(),
    types: tuple[tuple[str, Type], ...] = (),
) -> Expression:
    """The expression that ``text`` writes; :class:`ExpressionInvalid` with the offset of the first mistake.

    ``names`` are the variables, ``fields`` the properties that its author's scope knows: those that hold spaces,
    operators or keywords (``Monthly Salary``, ``Date-Time``) are read as one name only where they are known. ``types`` are those that it declares by name, each with its name.
    """
    known = dict(types)
    if names or fields or known:
        return Expression(text, read(source(text, names, fields, frozenset(known))), known)
    return Expression(text, read(text))

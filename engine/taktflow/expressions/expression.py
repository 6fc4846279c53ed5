"""One expression: what it reads, what it gives, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, getcontext, setcontext
from functools import cached_property, lru_cache

from taktflow.expressions.compiled import Compiled, Many, Quick, compiled, many, quick
from taktflow.expressions.emission import Emitted, emit
from taktflow.expressions.far import FarDate, FarMoment
from taktflow.expressions.fast import emit_fast
from taktflow.expressions.faults import LimitExceeded
from taktflow.expressions.inference import inferred
from taktflow.expressions.limits import ANSWER_ENTRIES, SAFE_STEPS
from taktflow.expressions.names import source
from taktflow.expressions.operators import MATH
from taktflow.expressions.reading import read
from taktflow.expressions.room import wants_room, with_room
from taktflow.expressions.run import ATOMS, Clock, Run
from taktflow.expressions.safe import evaluated
from taktflow.expressions.tree import Node
from taktflow.expressions.types import Type
from taktflow.values import Finding, Value


class Expression:
    """A FEEL expression that can be read; immutable and safe to share between threads."""

    __slots__ = ("__dict__", "_quick", "_types", "root", "text")

    def __init__(self, text: str, root: Node, types: Mapping[str, Type] | None = None) -> None:
        self.text = text
        self.root = root
        self._types = types or {}
        # A slot, since an evaluation can be so short that looking for a cached property is a tenth of it.
        self._quick: Quick = self._first

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @cached_property
    def _emitted(self) -> Emitted:
        return emit(self.root, self._types)

    @cached_property
    def _compiled(self) -> Compiled:
        return compiled(self._emitted)

    def _first(self, scope: Mapping[str, Value], clock: Clock) -> Value:
        """The first evaluation compiles it for those that follow."""
        fast = emit_fast(self.root, {}, self._types)
        self._quick = quick(fast, self.evaluate_generally, tidied) if fast.direct else self._with_run(compiled(fast))
        return self._quick(scope, clock)

    @cached_property
    def _wants_room(self) -> bool:
        return wants_room(self.root)

    def _with_run(self, function: Compiled) -> Quick:
        roomy = self._wants_room
        return lambda scope, clock: _settled_run(function, scope, Run(clock), roomy=roomy)

    @cached_property
    def _many(self) -> Many:
        return _many(self, {})

    @property
    def names(self) -> frozenset[str]:
        """The variables it may read from the scope, by their first name."""
        return self._emitted.names

    def evaluate(self, scope: Mapping[str, Value], clock: Clock) -> Value:
        """Its value; null where an operation has no meaning. :class:`LimitExceeded` when it would do too much."""
        return self._quick(scope, clock)

    def evaluate_many(self, scopes: Iterable[Mapping[str, Value]], clock: Clock) -> list[Value]:
        """Its value in each of ``scopes``, in their order; :class:`LimitExceeded` when one would do too much."""
        return self._many(list(scopes), clock)

    def typed(self, types: Mapping[str, Type]) -> Typed:
        """Itself, for scopes whose variables hold what ``types`` promise."""
        return Typed(self, types)

    def evaluate_generally(self, scope: Mapping[str, Value], clock: Clock) -> Value:
        """The same by FEEL's own functions only, whatever the scope holds; where the fast way cannot answer."""
        return self.evaluate_sharing(scope, Run(clock))

    def evaluate_sharing(self, scope: Mapping[str, Value], run: Run) -> Value:
        """The same where several expressions share one budget."""
        return _settled_run(self._compiled, scope, run, roomy=self._wants_room)

    def evaluate_within(self, scope: Mapping[str, Value], run: Run) -> Value:
        """Its value as a part of a larger evaluation, whose budget and clock it shares; raises as that one does."""
        return _run(self._compiled, scope, run, roomy=self._wants_room)

    def evaluate_safely(self, scope: Mapping[str, Value], clock: Clock) -> Value:
        """The same by a slower evaluator with a smaller budget, for text that a person is still typing."""
        run = Run(clock, SAFE_STEPS)
        return _settled_run(lambda scope, run: evaluated(self._emitted, scope, run), scope, run, roomy=True)

    def infer(self, types: Mapping[str, Type]) -> tuple[Type, tuple[Finding, ...]]:
        """Its type where the variables have ``types``, and what cannot be right about it."""
        return inferred(self.root, self.text, types, self._types)


class Typed:
    """An expression over variables of promised types, for formulas and columns whose inputs were read as declared.

    A promise holds for a value or null. A number is a ``Decimal``; where a truth value stands in its place, it may be
    taken for 0 or 1.
    """

    def __init__(self, expression: Expression, types: Mapping[str, Type]) -> None:
        self.expression = expression
        self._many = _many(expression, types)

    def evaluate_many(self, scopes: Iterable[Mapping[str, Value]], clock: Clock) -> list[Value]:
        """Its value in each of ``scopes``, in their order; :class:`LimitExceeded` when one would do too much."""
        return self._many(list(scopes), clock)


def _many(expression: Expression, types: Mapping[str, Type]) -> Many:
    fast = emit_fast(expression.root, types)
    if fast.direct:
        return many(fast, expression.evaluate_generally, tidied)
    return lambda scopes, clock: [expression.evaluate(scope, clock) for scope in scopes]


def _run(function: Compiled, scope: Mapping[str, Value], run: Run, *, roomy: bool) -> Value:
    if not roomy or run.roomy:
        return function(scope, run)
    run.roomy = True
    try:
        return with_room(function, scope, run)
    finally:
        run.roomy = False


def _settled_run(function: Compiled, scope: Mapping[str, Value], run: Run, *, roomy: bool) -> Value:
    before = getcontext()
    setcontext(MATH)
    try:
        return tidied(_run(function, scope, run, roomy=roomy))
    except RecursionError as wrong:
        raise LimitExceeded("expressions.limit.steps") from wrong
    except ArithmeticError:
        return None  # The scope held a number that is none.
    finally:
        setcontext(before)


_FAR = frozenset((FarDate, FarMoment))
"""Dates that no document and no database can keep."""
_SETTLED = (ATOMS | {str}) - {int}
_TO_SETTLE = frozenset((list, tuple, dict)) | _FAR


def tidied(value: Value) -> Value:
    """``value`` as an answer."""
    return settled(value) if type(value) in _TO_SETTLE else value


def settled(value: Value, *, keeps_far: bool = False) -> Value:
    """``value`` with the numbers of foreign lists and contexts made the only number there is.

    Dates beyond the years 1 to 9999 are null, unless the caller keeps them.
    """
    return _Settling(keeps_far).settled(value)


@dataclass(slots=True)
class _Settling:
    """One value being settled. A list that is held many times over is settled once, but counts every time."""

    keeps_far: bool
    count: int = 0
    done: dict[int, Value] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)

    def settled(self, value: Value) -> Value:
        """``value`` settled; the values it holds are counted."""
        kind = type(value)
        if kind is list or kind is tuple or isinstance(value, Mapping):
            return self._whole(value)
        self._counted(1)
        if kind in _FAR:
            return value if self.keeps_far else None
        return Decimal(value) if kind is int else value

    def _counted(self, values: int) -> None:
        self.count += values
        if self.count > ANSWER_ENTRIES:
            raise LimitExceeded("expressions.limit.list", limit=ANSWER_ENTRIES)

    def _whole(self, value: Value) -> Value:
        key = id(value)
        if key in self.done:
            self._counted(self.sizes[key])
            return self.done[key]
        before = self.count
        self._counted(1 + len(value))
        whole: Value
        # Asked here already, since most are settled, and a call for each would take longer than all else.
        if isinstance(value, list | tuple):
            whole = [entry if type(entry) in _SETTLED else self._inner(entry) for entry in value]
        else:
            whole = {name: entry if type(entry) in _SETTLED else self._inner(entry) for name, entry in value.items()}
        self.done[key], self.sizes[key] = whole, self.count - before
        return whole

    def _inner(self, value: Value) -> Value:
        self.count -= 1  # It was counted with all that the list or context holds.
        return self.settled(value)


@lru_cache(maxsize=4_096)
def parse(
    text: str,
    names: frozenset[str] = frozenset(),
    fields: frozenset[str] = frozenset(),
    types: tuple[tuple[str, Type], ...] = (),
) -> Expression:
    """The expression that ``text`` writes; :class:`ExpressionInvalid` with the offset of the first mistake.

    ``names`` are the variables, ``fields`` the properties that its author's scope knows: those that hold spaces,
    operators or keywords (``Monthly Salary``, ``Date-Time``) are read as one name only where they are known. ``types``
    are those that it declares by name, each with its name.
    """
    known = dict(types)
    if names or fields or known:
        return Expression(text, read(source(text, names, fields, frozenset(known))), known)
    return Expression(text, read(text))

"""How a built-in function is described: its parameters by FEEL's names, what they take, what works it out.

The description serves three masters: the evaluators (arguments are checked and fitted before the function sees them),
the type inference, and the editor's completion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from typing import TypeAlias

from taktflow.expressions.access import checked_list, plain
from taktflow.expressions.limits import CHARS_A_STEP
from taktflow.expressions.operators import kind, number
from taktflow.expressions.run import Run, text_made
from taktflow.expressions.types import ANY, ContextOf, ListOf, Simple, Type
from taktflow.values import Value

STEPS_AN_ENTRY = 4
"""What it costs to make a context of each entry of another."""
Result: TypeAlias = Type | Callable[[tuple[Type, ...]], Type]


@dataclass(frozen=True, slots=True)
class Parameter:
    """``nullable``: the function itself answers for null; otherwise null in gives null out."""

    name: str
    type: Type
    optional: bool = False
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """One way to call a built-in.

    ``rest``: the last parameter takes any number of further arguments, given to ``work`` as one list.
    ``deep``: the work goes through all that the arguments hold, at so many steps each; ``each``: through the entries
    of its lists, at so many steps each beyond the one that looking at an entry costs.
    ``result`` is a type, or a function from the arguments' types to it.
    """

    parameters: tuple[Parameter, ...]
    result: Result
    work: Callable[..., Value]
    rest: bool = False
    needs_run: bool = False
    deep: int = 0
    each: int = 0

    def call(self, run: Run, *arguments: Value) -> Value:
        """The value for ``arguments`` in the parameters' order; null when one does not fit."""
        if self.deep:
            run.charge_extent(self.deep, *arguments)
        try:
            values = self._fitted(run, arguments)
            if values is None:
                return None
            if self.each:
                run.charge(self.each * sum(len(v) for v in values if type(v) is list))
            found = self.work(run, *values) if self.needs_run else self.work(*values)
        except (DecimalException, ArithmeticError, ValueError):
            return None
        if type(found) is str:
            return text_made(run, found)
        return checked_list(found) if type(found) is list else found

    def _fitted(self, run: Run, arguments: tuple[Value, ...]) -> list[Value] | None:
        parameters = self.parameters
        values: list[Value] = []
        for place, parameter in enumerate(parameters):
            if self.rest and place == len(parameters) - 1:
                tail = [fitted(run, a, parameter.type) for a in arguments[place:]]
                if not parameter.nullable and any(v is None for v in tail):
                    return None
                values.append(tail)
                break
            value = fitted(run, arguments[place], parameter.type)
            if value is None and not parameter.nullable and not (parameter.optional and arguments[place] is None):
                return None
            values.append(value)
        return values


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function every expression knows, by its FEEL name."""

    name: str
    forms: tuple[Form, ...]


def fitted(run: Run, value: Value, type: Type) -> Value:
    """``value`` as ``type`` wants it, a list of one standing for its entry and an entry for a list of one; or null."""
    if value is None or type is ANY:
        return plain(value)
    if isinstance(value, str):
        run.charge(len(value) // CHARS_A_STEP)
    elif isinstance(type, ContextOf) and isinstance(value, Mapping):
        run.charge(STEPS_AN_ENTRY * len(value))
    if isinstance(type, ListOf):
        if not isinstance(value, list | tuple):
            return [plain(value)]
        run.charge(len(value))
        return [Decimal(v) if v.__class__ is int else v for v in value]
    if isinstance(value, list | tuple):
        return fitted(run, value[0], type) if len(value) == 1 else None
    wanted = type.name if isinstance(type, Simple) else _WORDS[type.__class__.__name__]
    if kind(value) != wanted:
        return None
    return number(value) if wanted == "number" else value


_WORDS: Mapping[str, str] = {"ContextOf": "context", "RangeOf": "range", "FunctionOf": "function"}


def placed(form: Form, count: int, names: tuple[str, ...]) -> tuple[int | None, ...] | None:
    """Which of the ``count`` arguments each parameter gets (None: none), or None when this form cannot take them."""
    if names:
        return _by_name(form, names)
    parameters = form.parameters
    least = sum(not p.optional for p in parameters)
    if form.rest:
        return tuple(range(count)) if count >= least else None
    if not least <= count <= len(parameters):
        return None
    return tuple(n if n < count else None for n in range(len(parameters)))


def _by_name(form: Form, names: tuple[str, ...]) -> tuple[int | None, ...] | None:
    known = [p.name for p in form.parameters]
    if len(set(names)) != len(names) or not set(names) <= set(known):
        return None
    if any(not p.optional and p.name not in names for p in form.parameters):
        return None
    return tuple(names.index(n) if n in names else None for n in known)


def place_of(value: Decimal) -> int:
    """``value`` as a place or a count, a fraction cut off; ``ValueError`` when it is absurdly large."""
    if not value.is_finite() or value.adjusted() > 18:
        raise ValueError("a place is wanted")
    return int(value)


def whole(value: Decimal) -> int:
    """``value`` as an int; ``ValueError`` when it has a fraction or is absurdly large."""
    if not value.is_finite() or value.adjusted() > 18 or value != value.to_integral_value():
        raise ValueError("a whole number is wanted")
    return int(value)

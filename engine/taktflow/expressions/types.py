"""What can be known about a value before there is one: the types that a document declares and expressions have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from taktflow.expressions import temporal
from taktflow.expressions.operators import kind
from taktflow.expressions.run import Function
from taktflow.values import Range, Value


@dataclass(frozen=True, slots=True)
class Simple:
    """A type without parts; ``name`` is FEEL's word for it."""

    name: str

    def __str__(self) -> str:
        return self.name


NUMBER = Simple("number")
STRING = Simple("string")
BOOLEAN = Simple("boolean")
DATE = Simple("date")
TIME = Simple("time")
DATETIME = Simple("date and time")
DAYS_TIME = Simple("days and time duration")
YEARS_MONTHS = Simple("years and months duration")
NULL = Simple("null")
ANY = Simple("any")
"""Nothing is known: whatever is done with it may be right."""


@dataclass(frozen=True, slots=True)
class ListOf:
    item: Type

    def __str__(self) -> str:
        return f"list<{self.item}>"


@dataclass(frozen=True, slots=True)
class ContextOf:
    """``open``: it may hold more fields than are named here."""

    fields: Mapping[str, Type] = field(default_factory=dict)
    open: bool = False

    def __hash__(self) -> int:
        return hash((frozenset(self.fields.items()), self.open))

    def __str__(self) -> str:
        return "context" if self.open else f"context<{', '.join(f'{k}: {v}' for k, v in self.fields.items())}>"


@dataclass(frozen=True, slots=True)
class RangeOf:
    of: Type

    def __str__(self) -> str:
        return f"range<{self.of}>"


@dataclass(frozen=True, slots=True)
class FunctionOf:
    parameters: tuple[Type, ...]
    result: Type

    def __str__(self) -> str:
        return f"function<{', '.join(map(str, self.parameters))}>->{self.result}"


Type: TypeAlias = Simple | ListOf | ContextOf | RangeOf | FunctionOf

ANY_LIST = ListOf(ANY)
ANY_CONTEXT = ContextOf({}, open=True)
_SIMPLE: dict[str, Simple] = {
    t.name: t for t in (NUMBER, STRING, BOOLEAN, DATE, TIME, DATETIME, DAYS_TIME, YEARS_MONTHS)
}


def type_of_value(value: Value) -> Type:
    """The narrowest type that ``value`` conforms to."""
    name = kind(value)
    if name in _SIMPLE:
        return _SIMPLE[name]
    match name:
        case "list":
            return ListOf(joined(*(type_of_value(v) for v in value)))
        case "context":
            return ContextOf({k: type_of_value(v) for k, v in value.items()})
        case "range":
            return RangeOf(type_of_value(value.low if value.low is not None else value.high))
        case "function":
            return function_type(value)
        case _:
            return NULL if value is None else ANY


def joined(*types: Type) -> Type:
    """The narrowest type that holds all of ``types``; null fits everywhere, nothing at all is any."""
    known = [t for t in dict.fromkeys(types) if t != NULL]
    if not known:
        return NULL if types else ANY
    first = known[0]
    for other in known[1:]:
        first = _wider(first, other)
    return first


def _wider(a: Type, b: Type) -> Type:
    if a == b:
        return a
    if isinstance(a, ListOf) and isinstance(b, ListOf):
        return ListOf(joined(a.item, b.item))
    if isinstance(a, ContextOf) and isinstance(b, ContextOf):
        # A field that only one of them has may be missing: the other fields are still known.
        shared = {k: joined(a.fields[k], b.fields[k]) for k in a.fields if k in b.fields}
        return ContextOf(shared, a.open or b.open or a.fields.keys() != b.fields.keys())
    if isinstance(a, RangeOf) and isinstance(b, RangeOf):
        return RangeOf(joined(a.of, b.of))
    return ANY


def conforms(value: Value, type: Type) -> bool:
    """Whether ``value`` may stand where ``type`` is declared; null may stand anywhere."""
    if value is None or type == ANY:
        return True
    name = kind(value)
    match type:
        case Simple():
            return name == type.name
        case ListOf():
            return name == "list" and all(conforms(v, type.item) for v in value)
        case ContextOf():
            return name == "context" and _holds(value, type)
        case RangeOf():
            return isinstance(value, Range) and conforms(value.low, type.of) and conforms(value.high, type.of)
        case FunctionOf():
            return isinstance(value, Function) and len(value.parameters) == len(type.parameters)


def function_type(function: Function) -> FunctionOf:
    """What ``function`` declares of itself; any where it declares nothing."""
    return FunctionOf(function.types or (ANY,) * len(function.parameters), function.result or ANY)


def is_instance(value: Value, type: Type) -> bool:
    """Whether ``value instance of type``: unlike :func:`conforms`, null is of no type and a missing entry counts."""
    return type == NULL if value is None else _is_of(value, type)


def _is_of(value: Value, type: Type) -> bool:
    if value is None or type == ANY:
        return True
    match type:
        case Simple():
            return kind(value) == type.name
        case ListOf():
            return kind(value) == "list" and all(_is_of(v, type.item) for v in value)
        case ContextOf():
            return kind(value) == "context" and all(k in value and _is_of(value[k], t) for k, t in type.fields.items())
        case RangeOf():
            return isinstance(value, Range) and _is_of(value.low, type.of) and _is_of(value.high, type.of)
        case FunctionOf():
            return isinstance(value, Function) and narrower(function_type(value), type)


def narrower(type: Type, target: Type) -> bool:
    """Whether every value of ``type`` may stand where ``target`` is wanted (DMN 1.5, 10.3.2.9.2)."""
    if target == ANY or type in (target, NULL):
        return True
    match type, target:
        case ListOf(), ListOf():
            return narrower(type.item, target.item)
        case RangeOf(), RangeOf():
            return narrower(type.of, target.of)
        case ContextOf(), ContextOf():
            return all(k in type.fields and narrower(type.fields[k], t) for k, t in target.fields.items())
        case FunctionOf(), FunctionOf():
            same_count = len(type.parameters) == len(target.parameters)
            # What a function of ours gives is known only when it runs: nothing known is nothing against it.
            fits = type.result == ANY or narrower(type.result, target.result)
            return same_count and fits and all(map(narrower, target.parameters, type.parameters))
        case _:
            return False


def coerced(value: Value, type: Type) -> Value:
    """``value`` where ``type`` is wanted, after the standard's implicit conversions (DMN 1.5, 10.3.2.9.4).

    A list of one stands for its entry and an entry for a list of one, a date for the moment it begins in UTC; null when
    it does not fit.
    """
    if conforms(value, type):
        return value
    if type == DATETIME and kind(value) == "date":
        return temporal.as_moment(value)
    if isinstance(value, list | tuple) and len(value) == 1 and not isinstance(type, ListOf):
        return coerced(value[0], type)
    if isinstance(type, ListOf) and not isinstance(value, list | tuple):
        entry = coerced(value, type.item)
        return None if entry is None else [entry]
    return None


def _holds(value: Mapping[str, Value], type: ContextOf) -> bool:
    known = all(conforms(value.get(k), t) for k, t in type.fields.items())
    return known and (type.open or value.keys() <= type.fields.keys())


def written_type(
    name: str, parts: tuple[Type, ...] = (), fields: tuple[str, ...] = (), known: Mapping[str, Type] | None = None
) -> Type | None:
    """The type that FEEL writes as ``name<parts>``; None for a word that is no type.

    ``known`` are the types that an author declared by name.
    """
    folded = " ".join(name.split())
    if known and not parts and folded in known:
        return known[folded]
    if folded in _SIMPLE:
        return _SIMPLE[folded]
    match folded:
        case "Any":
            return ANY
        case "Null" | "null":
            return NULL
        case "day time duration":
            return DAYS_TIME
        case "list":
            return ListOf(parts[0] if parts else ANY)
        case "range":
            return RangeOf(parts[0] if parts else ANY)
        case "context":
            return ContextOf(dict(zip(fields, parts, strict=True)), open=True)
        case "function":
            return FunctionOf(parts[:-1], parts[-1]) if parts else Simple("function")
        case _:
            return None

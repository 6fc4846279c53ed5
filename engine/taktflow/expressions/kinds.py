"""Which types go together: the tables that type inference looks up, one row for one rule of the standard."""

from __future__ import annotations

from collections.abc import Mapping

from taktflow.expressions.types import (
    ANY,
    BOOLEAN,
    DATE,
    DATETIME,
    DAYS_TIME,
    NULL,
    NUMBER,
    STRING,
    TIME,
    YEARS_MONTHS,
    ContextOf,
    FunctionOf,
    ListOf,
    RangeOf,
    Type,
)

_MOMENTS = (DATE, TIME, DATETIME)
_LENGTHS = (DAYS_TIME, YEARS_MONTHS)
_ORDERED = (NUMBER, STRING, *_MOMENTS, *_LENGTHS)
_RESULTS: Mapping[tuple[str, Type, Type], Type] = {
    **{(operator, NUMBER, NUMBER): NUMBER for operator in ("+", "-", "*", "/", "**")},
    ("+", STRING, STRING): STRING,
    **{(operator, length, length): length for operator in "+-" for length in _LENGTHS},
    **{(operator, moment, DAYS_TIME): moment for operator in "+-" for moment in _MOMENTS},
    **{(operator, moment, YEARS_MONTHS): moment for operator in "+-" for moment in (DATE, DATETIME)},
    **{("+", DAYS_TIME, moment): moment for moment in _MOMENTS},
    **{("+", YEARS_MONTHS, moment): moment for moment in (DATE, DATETIME)},
    **{("-", moment, other): DAYS_TIME for moment in (DATE, DATETIME) for other in (DATE, DATETIME)},
    ("-", TIME, TIME): DAYS_TIME,
    **{(operator, length, NUMBER): length for operator in "*/" for length in _LENGTHS},
    **{("*", NUMBER, length): length for length in _LENGTHS},
    **{("/", length, length): NUMBER for length in _LENGTHS},
}
_DATE_FIELDS: Mapping[str, Type] = dict.fromkeys(("year", "month", "day", "weekday"), NUMBER)
_CLOCK_FIELDS: Mapping[str, Type] = {
    **dict.fromkeys(("hour", "minute", "second"), NUMBER),
    "time offset": DAYS_TIME,
    "timezone": STRING,
}
_FIELDS: Mapping[Type, Mapping[str, Type]] = {
    DATE: _DATE_FIELDS,
    TIME: _CLOCK_FIELDS,
    DATETIME: {**_DATE_FIELDS, **_CLOCK_FIELDS},
    DAYS_TIME: dict.fromkeys(("days", "hours", "minutes", "seconds"), NUMBER),
    YEARS_MONTHS: dict.fromkeys(("years", "months"), NUMBER),
    NUMBER: {},
    STRING: {},
    BOOLEAN: {},
}


def arithmetic_type(operator: str, left: Type, right: Type) -> Type | None:
    """What ``left operator right`` gives; None when no values of these types can be reckoned so."""
    if NULL in (left, right):
        return NULL
    found = _RESULTS.get((operator, left, right))
    if found is not None:
        return found
    if left == ANY or right == ANY:
        known = right if left == ANY else left
        fits = known == ANY or any(known in key[1:] for key in _RESULTS if key[0] == operator)
        return ANY if fits else None
    return None


def comparable(left: Type, right: Type) -> bool:
    """Whether two values of these types may be compared at all."""
    if left == right or ANY in (left, right) or NULL in (left, right):
        return True
    # Equality of lists, contexts and ranges goes by their parts, which may be empty.
    return any(isinstance(left, kind) and isinstance(right, kind) for kind in (ListOf, ContextOf, RangeOf))


def orderable(type: Type) -> bool:
    """Whether values of ``type`` have an order."""
    return type in _ORDERED or type in (ANY, NULL)


def item_of(type: Type) -> Type:
    """What an iteration over a value of ``type`` meets."""
    if isinstance(type, ListOf):
        return type.item
    return type.of if isinstance(type, RangeOf) else type


def property_types(type: Type) -> Mapping[str, Type] | None:
    """The parts a value of ``type`` has; empty when it has none, None when that is not known."""
    if isinstance(type, RangeOf):
        return {"start": type.of, "end": type.of, "start included": BOOLEAN, "end included": BOOLEAN}
    return _FIELDS.get(type)


def takes(parameter: Type, given: Type) -> bool:
    """Whether a built-in whose parameter is of one type may be given the other; a list of one stands for its entry."""
    if ANY in (parameter, given) or given == NULL or isinstance(parameter, ListOf):
        return True
    if isinstance(given, ListOf):
        return takes(parameter, given.item)
    if isinstance(parameter, FunctionOf):
        return isinstance(given, FunctionOf)
    if isinstance(parameter, ContextOf):
        return isinstance(given, ContextOf)
    return parameter == given


def parts_of(type: Type, known: dict[int, tuple[Type, int]]) -> int:
    """How many types ``type`` is made of when it is written out; ``known`` remembers what was counted before."""
    match type:
        case ListOf():
            parts: tuple[Type, ...] = (type.item,)
        case ContextOf():
            parts = tuple(type.fields.values())
        case RangeOf():
            parts = (type.of,)
        case FunctionOf():
            parts = (*type.parameters, type.result)
        case _:
            return 1
    if id(type) not in known:
        # Kept with the type itself, so that no other gets its id.
        known[id(type)] = (type, 1 + sum(parts_of(part, known) for part in parts))
    return known[id(type)][1]

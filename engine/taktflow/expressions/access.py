"""How an expression reaches data: names in the scope, fields of contexts, entries of lists, calls of functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from taktflow.expressions import temporal
from taktflow.expressions.far import FarDate, FarMoment
from taktflow.expressions.faults import LimitExceeded
from taktflow.expressions.limits import LIST_ITEMS
from taktflow.expressions.room import LONG, with_room
from taktflow.expressions.run import Function, Run
from taktflow.expressions.types import Type, coerced
from taktflow.values import Range, Value, YearsMonths

STEPS_TO_LOOK = 3
"""What it costs to see of what type one value is."""


STEPS_TO_A_PART = 8
"""What it costs to take the year from a date, or the like."""
_WITHOUT_FIELDS = frozenset((Decimal, str, bool, int, type(None)))


class _Nobody:
    """Stands for the entry under test while a filter is asked for a plain name or number."""


NOBODY = _Nobody()


def name(scope: Mapping[str, Value], key: str) -> Value:
    """The variable ``key``; null when there is none."""
    value = scope.get(key)
    return Decimal(value) if type(value) is int else value


def name_or(scope: Mapping[str, Value], key: str, otherwise: Value) -> Value:
    """The variable ``key``, or what it means where nobody uses the name."""
    return name(scope, key) if key in scope else otherwise


def path(run: Run, of: Value, field: str) -> Value:
    """``of.field``: of a context, of every entry of a list, or of a date, time, duration or range."""
    if type(of) is dict:
        value = of.get(field)
        return Decimal(value) if type(value) is int else value
    if isinstance(of, list | tuple):
        if len(of) > LIST_ITEMS:
            raise LimitExceeded("expressions.limit.list", limit=LIST_ITEMS)
        run.charge(3 * len(of))
        fields = [entry.get(field) if type(entry) is dict else path(run, entry, field) for entry in of]
        return [Decimal(value) if type(value) is int else value for value in fields]
    if type(of) in _WITHOUT_FIELDS:
        return None
    run.charge(STEPS_TO_A_PART)
    return _path(of, field)


def _path(of: Value, field: str) -> Value:
    if isinstance(of, Mapping):
        return name(of, field)
    if isinstance(of, date | time | timedelta | YearsMonths | FarDate | FarMoment):
        return temporal.property_of(of, field)
    if isinstance(of, Range):
        parts = {"start": of.low, "end": of.high, "start included": of.low_closed, "end included": of.high_closed}
        return parts.get(field)
    return None


def in_entry(entry: Value, key: str, other: Value) -> Value:
    """The field ``key`` of the entry under test if it has one, otherwise what ``key`` means outside the filter."""
    if type(entry) is not dict and not isinstance(entry, Mapping):
        return other
    return name(entry, key) if key in entry else other


def whole(entry: Value) -> Value:
    """``item`` inside a filter."""
    return None if entry is NOBODY else entry


def plain(value: Value) -> Value:
    """An entry of foreign data with its number made the only number there is."""
    return Decimal(value) if type(value) is int else value


def roomily(run: Run, loop: Callable[..., Value], *arguments: Any) -> Value:
    """The value of a long ``loop``, for whose calls there is room."""
    run.roomy = True
    try:
        return with_room(loop, *arguments)
    finally:
        run.roomy = False


def select(run: Run, of: Value, test: Callable[[Value], Value], weight: int) -> Value:
    """``of[test]``: one entry by number, a context's entry by name, or the entries that pass.

    Null when the test gives anything else than true, false or null.
    """
    if isinstance(of, Mapping):
        run.charge(weight)
        key = test(NOBODY)
        if isinstance(key, str):
            return name(of, key)
    if of is None:
        return None
    entries = of if isinstance(of, list | tuple) else [of]
    if len(entries) > LONG and not run.roomy:
        return roomily(run, select, run, of, test, weight)
    if not entries:
        return [] if type(test(NOBODY)) is not Decimal else None
    kept: list[Value] = []
    for place, entry in enumerate(entries):
        # What Run.charge does; a call of it would cost as much as most tests.
        run.left -= weight + 2
        if run.left < 0:
            run.charge(0)
        item = Decimal(entry) if type(entry) is int else entry
        answer = test(item)
        if answer is True:
            kept.append(item)
        elif answer is not False and answer is not None:
            return entry_at(entries, answer) if place == 0 and type(answer) is Decimal else None
    return checked_list(kept)


def entry_at(of: Value, place: Value) -> Value:
    """The entry number ``place`` counted from 1, or from the end when negative; null when there is none."""
    if of is None or type(place) is not Decimal:
        return None
    entries = of if isinstance(of, list | tuple) else [of]
    if not place.is_finite() or place != place.to_integral_value() or abs(place) > len(entries) or place == 0:
        return None
    return plain(entries[int(place) - 1 if place > 0 else int(place)])


def checked_list(items: list[Value]) -> list[Value]:
    """``items``, unless an expression may not make a list so long."""
    if len(items) > LIST_ITEMS:
        raise LimitExceeded("expressions.limit.list", limit=LIST_ITEMS)
    return items


def listing(*items: Value) -> Value:
    """``[a, b]``."""
    return list(items)


def mapping(keys: Sequence[str], *entries: Value) -> Value:
    """``{a: 1, b: 2}``."""
    return dict(zip(keys, entries, strict=True))


def invoke(run: Run, function: Value, names: tuple[str, ...], *arguments: Value) -> Value:
    """Calls a function value; null when it is none, or the arguments do not fit its parameters."""
    if not isinstance(function, Function):
        return None
    parameters = function.parameters
    if names:
        if set(names) != set(parameters) or len(names) != len(parameters):
            return None
        given = dict(zip(names, arguments, strict=True))
        arguments = tuple(given[p] for p in parameters)
    if len(arguments) != len(parameters):
        return None
    if function.types:
        run.charge_extent(STEPS_TO_LOOK, *arguments)
        arguments = _converted(function.types, arguments) or ()
        if not arguments:
            return None
    run.enter()
    run.charge(6)
    try:
        return function.body(*arguments)
    finally:
        run.leave()


def _converted(types: tuple[Type, ...], arguments: tuple[Value, ...]) -> tuple[Value, ...] | None:
    """The arguments as the parameters' types want them; None when one does not fit."""
    given = tuple(coerced(a, t) for a, t in zip(arguments, types, strict=True))
    return None if any(g is None and a is not None for g, a in zip(given, arguments, strict=True)) else given


def function(
    run: Run, parameters: tuple[str, ...], body: Callable[..., Value], weight: int, types: tuple[Type, ...] = ()
) -> Value:
    """``function(a, b) ...`` as a value; each call pays for its body."""

    def paid(*arguments: Value) -> Value:
        run.charge(weight)
        return body(*arguments)

    return Function(parameters, paid, types)

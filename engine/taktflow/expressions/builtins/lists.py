"""Built-ins on lists (DMN 1.5, 10.3.4.4). Entries count from 1, and from the end when negative."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from decimal import Decimal
from functools import cmp_to_key

from taktflow.expressions.access import invoke
from taktflow.expressions.builtins.forms import Builtin, Form, Parameter, Result, place_of
from taktflow.expressions.limits import LIST_ITEMS
from taktflow.expressions.operators import MATH, add, conjunction, disjunction, kind, less, same
from taktflow.expressions.run import Function, Run
from taktflow.expressions.types import ANY, ANY_LIST, BOOLEAN, NUMBER, FunctionOf, ListOf, Type, joined
from taktflow.values import Range, Value


def _contains(run: Run, entries: list[Value], element: Value) -> Value:
    run.charge(2 * len(entries))
    return any(same(e, element) is True for e in entries)


def _count(entries: list[Value]) -> Value:
    return Decimal(len(entries))


def _least(entries: list[Value]) -> Value:
    return _extreme(entries, least=True)


def _most(entries: list[Value]) -> Value:
    return _extreme(entries, least=False)


def _extreme(entries: list[Value], *, least: bool) -> Value:
    if not entries:
        return None
    found = entries[0]
    if less(found, found) is None:
        return None
    for entry in entries[1:]:
        first, second = (entry, found) if least else (found, entry)
        closer = first < second if type(first) is Decimal is type(second) else less(first, second)
        if closer is None:
            return None
        found = entry if closer else found
    return found


def _sum(run: Run, entries: list[Value]) -> Value:
    if not entries:
        return None
    total = entries[0]
    if kind(total) not in ("number", "days and time duration", "years and months duration"):
        return None
    for entry in entries[1:]:
        if type(entry) is Decimal is type(total):
            total = MATH.add(total, entry)
        else:
            total = add(run, total, entry) if kind(entry) == kind(total) else None
        if total is None:
            return None
    return total


def _numbers(entries: list[Value]) -> list[Decimal]:
    if not entries or not all(type(e) is Decimal for e in entries):
        raise ValueError("numbers are wanted")
    return entries


def _mean_of(numbers: list[Decimal]) -> Decimal:
    total = Decimal(0)
    for number in numbers:
        total = MATH.add(total, number)
    return MATH.divide(total, Decimal(len(numbers)))


def _mean(run: Run, entries: list[Value]) -> Value:
    if entries and kind(entries[0]) == "days and time duration":
        total = _sum(run, entries)
        return None if total is None else total / len(entries)
    return _mean_of(_numbers(entries))


def _product(entries: list[Value]) -> Value:
    product = Decimal(1)
    for number in _numbers(entries):
        product = MATH.multiply(product, number)
    return product


def _median(entries: list[Value]) -> Value:
    ordered = sorted(_numbers(entries))
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else _mean_of(ordered[half - 1 : half + 1])


def _deviation(entries: list[Value]) -> Value:
    numbers = _numbers(entries)
    if len(numbers) < 2:
        return None
    mean = _mean_of(numbers)
    squares = Decimal(0)
    for number in numbers:
        away = MATH.subtract(number, mean)
        squares = MATH.add(squares, MATH.multiply(away, away))
    return MATH.sqrt(MATH.divide(squares, Decimal(len(numbers) - 1)))


def _mode(entries: list[Value]) -> Value:
    if not entries:
        return []
    times: dict[Decimal, int] = {}
    for number in _numbers(entries):
        times[number] = times.get(number, 0) + 1
    most = max(times.values())
    return sorted(n for n, count in times.items() if count == most)


def _all(entries: list[Value]) -> Value:
    return conjunction(*entries)


def _any(entries: list[Value]) -> Value:
    return disjunction(*entries)


def _sublist(entries: list[Value], start: Decimal, length: Decimal | None) -> Value:
    first = place_of(start)
    if first == 0 or abs(first) > len(entries):
        return None
    begin = first - 1 if first > 0 else len(entries) + first
    if length is None:
        return entries[begin:]
    count = place_of(length)
    return entries[begin : begin + count] if count >= 1 and begin + count <= len(entries) else None


def _append(entries: list[Value], items: list[Value]) -> Value:
    return entries + items


def _concatenate(lists: list[list[Value]]) -> Value:
    return [entry for entries in lists for entry in entries]


def _insert(entries: list[Value], position: Decimal, item: Value) -> Value:
    place = place_of(position)
    if place == 0 or abs(place) > len(entries) + (place > 0):
        return None
    at = place - 1 if place > 0 else len(entries) + place
    return [*entries[:at], item, *entries[at:]]


def _remove(entries: list[Value], position: Decimal) -> Value:
    place = place_of(position)
    if place == 0 or abs(place) > len(entries):
        return None
    at = place - 1 if place > 0 else len(entries) + place
    return entries[:at] + entries[at + 1 :]


def _list_replace(run: Run, entries: list[Value], where: Value, item: Value) -> Value:
    if isinstance(where, Function):
        if len(where.parameters) != 2:
            return None
        answers = [invoke(run, where, (), entry, item) for entry in entries]
        if not all(isinstance(a, bool) for a in answers):
            return None
        return [item if answer else entry for entry, answer in zip(entries, answers, strict=True)]
    place = place_of(where) if type(where) is Decimal else 0
    if place == 0 or abs(place) > len(entries):
        return None
    at = place - 1 if place > 0 else len(entries) + place
    return [*entries[:at], item, *entries[at + 1 :]]


def _reverse(entries: list[Value]) -> Value:
    return entries[::-1]


def _index_of(run: Run, entries: list[Value], match: Value) -> Value:
    run.charge(2 * len(entries))
    return [Decimal(n) for n, entry in enumerate(entries, 1) if same(entry, match) is True]


def _distinct(entries: list[Value]) -> Value:
    seen: set[Hashable] = set()
    kept: list[Value] = []
    for entry in entries:
        key = _key(entry)
        if key not in seen:
            seen.add(key)
            kept.append(entry)
    return kept


def _duplicates(entries: list[Value]) -> Value:
    times: dict[Hashable, int] = {}
    for entry in entries:
        times[_key(entry)] = times.get(_key(entry), 0) + 1
    return _distinct([entry for entry in entries if times[_key(entry)] > 1])


def _key(value: Value) -> Hashable:
    """Equal for equal values and for no others, so that a set finds them in one pass."""
    if isinstance(value, list | tuple):
        return ("list", tuple(_key(v) for v in value))
    if isinstance(value, Mapping):
        return ("context", frozenset((k, _key(v)) for k, v in value.items()))
    if isinstance(value, Range):
        return ("range", _key(value.low), _key(value.high), value.low_closed, value.high_closed)
    return (kind(value), value)


def _union(lists: list[list[Value]]) -> Value:
    return _distinct(_concatenate(lists))


def _flatten(run: Run, entries: list[Value]) -> Value:
    flat: list[Value] = []
    todo = entries[::-1]
    while todo:
        run.charge(1)
        entry = todo.pop()
        if isinstance(entry, list | tuple):
            todo.extend(reversed(entry))
        else:
            flat.append(entry)
        if len(flat) > LIST_ITEMS:
            break
    return flat


def _sort(run: Run, entries: list[Value], precedes: Function | None) -> Value:
    # Nearly as many comparisons as a sort may take, each cheaper than a step.
    run.charge(len(entries) * len(entries).bit_length() // 3)
    if precedes is None:
        kinds = {kind(e) for e in entries}
        if len(kinds) > 1 or (entries and less(entries[0], entries[0]) is None):
            return None
        try:
            return sorted(entries)
        except TypeError:
            return None  # Times of day with a zone and without.

    def order(a: Value, b: Value) -> int:
        if invoke(run, precedes, (), a, b) is True:
            return -1
        return 1 if invoke(run, precedes, (), b, a) is True else 0

    return sorted(entries, key=cmp_to_key(order))


def _first(types: tuple[Type, ...]) -> Type:
    return types[0] if types and isinstance(types[0], ListOf) else ListOf(types[0]) if types else ANY_LIST


def _entry_type(types: tuple[Type, ...]) -> Type:
    if len(types) == 1 and isinstance(types[0], ListOf):
        return types[0].item
    return joined(*types)


def _all_lists(types: tuple[Type, ...]) -> Type:
    return ListOf(joined(*(t.item if isinstance(t, ListOf) else t for t in types)))


def _with_items(types: tuple[Type, ...]) -> Type:
    first = types[0].item if isinstance(types[0], ListOf) else types[0]
    return ListOf(joined(first, *types[1:]))


def _with_third(types: tuple[Type, ...]) -> Type:
    return _with_items((types[0], types[2])) if len(types) == 3 else ANY_LIST


_LIST = Parameter("list", ANY_LIST)
_ITEM = Parameter("newItem", ANY, nullable=True)
_POSITION = Parameter("position", NUMBER)
_ELEMENT = Parameter("element", ANY, nullable=True)
_MATCH = Parameter("match", ANY, nullable=True)
_PRECEDES = Parameter("precedes", FunctionOf((ANY, ANY), BOOLEAN), optional=True)


def _over_list(
    name: str, work: Callable[..., Value], result: Result, needs_run: bool = False, each: int = 1
) -> Builtin:
    """A built-in that takes a list, or its entries one by one."""
    entries = (Parameter("c", ANY, nullable=True),)
    forms = (
        Form((_LIST,), result, work, needs_run=needs_run, each=each),
        Form(entries, result, work, rest=True, needs_run=needs_run, each=each),
    )
    return Builtin(name, forms)


FUNCTIONS = (
    Builtin("list contains", (Form((_LIST, _ELEMENT), BOOLEAN, _contains, needs_run=True, deep=2),)),
    Builtin("count", (Form((_LIST,), NUMBER, _count),)),
    _over_list("min", _least, _entry_type),
    _over_list("max", _most, _entry_type),
    _over_list("sum", _sum, _entry_type, needs_run=True, each=0),
    _over_list("mean", _mean, _entry_type, needs_run=True),
    _over_list("product", _product, NUMBER),
    _over_list("median", _median, NUMBER, each=4),
    _over_list("stddev", _deviation, NUMBER, each=4),
    _over_list("mode", _mode, ListOf(NUMBER), each=6),
    _over_list("all", _all, BOOLEAN),
    _over_list("any", _any, BOOLEAN),
    Builtin(
        "sublist",
        (
            Form(
                (_LIST, Parameter("start position", NUMBER), Parameter("length", NUMBER, optional=True)),
                _first,
                _sublist,
            ),
        ),
    ),
    Builtin("append", (Form((_LIST, Parameter("item", ANY, nullable=True)), _with_items, _append, rest=True),)),
    Builtin("concatenate", (Form((_LIST,), _all_lists, _concatenate, rest=True),)),
    Builtin("insert before", (Form((_LIST, _POSITION, _ITEM), _with_third, _insert),)),
    Builtin("remove", (Form((_LIST, _POSITION), _first, _remove),)),
    Builtin(
        "list replace",
        (
            Form((_LIST, Parameter("position", ANY), _ITEM), _with_third, _list_replace, needs_run=True),
            Form((_LIST, Parameter("match", ANY), _ITEM), _with_third, _list_replace, needs_run=True),
        ),
    ),
    Builtin("reverse", (Form((_LIST,), _first, _reverse),)),
    Builtin("index of", (Form((_LIST, _MATCH), ListOf(NUMBER), _index_of, needs_run=True, deep=2),)),
    Builtin("union", (Form((_LIST,), _all_lists, _union, rest=True, deep=8),)),
    Builtin("distinct values", (Form((_LIST,), _first, _distinct, deep=6),)),
    Builtin("duplicate values", (Form((_LIST,), _first, _duplicates, deep=8),)),
    Builtin("flatten", (Form((_LIST,), ANY_LIST, _flatten, needs_run=True),)),
    Builtin("sort", (Form((_LIST, _PRECEDES), _first, _sort, needs_run=True),)),
)

"""FEEL's operators on values: three-valued logic, null for whatever has no meaning, never a Python exception.

Each starts with the one check that nearly every call passes (two ``Decimal``), because these run in the hot path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow

from taktflow.expressions import temporal
from taktflow.expressions.far import FarDate, FarMoment
from taktflow.expressions.run import Function, Run, text_made
from taktflow.expressions.single import Exactly, OtherThan
from taktflow.values import Range, Value, YearsMonths

MATH = Context(
    prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, traps=[InvalidOperation, DivisionByZero, Overflow]
)
"""IEEE 754 decimal128, as the standard asks. Never made anyone's current context."""
# Bound once: looking a method up costs as much as the sum itself.
_sum, _difference, _product, _quotient = MATH.add, MATH.subtract, MATH.multiply, MATH.divide

_KINDS: dict[type, str] = {
    Decimal: "number",
    int: "number",
    str: "string",
    bool: "boolean",
    datetime: "date and time",
    date: "date",
    time: "time",
    FarDate: "date",
    FarMoment: "date and time",
    timedelta: "days and time duration",
    YearsMonths: "years and months duration",
    list: "list",
    tuple: "list",
    dict: "context",
    Range: "range",
    Exactly: "range",
    OtherThan: "range",
    Function: "function",
}
_ORDERED = frozenset(
    {"number", "string", "date", "date and time", "time", "days and time duration", "years and months duration"}
)


def kind(value: Value) -> str:
    """FEEL's name for what ``value`` is; empty for null and for anything that is no value."""
    found = _KINDS.get(type(value))
    if found is None and isinstance(value, Mapping):
        return "context"
    return found or ""


def number(value: Value) -> Decimal:
    """``value``, known to be a number, as the only number there is."""
    return value if type(value) is Decimal else Decimal(value)


STEPS_TO_COMPARE, STEPS_TO_RECKON_DATES = 4, 10


def equal(run: Run, a: Value, b: Value) -> Value:
    """``a = b``, paying for what must be gone through."""
    if type(a) is type(b) and type(a) in (Decimal, str, bool):
        return a == b
    if isinstance(a, list | tuple | Mapping):
        run.charge_extent(STEPS_TO_COMPARE, a)
    else:
        run.charge(STEPS_TO_COMPARE)
    return same(a, b)


def same(a: Value, b: Value) -> Value:
    """``a = b``: null when they are of different kinds, but comparing with null always answers."""
    if a is None or b is None:
        return a is b
    kind_a = kind(a)
    if kind_a != kind(b) or not kind_a:
        return None
    return _EQUALS.get(kind_a, _plainly_equal)(a, b)


def _plainly_equal(a: Value, b: Value) -> Value:
    return bool(a == b)


def _equal_lists(a: Value, b: Value) -> Value:
    return len(a) == len(b) and all(same(x, y) is True for x, y in zip(a, b, strict=True))


def _equal_contexts(a: Value, b: Value) -> Value:
    return a.keys() == b.keys() and all(same(v, b[k]) is True for k, v in a.items())


def _equal_ranges(a: Range, b: Range) -> Value:
    ends = type(a) is type(b) and (a.low_closed, a.high_closed) == (b.low_closed, b.high_closed)
    return ends and same(a.low, b.low) is True and same(a.high, b.high) is True


_EQUALS: dict[str, Callable[[Value, Value], Value]] = {
    "list": _equal_lists,
    "context": _equal_contexts,
    "range": _equal_ranges,
    "time": temporal.alike,
    "date and time": temporal.alike,
}


def unequal(run: Run, a: Value, b: Value) -> Value:
    """``a != b``."""
    alike = equal(run, a, b)
    return None if alike is None else not alike


def is_null(a: Value) -> Value:
    """``a = null``, which always has an answer."""
    return a is None


def is_no_null(a: Value) -> Value:
    """``a != null``."""
    return a is not None


def _orderable(a: Value, b: Value) -> bool:
    kind_a = kind(a)
    return kind_a in _ORDERED and kind_a == kind(b)


def less(a: Value, b: Value) -> Value:
    """``a < b``."""
    if type(a) is Decimal and type(b) is Decimal:
        return a < b
    try:
        return a < b if _orderable(a, b) else None
    except TypeError:
        return None  # One time of day with a zone, one without.


def less_equal(a: Value, b: Value) -> Value:
    """``a <= b``."""
    if type(a) is Decimal and type(b) is Decimal:
        return a <= b
    try:
        return a <= b if _orderable(a, b) else None
    except TypeError:
        return None


def greater(a: Value, b: Value) -> Value:
    """``a > b``."""
    if type(a) is Decimal and type(b) is Decimal:
        return a > b
    return less(b, a)


def greater_equal(a: Value, b: Value) -> Value:
    """``a >= b``."""
    if type(a) is Decimal and type(b) is Decimal:
        return a >= b
    return less_equal(b, a)


def add(run: Run, a: Value, b: Value) -> Value:
    """``a + b``: numbers, texts, and lengths of time with dates and one another."""
    try:
        if type(a) is Decimal and type(b) is Decimal:
            return _sum(a, b)
        if type(a) is str and type(b) is str:
            return text_made(run, a + b)
        run.charge(STEPS_TO_RECKON_DATES)
        return _add(a, b, kind(a), kind(b))
    except (DecimalException, OverflowError, ValueError):
        return None


_LENGTHS = frozenset({"days and time duration", "years and months duration"})
_MOMENTS = frozenset({"date", "time", "date and time"})


def _add(a: Value, b: Value, kind_a: str, kind_b: str) -> Value:
    if kind_a == kind_b == "number":
        return _sum(number(a), number(b))
    if kind_a in _MOMENTS and kind_b in _LENGTHS:
        return temporal.later(a, b)
    if kind_b in _MOMENTS and kind_a in _LENGTHS:
        return temporal.later(b, a)
    if kind_a == kind_b == "days and time duration":
        return a + b
    if kind_a == kind_b == "years and months duration":
        return YearsMonths(a.months + b.months)
    return None


def subtract(a: Value, b: Value) -> Value:
    """``a - b``."""
    try:
        if type(a) is Decimal and type(b) is Decimal:
            return _difference(a, b)
        kind_a, kind_b = kind(a), kind(b)
        if kind_a == kind_b == "number":
            return _difference(number(a), number(b))
        if kind_a in _MOMENTS and kind_b in _MOMENTS:
            return temporal.between(a, b)
        return _add(a, negate(b), kind_a, kind_b) if kind_b in _LENGTHS else None
    except (DecimalException, OverflowError, ValueError, TypeError):
        return None


def negate(a: Value) -> Value:
    """``-a``."""
    if type(a) is Decimal:
        return a.copy_negate()
    match kind(a):
        case "number":
            return Decimal(-a)
        case "days and time duration":
            return -a
        case "years and months duration":
            return YearsMonths(-a.months)
        case _:
            return None


def multiply(a: Value, b: Value) -> Value:
    """``a * b``: numbers, and a length of time by a number."""
    try:
        if type(a) is Decimal and type(b) is Decimal:
            return _product(a, b)
        kind_a, kind_b = kind(a), kind(b)
        if kind_a == kind_b == "number":
            return _product(number(a), number(b))
        if kind_b == "number" and kind_a in _LENGTHS:
            return _times(a, number(b))
        return _times(b, number(a)) if kind_a == "number" and kind_b in _LENGTHS else None
    except (DecimalException, OverflowError, ValueError):
        return None


def _times(length: timedelta | YearsMonths, factor: Decimal) -> Value:
    if isinstance(length, YearsMonths):
        return YearsMonths(_whole(_product(Decimal(length.months), factor)))
    return temporal.length_of(_product(temporal.seconds_of(length), factor))


def _whole(value: Decimal) -> int:
    if abs(value) > 1_000_000_000:
        raise OverflowError("a duration of that length cannot be counted")
    return int(value)


def divide(a: Value, b: Value) -> Value:
    """``a / b``: null for a zero divisor."""
    try:
        if type(a) is Decimal and type(b) is Decimal:
            return _quotient(a, b)
        kind_a, kind_b = kind(a), kind(b)
        if kind_a == kind_b == "number":
            return _quotient(number(a), number(b))
        if kind_a == "days and time duration":
            return _length_divided(a, b, kind_b)
        if kind_a == "years and months duration":
            return _months_divided(a, b, kind_b)
        return None
    except (DecimalException, OverflowError, ValueError):
        return None


def _length_divided(a: timedelta, b: Value, kind_b: str) -> Value:
    if kind_b == "number":
        return temporal.length_of(_quotient(temporal.seconds_of(a), number(b)))
    if kind_b == "days and time duration":
        return _quotient(temporal.seconds_of(a), temporal.seconds_of(b))
    return None


def _months_divided(a: YearsMonths, b: Value, kind_b: str) -> Value:
    if kind_b == "number":
        return YearsMonths(_whole(_quotient(Decimal(a.months), number(b))))
    if kind_b == "years and months duration":
        return _quotient(Decimal(a.months), Decimal(b.months))
    return None


def power(a: Value, b: Value) -> Value:
    """``a ** b``: null where the result is no number of decimal128."""
    try:
        if kind(a) == kind(b) == "number":
            return MATH.power(number(a), number(b))
        return None
    except (DecimalException, OverflowError, ValueError):
        return None


def between(value: Value, low: Value, high: Value) -> Value:
    """``value between low and high``, both ends included."""
    return conjunction(greater_equal(value, low), less_equal(value, high))


def conjunction(*operands: Value) -> Value:
    """``and``: one false settles it, otherwise anything but true leaves it unknown."""
    answer: bool | None = True
    for operand in operands:
        if operand is False:
            return False
        if operand is not True:
            answer = None
    return answer


def disjunction(*operands: Value) -> Value:
    """``or``: one true settles it, otherwise anything but false leaves it unknown."""
    answer: bool | None = False
    for operand in operands:
        if operand is True:
            return True
        if operand is not False:
            answer = None
    return answer


def disjoined(_: Value, *operands: Value) -> Value:
    """The tests of one ``in``; the value they look at comes first because it is worked out first."""
    return disjunction(*operands)


def includes(span: Range, value: Value) -> Value:
    """Whether ``value`` lies in ``span``; null when they cannot be compared."""
    if isinstance(span, Exactly | OtherThan):
        alike = same(value, span.low)
        return alike if alike is None or isinstance(span, Exactly) else not alike
    above: Value = True
    if span.low is not None:
        above = greater_equal(value, span.low) if span.low_closed else greater(value, span.low)
    below: Value = True
    if span.high is not None:
        below = less_equal(value, span.high) if span.high_closed else less(value, span.high)
    return conjunction(above, below)


def inside(run: Run, value: Value, test: Value) -> Value:
    """``value in test``: equal to it, or found in it when it is a list or range; unknown when it is null itself."""
    return None if test is None and value is not None else _meets(run, value, test)


def _meets(run: Run, value: Value, test: Value) -> Value:
    run.charge(STEPS_TO_COMPARE)
    if isinstance(test, Range):
        if isinstance(value, Range):
            return same(value, test)
        return includes(test, value)
    if isinstance(test, list | tuple):
        if isinstance(value, list | tuple) and equal(run, value, test) is True:
            return True
        return any(_meets(run, value, entry) is True for entry in test)
    return equal(run, value, test) if isinstance(value, Mapping) else same(value, test)


def interval(low: Value, high: Value, low_closed: bool, high_closed: bool) -> Value:
    """``[low..high]``; null when the ends cannot be compared, or are given the wrong way round."""
    if low is None or high is None or less_equal(low, high) is not True:
        return None
    return Range(low, high, low_closed, high_closed)


def half_open(operator: str, bound: Value) -> Value:
    """``(> bound)`` and its kin as a range."""
    if bound is None:
        return None
    match operator:
        case "<" | "<=":
            return Range(None, bound, False, operator == "<=")
        case ">" | ">=":
            return Range(bound, None, operator == ">=", False)
        case "=":
            return Exactly(bound, bound)
        case _:
            return OtherThan(bound, bound, False, False)

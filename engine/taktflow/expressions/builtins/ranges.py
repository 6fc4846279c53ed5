"""How points and ranges lie to one another (DMN 1.5, 10.3.4.9, table 78)."""

from __future__ import annotations

from collections.abc import Callable

from taktflow.expressions.builtins.forms import Builtin, Form, Parameter
from taktflow.expressions.operators import conjunction, disjunction, greater, less, same
from taktflow.expressions.operators import includes as holds
from taktflow.expressions.types import ANY, BOOLEAN
from taktflow.values import Range, Value


def _span(value: Value) -> Range:
    """A point is the range that holds just it."""
    return value if isinstance(value, Range) else Range(value, value)


def _before(a: Value, b: Value) -> Value:
    first, second = _span(a), _span(b)
    touching = conjunction(same(first.high, second.low), not (first.high_closed and second.low_closed))
    return disjunction(less(first.high, second.low), touching)


def _after(a: Value, b: Value) -> Value:
    return _before(b, a)


def _meets(a: Value, b: Value) -> Value:
    if not (isinstance(a, Range) and isinstance(b, Range)):
        return None
    return conjunction(a.high_closed and b.low_closed, same(a.high, b.low))


def _met_by(a: Value, b: Value) -> Value:
    return _meets(b, a)


def _reaches(a: Range, b: Range) -> Value:
    return disjunction(greater(a.high, b.low), conjunction(same(a.high, b.low), a.high_closed and b.low_closed))


def _overlaps(a: Value, b: Value) -> Value:
    if not (isinstance(a, Range) and isinstance(b, Range)):
        return None
    return conjunction(_reaches(a, b), _reaches(b, a))


def _overlaps_before(a: Value, b: Value) -> Value:
    if not (isinstance(a, Range) and isinstance(b, Range)):
        return None
    starts = disjunction(less(a.low, b.low), conjunction(same(a.low, b.low), a.low_closed and not b.low_closed))
    ends = disjunction(less(a.high, b.high), conjunction(same(a.high, b.high), not a.high_closed or b.high_closed))
    return conjunction(starts, _reaches(a, b), ends)


def _overlaps_after(a: Value, b: Value) -> Value:
    return _overlaps_before(b, a)


def _finishes(a: Value, b: Value) -> Value:
    if not isinstance(b, Range):
        return None
    if not isinstance(a, Range):
        return conjunction(b.high_closed, same(a, b.high))
    inner = disjunction(greater(a.low, b.low), conjunction(same(a.low, b.low), not a.low_closed or b.low_closed))
    return conjunction(same(a.high, b.high), a.high_closed == b.high_closed, inner)


def _finished_by(a: Value, b: Value) -> Value:
    return _finishes(b, a)


def _includes(a: Value, b: Value) -> Value:
    if not isinstance(a, Range):
        return None
    if not isinstance(b, Range):
        return holds(a, b)
    low = disjunction(less(a.low, b.low), conjunction(same(a.low, b.low), a.low_closed or not b.low_closed))
    high = disjunction(greater(a.high, b.high), conjunction(same(a.high, b.high), a.high_closed or not b.high_closed))
    return conjunction(low, high)


def _during(a: Value, b: Value) -> Value:
    return _includes(b, a)


def _starts(a: Value, b: Value) -> Value:
    if not isinstance(b, Range):
        return None
    if not isinstance(a, Range):
        return conjunction(b.low_closed, same(a, b.low))
    inner = disjunction(less(a.high, b.high), conjunction(same(a.high, b.high), not a.high_closed or b.high_closed))
    return conjunction(same(a.low, b.low), a.low_closed == b.low_closed, inner)


def _started_by(a: Value, b: Value) -> Value:
    return _starts(b, a)


def _coincides(a: Value, b: Value) -> Value:
    return None if isinstance(a, Range) != isinstance(b, Range) else same(a, b)


def _relation(name: str, work: Callable[[Value, Value], Value], *names: tuple[str, str]) -> Builtin:
    pairs = names or (("range1", "range2"),)
    return Builtin(name, tuple(Form((Parameter(a, ANY), Parameter(b, ANY)), BOOLEAN, work) for a, b in pairs))


_POINTS = (("point1", "point2"), ("point", "range"), ("range", "point"), ("range1", "range2"))
_POINT_IN = (("point", "range"), ("range1", "range2"))
_HOLDING = (("range", "point"), ("range1", "range2"))
FUNCTIONS = (
    _relation("before", _before, *_POINTS),
    _relation("after", _after, *_POINTS),
    _relation("meets", _meets),
    _relation("met by", _met_by),
    _relation("overlaps", _overlaps),
    _relation("overlaps before", _overlaps_before),
    _relation("overlaps after", _overlaps_after),
    _relation("finishes", _finishes, *_POINT_IN),
    _relation("finished by", _finished_by, *_HOLDING),
    _relation("includes", _includes, *_HOLDING),
    _relation("during", _during, *_POINT_IN),
    _relation("starts", _starts, *_POINT_IN),
    _relation("started by", _started_by, *_HOLDING),
    _relation("coincides", _coincides, ("point1", "point2"), ("range1", "range2")),
)

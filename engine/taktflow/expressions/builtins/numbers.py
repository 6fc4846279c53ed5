"""Built-ins on numbers and booleans (DMN 1.5, 10.3.4.5 and 10.3.4.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    InvalidOperation,
)
from functools import lru_cache

from taktflow.expressions.builtins.forms import Builtin, Form, Parameter, place_of, whole
from taktflow.expressions.operators import MATH, kind, number, same
from taktflow.expressions.types import ANY, BOOLEAN, NUMBER
from taktflow.values import Value, YearsMonths

_SCALES = range(-6111, 6177)


def _rounder(rounding: str, places_of: Callable[[Decimal], int] = whole) -> Callable[..., Value]:
    def rounded(value: Decimal, scale: Decimal | None = None) -> Value:
        places = 0 if scale is None else places_of(scale)
        if places not in _SCALES:
            return None
        try:
            return value.quantize(_quantum(places), rounding=rounding, context=MATH)
        except InvalidOperation:
            exponent = value.as_tuple().exponent
            # Exact already, and more zeros than the number can hold would be needed to show it.
            return value if isinstance(exponent, int) and -exponent <= places else None

    return rounded


@lru_cache(maxsize=64)
def _quantum(places: int) -> Decimal:
    return Decimal((0, (1,), -places))


def _absolute(value: Value) -> Value:
    match value:
        case timedelta():
            return abs(value)
        case YearsMonths():
            return YearsMonths(abs(value.months))
        case _:
            return number(value).copy_abs() if kind(value) == "number" else None


def _modulo(dividend: Decimal, divisor: Decimal) -> Value:
    if divisor == 0:
        return None
    rest = MATH.remainder(dividend, divisor)
    # FEEL's modulo takes the divisor's sign, the decimal module's the dividend's.
    return MATH.add(rest, divisor) if rest != 0 and (rest < 0) != (divisor < 0) else rest


def _root(value: Decimal) -> Value:
    return MATH.sqrt(value) if value >= 0 else None


def _logarithm(value: Decimal) -> Value:
    return MATH.ln(value) if value > 0 else None


def _exponential(value: Decimal) -> Value:
    return MATH.exp(value)


def _odd(value: Decimal) -> Value:
    return value == value.to_integral_value() and MATH.remainder(value, Decimal(2)) != 0


def _even(value: Decimal) -> Value:
    return value == value.to_integral_value() and MATH.remainder(value, Decimal(2)) == 0


def _not(value: Value) -> Value:
    return not value if isinstance(value, bool) else None


def _is(first: Value, second: Value) -> Value:
    if kind(first) != kind(second):
        return False
    offsets = [getattr(v, "utcoffset", lambda: None)() for v in (first, second)]
    return offsets[0] == offsets[1] and same(first, second) is True


def _rounding(name: str, rounding: str, *, alone: bool = False, places_of: Callable[[Decimal], int] = whole) -> Builtin:
    work, value = _rounder(rounding, places_of), Parameter("n", NUMBER)
    scaled = Form((value, Parameter("scale", NUMBER)), NUMBER, work)
    return Builtin(name, (Form((value,), NUMBER, work), scaled) if alone else (scaled,))


_NUMBER = (Parameter("number", NUMBER),)
FUNCTIONS = (
    _rounding("decimal", ROUND_HALF_EVEN, places_of=place_of),
    _rounding("floor", ROUND_FLOOR, alone=True),
    _rounding("ceiling", ROUND_CEILING, alone=True),
    _rounding("round up", ROUND_UP),
    _rounding("round down", ROUND_DOWN),
    _rounding("round half up", ROUND_HALF_UP),
    _rounding("round half down", ROUND_HALF_DOWN),
    Builtin("abs", (Form((Parameter("n", ANY),), lambda types: types[0], _absolute),)),
    Builtin("modulo", (Form((Parameter("dividend", NUMBER), Parameter("divisor", NUMBER)), NUMBER, _modulo),)),
    Builtin("sqrt", (Form(_NUMBER, NUMBER, _root, deep=60),)),
    Builtin("log", (Form(_NUMBER, NUMBER, _logarithm, deep=150),)),
    Builtin("exp", (Form(_NUMBER, NUMBER, _exponential, deep=150),)),
    Builtin("odd", (Form(_NUMBER, BOOLEAN, _odd),)),
    Builtin("even", (Form(_NUMBER, BOOLEAN, _even),)),
    Builtin("not", (Form((Parameter("negand", ANY, nullable=True),), BOOLEAN, _not),)),
    Builtin(
        "is",
        (
            Form(
                (Parameter("value1", ANY, nullable=True), Parameter("value2", ANY, nullable=True)),
                BOOLEAN,
                _is,
                deep=4,
            ),
        ),
    ),
)

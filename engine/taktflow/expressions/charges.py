"""Operators for loops: what takes longer than numbers do is paid for before it is done."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from taktflow.expressions.operators import STEPS_TO_COMPARE, STEPS_TO_RECKON_DATES, power
from taktflow.expressions.run import Run
from taktflow.values import Value

_STEPS_TO_RAISE, _STEPS_TO_ROOT = 20, 500
_PLAIN = (Decimal, str)


def paid_order(work: Callable[..., Value], steps: int = STEPS_TO_COMPARE) -> Callable[..., Value]:
    """``work``, which orders its operands, for loops: what are neither numbers nor texts cost ``steps`` more."""

    def ordered(run: Run, a: Value, b: Value, *more: Value) -> Value:
        if type(a) not in _PLAIN or type(a) is not type(b):
            run.charge(steps)
        return work(a, b, *more)

    return ordered


def paid(work: Callable[[Value, Value], Value]) -> Callable[[Run, Value, Value], Value]:
    """``work`` for loops, where dates and lengths of time are paid for: they cost more than numbers do."""

    def reckoned(run: Run, a: Value, b: Value) -> Value:
        if work is power:
            exact = type(b) is Decimal and b.is_finite() and b == b.to_integral_value()
            run.charge(_STEPS_TO_RAISE if exact else _STEPS_TO_ROOT)
        elif type(a) is not Decimal or type(b) is not Decimal:
            run.charge(STEPS_TO_RECKON_DATES)
        return work(a, b)

    return reckoned

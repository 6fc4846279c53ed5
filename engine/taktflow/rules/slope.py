"""Proves from the structure of a formula that it never falls, or never rises, as one input grows.

Every part gets a slope: the bounds of its values, and in which ways it may move. Sums, products of known sign, the
larger and the smaller of several, rounding and steps at written borders keep what is known; anything else that depends
on the input is unknown. Every operation of the language rounds correctly, and rounding never turns an order around,
so what is proven holds to the last digit. Bounds are kept without rounding outwards: they are compared for sign and
order of whole branches only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from taktflow.expressions import tree as t

_ONE = ("floor", "ceiling", "decimal", "round up", "round down", "round half up", "round half down")


@dataclass(frozen=True, slots=True)
class Slope:
    """``rises``: it never falls as the input grows; ``falls``: it never rises. Both: it does not depend on it."""

    low: Decimal | None = None
    high: Decimal | None = None
    rises: bool = False
    falls: bool = False

    @property
    def still(self) -> bool:
        """Whether the input does not matter."""
        return self.rises and self.falls

    @property
    def turned(self) -> Slope:
        """Of the negated value."""
        low = None if self.high is None else -self.high
        high = None if self.low is None else -self.low
        return Slope(low, high, rises=self.falls, falls=self.rises)


UNKNOWN = Slope()
STILL = Slope(rises=True, falls=True)


def slope_of(node: t.Node, names: Mapping[str, Slope], input_: str) -> Slope:
    """How ``node`` moves as the input ``input_`` grows, where the names have these slopes."""
    rule = _RULES.get(type(node))
    if rule is not None:
        try:
            return rule(node, names, input_)
        except ArithmeticError:
            return UNKNOWN  # Bounds beyond any number there is.
    below = [slope_of(part, names, input_) for part in t.parts(node)]
    return STILL if all(part.still for part in below) else UNKNOWN


def _literal(node: t.Literal, _names: Mapping[str, Slope], _input: str) -> Slope:
    if isinstance(node.value, Decimal):
        return Slope(node.value, node.value, rises=True, falls=True)
    return STILL


def _name(node: t.Name, names: Mapping[str, Slope], _input: str) -> Slope:
    # A name from elsewhere, such as a variable of an iteration, may stand for anything.
    return names.get(node.name, UNKNOWN)


def _negation(node: t.Negation, names: Mapping[str, Slope], input_: str) -> Slope:
    return slope_of(node.of, names, input_).turned


def _arithmetic(node: t.Arithmetic, names: Mapping[str, Slope], input_: str) -> Slope:
    left, right = slope_of(node.left, names, input_), slope_of(node.right, names, input_)
    match node.operator:
        case "+":
            return _added(left, right)
        case "-":
            return _added(left, right.turned)
        case "*":
            return multiplied(left, right)
        case "/":
            return divided(left, right)
        case _:
            return _power(left, node.right, right)


def _added(left: Slope, right: Slope) -> Slope:
    low = None if left.low is None or right.low is None else left.low + right.low
    high = None if left.high is None or right.high is None else left.high + right.high
    return Slope(low, high, left.rises and right.rises, left.falls and right.falls)


def multiplied(left: Slope, right: Slope) -> Slope:
    """Of the product: a factor of one sign keeps the other's direction or turns it around."""
    if _below(left):
        return multiplied(left.turned, right).turned
    if _below(right):
        return multiplied(left, right.turned).turned
    low, high = _product_bounds(left, right)
    if left.still and right.still:
        return Slope(low, high, rises=True, falls=True)
    positive_left, positive_right = _above(left), _above(right)
    # Where both move, both must have one sign; a factor that stands still need not fear the other's.
    fine = (positive_left or right.still) and (positive_right or left.still)
    if not fine:
        return Slope(low, high)
    return Slope(low, high, left.rises and right.rises, left.falls and right.falls)


def _product_bounds(left: Slope, right: Slope) -> tuple[Decimal | None, Decimal | None]:
    if None not in (left.low, left.high, right.low, right.high):
        ends = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]  # type: ignore[operator]
        return min(ends), max(ends)
    if _above(left) and _above(right):
        high = None if left.high is None or right.high is None else left.high * right.high
        return (left.low or Decimal(0)) * (right.low or Decimal(0)), high
    return None, None


def _above(slope: Slope) -> bool:
    return slope.low is not None and slope.low >= 0


def _below(slope: Slope) -> bool:
    return slope.high is not None and slope.high <= 0 and not _above(slope)


def divided(left: Slope, right: Slope) -> Slope:
    """Of the quotient; unknown where the divisor may pass 0, because there it has no value."""
    number = right.low
    if number is None or number != right.high or number <= 0:
        return multiplied(left, _inverse(right))
    low, high = (None if end is None else end / number for end in (left.low, left.high))
    return replace(left, low=low, high=high)


def _inverse(slope: Slope) -> Slope:
    if slope.low is not None and slope.low > 0:
        low = Decimal(0) if slope.high is None else _down(1 / slope.high)
        return Slope(low, _up(1 / slope.low), rises=slope.falls, falls=slope.rises)
    if slope.high is not None and slope.high < 0:
        return _inverse(slope.turned).turned
    return STILL if slope.still else UNKNOWN


def _up(value: Decimal) -> Decimal:
    return value + abs(value) * Decimal("1e-20")


def _down(value: Decimal) -> Decimal:
    return value - abs(value) * Decimal("1e-20")


def _power(base: Slope, exponent: t.Node, written: Slope) -> Slope:
    if base.still and written.still:
        return STILL
    number = exponent.value if isinstance(exponent, t.Literal) else None
    if not isinstance(number, Decimal) or number <= 0 or not _above(base):
        return UNKNOWN
    # Beyond small whole powers, how the last digit is rounded is not known.
    if number % 1 != 0 or number > 9:
        return UNKNOWN
    found = base
    for _ in range(int(number) - 1):
        found = multiplied(found, base)
    return found


def _call(node: t.Call, names: Mapping[str, Slope], input_: str) -> Slope:
    name = node.of.name if isinstance(node.of, t.Name) else ""
    values: tuple[t.Node, ...] = tuple(a.value for a in node.arguments)
    if name in ("min", "max", "sum", "mean"):
        listed = len(values) == 1 and isinstance(values[0], t.ListLiteral)
        found = [slope_of(v, names, input_) for v in (t.parts(values[0]) if listed else values)]
        if found and (listed or len(values) > 1):
            return _gathered(name, found)
    told = [slope_of(v, names, input_) for v in values]
    if all(slope.still for slope in told) and isinstance(node.of, t.Name):
        return _still_call(name, told, values)
    if name in _ONE and told and all(slope.still for slope in told[1:]):
        return _widened(told[0], values)
    if name == "abs" and len(told) == 1:
        return told[0] if _above(told[0]) else told[0].turned if _below(told[0]) else Slope(low=Decimal(0))
    return UNKNOWN


def _still_call(name: str, told: list[Slope], values: tuple[t.Node, ...]) -> Slope:
    return _widened(told[0], values) if name in _ONE and told else STILL


def _widened(slope: Slope, values: tuple[t.Node, ...]) -> Slope:
    """Of the rounded value: it lies within one unit of its last decimal."""
    scale = values[1] if len(values) > 1 else None
    if scale is None:
        unit = Decimal(1)
    elif isinstance(scale, t.Literal) and isinstance(scale.value, Decimal) and abs(scale.value) < 20:
        unit = Decimal(1).scaleb(-int(scale.value))
    else:
        return replace(slope, low=None, high=None)
    low = None if slope.low is None else Decimal(0) if slope.low == 0 else slope.low - unit
    high = None if slope.high is None else Decimal(0) if slope.high == 0 else slope.high + unit
    return replace(slope, low=low, high=high)


def _gathered(name: str, found: list[Slope]) -> Slope:
    rises, falls = all(s.rises for s in found), all(s.falls for s in found)
    lows, highs = [s.low for s in found], [s.high for s in found]
    known_lows, known_highs = [n for n in lows if n is not None], [n for n in highs if n is not None]
    match name:
        case "min":
            low = min(known_lows) if None not in lows else None
            return Slope(low, min(known_highs, default=None), rises, falls)
        case "max":
            high = max(known_highs) if None not in highs else None
            return Slope(max(known_lows, default=None), high, rises, falls)
        case _:
            if None in lows or None in highs:
                return Slope(None, None, rises, falls)
            share = Decimal(1) if name == "sum" else Decimal(1) / len(found)
            return Slope(sum(known_lows) * share, sum(known_highs) * share, rises, falls)


def _if(node: t.If, names: Mapping[str, Slope], input_: str) -> Slope:
    asked = _null_test(node.test, input_)
    if asked is not None:
        # The input climbs through values; that it is missing is no step of the climb.
        return slope_of(node.otherwise if asked else node.then, names, input_)
    border = _border(node.test, input_)
    if border is not None:
        return _stepped(node, border, names, input_)
    then, otherwise = slope_of(node.then, names, input_), slope_of(node.otherwise, names, input_)
    low, high = _joined(then, otherwise)
    if isinstance(node.test, t.Name) and node.test.name == input_:
        # A flag climbs from false to true.
        return _climbed(otherwise, then, low, high)
    if slope_of(node.test, names, input_).still:
        return Slope(low, high, then.rises and otherwise.rises, then.falls and otherwise.falls)
    return Slope(low, high)


def _joined(a: Slope, b: Slope) -> tuple[Decimal | None, Decimal | None]:
    low = None if a.low is None or b.low is None else min(a.low, b.low)
    return low, None if a.high is None or b.high is None else max(a.high, b.high)


def _null_test(test: t.Node, input_: str) -> bool | None:
    """True for ``input = null``, False for ``input != null``, None for anything else."""
    if not isinstance(test, t.Comparison) or test.operator not in ("=", "!="):
        return None
    sides = (test.left, test.right)
    named = any(isinstance(s, t.Name) and s.name == input_ for s in sides)
    null = any(isinstance(s, t.Literal) and s.value is None for s in sides)
    return test.operator == "=" if named and null else None


def _border(test: t.Node, input_: str) -> tuple[Decimal, bool] | None:
    """Where ``input`` is compared with a written number: the number, and whether the test holds below it."""
    match test:
        case t.Comparison(operator=sign, left=t.Name(name=name), right=t.Literal(value=Decimal() as number)):
            below = sign in ("<", "<=")
        case t.Comparison(operator=sign, left=t.Literal(value=Decimal() as number), right=t.Name(name=name)):
            below = sign in (">", ">=")
        case t.Comparison(operator="=", left=t.Name(name=name), right=t.Literal(value=True)) if name == input_:
            return None
        case _:
            return None
    return (number, below) if name == input_ and sign not in ("=", "!=") else None


def _stepped(node: t.If, border: tuple[Decimal, bool], names: Mapping[str, Slope], input_: str) -> Slope:
    number, below_holds = border
    whole = names[input_]
    under = {**names, input_: replace(whole, high=number if whole.high is None else min(whole.high, number))}
    over = {**names, input_: replace(whole, low=number if whole.low is None else max(whole.low, number))}
    below, above = (node.then, node.otherwise) if below_holds else (node.otherwise, node.then)
    first, second = slope_of(below, under, input_), slope_of(above, over, input_)
    return _climbed(first, second, *_joined(first, second))


def _climbed(first: Slope, second: Slope, low: Decimal | None, high: Decimal | None) -> Slope:
    """Of a step from ``first`` to ``second``: each keeps its way, and all of one lies beyond all of the other."""
    up = first.high is not None and second.low is not None and first.high <= second.low
    down = first.low is not None and second.high is not None and first.low >= second.high
    return Slope(low, high, first.rises and second.rises and up, first.falls and second.falls and down)


_RULES: Mapping[type[t.Node], Callable[[Any, Mapping[str, Slope], str], Slope]] = {
    t.Literal: _literal,
    t.Name: _name,
    t.Negation: _negation,
    t.Arithmetic: _arithmetic,
    t.Call: _call,
    t.If: _if,
}

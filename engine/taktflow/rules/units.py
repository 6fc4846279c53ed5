"""Units of measure in a formula: what a product or quotient counts, and where kilograms would be added to pieces.

Only what is declared is doubted: a number written in the formula and an input without a unit may count anything. A unit
is a product of named units with whole powers; units are never converted, so kg and g are two units.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from taktflow.expressions import Expression
from taktflow.expressions import tree as t

Unit: TypeAlias = tuple[tuple[str, int], ...]
"""Names with their powers, in the order of the names; empty for a ratio."""

_POWER = re.compile(r"(?P<name>[^\d^²³*·/\s]+)(?:\^?(?P<power>-?\d{1,2})|(?P<mark>[²³]))?")
_MARKS = {"²": 2, "³": 3}
_KEEPING = frozenset(
    {"abs", "floor", "ceiling", "decimal", "round up", "round down", "round half up", "round half down"}
)
_GATHERING = frozenset({"min", "max", "sum", "mean", "median", "mode", "stddev"})


def unit_read(text: str) -> Unit:
    """The unit that ``text`` writes, such as ``CNY/kg``, ``m2`` or ``kg*m/s^2``; ``%`` and ``1`` are ratios.

    Text of another shape is one name.
    """
    powers: dict[str, int] = {}
    sign = 1
    for piece in re.split(r"([*·/])", "".join(text.split())):
        if piece in ("*", "·", "/"):
            sign = -1 if piece == "/" else 1
        elif piece not in ("%", "1", ""):
            match = _POWER.fullmatch(piece)
            name, power = (match["name"], _power(match)) if match else (piece, 1)
            powers[name] = powers.get(name, 0) + sign * power
    return _unit(powers)


def _power(match: re.Match[str]) -> int:
    return int(match["power"]) if match["power"] else _MARKS.get(match["mark"] or "", 1)


def _unit(powers: Mapping[str, int]) -> Unit:
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def unit_text(unit: Unit) -> str:
    """The unit as people write it; 1 for a ratio."""
    over = "*".join(_raised(name, power) for name, power in unit if power > 0) or "1"
    under = "".join("/" + _raised(name, -power) for name, power in unit if power < 0)
    return over + under


def _raised(name: str, power: int) -> str:
    return name if power == 1 else f"{name}^{power}"


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a value counts: ``unit`` is None when unknown. ``scaled``: a written number may have converted it."""

    unit: Unit | None = None
    scaled: bool = False
    constant: bool = False


UNKNOWN = Quantity()


@dataclass(frozen=True, slots=True)
class Mixture:
    """Two sides with different units that are added, compared or chosen between."""

    left: str
    left_unit: Unit
    right: str
    right_unit: Unit
    scaled: bool

    def args(self) -> dict[str, Any]:
        """The arguments of its sentence."""
        units = {"left_unit": unit_text(self.left_unit), "right_unit": unit_text(self.right_unit)}
        return {"left": self.left, "right": self.right, **units}


def mixtures(expression: Expression, units: Mapping[str, Unit | None]) -> tuple[Quantity, list[Mixture]]:
    """What ``expression`` counts where names have ``units``, and every place where it mixes them."""
    walk = _Walk(expression.text, units)
    return walk.of(expression.root), walk.found


@dataclass(slots=True)
class _Walk:
    text: str
    units: Mapping[str, Unit | None]
    found: list[Mixture] = field(default_factory=list)

    def of(self, node: t.Node) -> Quantity:
        known = _RULES.get(type(node))
        if known is not None:
            return known(self, node)
        if not isinstance(node, t.For | t.Quantified | t.Filter | t.FunctionLiteral | t.ContextLiteral):
            # In the others a name may mean something of their own.
            for part in t.parts(node):
                self.of(part)
        return UNKNOWN

    def _alike(self, nodes: Iterable[t.Node]) -> Quantity:
        """One unit for all of ``nodes``; a mixture where two declare different ones."""
        first: tuple[t.Node, Quantity] | None = None
        for node in nodes:
            quantity = self.of(node)
            if quantity.unit is None:
                continue
            if first is None:
                first = (node, quantity)
            elif first[1].unit is not None and first[1].unit != quantity.unit:
                sides = (self._source(first[0]), first[1].unit, self._source(node), quantity.unit)
                self.found.append(Mixture(*sides, scaled=first[1].scaled or quantity.scaled))
        return first[1] if first else UNKNOWN

    def _source(self, node: t.Node) -> str:
        return self.text[node.at : node.end]

    def _literal(self, node: t.Literal) -> Quantity:
        return Quantity(constant=isinstance(node.value, Decimal))

    def _name(self, node: t.Name) -> Quantity:
        return Quantity(self.units.get(node.name))

    def _negation(self, node: t.Negation) -> Quantity:
        return self.of(node.of)

    def _arithmetic(self, node: t.Arithmetic) -> Quantity:
        if node.operator in ("+", "-"):
            return self._alike((node.left, node.right))
        left, right = self.of(node.left), self.of(node.right)
        if node.operator == "**":
            return _raised_to(left, node.right)
        sign = 1 if node.operator == "*" else -1
        if left.unit is None and right.unit is None:
            return Quantity(constant=left.constant and right.constant)
        if left.unit is None or right.unit is None:
            other = left if left.unit is None else right
            return Quantity(_times(left.unit or (), right.unit or (), sign), True) if other.constant else UNKNOWN
        return Quantity(_times(left.unit, right.unit, sign), left.scaled or right.scaled)

    def _comparison(self, node: t.Comparison) -> Quantity:
        self._alike((node.left, node.right))
        return UNKNOWN

    def _between(self, node: t.Between) -> Quantity:
        self._alike((node.of, node.low, node.high))
        return UNKNOWN

    def _in(self, node: t.In) -> Quantity:
        ends: list[t.Node] = [node.of]
        for test in node.tests:
            ends += [test.operand] if isinstance(test, t.UnaryTest) else t.parts(test) or [test]
        self._alike(ends)
        return UNKNOWN

    def _if(self, node: t.If) -> Quantity:
        self.of(node.test)
        return self._alike((node.then, node.otherwise))

    def _call(self, node: t.Call) -> Quantity:
        name = node.of.name if isinstance(node.of, t.Name) else ""
        values: list[t.Node] = [a.value for a in node.arguments]
        if name in _GATHERING:
            listed = values[0].items if len(values) == 1 and isinstance(values[0], t.ListLiteral) else values
            return self._alike(listed)
        found = [self.of(v) for v in values]
        return found[0] if name in _KEEPING and found else UNKNOWN


def _times(left: Unit, right: Unit, sign: int) -> Unit:
    powers: dict[str, int] = {}
    for unit, factor in ((left, 1), (right, sign)):
        for name, power in unit:
            powers[name] = powers.get(name, 0) + factor * power
    return _unit(powers)


def _raised_to(of: Quantity, exponent: t.Node) -> Quantity:
    whole = isinstance(exponent, t.Literal) and isinstance(exponent.value, Decimal) and exponent.value % 1 == 0
    if of.unit is None or not whole or not isinstance(exponent, t.Literal) or abs(exponent.value) > 9:
        return UNKNOWN
    return Quantity(_unit({name: power * int(exponent.value) for name, power in of.unit}), of.scaled)


_RULES: Mapping[type[t.Node], Callable[[_Walk, Any], Quantity]] = {
    t.Literal: _Walk._literal,
    t.Name: _Walk._name,
    t.Negation: _Walk._negation,
    t.Arithmetic: _Walk._arithmetic,
    t.Comparison: _Walk._comparison,
    t.Between: _Walk._between,
    t.In: _Walk._in,
    t.If: _Walk._if,
    t.Call: _Walk._call,
}

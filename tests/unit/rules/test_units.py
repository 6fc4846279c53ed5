"""Units that do not go together are found; what is not declared is not doubted."""

from __future__ import annotations

from typing import Any

import pytest

from taktflow.rules import formula_findings
from taktflow.rules.units import unit_read, unit_text
from tests.unit.rules.builders import a_formula

INPUTS: dict[str, Any] = {
    "weight": {"type": "number", "unit": "kg"},
    "tare": {"type": "number", "unit": "kg"},
    "pieces": {"type": "number", "unit": "pcs"},
    "price": {"type": "number", "unit": "CNY/pcs"},
    "bare": {"type": "number"},
}


def found(expr: str, **settings: Any) -> list[tuple[str, str]]:
    return [(f.code, f.severity) for f in formula_findings(a_formula(INPUTS, expr, **settings))]


@pytest.mark.parametrize(
    "expr",
    [
        "weight + pieces",
        "weight - tare + pieces",
        "max(weight, pieces)",
        "sum([weight, pieces])",
        "if bare > 0 then weight else pieces",
        "if weight > pieces then 1 else 2",
        "if weight in [pieces..tare] then 1 else 2",
        "price * pieces + pieces",
        "round half up(weight, 2) + abs(pieces)",
    ],
)
def test_adding_or_comparing_different_units_is_an_error(expr: str) -> None:
    assert found(expr) == [("formula.unit", "error")]


@pytest.mark.parametrize(
    "expr",
    ["weight + tare", "weight + 5", "bare + weight", "price * pieces", "weight / tare + 1", "weight * bare + pieces"],
)
def test_units_that_go_together_or_are_not_known_are_left_alone(expr: str) -> None:
    assert found(expr) == []


def test_a_written_factor_may_convert_so_that_a_mixture_is_only_a_warning() -> None:
    assert found("weight * 1000 + pieces") == [("formula.unit", "warning")]


def test_steps_carry_their_units_on() -> None:
    assert found("total + weight", steps={"total": "price * pieces"}) == [("formula.unit", "error")]


def test_the_result_has_the_unit_that_it_declares() -> None:
    assert found("price * pieces", output={"unit": "CNY"}) == []
    assert found("price * pieces", output={"unit": "USD"}) == [("formula.unit_output", "error")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("kg", "kg"),
        ("元/件", "元/件"),
        ("m²", "m^2"),
        ("kg*m/s^2", "kg*m/s^2"),
        ("kg/kg", "1"),
        ("%", "1"),
        ("CNY / pcs", "CNY/pcs"),
    ],
)
def test_units_are_read_as_products_of_powers(text: str, shown: str) -> None:
    assert unit_text(unit_read(text)) == shown

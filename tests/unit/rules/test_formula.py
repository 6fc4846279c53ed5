"""What a formula computes, and whether its promises hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from taktflow.errors import Invalid
from taktflow.expressions import LimitExceeded
from taktflow.rules import compile_formula, formula_findings
from taktflow.sdk import NodeError
from taktflow.values import has_errors
from tests.unit.rules.builders import a_formula, computed, figure

D = Decimal

NUMBER = {"type": "number"}
PRIORITY = {
    "tier": {"type": "text", "expr": "customer.tier"},
    "amount": {"type": "number", "expr": "order.amount", "monotone": "increasing", "min": 0, "max": 1000000},
    "days": {"type": "number", "monotone": "decreasing", "min": 0, "max": 60},
}
PRIORITY_STEPS = {
    "tier_factor": 'if tier = "S" then 3 else if tier = "A" then 2 else 1',
    "amount_factor": "1 + amount / 100000",
    "urgency": "60 / (days + 1)",
}


def a_priority(**changes: Any) -> Any:
    return a_formula(
        PRIORITY,
        **{
            "expr": "tier_factor * amount_factor * urgency",
            "steps": PRIORITY_STEPS,
            "output": {"scale": 2, "max": 1000, "rounding": "half_up"},
            **changes,
        },
    )


@pytest.mark.mission("S11")
def test_a_priority_shows_the_inputs_and_steps_that_led_to_it() -> None:
    found = computed(a_priority(), customer={"tier": "A"}, order={"amount": D(50000)}, days=D(2))

    assert found.value == D("60.00")
    assert found.trace == {
        "formula": "figure",
        "version": 2,
        "inputs": {"tier": "A", "amount": D(50000), "days": D(2)},
        "steps": {"tier_factor": D(2), "amount_factor": D("1.5"), "urgency": D(20)},
        "result": D("60.00"),
    }


def test_the_result_is_rounded_and_kept_within_its_bounds() -> None:
    formula = a_formula({"a": NUMBER}, "a / 3", output={"scale": 1, "rounding": "up", "min": 1, "max": 5})

    assert str(figure(formula, a=D(10))) == "3.4"
    assert str(figure(formula, a=D(-10))) == "1.0"
    assert str(figure(formula, a=D(100))) == "5.0"


def test_a_bound_holds_after_rounding_too() -> None:
    formula = a_formula({"a": NUMBER}, "a", output={"scale": 1, "max": Decimal("0.25"), "min": Decimal("-0.25")})

    assert figure(formula, a=D(1)) == D("0.2")
    assert figure(formula, a=D(-1)) == D("-0.2")


@pytest.mark.parametrize("given", [{}, {"a": None}, {"a": "many"}, {"a": True}])
def test_a_required_input_that_is_missing_or_mistyped_is_named(given: dict[str, Any]) -> None:
    with pytest.raises(NodeError) as refused:
        computed(a_formula({"a": NUMBER}, "a"), **given)

    assert refused.value.code == "formula.input"
    assert "input a of figure" in refused.value.text.en


def test_an_optional_input_may_be_missing() -> None:
    formula = a_formula({"a": NUMBER, "b": {"type": "number", "required": False}}, "if b = null then a else a + b")

    assert figure(formula, a=D(1)) == D(1)
    assert figure(formula, a=D(1), b=D(2)) == D(3)


@pytest.mark.parametrize(
    ("a", "found"), [(D(0), D(0)), (D(10), D(10)), (D(-1), "formula.input"), (D(11), "formula.input")]
)
def test_an_input_outside_its_declared_bounds_is_refused(a: D, found: Any) -> None:
    assert figure(a_formula({"a": {"type": "number", "min": 0, "max": 10}}, "a"), a=a) == found


def test_a_large_result_keeps_its_decimals_and_one_beyond_all_measure_says_so() -> None:
    formula = a_formula({"a": NUMBER}, "a * a", output={"scale": 2})

    assert figure(formula, a=D("1E+30")) == D("1E+60")
    assert figure(formula, a=D("1E+80")) == "formula.output"


def test_a_formula_that_gives_no_number_says_so() -> None:
    assert figure(a_formula({"a": NUMBER}, "1 / a"), a=D(0)) == "formula.output"


@pytest.mark.mission("S11")
def test_a_formula_that_keeps_its_promises_has_no_findings() -> None:
    assert formula_findings(a_priority()) == []


@pytest.mark.mission("S11")
@pytest.mark.parametrize(
    ("steps", "at"),
    [
        ({**PRIORITY_STEPS, "urgency": "days"}, "/inputs/days/monotone"),
        (
            {**PRIORITY_STEPS, "amount_factor": "if amount > 500000 then 1 else 1 + amount / 100000"},
            "/inputs/amount/monotone",
        ),
        (
            {**PRIORITY_STEPS, "amount_factor": 'if tier = "A" then 10 - amount / 100000 else 1'},
            "/inputs/amount/monotone",
        ),
    ],
)
def test_a_broken_promise_comes_with_two_values_that_show_it(steps: dict[str, str], at: str) -> None:
    formula = a_priority(steps=steps)
    (finding,) = formula_findings(formula)

    assert (finding.code, finding.at) == ("formula.monotone", at)
    moves = finding.args["high_result"] > finding.args["low_result"]
    assert moves is (at == "/inputs/days/monotone")
    assert finding.args["low"] < finding.args["high"]


def test_a_formula_sees_its_declared_inputs_only() -> None:
    formula = a_formula({"a": NUMBER}, "a + b + c", steps={"b": "a + secret", "c": "d"})

    found = formula_findings(formula)

    assert [(f.code, f.at, f.args["name"]) for f in found] == [
        ("formula.name", "/steps/b", "secret"),
        ("formula.name", "/steps/c", "d"),
    ]
    with pytest.raises(Invalid):
        compile_formula(formula, 1)


def test_everything_wrong_with_a_formula_is_told_at_once() -> None:
    found = formula_findings(
        a_formula(
            {
                "a": {"type": "number", "expr": "1 +", "min": 3, "max": 2},
                "t": {"type": "text", "monotone": "increasing"},
            },
            "a *",
            steps={"a": "1"},
            output={"min": 2, "max": 1},
        )
    )

    assert {f.at for f in found} == {
        "/inputs/a/expr",
        "/inputs/a/min",
        "/inputs/t/monotone",
        "/output/min",
        "/steps/a",
        "/expr",
    }
    assert has_errors(found)


def test_a_promise_that_no_sample_could_try_is_a_warning() -> None:
    (finding,) = formula_findings(a_formula({"a": {"type": "number", "monotone": "increasing"}}, "null"))

    assert (finding.code, finding.severity) == ("formula.unprobed", "warning")


def test_a_formula_that_would_do_too_much_fails_as_itself() -> None:
    formula = a_formula({"a": NUMBER}, "(for x in 1..9000 return for y in 1..9000 return x * y * a)[1][1]")

    with pytest.raises(NodeError) as refused:
        computed(formula, a=D(1))

    assert refused.value.code == "formula.output"
    assert isinstance(refused.value.__cause__, LimitExceeded)

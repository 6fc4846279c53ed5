"""What the structure of a formula proves about its direction is true wherever one looks."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.expressions import Clock, parse
from taktflow.rules import compile_formula, formula_findings
from taktflow.rules.monotone import slope_of_figure
from taktflow.rules.slope import Slope, slope_of
from tests.unit.rules.builders import a_formula
from tests.unit.rules.test_scorecard import a_card

D = Decimal
CLOCK = Clock(datetime(2026, 1, 15, tzinfo=UTC), UTC)
X = Slope(D(-4), D(6), rises=True)
NAMES = {"x": X, "p": Slope(D(1), D(5), rises=True, falls=True), "n": Slope(D(-3), D(2), rises=True, falls=True)}


def direction(text: str) -> str:
    slope = slope_of(parse(text).root, NAMES, "x")
    return {(True, True): "still", (True, False): "rises", (False, True): "falls"}.get(
        (slope.rises, slope.falls), "unknown"
    )


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("p * 3 + n", "still"),
        ("x + n", "rises"),
        ("n - x", "falls"),
        ("x * p", "rises"),
        ("x * n", "unknown"),
        ("-2 * x / 3", "falls"),
        ("(x + 4) * (x + 4)", "rises"),
        ("x * x", "unknown"),
        ("(x + 4) ** 2", "rises"),
        ("1 / (x + 5)", "falls"),
        ("1 / x", "unknown"),
        ("max(0, min(x, 3))", "rises"),
        ("round half up(floor(x), 2)", "rises"),
        ("abs(x - 10)", "falls"),
        ("abs(x)", "unknown"),
        ("if x > 2 then 10 else x", "rises"),
        ("if x < 0 then 5 else if x < 3 then 4 else 3 - x / 100", "falls"),
        ("if x > 2 then 0 else x", "unknown"),
        ("if n > 0 then x else 2 * x", "rises"),
        ("if x = null then 100 else x", "rises"),
        ("sum([x, p, 1])", "rises"),
        ("today().year + x", "rises"),
        ("count([x])", "unknown"),
        ("(((((((p * 100000 + x) ** 9) ** 9) ** 9) ** 9) ** 9) ** 9) ** 9", "unknown"),
    ],
)
def test_the_direction_is_read_from_the_structure(text: str, way: str) -> None:
    assert direction(text) == way


ATOMS = st.sampled_from(["x", "x", "p", "n", "0", "2", "-1.5", "0.3"])


def _more(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/"]), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max", "sum", "mean"]), inner, inner),
        st.builds(
            "(if x {} {} then {} else {})".format, st.sampled_from(["<", ">="]), st.integers(-4, 6), inner, inner
        ),
        st.builds("(if n > 0 then {} else {})".format, inner, inner),
        st.builds("{}({})".format, st.sampled_from(["floor", "ceiling", "abs", "-"]), inner),
        st.builds("round half up({}, 1)".format, inner),
        st.builds("({} ** 2)".format, inner),
    )


POINTS = [D(n) / 2 for n in range(-8, 13)]


@given(st.recursive(ATOMS, _more, max_leaves=7), st.sampled_from([D(1), D(5)]), st.sampled_from([D(-3), D(2)]))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_what_is_proven_is_true_on_every_grid(text: str, p: D, n: D) -> None:
    expression = parse(text)
    slope = slope_of(expression.root, NAMES, "x")

    values = [expression.evaluate({"x": x, "p": p, "n": n}, CLOCK) for x in POINTS]

    given_values = [v for v in values if v is not None]
    assert not slope.rises or given_values == sorted(given_values)
    assert not slope.falls or given_values == sorted(given_values, reverse=True)
    tiny = D("1e-15")
    assert slope.low is None or all(v >= slope.low - tiny for v in given_values)
    assert slope.high is None or all(v <= slope.high + tiny for v in given_values)


BANDS = [{"when": "[0..10)", "points": 1}, {"when": "[10..20)", "points": 5}, {"when": ">=20", "points": 9}]
DELAY = {"type": "number", "min": 0, "max": 100, "monotone": "increasing"}


@pytest.mark.mission("S11")
def test_the_bands_of_a_scorecard_prove_its_promises() -> None:
    card = a_card({"a": {"bands": BANDS, "weight": 40}, "b": {"weight": 60}}, {"a": DELAY, "b": {"type": "number"}})

    assert slope_of_figure(compile_formula(card, 1), "a").rises
    assert formula_findings(card) == []


@pytest.mark.mission("S11")
def test_bands_that_break_a_promise_are_shown_by_two_values_at_their_very_border() -> None:
    narrow = [
        {"when": "[0..30.001)", "points": 1},
        {"when": "[30.001..30.002)", "points": 5},
        {"when": ">=30.002", "points": 4},
    ]

    (finding,) = formula_findings(a_card({"a": {"bands": narrow}}, {"a": DELAY}))

    assert (finding.code, finding.at) == ("formula.monotone", "/inputs/a/monotone")
    assert (finding.args["low_result"], finding.args["high_result"]) == (D("5.0"), D("4.0"))


def test_a_promise_that_is_not_proven_says_that_it_was_only_tried() -> None:
    formula = a_formula({"a": {"type": "number", "monotone": "increasing", "min": -5, "max": 5}}, "a * a * a")

    (finding,) = formula_findings(formula)

    assert (finding.code, finding.severity) == ("formula.monotone_tried", "info")


def test_bounds_that_always_decide_the_result_are_a_warning() -> None:
    inputs: dict[str, Any] = {"a": {"type": "number", "min": 200, "max": 500}}

    (finding,) = formula_findings(a_formula(inputs, "a * 2", output={"max": 100}))

    assert (finding.code, finding.at, finding.severity) == ("formula.always_bounded", "/output/max", "warning")

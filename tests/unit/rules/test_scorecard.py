"""What a scorecard gives, how it explains itself, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.definitions.formula import Formula, PointsBand
from taktflow.errors import Invalid
from taktflow.expressions import NUMBER, parse_cell
from taktflow.rules import compile_formula, formula_findings
from taktflow.rules.scorecard_bands import ladder_of, points_at
from taktflow.sdk import NodeError
from taktflow.values import dumps, loads
from tests.unit.rules.builders import NOW, ZONE, a_formula, computed, figure

D = Decimal

RATIO = {"type": "number", "required": False, "min": 0, "monotone": "decreasing"}
COUNT = {"type": "number", "required": False, "min": 0}
RATING = {"type": "number", "required": False, "min": 1, "max": 5, "monotone": "increasing"}
HEALTH_PARTS: dict[str, Any] = {
    "punctuality": {"expr": "100 * (1.5 - ratio) / 0.5", "min": 0, "max": 100, "weight": 50, "missing": "skip"},
    "changes": {
        "bands": [{"when": 0, "points": 100}, {"when": "(0..3]", "points": 60}, {"when": "-", "points": 0}],
        "weight": 20,
        "missing": 100,
    },
    "rating": {"expr": "(rating - 1) * 25", "min": 0, "max": 100, "weight": 30, "missing": "skip"},
}
GRADES = [{"id": "green", "from": 80}, {"id": "amber", "from": 50}, {"id": "red"}]


def a_card(parts: Mapping[str, Any], inputs: Mapping[str, Any] | None = None, **card: Any) -> Formula:
    """A formula called ``health``; every part reads an optional number of its name unless ``inputs`` say otherwise."""
    output = card.pop("output", {"scale": 1})
    return Formula.model_validate(
        {
            "kind": "formula",
            "id": "health",
            "title": {"zh": "健康度", "en": "Health"},
            "inputs": inputs if inputs is not None else dict.fromkeys(parts, COUNT),
            "scorecard": {"parts": parts, **card},
            "output": output,
        }
    )


def a_health(**card: Any) -> Formula:
    return a_card(HEALTH_PARTS, {"ratio": RATIO, "changes": COUNT, "rating": RATING}, bands=GRADES, **card)


def codes(definition: Formula) -> dict[str, str]:
    return {f.at: f.code for f in formula_findings(definition)}


@pytest.mark.mission("F1")
def test_a_health_score_weighs_its_parts_and_explains_each_share() -> None:
    found = computed(a_health(), ratio=D("1.1"), changes=D(2), rating=D(3))

    assert found.value == D("67.0")
    scored = found.trace["scorecard"]
    shown = [(p["part"], p["points"], p["contribution"], p["share"]) for p in scored["parts"]]
    assert shown == [
        ("punctuality", D(80), D("40.0"), D("59.7")),
        ("changes", D(60), D("12.0"), D("17.9")),
        ("rating", D(50), D("15.0"), D("22.4")),
    ]
    assert scored["band"] == "amber"
    assert loads(dumps(found.trace)) == found.trace


@pytest.mark.mission("F1")
def test_it_says_in_both_languages_what_counted_and_what_would_lift_it() -> None:
    told = computed(a_health(), ratio=D("1.1"), changes=D(2), rating=D(3)).trace["scorecard"]["told"]

    assert told["en"] == (
        "The score is 67.0, grade amber: punctuality earns 80 points, which contribute 40.0 (59.7 %); "
        "rating earns 50 points, which contribute 15.0 (22.4 %); "
        "changes is 2 and earns 60 points, which contribute 12.0 (17.9 %). "
        "Grade green is 13.0 away; reached alone by rating with 93.3334 points."
    )
    assert told["zh"].startswith("得分为 67.0，等级为 amber：punctuality 得 80 分，贡献 40.0（占 59.7%）；")
    assert told["zh"].endswith("距等级 green 还差 13.0；单独改变以下任一项即可达到：rating 达到 93.3334 分。")


@pytest.mark.mission("F1")
def test_the_weight_of_a_part_without_a_value_goes_to_the_others_or_it_has_points_of_its_own() -> None:
    skipped = computed(a_health(), ratio=D(1), changes=D(0))
    filled = computed(a_health(), ratio=D(1), rating=D(5))
    parts = {p["part"]: p for p in skipped.trace["scorecard"]["parts"]}

    assert skipped.value == filled.value == D("100.0")
    assert (parts["rating"]["missing"], parts["rating"]["points"], parts["rating"]["counts"]) == ("skip", None, 0)
    assert (parts["punctuality"]["counts"], parts["changes"]["counts"]) == (D("71.428571"), D("28.571429"))


def test_a_missing_value_is_an_error_unless_a_rule_says_otherwise() -> None:
    bands = [{"when": "-", "points": 1}]

    assert figure(a_card({"a": {"bands": bands}})) == "scorecard.missing"
    assert figure(a_card({"a": {"bands": [{"when": "null", "points": 7}, *bands]}})) == D("7.0")
    assert figure(a_card({"a": {"missing": "skip"}})) == "scorecard.nothing"


def test_a_value_that_no_band_holds_is_never_given_points_in_silence() -> None:
    card = a_card({"a": {"bands": [{"when": "[0..10)", "points": 1}]}})

    assert figure(card, a=D(10)) == "scorecard.band"


def test_points_beyond_any_score_are_refused() -> None:
    assert figure(a_card({"a": {}}, {"a": {"type": "number"}}), a=D("1E+80")) == "scorecard.huge"


def test_a_sum_is_stretched_to_its_target_scale() -> None:
    bands = [{"when": "[0..10)", "points": -5}, {"when": ">=10", "points": 15}]
    card = a_card({"a": {"bands": bands}, "b": {"min": 0, "max": 20, "weight": 2}}, combine="sum", target=[300, 900])

    assert figure(card, a=D(0), b=D(0)) == D("300.0")
    assert figure(card, a=D(10), b=D(99)) == D("900.0")
    assert figure(card, a=D(10), b=D(0)) == D("500.0")


def test_a_card_gives_a_number_its_grade_or_everything() -> None:
    given = {"ratio": D(1), "changes": D(0), "rating": D(5)}
    whole = figure(a_health(result="card"), **given)

    assert figure(a_health(result="band"), **given) == "green"
    assert (whole["score"], whole["band"], whole["parts"]["rating"]["contribution"]) == (D("100.0"), "green", D("30.0"))


def test_bands_hold_texts_dates_and_lists_as_cells_of_a_table_do() -> None:
    bands = [{"when": "S, A", "points": 10}, {"when": "not(B, S, A)", "points": 1}, {"when": "-", "points": 4}]
    card = a_card({"tier": {"bands": bands}}, {"tier": {"type": "text"}})

    assert [figure(card, tier=t) for t in "SACB"] == [D("10.0"), D("10.0"), D("1.0"), D("4.0")]


@pytest.mark.parametrize("result", ["score", "band", "card"])
def test_many_are_scored_at_once_as_each_alone_with_a_failure_in_its_place(result: str) -> None:
    card = compile_formula(a_health(result=result), 1)
    good = [{"ratio": D(n) / 10, "changes": D(n % 4), "rating": None if n % 3 else D(4)} for n in range(8, 16)]
    scopes: list[dict[str, Any]] = [{"ratio": D(-1)}, *good, {"ratio": "x"}, {}]

    first, *found, mistyped, nothing = card.compute_many(scopes, now=NOW, zone=ZONE)

    assert [f.code for f in (first, mistyped)] == ["formula.input", "formula.input"]
    assert nothing == card.decide({}, now=NOW, zone=ZONE).value
    assert found == [card.decide(scope, now=NOW, zone=ZONE).value for scope in good]


def test_one_that_would_do_too_much_fails_alone_among_many() -> None:
    text = "if a = 1 then (for x in 1..9000 return for y in 1..9000 return x * y)[1][1] else a"
    formula = compile_formula(a_formula({"a": {"type": "number"}}, text), 1)

    too_much, fine, missing = formula.compute_many([{"a": D(1)}, {"a": D(2)}, {}], now=NOW, zone=ZONE)

    assert (too_much.code, fine, missing.code) == ("formula.output", D(2), "formula.input")


@pytest.mark.parametrize(
    ("parts", "card", "at", "code"),
    [
        ({"a": {"weight": 60}, "b": {"weight": 30}}, {}, "/scorecard/parts", "scorecard.weights_short"),
        ({"a": {"weight": 70}, "b": {"weight": 40}}, {}, "/scorecard/parts", "scorecard.weights_over"),
        ({"a": {"weight": 60}, "b": {}}, {}, "/scorecard/parts", "scorecard.weight_unset"),
        ({"a": {"expr": "c"}}, {}, "/scorecard/parts/a/expr", "formula.name"),
        ({"a": {"min": 2, "max": 1}}, {}, "/scorecard/parts/a/min", "formula.min_max"),
        ({"a": {"expr": '"x"'}}, {}, "/scorecard/parts/a", "scorecard.no_bands"),
        ({"a": {}}, {"target": [0, 100]}, "/scorecard/parts/a", "scorecard.unbounded"),
        ({"a": {"min": 1, "max": 1}}, {"target": [0, 100]}, "/scorecard/parts", "scorecard.flat"),
        ({"a": {}}, {"result": "band"}, "/scorecard/result", "scorecard.no_grades"),
        ({"a": {}}, {"bands": [{"id": "A"}, {"id": "A", "from": 1}]}, "/scorecard/bands/0/id", "scorecard.grade_twice"),
        ({"a": {}}, {"bands": [{"id": "A"}, {"id": "B"}]}, "/scorecard/bands/0", "scorecard.start_twice"),
        ({"a": {}}, {"bands": [{"id": "A", "from": 5}]}, "/scorecard/bands", "scorecard.no_lowest"),
        (
            {"a": {}},
            {"bands": [{"id": "A", "from": D("5.05")}, {"id": "B"}]},
            "/scorecard/bands/0/from",
            "scorecard.start_decimals",
        ),
        ({"a": {}}, {"output": {"type": "text"}}, "/output/type", "scorecard.output"),
    ],
)
def test_what_is_wrong_with_a_scorecard_is_found_where_it_stands(
    parts: dict[str, Any], card: dict[str, Any], at: str, code: str
) -> None:
    inputs = {"a": COUNT, "b": COUNT}

    assert codes(a_card(parts, inputs, **card))[at] == code
    with pytest.raises(Invalid):
        compile_formula(a_card(parts, inputs, **card), 1)


@pytest.mark.parametrize(
    ("whens", "code", "severity"),
    [
        (["[0..10)", "(10..20]", ">20"], "scorecard.gap", "error"),
        (["[0..10)"], "scorecard.gap", "warning"),
        (["[0..10]", ">=10"], "scorecard.overlap", "error"),
        (["[0..", ">=10"], "expressions.syntax.open", "error"),
        (["-", ">=10"], "scorecard.unreached", "error"),
    ],
)
def test_bands_leave_no_value_out_and_hold_none_twice(whens: list[str], code: str, severity: str) -> None:
    bands = [{"when": when, "points": n} for n, when in enumerate(whens)]

    (finding,) = formula_findings(a_card({"a": {"bands": bands}}))

    assert (finding.code, finding.severity) == (code, severity)
    assert finding.at.startswith("/scorecard/parts/a/bands")


def test_a_formula_is_an_expression_or_a_scorecard() -> None:
    both = a_health().model_copy(update={"expr": "1"})
    neither = a_health().model_copy(update={"scorecard": None})

    assert codes(both) == {"/scorecard": "formula.body"}
    assert codes(neither) == {"": "formula.body"}


cells = st.one_of(
    st.builds("[{0}..{1}{2}".format, st.integers(0, 3), st.integers(3, 6), st.sampled_from("])")),
    st.builds("{}{}".format, st.sampled_from(["<", "<=", ">", ">=", "", "not "]), st.integers(0, 6)).map(
        lambda text: f"not({text[4:]})" if text.startswith("not ") else text
    ),
    st.just("-"),
)


@given(st.lists(cells, min_size=1, max_size=5))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_the_band_found_by_halving_is_the_first_that_holds(whens: list[str]) -> None:
    bands = [(parse_cell(text, NUMBER), PointsBand(when=text, points=D(n))) for n, text in enumerate(whens)]
    ladder = ladder_of(bands, "number")

    for value in (D(n) / 2 for n in range(-2, 15)):
        place = ladder.band(value) if ladder else None
        assert ladder is None or points_at(bands, value) == (None if place is None else D(place))
    assert ladder is not None or set(whens) == {"-"}


numbers = st.decimals(-50, 150, places=3, allow_nan=False)
cards = st.fixed_dictionaries(
    {
        "combine": st.sampled_from(["mean", "sum"]),
        "target": st.sampled_from([None, [D(0), D(100)], [D(300), D("850.5")]]),
        "parts": st.lists(
            st.fixed_dictionaries(
                {
                    "points": st.lists(numbers, min_size=2, max_size=4, unique=True),
                    "weight": st.integers(1, 60),
                    "missing": st.sampled_from(["skip", "points"]),
                }
            ),
            min_size=1,
            max_size=5,
        ),
    }
)


def a_drawn_card(drawn: dict[str, Any], scale: int | None) -> Formula:
    """Parts whose n-th value earns the n-th points; weights in a mean are made to add up."""
    given = [p["weight"] for p in drawn["parts"]]
    weights = [D(w) for w in given]
    if drawn["combine"] == "mean":
        weights = [D(w * 100 // sum(given)) or D(1) for w in given]
        weights[weights.index(max(weights))] += 100 - sum(weights)
    parts = {
        f"p{n}": {
            "bands": [{"when": D(i), "points": points} for i, points in enumerate(part["points"])],
            "weight": weight,
            "missing": "skip" if part["missing"] == "skip" else min(part["points"]),
        }
        for n, (part, weight) in enumerate(zip(drawn["parts"], weights, strict=True))
    }
    grades = [{"id": "low"}, {"id": "middle", "from": 40}, {"id": "high", "from": 80}]
    extra = {"target": drawn["target"]} if drawn["target"] else {}
    output = {} if scale is None else {"scale": scale}
    return a_card(parts, combine=drawn["combine"], bands=grades, output=output, **extra)


@given(cards, st.sampled_from([None, 0, 2]), st.data())
@settings(max_examples=80, deadline=None)
def test_contributions_add_up_to_the_score_and_shares_to_a_hundred(
    drawn: dict[str, Any], scale: int | None, data: st.DataObject
) -> None:
    card = compile_formula(a_drawn_card(drawn, scale), 1)
    values = {
        f"p{n}": data.draw(st.none() | st.integers(0, len(part["points"]) - 1).map(D))
        for n, part in enumerate(drawn["parts"])
    }

    (outcome,) = card.compute_many([values], now=NOW, zone=ZONE)
    if isinstance(outcome, NodeError):
        assert outcome.code == "scorecard.nothing"
        return
    scored = card.decide(values, now=NOW, zone=ZONE).trace["scorecard"]

    contributions = [p["contribution"] for p in scored["parts"]]
    shares = [p["share"] for p in scored["parts"]]
    assert scored["base"] + sum(contributions) == scored["total"] == scored["score"]
    assert sum(s for s in shares if s is not None) == 100 or not any(contributions)
    for way in scored["next"]["ways"] if scored["next"] else []:
        lifted = card.decide({**values, way["part"]: D(way["when"])}, now=NOW, zone=ZONE).trace["scorecard"]
        assert lifted["score"] >= scored["next"]["from"]

"""What is found wrong with a decision table before anyone uses it."""

from __future__ import annotations

from typing import Any

import pytest

from taktflow.rules import decision_findings
from taktflow.texts import catalogue, sentence
from taktflow.values import Finding
from tests.unit.rules.builders import PRICE_ROWS, a_decision, a_list, a_price_table

NUMBER = [{"id": "n", "type": "number"}]
LEVEL = [{"id": "level", "type": "text"}]


def errors(definition: Any) -> list[Finding]:
    """What keeps the table from being published; what its analysis only advises is tested beside it."""
    return [f for f in decision_findings(definition) if f.severity == "error"]


def found(definition: Any) -> list[tuple[str, str]]:
    return [(f.code, f.at) for f in errors(definition)]


def test_a_sound_table_has_no_errors() -> None:
    assert found(a_price_table()) == []


def test_every_wrong_cell_is_told_at_once_with_its_place() -> None:
    rows = [
        ["r1", "P1", "EU", "[1..", "2026-13-01", "cheap"],
        ["r1", "P2", "EU", ">=1", "-", "1.234"],
        ["", "P3", "EU", ">=1", "-", "1"],
        ["r4", "P4", "EU"],
    ]

    codes = found(a_price_table(rows))

    assert [at for _, at in codes] == [
        "/rows/0/0",
        "/rows/0/3",
        "/rows/0/4",
        "/rows/0/5",
        "/rows/1/0",
        "/rows/1/5",
        "/rows/2/0",
        "/rows/3",
    ]
    assert ("table.row_twice", "/rows/1/0") in codes
    assert ("table.output_cell", "/rows/0/5") in codes
    assert ("table.output_scale", "/rows/1/5") in codes
    assert ("table.row_id", "/rows/2/0") in codes
    assert ("table.row_length", "/rows/3") in codes


@pytest.mark.mission("I7")
def test_two_rows_of_a_unique_table_that_meet_are_told_with_an_example() -> None:
    rows = [["r1", "P100", "EU,US", "[1..100]", "-", 12], ["r2", "P100", "US,CN", "[100..500]", "-", 11]]

    (finding,) = errors(a_price_table(rows))

    assert (finding.code, finding.at) == ("table.overlap", "/rows/1")
    assert (finding.args["row"], finding.args["other"]) == ("r1", "r2")
    assert finding.args["witness"] == "product = P100, region = US, qty = 100"


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ("<5", ">5", False),
        ("<=5", ">=5", True),
        ("[1..5)", "[5..9]", False),
        ("not(5)", "5", False),
        ("not(5)", "6", True),
        ("-", "null", True),
        ("1,3,5", "2,4", False),
        ("1,3,5", "(4..6)", True),
        (">= 5", "not(>= 5)", False),
    ],
)
def test_two_cells_meet_when_a_value_matches_both(first: str, second: str, overlap: bool) -> None:
    table = a_decision(NUMBER, LEVEL, [["r1", first, "a"], ["r2", second, "b"]])

    assert found(table) == ([("table.overlap", "/rows/1")] if overlap else [])


def test_rows_that_meet_and_agree_are_told_to_use_any() -> None:
    rows = [["r1", ">1", "low"], ["r2", ">2", "low"]]

    assert found(a_list("unique", rows)) == [("table.overlap_same", "/rows/1")]
    assert found(a_list("any", rows)) == []


def test_rows_that_meet_are_meant_in_the_other_policies() -> None:
    rows = [["r1", ">1", "low"], ["r2", ">2", "high"]]

    assert [found(a_list(p, rows)) for p in ("first", "priority", "collect", "rule_order", "output_order")] == [[]] * 5


def test_values_the_column_cannot_hold_make_no_overlap() -> None:
    inputs = [{"id": "n", "type": "number", "range": "[0..10]"}]

    assert found(a_decision(inputs, LEVEL, [["r1", "<=10", "a"], ["r2", ">10", "b"]])) == [
        ("table.unreachable_cell", "/rows/1/1")
    ]


def test_a_cell_that_depends_on_other_data_is_left_to_run_time() -> None:
    assert found(a_decision(NUMBER, LEVEL, [["r1", "> limit", "a"], ["r2", "<= limit", "b"]])) == []


def test_only_the_first_overlaps_are_listed() -> None:
    rows = [[f"r{n}", "-", f"level {n}"] for n in range(20)]

    codes = [f.code for f in decision_findings(a_decision(NUMBER, LEVEL, rows))]

    assert codes == ["table.overlap"] * 50 + ["table.overlaps_more"]


def test_a_cell_outside_the_declared_values_is_told() -> None:
    rows: list[list[Any]] = [["r1", "P1", "EU,UK", ">=1", "-", 1], *PRICE_ROWS[1:]]
    (finding,) = errors(a_price_table(rows))

    assert (finding.code, finding.at) == ("table.domain", "/rows/0/2")
    assert finding.args["outside"] == "UK"


def test_a_cell_outside_its_domain_is_told_although_another_cell_of_the_row_is_wrong() -> None:
    rows = [["r1", "P1", "UK", ">=1", "-", "cheap"]]

    assert found(a_price_table(rows)) == [("table.output_cell", "/rows/0/5"), ("table.domain", "/rows/0/2")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"hit_policy": "first", "aggregate": "sum"}, [("table.aggregate", "/aggregate")]),
        ({"hit_policy": "collect", "aggregate": "sum"}, [("table.aggregate", "/aggregate")]),
        ({"hit_policy": "priority"}, [("table.order", "/hit_policy")]),
        ({"default": {"row": {"lvl": "x"}}}, [("table.default", "/default/row/lvl")]),
    ],
)
def test_settings_that_do_not_go_together_are_told(changes: Any, expected: Any) -> None:
    assert found(a_decision(NUMBER, LEVEL, [["r1", ">1", "a"]], **changes)) == expected


def test_wrong_columns_are_told() -> None:
    inputs: list[dict[str, Any]] = [
        {"id": "n", "type": "number", "values": ["one"]},
        {"id": "m", "type": "number", "expr": "1 +"},
        {"id": "m", "type": "number", "range": "[1.."},
    ]

    places = {at for _, at in found(a_decision(inputs, LEVEL, [["r1", "-", "-", "-", "a"]]))}

    assert places == {"/inputs/0/values/0", "/inputs/1/expr", "/inputs/2/range", "/inputs/1/id", "/inputs/2/id"}


def test_an_answer_that_is_none_of_the_declared_values_is_told() -> None:
    assert found(a_list("first", [["r1", ">1", "enormous"]])) == [("table.output_value", "/rows/0/2")]


def test_every_sentence_names_its_arguments_in_both_languages() -> None:
    rows: list[list[Any]] = [
        ["r1", "P100", "EU,UK", "[1..100]", "x", "cheap"],
        ["r2", "P1"],
        ["r3", "P1", "EU", ">2000000", "-", 1],
    ]
    for finding in decision_findings(a_price_table(rows)):
        assert finding.code in catalogue()
        for language in ("zh", "en"):
            assert "{" not in sentence(finding.code, language, finding.args)

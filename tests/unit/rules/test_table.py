"""What a decision table answers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from taktflow.errors import Invalid
from taktflow.rules import compile_decision
from taktflow.sdk import NodeError
from taktflow.values import YearsMonths, dumps, loads
from tests.unit.rules.builders import NOW, ZONE, a_decision, a_list, a_price_table, answer, decided

D = Decimal

JUNE = date(2026, 6, 30)


@pytest.mark.mission("I6")
@pytest.mark.parametrize(
    ("qty", "price"),
    [(D(1), "12.50"), (D("99.99"), "12.50"), (D(100), "11.80"), (D("499.5"), "11.80"), (D(500), None)],
)
def test_a_quantity_on_the_border_belongs_to_the_band_that_includes_it(qty: D, price: str | None) -> None:
    found = answer(a_price_table(), product="P100", region="EU", qty=qty, day=JUNE)

    assert found == (D(price) if price else "decision.none")


@pytest.mark.mission("I6")
def test_the_last_day_of_a_half_open_period_is_the_one_before_its_end() -> None:
    table = a_price_table()

    assert answer(table, product="P100", region="US", qty=D(5), day=date(2026, 6, 30)) == D("12.50")
    assert answer(table, product="P100", region="US", qty=D(5), day=date(2026, 7, 1)) == "decision.none"


def test_a_number_is_answered_with_the_decimals_its_column_declares() -> None:
    found = answer(a_price_table(), product="P200", region="CN", qty=D(1), day=JUNE)

    assert str(found) == "7.50"


def test_one_output_gives_its_value_and_several_give_a_context() -> None:
    two = a_decision(
        [{"id": "n", "type": "number"}],
        [{"id": "a", "type": "number"}, {"id": "b", "type": "text"}],
        [["r1", ">0", 1, "x"], ["r2", "<=0", "", "-"]],
    )

    assert answer(two, n=D(1)) == {"a": D(1), "b": "x"}
    assert answer(two, n=D(0)) == {"a": None, "b": None}


ROWS = [["r1", ">0", "low"], ["r2", ">10", "high"], ["r3", ">5", "middle"], ["r4", "<-100", "low"]]


@pytest.mark.parametrize(
    ("policy", "one", "many", "none"),
    [
        ("unique", "low", "decision.ambiguous", "decision.none"),
        ("any", "low", "decision.ambiguous", "decision.none"),
        ("priority", "low", "high", "decision.none"),
        ("first", "low", "low", "decision.none"),
        ("rule_order", ["low"], ["low", "high", "middle"], []),
        ("output_order", ["low"], ["high", "middle", "low"], []),
        ("collect", ["low"], ["low", "high", "middle"], []),
    ],
)
def test_the_shape_of_the_answer_depends_on_the_hit_policy_alone(policy: str, one: Any, many: Any, none: Any) -> None:
    table = a_list(policy, ROWS)

    assert answer(table, n=D(1)) == one
    assert answer(table, n=D(11)) == many
    assert answer(table, n=D(0)) == none


def test_rows_that_agree_are_no_contradiction_for_any_and_one_for_unique() -> None:
    rows = [["r1", ">0", "low"], ["r2", ">5", "low"]]

    assert answer(a_list("any", rows), n=D(6)) == "low"
    assert answer(a_list("unique", rows), n=D(6)) == "decision.ambiguous"


@pytest.mark.parametrize(
    ("aggregate", "many", "none"),
    [("sum", D(35), None), ("min", D(5), None), ("max", D(20), None), ("count", D(3), D(0))],
)
def test_a_collect_table_takes_its_aggregate(aggregate: str, many: D, none: Any) -> None:
    table = a_decision(
        [{"id": "n", "type": "number"}],
        [{"id": "points", "type": "number"}],
        [["r1", ">0", 5], ["r2", ">1", 10], ["r3", ">2", 20]],
        hit_policy="collect",
        aggregate=aggregate,
        default={"on_none": "null"},
    )

    assert answer(table, n=D(3)) == many
    assert answer(table, n=D(0)) == none


def test_an_aggregate_over_a_missing_figure_is_an_error_and_no_smaller_sum() -> None:
    table = a_decision(
        [{"id": "n", "type": "number"}],
        [{"id": "points", "type": "number"}],
        [["r1", ">0", 5], ["r2", ">1", ""]],
        hit_policy="collect",
        aggregate="sum",
    )

    assert answer(table, n=D(3)) == "decision.aggregate"


@pytest.mark.parametrize(
    ("default", "found"),
    [
        ({}, "decision.none"),
        ({"on_none": "error"}, "decision.none"),
        ({"on_none": "null"}, None),
        ({"row": {"level": "middle"}}, "middle"),
    ],
)
def test_the_default_decides_what_no_row_means(default: dict[str, Any], found: Any) -> None:
    assert answer(a_list("unique", [["r1", ">0", "low"]], default=default), n=D(0)) == found


@pytest.mark.parametrize(
    ("default", "found"), [({"on_none": "error"}, "decision.none"), ({"row": {"level": "middle"}}, ["middle"])]
)
def test_a_list_may_be_told_that_empty_is_an_error_or_has_a_default(default: dict[str, Any], found: Any) -> None:
    assert answer(a_list("collect", [["r1", ">0", "low"]], default=default), n=D(0)) == found


@pytest.mark.mission("I7")
def test_a_missing_price_names_the_data_and_the_nearest_rows() -> None:
    with pytest.raises(NodeError) as missed:
        decided(a_price_table(), product="P100", region="EU", qty=D(500), day=JUNE)

    assert missed.value.code == "decision.none"
    for text in (missed.value.text.en, missed.value.text.zh):
        assert "product = P100, region = EU, qty = 500, day = 2026-06-30" in text
        assert "r1: qty [1..100); r2: qty [100..500); r3: region CN" in text
    assert missed.value.details["nearest"][0] == {"row": "r1", "column": "qty", "cell": "[1..100)"}


@pytest.mark.mission("I7")
def test_an_ambiguous_price_names_the_rows() -> None:
    rows = [["r1", "P100", "EU", "[1..100]", "-", 12], ["r2", "P100", "EU", "[100..500]", "-", 11]]

    with pytest.raises(NodeError) as doubted:
        decided(a_price_table(rows), product="P100", region="EU", qty=D(100), day=JUNE)

    assert doubted.value.code == "decision.ambiguous"
    assert "r1, r2" in doubted.value.text.en
    assert doubted.value.details["rows"] == ["r1", "r2"]


def test_an_answer_tells_the_version_the_inputs_and_the_row_it_comes_from() -> None:
    found = decided(a_price_table(), product="P100", region="EU", qty=D(5), day=JUNE)

    assert found.trace == {
        "decision": "table",
        "version": 3,
        "policy": "unique",
        "inputs": {"product": "P100", "region": "EU", "qty": D(5), "day": JUNE},
        "rows": [
            {
                "id": "r1",
                "cells": {"product": "P100", "region": "EU,US", "qty": "[1..100)", "day": "[2026-01-01..2026-07-01)"},
                "answers": {"price": "12.50"},
                "note": "base",
            }
        ],
    }
    assert loads(dumps(found.trace))["inputs"]["day"] == JUNE


def test_an_input_is_read_from_the_text_another_system_sent() -> None:
    table = a_price_table()

    assert answer(table, product="P100", region="EU", qty="5", day="2026-06-30") == D("12.50")
    assert answer(table, product="P100", region="EU", qty="many", day=JUNE) == "decision.input"
    assert answer(table, product=True, region="EU", qty=D(1), day=JUNE) == "decision.input"


def test_a_moment_is_the_day_it_has_in_the_plants_zone() -> None:
    late = datetime(2026, 6, 30, 17, 0, tzinfo=UTC)  # July in Shanghai already.

    assert answer(a_price_table(), product="P100", region="EU", qty=D(5), day=late) == "decision.none"


def test_a_missing_input_matches_only_a_dash() -> None:
    table = a_decision(
        [{"id": "n", "type": "number"}, {"id": "t", "type": "text"}],
        [{"id": "a", "type": "text"}],
        [["r1", "-", "EU", "eu"], ["r2", "-", "null", "none"], ["r3", "-", "not(EU, null)", "other"]],
    )

    assert answer(table, t="EU") == "eu"
    assert answer(table, n=D(1), t=None) == "none"
    assert answer(table, t="US") == "other"


def test_an_input_expression_says_where_the_value_comes_from() -> None:
    table = a_decision(
        [{"id": "sku", "type": "text", "expr": "line.sku"}, {"id": "n", "type": "number", "expr": "line.qty * 2"}],
        [{"id": "a", "type": "text"}],
        [["r1", "P1", ">=10", "many"], ["r2", "P1", "<10", "few"]],
    )

    assert answer(table, line={"sku": "P1", "qty": D(5)}) == "many"
    assert answer(table, line={"sku": "P1", "qty": D(4)}) == "few"


def test_a_cell_may_depend_on_another_variable() -> None:
    table = a_decision(
        [{"id": "n", "type": "number"}],
        [{"id": "a", "type": "text"}],
        [["r1", "<= limit", "within"], ["r2", "> limit", "above"]],
    )

    assert answer(table, n=D(5), limit=D(5)) == "within"
    assert answer(table, n=D(6), limit=D(5)) == "above"
    assert answer(table, n=D(6)) == "decision.none"


def test_a_formula_cell_is_computed_where_the_column_allows_it() -> None:
    rows = [["r1", "<10", "= cost * 1.355"], ["r2", ">=10", "= n / 3"], ["r3", "null", "= nothing"]]
    output = {"id": "price", "type": "number", "scale": 2, "rounding": "half_up", "formula": True}
    table = a_decision([{"id": "n", "type": "number"}], [output], rows)

    assert str(answer(table, n=D(1), cost=D(10))) == "13.55"
    assert str(answer(table, n="10")) == "3.33"
    assert answer(table, n=None) == "decision.output"


def test_every_type_of_column_is_matched_and_answered() -> None:
    def single(type_: str, cell: str, out: str) -> Any:
        return a_decision([{"id": "v", "type": type_}], [{"id": "o", "type": type_}], [["r1", cell, out]])

    noon = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    assert answer(single("boolean", "true", "false"), v=True) is False
    assert answer(single("date", ">= 2026-01-01", "2026-02-03"), v=date(2026, 1, 1)) == date(2026, 2, 3)
    assert answer(single("datetime", '<= @"2026-01-01T12:00:00Z"', "2026-01-01T12:00:00Z"), v=noon) == noon
    assert answer(single("duration", '< @"P2D"', "PT4H"), v=timedelta(days=1)) == timedelta(hours=4)


def test_cells_that_yaml_reads_as_numbers_and_booleans_mean_what_they_say() -> None:
    table = a_decision(
        [{"id": "n", "type": "number"}, {"id": "b", "type": "boolean"}, {"id": "t", "type": "text"}],
        [{"id": "o", "type": "text"}],
        [[1, 12, True, 42, 7]],
    )

    assert answer(table, n=D(12), b=True, t="42") == "7"


def test_a_table_with_an_error_is_refused_with_all_findings() -> None:
    with pytest.raises(Invalid) as refused:
        compile_decision(a_price_table([["r1", "P1", "EU", "[1..", "-", "cheap"]]), 1)

    assert [f.at for f in refused.value.findings] == ["/rows/0/3", "/rows/0/5"]


def test_an_answer_is_the_callers_own_and_may_be_changed() -> None:
    table = compile_decision(
        a_decision(
            [{"id": "n", "type": "number"}],
            [{"id": "a", "type": "text"}, {"id": "b", "type": "text"}],
            [["r1", "-", "x", "y"]],
        ),
        1,
    )

    table.decide({"n": D(1)}, now=NOW, zone=ZONE).value["a"] = "changed"

    assert table.decide({"n": D(1)}, now=NOW, zone=ZONE).value["a"] == "x"


def test_a_duration_in_months_meets_no_cell_in_days() -> None:
    column = [{"id": "v", "type": "duration"}]
    table = a_decision(column, [{"id": "o", "type": "text"}], [["r1", "<P2D", "short"], ["r2", ">=P2D", "long"]])

    assert answer(table, v="PT4H") == "short"
    assert answer(table, v=YearsMonths(3)) == "decision.none"


def test_the_last_of_several_residual_rows_is_found_too() -> None:
    rows = [[f"r{n}", f"= ? > limit + {n} and ? <= limit + {n + 1}", f"band {n}"] for n in range(70)]
    table = a_decision([{"id": "n", "type": "number"}], [{"id": "o", "type": "text"}], rows)

    assert answer(table, n=D(169), limit=D(100)) == "band 68"
    assert answer(table, n=D(170), limit=D(100)) == "band 69"

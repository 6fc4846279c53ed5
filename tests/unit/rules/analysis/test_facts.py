"""What people are told of their tables, in their own words, and each time with data that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from taktflow.definitions.decision import Decision
from taktflow.rules import compile_decision, decision_findings
from taktflow.rules.analysis import Analysis, Budget, Fact, analyse, rows_for_gaps
from taktflow.texts import sentence
from taktflow.values import has_errors
from tests.unit.rules.analysis.worlds import chosen, hits
from tests.unit.rules.builders import a_decision

QTY = {"id": "qty", "type": "number", "range": "[1..1000]", "unit": "pcs", "title": {"zh": "数量", "en": "qty"}}
PRICES: list[dict[str, Any]] = [
    {"id": "product", "type": "text", "title": {"zh": "产品", "en": "product"}},
    {"id": "region", "type": "text", "values": ["EU", "US"], "title": {"zh": "区域", "en": "region"}},
    QTY,
    {"id": "day", "type": "date", "title": {"zh": "日期", "en": "date"}},
]
PRICE = {"id": "price", "type": "number", "currency": "EUR", "title": {"zh": "单价", "en": "price"}}
NUMBER = [{"id": "n", "type": "number"}]


def prices(*rows: Sequence[Any], **settings: Any) -> Decision:
    return a_decision(PRICES, [{**PRICE, **settings.pop("output", {})}], rows, **settings)


def levels(*rows: Sequence[Any], policy: str = "first", **settings: Any) -> Decision:
    output = {"id": "level", "type": "text"}
    return a_decision(NUMBER, [output], rows, **{"hit_policy": policy, **settings})


def codes(analysis: Analysis) -> list[tuple[str, str]]:
    return [(fact.code, fact.severity) for fact in analysis.facts]


def told(fact: Fact) -> tuple[str, str]:
    return sentence(fact.code, "en", fact.args), sentence(fact.code, "zh", fact.args)


def test_a_gap_is_told_in_the_words_of_the_table() -> None:
    table = prices(
        ["r1", "P100", "EU", "[1..500)", "-", 12],
        ["r2", "P100", "EU", ">=500", "<2026-07-01", 11],
        ["r3", "P100", "US", "-", "-", 10],
        ["r4", "P200", "-", "-", "<2026-07-01", 9],
        ["r6", "P200", "-", "-", ">=2026-07-01", 8],
        ["r5", "P300", "-", "[1..100]", "-", 9],
    )

    second, first = analyse(table).gaps

    assert told(first)[0].startswith("P100 / EU / qty 500..1000 pcs / date from 2026-07-01: there is no price.")
    assert told(first)[1].startswith("P100 / EU / 数量 500..1000 pcs / 日期 自 2026-07-01 起：没有单价。")
    assert [extent.cell for extent in first.box] == ["P100", "EU", "[500..1000]", ">=2026-07-01"]
    assert told(second)[0].startswith("P300 / qty above 100 to 1000 pcs: there is no price.")
    assert told(second)[1].startswith("P300 / 数量 大于 100 至 1000 pcs：没有单价。")
    assert all(hits(table)(fact.witnesses[0]) == [] for fact in (first, second))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [("table.gap", "warning")]),
        ({"complete": True}, [("table.gap", "error")]),
        ({"default": {"on_none": "error"}}, [("table.gap", "info")]),
        ({"default": {"on_none": "null"}}, []),
        ({"default": {"row": {"level": "none"}}}, []),
        ({"policy": "collect"}, []),
        ({"policy": "collect", "complete": True}, [("table.gap", "error")]),
    ],
)
def test_a_gap_is_as_grave_as_what_the_table_promises(settings: Any, expected: Any) -> None:
    table = levels(["r1", "<1", "a"], ["r2", ">1", "b"], **settings)

    assert codes(analyse(table)) == expected


def test_who_declares_that_a_missing_row_is_an_error_is_not_told_of_gaps_when_publishing() -> None:
    table = levels(["r1", "<1", "a"], ["r2", ">1", "b"], default={"on_none": "error"})

    assert len(analyse(table).gaps) == 1
    assert decision_findings(table) == []


def test_what_nobody_speaks_of_is_asked_only_where_the_table_promises_to_be_complete() -> None:
    rows = [["r1", "[1..5]", "a"], ["r2", "[7..9]", "b"]]

    (hole,) = analyse(levels(*rows)).gaps
    (whole,) = analyse(levels(*rows, complete=True)).gaps

    assert (hole.box[0].cell, whole.box[0].cell) == ("(5..7)", "<1,(5..7),>9")


def test_few_gaps_are_shown_and_the_others_counted() -> None:
    rows = [[f"r{n}", str(n), "a"] for n in range(30)]
    inputs = [{"id": "n", "type": "number"}, {"id": "m", "type": "number"}]
    table = a_decision(inputs, [{"id": "o", "type": "text"}], [[f"r{n}", str(n), f">={n}", "a"] for n in range(30)])

    open_table, promised = analyse(table), analyse(table.model_copy(update={"complete": True}))

    assert codes(analyse(levels(*rows)))[-1:] == []
    assert (len(open_table.gaps), len(promised.gaps)) == (5, 20)
    assert open_table.of("table.gaps_more")[0].args["more"] > promised.of("table.gaps_more")[0].args["more"] > 0


def test_columns_that_test_the_same_source_are_one_side() -> None:
    inputs = [{"id": "low", "type": "number", "expr": "qty"}, {"id": "high", "type": "number", "expr": "qty"}]
    table = a_decision(
        inputs,
        [{"id": "o", "type": "text"}],
        [["r1", ">=0", "<10", "a"], ["r2", ">=10", "<20", "b"], ["r3", ">=30", "<40", "c"]],
    )

    analysis = analyse(table)

    assert analysis.overlaps == ()
    assert [extent.cell for extent in analysis.of("table.gap")[0].box] == ["<0,[20..30),>=40", "-"]


def test_rows_that_depend_on_other_data_are_neither_judged_nor_passed_over() -> None:
    table = levels(["r1", "> limit", "a"], ["r2", "[0..10]", "b"], ["r3", "[20..30]", "c"], policy="unique")

    analysis = analyse(table)

    assert (analysis.complete, analysis.undecided) == (False, ["r1"])
    assert codes(analysis) == [("table.undecided", "info")]


def test_a_row_behind_one_other_and_behind_several_together_is_told_with_their_names() -> None:
    table = levels(["r1", "<10", "a"], ["r2", ">=10", "b"], ["r3", "[2..5]", "c"], ["r4", "[5..15]", "d"])

    one, several = analyse(table).facts

    assert (one.code, one.rows, one.severity) == ("table.shadowed", ("r3", "r1"), "warning")
    assert (several.code, several.rows) == ("table.shadowed_together", ("r4", "r1", "r2"))
    by_witness = [chosen(compile_decision(table, 1), fact.witnesses[0])[1] for fact in (one, several)]
    assert by_witness == [["r1"], ["r1"]]


def test_a_row_that_depends_on_other_data_hides_nothing() -> None:
    table = levels(["r1", "<= limit", "a"], ["r2", "<5", "b"])

    assert analyse(table).of("table.shadowed", "table.shadowed_together") == ()


def test_a_row_that_stands_twice_is_told_once() -> None:
    table = levels(["r1", "[1..5]", "a"], ["r2", ">=1", "b"], ["r3", "[1..5]", "a"])

    assert [(fact.code, fact.rows) for fact in analyse(table).facts] == [("table.duplicate", ("r1", "r3"))]


def test_a_hole_between_periods_is_told_with_its_neighbours_and_no_second_time_as_a_gap() -> None:
    table = prices(
        ["r1", "P100", "EU", "-", "2026-01-01..2026-04-01", 12],
        ["r2", "P100", "EU", "-", "2026-05-01..2026-07-01", 13],
        ["r3", "P100", "US", "-", "2026-01-01..2026-07-01", 13],
        ["r4", "P200", "-", "-", "2026-01-01..2026-07-01", 13],
        effective="day",
    )

    (hole,) = analyse(table).facts

    assert (hole.code, hole.severity, hole.rows) == ("table.hole", "warning", ("r1", "r2"))
    assert "P100 / EU / date 2026-04-01..2026-04-30" in told(hole)[0]
    assert hole.witnesses[0]["day"] == date(2026, 4, 1)
    assert hits(table)(hole.witnesses[0]) == []


def test_a_hole_that_other_rows_answer_is_only_mentioned() -> None:
    table = prices(
        ["r1", "P100", "EU", "-", "2026-01-01..2026-04-01", 12],
        ["r2", "P100", "EU", "-", "2026-05-01..2026-07-01", 13],
        ["r3", "-", "-", "-", "-", 14],
        effective="day",
        hit_policy="first",
    )

    (hole,) = analyse(table).facts

    assert (hole.code, hole.severity) == ("table.hole_filled", "info")
    assert chosen(compile_decision(table, 1), hole.witnesses[0])[1] == ["r3"]


def test_a_hole_in_a_table_that_promises_to_be_complete_is_an_error() -> None:
    inputs = [{"id": "day", "type": "date"}]
    rows = [["r1", "<2026-04-01", "a"], ["r2", ">=2026-05-01", "b"]]
    table = a_decision(inputs, [{"id": "o", "type": "text"}], rows, effective="day", complete=True)

    assert codes(analyse(table)) == [("table.hole", "error"), ("table.gap", "error")]


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 3, 31), []),
        (date(2026, 4, 1), [("table.expired", "info", 1)]),
        (date(2026, 7, 1), [("table.expired_all", "warning", 2)]),
    ],
)
def test_rows_whose_time_is_over_are_told_on_a_business_date(today: date, expected: Any) -> None:
    table = prices(
        ["r1", "P100", "EU", "-", "2026-01-01..2026-04-01", 12],
        ["r2", "P100", "EU", "-", "2026-04-01..2026-07-01", 13],
        effective="day",
    )

    facts = analyse(table, today=today).of("table.expired", "table.expired_all")

    assert [(fact.code, fact.severity, len(fact.rows)) for fact in facts] == expected
    matching = hits(table)
    assert all(not set(fact.rows) & set(matching(fact.witnesses[0])) for fact in facts)


def test_a_broken_promise_is_an_error_with_two_inputs_that_show_it() -> None:
    table = prices(
        ["r1", "P100", "-", "[1..100)", "-", "9.00"],
        ["r2", "P100", "-", "[100..500)", "-", "8.00"],
        ["r3", "P100", "-", ">=500", "-", "8.50"],
        output={"monotone": {"qty": "decreasing"}},
    )

    (broken,) = analyse(table).facts

    assert (broken.code, broken.severity, broken.rows) == ("table.promise", "error", ("r2", "r3"))
    low, high = broken.witnesses
    ready = compile_decision(table, 1)
    assert chosen(ready, low)[0] < chosen(ready, high)[0]
    assert (low["qty"], high["qty"], low["product"]) == (100, 500, high["product"])
    assert has_errors(decision_findings(table))


def test_a_promise_holds_between_the_values_that_cells_name() -> None:
    output = {"id": "price", "type": "number", "monotone": {"n": "decreasing"}}
    table = a_decision(NUMBER, [output], [["r1", "5", "9"], ["r2", "-", "8"]], hit_policy="first")

    (broken,) = analyse(table).facts

    assert broken.rows == ("r2", "r1")
    assert [w["n"] for w in broken.witnesses] == [4, 5]


def test_amounts_of_different_currencies_are_not_held_against_each_other() -> None:
    outputs: list[dict[str, Any]] = [
        {"id": "price", "type": "number", "currency": "money", "monotone": {"n": "decreasing"}},
        {"id": "money", "type": "text"},
    ]
    rows = [["r1", "<10", "5.00", "EUR"], ["r2", ">=10", "40.00", "CNY"]]

    assert analyse(a_decision(NUMBER, outputs, rows)).facts == []


def test_a_promise_of_computed_answers_is_left_open() -> None:
    output = {"id": "price", "type": "number", "formula": True, "monotone": {"n": "increasing"}}
    table = a_decision(NUMBER, [output], [["r1", "<10", "= n * 2"], ["r2", ">=10", "3"]])

    analysis = analyse(table)

    assert (analysis.undecided, codes(analysis)) == (["price"], [("table.undecided", "info")])


def test_money_that_rises_once_among_falls_is_hinted_at_though_nobody_promised() -> None:
    rows = [["r1", "<10", "9.00"], ["r2", "[10..20)", "8.00"], ["r3", "[20..30)", "8.50"], ["r4", ">=30", "7.00"]]
    falling = a_decision(NUMBER, [{"id": "price", "type": "number", "currency": "EUR"}], rows)
    weight = a_decision(NUMBER, [{"id": "price", "type": "number"}], rows)

    (hint,) = analyse(falling).facts

    assert (hint.code, hint.severity, hint.rows) == ("table.rises", "info", ("r2", "r3"))
    assert [w["n"] for w in hint.witnesses] == [10, 20]
    assert analyse(weight).facts == []


def test_what_is_declared_and_never_used_is_told() -> None:
    outputs = [{"id": "level", "type": "text", "values": ["low", "middle", "high"]}]
    rows = [["r1", "-", "low"], ["r2", "(5..5)", "high"]]
    table = a_decision(NUMBER, outputs, rows, hit_policy="first", default={"row": {"level": "low"}})

    assert codes(analyse(table)) == [
        ("table.row_barren", "warning"),
        ("table.values_unused", "info"),
        ("table.default_unused", "info"),
    ]


def test_a_budget_that_ends_says_what_was_left() -> None:
    rows = [[f"r{n}", f"[{n}..{n + 3})", "a"] for n in range(200)]

    analysis = analyse(levels(*rows, policy="unique"), budget=Budget(steps=50))

    assert not analysis.complete
    assert 0 < analysis.unfinished["overlaps"] < 1
    (fact,) = analysis.of("table.unfinished")
    assert "overlaps 25%" in told(fact)[0]
    assert "重叠 25%" in told(fact)[1]


def test_a_time_that_is_over_ends_the_analysis_and_what_is_found_stands() -> None:
    rows = [[f"r{n}", f"[{n}..{n + 3})", "a"] for n in range(2000)]

    analysis = analyse(levels(*rows, policy="unique"), budget=Budget(over=lambda: True))

    assert not analysis.complete
    assert analysis.overlaps


def test_a_table_with_unreadable_rows_is_not_said_to_lack_them() -> None:
    analysis = analyse(levels(["r1", "<5", "a"], ["r2", "[5..", "b"], complete=True))

    assert (analysis.facts, analysis.complete) == ([], False)


def test_rows_for_gaps_have_names_of_their_own_and_leave_the_answer_open() -> None:
    table = prices(
        ["gap_1", "P100", "EU", "[1..500)", "-", 12],
        ["r2", '"a, b"', "-", "-", "-", 11],
        complete=True,
    )

    rows = rows_for_gaps(table)

    assert len({row[0] for row in rows} | {"gap_1"}) == len(rows) + 1
    assert {row[-1] for row in rows} == {None}
    assert 'not(P100,"a, b")' in {row[1] for row in rows}


@pytest.mark.parametrize(
    ("type_", "first", "second", "between"),
    [
        ("time", "<12:00:00", ">12:00:00", "12:00:00"),
        ("datetime", "<2026-01-01T00:00:00Z", ">2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"),
        ("duration", "<=PT4H", ">=P1D", "(PT4H..P1D)"),
        ("boolean", "true", "null", "false"),
        ("text", '"-"', "null", 'not("-")'),
    ],
)
def test_gaps_of_every_type_are_written_as_cells(type_: str, first: str, second: str, between: str) -> None:
    inputs = [{"id": "x", "type": type_}]
    table = a_decision(inputs, [{"id": "o", "type": "text"}], [["r1", first, "a"], ["r2", second, "b"]], complete=True)

    (gap,) = analyse(table).gaps

    assert gap.box[0].cell == between
    assert hits(table)(gap.witnesses[0]) == []
    filled = table.model_copy(update={"rows": (*table.rows, *rows_for_gaps(table))})
    assert analyse(filled).gaps == ()


def test_a_column_of_different_kinds_is_left_to_run_time() -> None:
    inputs = [{"id": "x", "type": "any"}]
    table = a_decision(inputs, [{"id": "o", "type": "text"}], [["r1", '"a"', "a"], ["r2", "5", "b"], ["r3", "-", "c"]])

    assert analyse(table).undecided == ["r1", "r2"]


def test_every_fact_is_told_in_both_languages() -> None:
    table = prices(
        ["r1", "P100", "EU", "[1..500)", "2026-01-01..2026-04-01", "9.00"],
        ["r2", "P100", "EU", "[1..500)", "2026-05-01..2026-07-01", "9.50"],
        ["r3", "P100", "EU", "[1..500)", "2026-05-01..2026-07-01", "9.50"],
        ["r4", "P100", "not(EU)", "500", "-", "9.70"],
        ["r5", "P100", "-", "(100..200)", "2026-05-02", "9.50"],
        output={"monotone": {"qty": "decreasing"}},
        effective="day",
        hit_policy="first",
    )

    facts = analyse(table, today=date(2030, 1, 1)).facts

    assert len({fact.code for fact in facts}) > 3
    assert all("{" not in words for fact in facts for words in told(fact))

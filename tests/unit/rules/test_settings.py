"""Effective dates, money, cross-tabs and the types time and any: what they answer, and what is wrong with them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from taktflow.definitions.decision import Decision
from taktflow.expressions import Clock
from taktflow.rules import compile_decision, decision_findings
from taktflow.rules.money import MINOR_UNITS
from taktflow.sdk import NodeError
from tests.unit.rules.builders import NOW, ZONE, a_decision, answer, decided

D = Decimal
PERIODS = [
    ["h1", "2026-01-01..2026-07-01", "10"],
    ["h2", "2026-07-01 .. 2027-01-01", "11"],
    ["later", "2027-01-01..", "12"],
    ["before", "..2026-01-01", "9"],
]


def a_dated_table(rows: list[list[Any]] = PERIODS, **settings: Any) -> Decision:
    inputs = [{"id": "valid", "type": "date", "expr": "order.day"}]
    return a_decision(inputs, [{"id": "price", "type": "number"}], rows, **{"effective": "valid", **settings})


@pytest.mark.parametrize(
    ("day", "price"),
    [
        (date(2025, 12, 31), 9),
        (date(2026, 1, 1), 10),
        (date(2026, 6, 30), 10),
        (date(2026, 7, 1), 11),
        (date(2026, 12, 31), 11),
        (date(2027, 1, 1), 12),
    ],
)
def test_a_period_begins_with_its_first_date_and_ends_before_its_last(day: date, price: int) -> None:
    assert answer(a_dated_table(), order={"day": day}) == price


def test_the_business_date_is_asked_when_the_data_names_none() -> None:
    table = compile_decision(a_dated_table(), 1)
    new_year = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)

    here = table.decide({"order": {}}, now=new_year, zone=ZoneInfo("Asia/Shanghai"))
    there = table.decide({}, now=new_year, zone=UTC)

    assert (here.value, there.value) == (12, 11)
    assert table.decide_many([{}, {"order": {"day": None}}], now=new_year, zone=UTC).values() == [11, 11]
    assert here == table._decided({}, Clock(new_year, ZoneInfo("Asia/Shanghai")), ZoneInfo("Asia/Shanghai"))
    assert here.trace["inputs"] == {"valid": date(2027, 1, 1)}
    assert here.trace["rows"][0]["cells"] == {"valid": "2027-01-01.."}


def test_without_an_effective_column_no_date_is_made_up() -> None:
    rows = [["h1", ">=2020-01-01", "10"], ["none", "null", "0"]]

    assert answer(a_dated_table(rows, effective=None)) == 0


def test_brackets_mean_what_they_mean_elsewhere() -> None:
    table = a_dated_table([["r1", "[2026-01-01..2026-06-30]", "10"]])

    assert answer(table, order={"day": date(2026, 6, 30)}) == 10


@pytest.mark.parametrize("cell", ["2026-01-01..2026-13-01", "2026-07-01..2026-01-01", "2026-01-01..2026-01-01"])
def test_a_period_that_is_none_is_told(cell: str) -> None:
    (finding,) = decision_findings(a_dated_table([["r1", cell, "10"]]))

    assert (finding.severity, finding.at) == ("error", "/rows/0/1")
    assert 0 <= finding.args["offset"] < len(cell)


def a_price(rows: list[list[Any]], currency: str | None = "currency", **more: Any) -> Decision:
    outputs = [{"id": "price", "type": "number", "currency": currency, "formula": True, **more}]
    return a_decision([{"id": "n", "type": "number"}], [*outputs, {"id": "currency", "type": "text"}], rows)


@pytest.mark.parametrize(
    ("currency", "cost", "price"),
    [("CNY", "10.005", "10.01"), ("JPY", "10.5", "11"), ("KWD", "1.00049", "1.000"), ("EUR", "2.5", "2.50")],
)
def test_an_amount_has_the_decimals_of_its_currency_and_is_rounded_half_up(
    currency: str, cost: str, price: str
) -> None:
    table = a_price([["r1", "-", "= cost", currency]])

    assert str(answer(table, n=D(1), cost=D(cost))["price"]) == price


def test_a_declared_scale_and_rounding_count_before_the_currencys() -> None:
    table = a_price([["r1", "-", "= cost", "CNY"]], scale=3, rounding="half_even")

    assert str(answer(table, n=D(1), cost=D("10.0005"))["price"]) == "10.000"


def test_an_amount_written_with_fewer_decimals_is_filled_up() -> None:
    assert str(answer(a_price([["r1", "-", "12", "CNY"]], "USD"), n=D(1))["price"]) == "12.00"


def test_currencies_have_the_minor_units_of_the_standard() -> None:
    assert (MINOR_UNITS["CNY"], MINOR_UNITS["JPY"], MINOR_UNITS["BHD"], MINOR_UNITS["CLF"]) == (2, 0, 3, 4)
    assert "XAU" not in MINOR_UNITS


def codes(definition: Decision) -> list[tuple[str, str]]:
    return [(f.code, f.at) for f in decision_findings(definition) if f.severity == "error"]


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        (a_dated_table([["r1", "-", 1]], effective="price"), [("table.effective", "/effective")]),
        (a_price([["r1", "-", 1, "CNY"]], "CNX"), [("table.currency", "/outputs/0/currency")]),
        (a_price([["r1", "-", 1, "CNY"]], "price"), [("table.currency_column", "/outputs/0/currency")]),
        (a_price([["r1", "-", 1, "YUAN"]]), [("table.currency_cell", "/rows/0/3")]),
        (a_price([["r1", "-", 1, ""]]), [("table.currency_cell", "/rows/0/3")]),
        (a_price([["r1", "-", "1.005", "CNY"]]), [("table.output_scale", "/rows/0/2")]),
        (a_price([["r1", "-", "1.5", "JPY"]]), [("table.output_scale", "/rows/0/2")]),
        (a_price([["r1", "-", "x", "CNY"]], type="text"), [("table.money_type", "/outputs/0/currency")]),
        (
            a_price([["r1", "-", 1, "CNY"]], monotone={"day": "increasing"}),
            [("table.monotone", "/outputs/0/monotone/day")],
        ),
    ],
)
def test_settings_that_cannot_be_meant_are_told(definition: Decision, told: list[tuple[str, str]]) -> None:
    assert codes(definition) == told


def test_a_time_of_day_is_matched_and_answered() -> None:
    rows = [["early", "[06:00:00..14:00:00)", "14:00:00"], ["late", ">=14:00:00", 'time("22:00:00")']]
    table = a_decision([{"id": "at", "type": "time"}], [{"id": "ends", "type": "time"}], rows)

    assert answer(table, at=time(13, 59, 59)) == time(14)
    assert answer(table, at="14:00:00") == time(22)
    assert answer(table, at="noon") == "decision.input"


def test_a_column_of_any_type_tells_values_of_different_types_apart() -> None:
    rows = [["number", "1", "7"], ["text", '"1"', "seven"], ["truth", "true", "true"], ["big", ">=10", "2.50"]]
    table = a_decision([{"id": "v", "type": "any"}], [{"id": "o", "type": "any"}], rows)

    assert [answer(table, v=v) for v in (D(1), "1", True, D(11))] == [D(7), "seven", True, D("2.50")]
    assert answer(table, v=False) == "decision.none"
    assert answer(table, v=[D(1)]) == "decision.none"


SHEET: dict[str, Any] = {
    "id": "home",
    "when": {"region": "CN"},
    "then": {"currency": "CNY"},
    "down": ["product"],
    "across": [{"id": "low", "when": {"n": "<100"}}, {"id": "high", "when": {"n": ">=100"}}],
    "cell": "price",
    "rows": [["fl", "FL", 86, "81.5"], ["v", "V-100", 460, None]],
}


def a_cross_tab(**changes: Any) -> Decision:
    inputs = [{"id": "product", "type": "text"}, {"id": "n", "type": "number"}, {"id": "region", "type": "text"}]
    outputs: list[dict[str, Any]] = [{"id": "price", "type": "number", "scale": 2}, {"id": "currency", "type": "text"}]
    return a_decision(inputs, outputs, [["r1", "X", "-", "-", 1, "USD"]], crosstab=[{**SHEET, **changes}])


def test_a_cross_tab_answers_beside_listed_rows() -> None:
    table = a_cross_tab()

    assert answer(table, product="FL", n=D(100), region="CN") == {"price": D("81.50"), "currency": "CNY"}
    assert answer(table, product="V-100", n=D(100), region="CN") == "decision.none"
    assert answer(table, product="X", n=D(1)) == {"price": 1, "currency": "USD"}
    row = decided(table, product="FL", n=D(1), region="CN").trace["rows"][0]
    assert (row["id"], row["cells"]["n"]) == ("home.fl.low", "<100")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"down": ["sku"]}, [("table.sheet_column", "/crosstab/0/down/0")]),
        ({"cell": "amount"}, [("table.sheet_column", "/crosstab/0/cell"), ("table.sheet_silent", "/crosstab/0")]),
        ({"when": {"zone": "EU"}}, [("table.sheet_column", "/crosstab/0/when/zone")]),
        ({"when": {"product": "EU"}}, [("table.sheet_both", "/crosstab/0/when/product")]),
        ({"then": {}}, [("table.sheet_silent", "/crosstab/0")]),
        ({"rows": [["fl", "FL", 86]]}, [("table.sheet_row_length", "/crosstab/0/rows/0")]),
        ({"rows": [["", "FL", 86, 81]]}, [("table.row_id", "/crosstab/0/rows/0/0")]),
        ({"across": [{"id": "low"}, {"id": "low"}]}, [("table.sheet_column_twice", "/crosstab/0/across")]),
    ],
)
def test_a_cross_tab_that_does_not_fit_its_table_is_told(changes: Any, told: list[tuple[str, str]]) -> None:
    found = codes(a_cross_tab(**changes))

    assert [one for one in found if one[0] != "table.row_twice"] == told


def test_a_cross_tab_may_not_stand_for_more_rows_than_a_table_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taktflow.rules.reading.MAX_ROWS", 3)

    assert codes(a_cross_tab()) == [("table.rows", "/crosstab/0/rows/1/2")]


def test_a_formula_may_compute_the_amount_and_its_currency() -> None:
    outputs: list[dict[str, Any]] = [
        {"id": "price", "type": "number", "currency": "currency", "formula": True},
        {"id": "currency", "type": "text", "formula": True},
    ]
    table = a_decision([{"id": "n", "type": "number"}], outputs, [["r1", "-", "12.345", "= where"]])

    assert answer(table, n=D(1), where="JPY") == {"price": D(12), "currency": "JPY"}
    assert str(answer(table, n=D(1), where="TND")["price"]) == "12.345"


@pytest.mark.parametrize("policy", ["first", "unique", "any", "priority"])
def test_the_short_way_and_the_general_way_answer_alike(policy: str) -> None:
    inputs = [{"id": "p", "type": "text"}, {"id": "n", "type": "number"}, {"id": "d", "type": "date"}]
    outputs: list[Any] = [
        {"id": "a", "type": "text", "values": ["x", "y"]},
        {"id": "b", "type": "number", "formula": True},
    ]
    rows: list[Any] = [
        ["r1", "P1", "<10", "-", "y", 1],
        ["r2", "P1,P2", "[5..20)", ">=2026-01-10", "x", 2],
        ["r3", "-", "> limit", "-", "x", "= n * 2"],
        ["r4", "not(P1)", "null", "null", "y", 4],
    ]
    table = compile_decision(a_decision(inputs, outputs, rows, hit_policy=policy), 1)
    scopes: list[dict[str, Any]] = [
        {"p": p, "n": n, "d": d, "limit": D(15)}
        for p in ("P1", "P2", "P3", None, D(7), True)
        for n in (D(1), "7", "7.50", D(16), D(30), None, "many", True)
        for d in (date(2026, 1, 10), "2026-01-09", "2026-01-09T23:30:00Z", NOW, None, "never")
    ]

    many = table.decide_many(scopes, now=NOW, zone=ZONE)

    for scope, one, value in zip(scopes, many, many.values(), strict=True):
        slow = outcome(lambda scope=scope: table._decided(scope, Clock(NOW, ZONE), ZONE))
        assert outcome(lambda scope=scope: table.decide(scope, now=NOW, zone=ZONE)) == slow
        assert (one.code if isinstance(one, NodeError) else (one.value, one.trace)) == slow
        assert value == (slow[0] if isinstance(slow, tuple) else None)


def test_a_field_of_a_variable_is_looked_up_as_its_expression_computes_it() -> None:
    inputs = [{"id": "p", "type": "text", "expr": "line.sku"}, {"id": "n", "type": "number", "expr": "line.qty"}]
    rows = [["r1", "P1", "<10", "a"], ["r2", "P1", ">=10", "b"], ["r3", "-", "null", "c"]]
    table = compile_decision(a_decision(inputs, [{"id": "o", "type": "text"}], rows), 1)
    lines: list[Any] = [{"sku": "P1", "qty": D(3)}, {"sku": "P1", "qty": "12"}, {"sku": "P1", "qty": 3}, {"sku": D(1)}]
    lines += [
        {},
        None,
        [{"sku": "P1", "qty": D(3)}],
        "P1",
        {"sku": ["P1"], "qty": D(3)},
        {"sku": "P1", "qty": D("NaN")},
    ]

    for scope in [{"line": line} for line in lines] + [{}]:
        found = outcome(lambda scope=scope: table.decide(scope, now=NOW, zone=ZONE))
        assert found == outcome(lambda scope=scope: table._decided(scope, Clock(NOW, ZONE), ZONE))


def outcome(decide: Any) -> Any:
    try:
        found = decide()
    except NodeError as failed:
        return failed.code
    return found.value, found.trace


def test_one_of_many_answers_is_the_callers_own() -> None:
    outputs = [{"id": "a", "type": "text"}, {"id": "b", "type": "text"}]
    table = compile_decision(a_decision([{"id": "n", "type": "number"}], outputs, [["r1", "-", "x", "y"]]), 1)
    many = table.decide_many([{"n": D(1)}, {"n": D(2)}], now=NOW, zone=ZONE)

    many.values()[0]["a"] = "changed"

    assert [one["a"] for one in many.values()] == ["x", "x"]
    assert [one.trace["inputs"] for one in many[0:2] if not isinstance(one, NodeError)] == [{"n": 1}, {"n": 2}]
    assert many[-1] == table.decide({"n": D(2)}, now=NOW, zone=ZONE)

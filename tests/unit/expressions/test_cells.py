"""A cell of a decision table: what people write, what it matches, what an index can read from it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.expressions import (
    ANY,
    BOOLEAN,
    DATE,
    DATETIME,
    DAYS_TIME,
    NUMBER,
    STRING,
    Cell,
    Clock,
    ExpressionInvalid,
    Type,
    parse,
    parse_cell,
)
from taktflow.values import Range

CLOCK = Clock(datetime(2026, 11, 23, 4, tzinfo=UTC), UTC)
SCOPE = {"limit": Decimal(10), "home": "EU", "until": date(2026, 6, 30)}


def matches(text: str, type: Type, value: Any) -> bool:
    return parse_cell(text, type).matches(value, SCOPE, CLOCK)


@pytest.mark.parametrize(
    ("text", "type", "yes", "no"),
    [
        ("EU", STRING, ["EU"], ["US", "eu", None]),
        ("EU, US", STRING, ["EU", "US"], ["CN", None]),
        ('"EU","U,S"', STRING, ["EU", "U,S"], ["U"]),
        ('"a \\"b\\""', STRING, ['a "b"'], ["a"]),
        ("M8 (A2), M10", STRING, ["M8 (A2)", "M10"], ["M8"]),
        ("华东, 华南", STRING, ["华东"], ["华北"]),
        ("not(EU, US)", STRING, ["CN"], ["EU", "US", None]),
        ('not("EU")', STRING, ["US"], ["EU", None]),
        ("not", STRING, ["not"], ["EU"]),
        ("!= EU", STRING, ["US"], ["EU", None]),
        ("null", STRING, [None], ["null", "a"]),
        ('"null"', STRING, ["null"], [None]),
        ("null, EU", STRING, [None, "EU"], ["US"]),
        ("not(null)", STRING, ["a"], [None]),
        ("not(null, EU)", STRING, ["US"], [None, "EU"]),
        ('"-"', STRING, ["-"], ["a", None]),
        ('["a".."c"]', STRING, ["a", "b"], ["d"]),
        ("5", NUMBER, [Decimal(5), Decimal("5.0"), 5], [Decimal(6), "5", None]),
        ("-1.5, +2", NUMBER, [Decimal("-1.5"), Decimal(2)], [Decimal(0)]),
        ("[100..500)", NUMBER, [Decimal(100), Decimal("499.99")], [Decimal(500), Decimal(99), None, "100"]),
        ("]1..3[", NUMBER, [Decimal(2)], [Decimal(1), Decimal(3)]),
        ("(1..3]", NUMBER, [Decimal(3)], [Decimal(1)]),
        (">= 5", NUMBER, [Decimal(5)], [Decimal(4), None]),
        ("<5,>10", NUMBER, [Decimal(4), Decimal(11)], [Decimal(5), Decimal(10)]),
        ("not([1..3], 7)", NUMBER, [Decimal(4)], [Decimal(2), Decimal(7), None]),
        ("!=5", NUMBER, [Decimal(4)], [Decimal(5), None]),
        ("true", BOOLEAN, [True], [False, None]),
        ("FALSE", BOOLEAN, [False], [True]),
        ("2026-01-01", DATE, [date(2026, 1, 1)], [date(2026, 1, 2)]),
        ("[2026-01-01..2026-07-01)", DATE, [date(2026, 1, 1), date(2026, 6, 30)], [date(2026, 7, 1), None]),
        (">= 2026-01-01", DATE, [date(2026, 1, 1)], [date(2025, 12, 31)]),
        ('< date("2026-01-01"), @"2026-05-01"', DATE, [date(2025, 1, 1), date(2026, 5, 1)], [date(2026, 1, 1)]),
        ("[2026-01-01..until]", DATE, [date(2026, 6, 30)], [date(2026, 7, 1)]),
        ("< PT4H", DAYS_TIME, [timedelta(hours=3)], [timedelta(hours=4)]),
        (
            "[2026-01-01T00:00:00..2026-01-02T00:00:00)",
            DATETIME,
            [datetime(2026, 1, 1, 12, tzinfo=UTC)],
            [datetime(2026, 1, 2, tzinfo=UTC)],
        ),
        ("limit", NUMBER, [Decimal(10)], [Decimal(9), None]),
        ("> limit", NUMBER, [Decimal(11)], [Decimal(10), None]),
        ("[1..limit]", NUMBER, [Decimal(10)], [Decimal(11)]),
        ("not(limit)", NUMBER, [Decimal(9)], [Decimal(10), None]),
        ("not(missing)", NUMBER, [], [Decimal(9), None]),
        ("= limit * 2", NUMBER, [Decimal(20)], [Decimal(10)]),
        ("= home", STRING, ["EU"], ["home"]),
        ('= ends with(?, "X")', STRING, ["AX"], ["A", None]),
        ("= ? > limit and ? < 20", NUMBER, [Decimal(15)], [Decimal(10), Decimal(20), None]),
        ("= ? = null", NUMBER, [None], [Decimal(1)]),
        ("= [1, 2]", NUMBER, [Decimal(2)], [Decimal(3)]),
        ('"a", 5, < 3', ANY, ["a", Decimal(5), Decimal(1)], [Decimal(4), None]),
    ],
)
def test_what_a_cell_matches(text: str, type: Type, yes: list[Any], no: list[Any]) -> None:
    assert [v for v in yes if not matches(text, type, v)] == []
    assert [v for v in no if matches(text, type, v)] == []


@pytest.mark.parametrize("text", ["-", "", "  ", " - "])
@pytest.mark.parametrize("value", [None, "a", Decimal(1)])
def test_a_dash_or_nothing_asks_nothing(text: str, value: Any) -> None:
    assert matches(text, STRING, value)


def shape(cell: Cell) -> dict[str, Any]:
    parts = ("wildcard", "negated", "null", "values", "intervals", "residuals")
    return {part: value for part in parts if (value := getattr(cell, part))}


def test_constants_are_laid_open_for_an_index() -> None:
    assert shape(parse_cell("EU, US", STRING)) == {"values": ("EU", "US")}
    assert shape(parse_cell("not(EU)", STRING)) == {"negated": True, "values": ("EU",)}
    assert shape(parse_cell("null, 5", NUMBER)) == {"null": True, "values": (Decimal(5),)}
    assert shape(parse_cell(">5, [1..2)", NUMBER)) == {
        "intervals": (Range(Decimal(5), None, False, False), Range(Decimal(1), Decimal(2), True, False))
    }
    assert shape(parse_cell("-", DATE)) == {"wildcard": True}
    assert set(shape(parse_cell("limit", NUMBER))) == {"residuals"}


def test_a_cell_says_which_variables_it_reads() -> None:
    assert parse_cell("> limit, [low..high]", NUMBER).names == {"limit", "low", "high"}
    assert parse_cell("= ? > limit", NUMBER).names == {"limit"}
    assert parse_cell("5", NUMBER).names == frozenset()


def test_a_cells_expressions_are_checked_against_its_column() -> None:
    (finding,) = parse_cell("= ? > home", NUMBER).infer({"home": STRING})

    assert finding.code == "expressions.types.compare"
    assert parse_cell("= ? > limit", NUMBER).infer({"limit": NUMBER}) == ()


@pytest.mark.parametrize(
    ("text", "type", "offset", "hint"),
    [
        ("5-10", NUMBER, 0, "[5..10]"),
        ("1, 5..10", NUMBER, 3, "[5..10]"),
        ("10 000", NUMBER, 0, "10000"),
        ('"a"', NUMBER, 0, "100"),
        ("abc def", NUMBER, 4, ""),
        ("[10..5]", NUMBER, 0, "smaller end first"),
        ("1,,2", NUMBER, 2, "comma"),
        ("1,", NUMBER, 1, "comma"),
        ("2026/1/5", DATE, 0, "2026-01-05"),
        ("2026-1-5", DATE, 0, "2026-01-05"),
        (">= 2026年1月5日", DATE, 3, "2026-01-05"),
        ("2026-01-01 - 2026-02-01", DATE, 0, "[2026-01-01..2026-02-01]"),
        ("100", DATE, 0, "2026-11-23"),
        ("EU，US", STRING, 0, "EU,US"),
        ('contains(?, "x")', STRING, 0, '= contains(?, "x")'),
        ("> (", NUMBER, 2, "bracket"),
        ("= ? >", NUMBER, 5, "too early"),
        ("not(5-10)", NUMBER, 4, "[5..10]"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_was_meant(text: str, type: Type, offset: int, hint: str) -> None:
    with pytest.raises(ExpressionInvalid) as refused:
        parse_cell(text, type)

    assert refused.value.offset == offset
    assert hint in refused.value.message("en")
    assert "{" not in refused.value.message("zh")


NUMBERS = st.decimals(-20, 20, places=1)


def _tests(draw: Any) -> str:
    low, high = sorted((draw(NUMBERS), draw(NUMBERS)))
    operator = draw(st.sampled_from(["", "<", "<=", ">", ">="]))
    ends = draw(st.sampled_from(["[]", "[)", "(]", "()", "]["]))
    return f"{operator}{low}" if draw(st.booleans()) else f"{ends[0]}{low}..{high}{ends[1]}"


@st.composite
def cells(draw: Any) -> str:
    tests = ", ".join(_tests(draw) for _ in range(draw(st.integers(1, 3))))
    return f"not({tests})" if draw(st.booleans()) else tests


@given(cells(), NUMBERS)
@settings(max_examples=120, deadline=None, derandomize=True)
def test_the_open_form_says_what_the_same_expression_says(text: str, value: Decimal) -> None:
    body = text.removeprefix("not(").removesuffix(")") if text.startswith("not(") else text
    inside = f"? in ({body}, [])"
    expression = f"not({inside})" if text.startswith("not(") else inside

    assert matches(text, NUMBER, value) is parse(expression).evaluate({"?": value}, CLOCK)


@given(st.text(max_size=40), st.sampled_from([STRING, NUMBER, DATE, ANY, BOOLEAN]))
@settings(max_examples=120, deadline=None, derandomize=True)
def test_any_cell_is_read_or_refused_with_a_place(text: str, type: Type) -> None:
    try:
        refused, cell = None, parse_cell(text, type)
    except ExpressionInvalid as wrong:
        refused, cell = wrong, parse_cell("-", type)

    assert refused is None or 0 <= refused.offset <= len(text)
    cell.matches("x", {}, CLOCK)

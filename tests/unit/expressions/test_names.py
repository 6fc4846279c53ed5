"""Names of several words, with operators and keywords inside, are one name exactly where they are known."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.expressions import ANY, NUMBER, STRING, Clock, ContextOf, ExpressionInvalid, ListOf, Type, parse
from taktflow.expressions.names import names_in

CLOCK = Clock(datetime(2026, 11, 23, 4, tzinfo=UTC), UTC)
SCOPE: dict[str, Any] = {
    "Unit Price": Decimal(3),
    "Unit": Decimal(100),
    "Lead-Time": Decimal(5),
    "Lead": Decimal(9),
    "Time": Decimal(2),
    "in or out": "in",
    "Order's total": Decimal(7),
    "v1.0 rate": Decimal(8),
    "Order": {"Net Weight": Decimal(4), "lines": [{"Net Weight": Decimal(1)}, {"Net Weight": Decimal(6)}]},
}
FIELDS = frozenset({"Net Weight", "lines"})


def value(text: str, known: bool = True) -> Any:
    expression = parse(text, frozenset(SCOPE), FIELDS) if known else parse(text)
    fast = expression.evaluate(SCOPE, CLOCK)
    assert repr(expression.evaluate_safely(SCOPE, CLOCK)) == repr(fast)
    return fast


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Unit Price * 2", 6),
        ("Unit   Price", 3),
        ("Unit", 100),
        ("Lead-Time", 5),
        ("Lead - Time", 7),
        ("Lead-Time-Lead", -4),
        ("Order's total + 1", 8),
        ("v1.0 rate", 8),
        ("Order.Net Weight + Unit Price", 7),
        ("sum(Order.lines.Net Weight)", 7),
        ("Order.lines[Net Weight > 2].Net Weight[1]", 6),
        ("count(Order.lines[Net Weight > Unit Price])", 1),
        ('if in or out in ("in", "out") then 1 else 2', 1),
        ("{Gross Weight: 2, tare: Gross Weight - 1}.tare", 1),
        ('{"Gross or net": 2, tare: Gross or net - 1}.tare', 1),
        ("{a+b: 5, c: a+b}.c", 5),
        ("sum(for each line in [1, 2] return each line + Unit Price)", 9),
        ("count([1, 2, 3][item > 1])", 2),
        ("(function(net part, tare: number) net part - tare)(5, 2)", 3),
        ("(function(net part, tare) net part - tare)(tare: 5, net part: 2)", -3),
        ("{f: function(a, b-c) a + b-c}.f(a: 1, b-c: 2)", 3),
    ],
)
def test_the_longest_known_name_is_meant(text: str, expected: int) -> None:
    assert value(text) == Decimal(expected)


def test_a_quantifiers_variable_may_hold_spaces() -> None:
    assert value("every one entry in [1, 2] satisfies one entry > 0") is True


def test_what_is_unknown_is_an_expression() -> None:
    assert value("Lead-Time", known=False) == Decimal(7)
    with pytest.raises(ExpressionInvalid):
        parse("Unit Price * 2")


def test_a_name_is_known_no_further_than_its_bracket() -> None:
    with pytest.raises(ExpressionInvalid):
        parse("[{a b: 1, c: a b}, a b]")


def test_a_property_needs_no_announcement_unless_it_holds_an_operator() -> None:
    assert value("Order.Net Weight", known=False) == Decimal(4)
    assert parse("o.a-b", frozenset({"o"}), frozenset({"a-b"})).evaluate({"o": {"a-b": "x"}}, CLOCK) == "x"


def test_the_names_that_data_declares_are_found_at_every_level() -> None:
    types: dict[str, Type] = {
        "Order": ContextOf({"lines": ListOf(ContextOf({"Net Weight": NUMBER}))}),
        "Unit Price": NUMBER,
        "x": ANY,
    }

    names, fields = names_in(types)

    assert names == {"Order", "Unit Price", "x"}
    assert fields == {"lines", "Net Weight"}


def test_a_wrong_type_is_told_at_the_name_with_spaces() -> None:
    types = {"Unit Price": NUMBER, "Product Name": STRING}

    _, findings = parse("1 + Product Name", frozenset(types)).infer(types)

    assert [f.code for f in findings] == ["expressions.types.arithmetic"]
    assert findings[0].args["right"] == "Product Name"


@pytest.mark.parametrize("name", ["数量", "नमस्ते", "€ amount", "🐎", "🐎 race", "é", "_x1"])
def test_names_are_written_in_any_script(name: str) -> None:
    assert parse(f"{{{name}: 5, double: {name} * 2}}.double").evaluate({}, CLOCK) == Decimal(10)


_WORDS = ["Unit Price", "Unit", "a-b", "in", "or", "x", "for", "return", "{", "}", "[", "]", "(", ")", ":", ",", "."]
_WORDS += ["-", "+", "1", '"s"', "instance of", "list", "<", ">", "->", "function", "external", "some", "satisfies"]


@given(st.lists(st.sampled_from(_WORDS), max_size=14), st.frozensets(st.text("a-( .*in'’", max_size=6), max_size=4))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_whatever_names_are_known_a_text_is_read_or_refused_with_a_place(
    words: list[str], names: frozenset[str]
) -> None:
    text = " ".join(words)
    try:
        refused, value = None, parse(text, names | frozenset(SCOPE), FIELDS).evaluate(SCOPE, CLOCK)
    except ExpressionInvalid as wrong:
        refused, value = wrong, None

    assert refused is None or (0 <= refused.offset <= len(text) and value is None)

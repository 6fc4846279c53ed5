"""Types are known before values are, and what cannot be right is said with the place and a way out."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from taktflow.expressions import (
    ANY,
    BOOLEAN,
    DATE,
    DATETIME,
    DAYS_TIME,
    NULL,
    NUMBER,
    STRING,
    ContextOf,
    ExpressionInvalid,
    ListOf,
    RangeOf,
    Type,
    conforms,
    parse,
    type_of_value,
)
from taktflow.expressions.types import FunctionOf
from taktflow.texts import sentence
from taktflow.values import Finding

LINE = ContextOf({"sku": STRING, "min_qty": NUMBER})
SCOPE: dict[str, Type] = {
    "order": ContextOf({"amount": STRING, "total": NUMBER, "placed": DATETIME, "lines": ListOf(LINE)}),
    "available": ContextOf({}, open=True),
    "n": NUMBER,
    "d": DATE,
    "s": STRING,
    "b": BOOLEAN,
    "x": ANY,
    "rate": FunctionOf((STRING,), NUMBER),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n + 1", NUMBER),
        ('s + "a"', STRING),
        ("n > 1 and b", BOOLEAN),
        ('d + duration("P1D")', DATE),
        ("d - d", DAYS_TIME),
        ("order.placed - now()", DAYS_TIME),
        ("order.placed.hour", NUMBER),
        ("order.lines", ListOf(LINE)),
        ("order.lines.sku", ListOf(STRING)),
        ("order.lines[1].sku", STRING),
        ("order.lines[min_qty > 2].sku", ListOf(STRING)),
        ("for l in order.lines return l.min_qty * 2", ListOf(NUMBER)),
        ("every l in order.lines satisfies available[l.sku] >= l.min_qty", BOOLEAN),
        ("sum(order.lines.min_qty)", NUMBER),
        ("min(order.lines.sku)", STRING),
        ("if b then 1 else null", NUMBER),
        ('if b then 1 else "a"', ANY),
        ("{a: 1, b: a > 0}", ContextOf({"a": NUMBER, "b": BOOLEAN})),
        ("[1, null]", ListOf(NUMBER)),
        ("[1..5]", RangeOf(NUMBER)),
        ("x.anything.at.all + 1", ANY),
        ("available.x", ANY),
        ("append([1], 2)", ListOf(NUMBER)),
        ("concatenate([1], [2])", ListOf(NUMBER)),
        ("sort(order.lines, function(a, b) a.sku < b.sku)", ListOf(LINE)),
        ("rate(s) * 2", NUMBER),
        ("null", NULL),
        ("x > 1", BOOLEAN),
        ("today()", DATE),
    ],
)
def test_the_type_is_known_and_nothing_is_wrong(text: str, expected: Type) -> None:
    assert parse(text).infer(SCOPE) == (expected, ())


def findings_of(text: str) -> tuple[Finding, ...]:
    """A misspelt function of several words is found while reading already."""
    try:
        return parse(text).infer(SCOPE)[1]
    except ExpressionInvalid as refused:
        return refused.findings


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("order.amount > 3", 1, "order.amount is a string and 3 is a number here: >"),
        ("n + s", 1, "+ cannot combine"),
        ("x + true", 1, "+ cannot combine"),
        ("n = s", 1, "= cannot compare"),
        ("b < true", 1, "< cannot compare"),
        ("n between 1 and s", 1, "<= cannot compare"),
        ("n in (1, s)", 10, "= cannot compare"),
        ("n in [d..d]", 6, "= cannot compare"),
        ("oder.total", 1, "Did you mean order?"),
        ("order.totl", 7, "Did you mean total?"),
        ("order.lines.skus", 13, "Did you mean sku?"),
        ("order.lines[minqty > 2]", 13, "Did you mean min_qty?"),
        ("n.foo", 3, "has no field foo"),
        ("d.hour", 3, "has no field hour"),
        ("uper case(s)", 1, "Did you mean upper case?"),
        ("uppercase(s)", 1, "Did you mean upper case?"),
        ("upper case(n)", 12, "needs a string"),
        ("substring(s)", 1, "substring(string, start position, length?)"),
        ("substring(string: s, start: 1)", 1, "substring("),
        ("rate()", 1, "takes 1 arguments, 0 are given"),
        ("n(1)", 1, "cannot be called"),
        ("if n then 1 else 2", 4, "yes or no is needed"),
        ("n and b", 1, "yes or no is needed"),
        ("some l in order.lines satisfies l.sku", 35, "yes or no is needed"),
        ("-s", 1, "has no negative"),
        ("order.lines[sku]", 13, "a filter needs a condition"),
        ('date("2026-13-01")', 1, "cannot read 2026-13-01"),
        ('duration("4h")', 1, "cannot read 4h"),
        ("n instance of nmber", 15, "nmber is no type"),
        ("[n..s]", 1, "<= cannot compare"),
    ],
)
def test_what_cannot_be_right_is_a_finding_at_its_place(text: str, column: int, words: str) -> None:
    (finding,) = findings_of(text)

    assert finding.column == finding.args["column"] == column
    assert words in sentence(finding.code, "en", finding.args)
    assert "{" not in sentence(finding.code, "zh", finding.args)


def test_all_findings_come_together_in_reading_order() -> None:
    _, findings = parse("oder.x + n * s + foo(b)").infer(SCOPE)

    assert [f.column for f in findings] == [1, 10, 18]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal(1), NUMBER),
        (1, NUMBER),
        (True, BOOLEAN),
        ("a", STRING),
        (None, NULL),
        (date(2026, 1, 1), DATE),
        (datetime(2026, 1, 1, tzinfo=UTC), DATETIME),
        ([], ListOf(ANY)),
        ([1, None], ListOf(NUMBER)),
        ([1, "a"], ListOf(ANY)),
        ({"a": 1, "b": [True]}, ContextOf({"a": NUMBER, "b": ListOf(BOOLEAN)})),
        (object(), ANY),
    ],
)
def test_a_values_type_is_one_it_conforms_to(value: Any, expected: Type) -> None:
    assert type_of_value(value) == expected
    assert conforms(value, expected)


def test_entries_of_different_shapes_share_what_both_have() -> None:
    kind = type_of_value([{"a": 1, "b": 2}, {"a": 1}])

    assert kind == ListOf(ContextOf({"a": NUMBER}, open=True))


@pytest.mark.parametrize(
    ("value", "type", "fits"),
    [
        (None, NUMBER, True),
        ("a", NUMBER, False),
        (True, NUMBER, False),
        ({"a": 1}, ContextOf({"a": NUMBER, "b": STRING}), True),
        ({"a": 1, "z": 1}, ContextOf({"a": NUMBER}), False),
        ({"a": 1, "z": 1}, ContextOf({"a": NUMBER}, open=True), True),
        ({"a": "1"}, ContextOf({"a": NUMBER}, open=True), False),
        ([1, "a"], ListOf(NUMBER), False),
        (date(2026, 1, 1), DATETIME, False),
    ],
)
def test_conforming(value: Any, type: Type, fits: bool) -> None:
    assert conforms(value, type) is fits


def test_types_can_be_keys() -> None:
    assert len({ContextOf({"a": NUMBER}), ContextOf({"a": NUMBER}), ListOf(LINE), ListOf(LINE)}) == 2

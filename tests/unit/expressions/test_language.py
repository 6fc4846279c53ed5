"""Facts of the language beyond plain operators: functions as values, types, ranges, patterns, far dates, moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from taktflow.expressions import (
    NUMBER,
    STRING,
    UNZONED,
    Clock,
    ContextOf,
    ExpressionInvalid,
    LimitExceeded,
    ListOf,
    Type,
    coerced,
    parse,
)
from taktflow.expressions.types import DATETIME
from taktflow.values import Range, YearsMonths

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
CLOCK = Clock(NOW, UTC)
LETTER = Clock(NOW, UNZONED)
"""A clock for the standard to the letter."""


def value(text: str, clock: Clock = CLOCK) -> Any:
    """The value by the fast evaluator; the careful one must say the same."""
    expression = parse(text)
    fast = expression.evaluate({}, clock)
    assert repr(expression.evaluate_safely({}, clock)) == repr(fast)
    return fast


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(function(a: number, b: number) a - b)(b: 1, a: 5)", Decimal(4)),
        ('(function(a: number) a + 1)("5")', None),
        ("(function(a: number) a + 1)([5])", Decimal(6)),
        ("count((function(a: list<number>) a)(5))", Decimal(1)),
        ('(function(a: list<number>) a)(["x"])', None),
        ("(function(a: number) 7)(null)", Decimal(7)),
        ('(function(at: date and time) at.hour)(@"2026-03-01")', Decimal(0)),
        ("(function(c: context<x: number>) c.x)({x: 1, y: 2})", Decimal(1)),
        ('(function(c: context<x: number>) 1)({x: "a"})', None),
        ("(function(f: function<number>->number) f(3))(function(n) n * n)", Decimal(9)),
        ("(function(a: nosuch) 1)(5)", None),
        ("(function(a, b) 1)(5)", None),
        ("(function(a) 1)(a: 5, b: 6)", None),
        ("(function() 5)()", Decimal(5)),
        ('(function(a) external {java: {class: "x", method signature: "f(a)"}})(1)', None),
        ("{double: function(n) 2 * n, r: double(double(3))}.r", Decimal(12)),
        ("{fact: function(n) if n <= 1 then 1 else n * fact(n - 1), r: fact(6)}.r", Decimal(720)),
        ("{smaller: function(a: number, b: number) a < b, r: sort([3, 1, 2], smaller)}.r[1]", Decimal(1)),
        ("{biggest: max, r: biggest([4, 9, 2])}.r", Decimal(9)),
        ("sort([3, 1, 2], after)[1]", Decimal(3)),
        ("(for x in [1, 2] return function(y) x + y)[2](10)", Decimal(12)),
        ("abs(1, 2)", None),
        ("5()", None),
        ("null()", None),
    ],
)
def test_functions_take_what_their_parameters_say(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_a_function_without_an_end_is_stopped() -> None:
    with pytest.raises(LimitExceeded):
        parse("{f: function(n) f(n + 1), r: f(1)}.r").evaluate({}, CLOCK)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 instance of number", True),
        ("1 instance of Any", True),
        ("null instance of number", False),
        ("null instance of Null", True),
        ('@"2026-01-01" instance of date and time', False),
        ('@"PT1H" instance of days and time duration', True),
        ('@"P1M" instance of years and months duration', True),
        ("[1, 2] instance of list<number>", True),
        ('[1, "a"] instance of list<number>', False),
        ("[[1], [2]] instance of list<list<number>>", True),
        ("[] instance of list<date and time>", True),
        ("1 instance of list<number>", False),
        ('{a: 1, b: "x"} instance of context<a: number, b: string>', True),
        ("{a: 1, b: 2} instance of context<a: number>", True),
        ("{a: 1} instance of context<a: number, b: string>", False),
        ("{a: 1} instance of context<>", True),
        ("[1..5] instance of range<number>", True),
        ("[1..5] instance of range<string>", False),
        ("(< 5) instance of range<number>", True),
        ("(function(a, b) a) instance of function<number, string>->Any", True),
        ("(function(a) a) instance of function<number, string>->Any", False),
        ("(function(a: string) a) instance of function<number>->Any", False),
        ("count instance of function<list<Any>>->number", True),
        ("1 instance of function", False),
        ("not instance of function", True),
        ("1 instance of nosuch", None),
    ],
)
def test_instance_of_knows_every_form_of_type(text: str, expected: Any) -> None:
    assert value(text) is expected


def test_types_that_an_author_declares_can_be_asked_for() -> None:
    line: Type = ContextOf({"sku": STRING, "qty": NUMBER}, open=True)
    known = (("Order Line", line), ("lines", ListOf(line)))

    def holds(text: str) -> Any:
        return parse(text, types=known).evaluate({}, CLOCK)

    assert holds('{sku: "A", qty: 1} instance of Order Line') is True
    assert holds('{sku: "A"} instance of Order Line') is False
    assert holds('[{sku: "A", qty: 1}] instance of lines') is True
    assert holds('(function(l: Order Line) l.qty)({sku: "A", qty: 4})') == Decimal(4)


def test_values_are_fitted_to_a_type_as_the_standard_converts() -> None:
    assert coerced([Decimal(1)], NUMBER) == Decimal(1)
    assert coerced(Decimal(1), ListOf(NUMBER)) == [Decimal(1)]
    assert coerced(date(2026, 1, 1), DATETIME) == datetime(2026, 1, 1, tzinfo=UTC)
    assert coerced("a", NUMBER) is None
    assert coerced([Decimal(1), Decimal(2)], NUMBER) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('range("[1..10)")', Range(Decimal(1), Decimal(10), True, False)),
        ('range("]1..10]")', Range(Decimal(1), Decimal(10), False, True)),
        ('range("(..10]")', Range(None, Decimal(10), False, True)),
        ('range("[1..)")', Range(Decimal(1), None, True, False)),
        ('range("[@\\"2026-01-01\\"..date(\\"2026-02-01\\")]")', Range(date(2026, 1, 1), date(2026, 2, 1))),
        ('range("[\\"a\\"..\\"f\\"]")', Range("a", "f")),
        ('range("(..)")', None),
        ('range("[..10]")', None),
        ('range("[10..1]")', None),
        ('range("[1..\\"a\\"]")', None),
        ('range("1..10")', None),
        ("range(1)", None),
        ("[1..5].end included", True),
        ("]1..5].start included", False),
        ("(!= 5).start", Decimal(5)),
        ("6 in (!= 5)", True),
        ("[(= 5), [7..9]][item = (= 5)] = [(= 5)]", True),
        ("(= 5) = [5..5]", False),
        ("for i in (1..4) return i", [Decimal(2), Decimal(3)]),
        ("for i in [1..1] return i", [Decimal(1)]),
        ("for i in (> 4) return i", None),
        ('count(for d in @"2026-02-01"..@"2026-01-30" return d)', Decimal(3)),
    ],
)
def test_ranges(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'matches("Qx", "^[A-Z-[OI]][a-z]$")', True),
        (r'matches("Ox", "^[A-Z-[OI]][a-z]$")', False),
        (r'matches("x", "[A-Z-[OI]]", "i")', True),
        (r'matches("é", "^\p{IsLatin-1Supplement}$")', True),
        (r'matches("件", "^\p{IsCJKUnifiedIdeographs}$")', True),
        (r'matches("_a-1", "^\i\c*$")', True),
        (r'matches("1a", "^\i\c*$")', False),
        (r'matches("٣", "^\d$")', True),
        (r'matches("a+b", "^\w+$")', True),
        (r'matches("a b", "^\w+$")', False),
        (r'matches("abab", "^(ab)\1$")', True),
        (r'matches("abab", "^(a.)\1$")', None),
        (r'matches("a", "\1")', None),
        (r'matches("a", "[\1]")', None),
        (r'matches("a", "\\ba")', None),
        (r'matches("a", "(?i)A")', None),
        (r'matches("a", "a{2")', None),
        (r'matches("a", "]")', None),
        (r'matches("a", "[b-a]")', None),
        (r'matches("a", "\p{IsNoSuchBlock}")', None),
        (r'matches("a b", "a[ ]b", "x")', True),
        (r'matches("ab", "a b", "x")', True),
        ('matches("a\\nb", "a.b")', False),
        ('matches("a\\nb", "a.b", "s")', True),
        ('matches("a\\u000Db", "a.b")', False),
        (r'replace("2026-11", "(\d+)-(\d+)", "$2/$1")', "11/2026"),
        (r'split("a1b22c", "\d+")', ["a", "b", "c"]),
    ],
)
def test_patterns_are_xpaths(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('date("12026-11-23").year', Decimal(12026)),
        ('date("-0044-03-15").month', Decimal(3)),
        ('string(date("-0044-03-15"))', "-0044-03-15"),
        ("string(date(99999, 2, 3))", "99999-02-03"),
        ('string(date("999999999-12-31"))', "999999999-12-31"),
        ('string(date and time("99999-12-31T10:00:00.50+02:00"))', "99999-12-31T10:00:00.5+02:00"),
        ('string(date("9999-12-31") + @"P1D")', "10000-01-01"),
        ('string(date("10000-01-01") - @"P1M")', "9999-12-01"),
        ('date("10000-01-01") - date("9999-12-31")', timedelta(days=1)),
        ('date("10000-01-01") > date("9999-12-31")', True),
        ('date("-0001-12-31") < date("0001-01-01")', True),
        ('date("12026-11-23") = date(12026, 11, 23)', True),
        ('date and time("12026-01-01T01:00:00+01:00") = date and time("12026-01-01T00:00:00Z")', True),
        ('day of week(date("12026-11-23"))', "Monday"),
        ('years and months duration(date("-0001-01-01"), date("0001-03-01"))', YearsMonths(26)),
        ('date("10000-01-01") in [date("9999-01-01")..date("10001-01-01")]', True),
        ('time(date and time("99999-12-31T10:00:00Z")).hour', Decimal(10)),
        ('date("012026-01-01")', None),
        ('date("1000000000-01-01")', None),
        ('date("999999999-12-31") + @"P1D"', None),
        ('date("12026-02-29")', None),
    ],
)
def test_years_run_far(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize("text", ['@"10000-01-01"', 'date("9999-12-31") + @"P1D"', '{d: date("10000-01-01")}.d'])
def test_no_far_date_leaves_an_expression(text: str) -> None:
    assert value(text) is None


def test_to_the_letter_a_moment_without_a_zone_has_none() -> None:
    assert value('string(@"2026-11-23T10:00:00")', LETTER) == "2026-11-23T10:00:00"
    assert value('@"2026-11-23T10:00:00".time offset', LETTER) is None
    assert value('time(@"2026-11-23T10:00:00")', LETTER) == time(10)
    assert value('@"2026-11-23T10:00:00" = @"2026-11-23T10:00:00Z"', LETTER) is False
    assert value('@"2026-11-23T10:00:00" - @"2026-11-23T09:00:00Z"', LETTER) is None
    assert value('@"2026-11-23T10:00:00" - @"2026-11-23T09:00:00"', LETTER) == timedelta(hours=1)
    assert value("now() instance of date and time", LETTER) is True


def test_times_are_equal_to_the_second() -> None:
    assert value('@"10:00:00.1" = @"10:00:00.9"') is True
    assert value('@"2026-01-01T10:00:00.1Z" = @"2026-01-01T10:00:00Z"') is True
    assert value('@"10:00:00.1" < @"10:00:00.9"') is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[1, 2, 3][if item = 2 then "yes" else false]', None),
        ("[1, 2, 3][if item = 2 then null else true]", [Decimal(1), Decimal(3)]),
        ('some x in [1, 2] satisfies if x = 2 then true else "no"', None),
        ('every x in [1, 2] satisfies if x = 1 then true else "no"', None),
        ("list replace([1, 2, 3], 2.9, 0)", [Decimal(1), Decimal(0), Decimal(3)]),
        ("decimal(1/3, 2.9)", Decimal("0.33")),
        ("round up(1.15, 1.9)", None),
        ('string(["a\\"b\\\\"])', '["a\\"b\\\\"]'),
        ('string({"a\\"b": 1})', '{"a\\"b": 1}'),
        ("string(-0)", "0"),
        ('string(@"10:20:30.500Z")', "10:20:30.5Z"),
        ('duration("PT0.S")', timedelta()),
        ("get value({a: 1}, [])", None),
    ],
)
def test_small_print(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ('(function(a: number) a)("x")', "expressions.functions.argument", '"x"'),
        ('{f: function(a: number) a, r: f("x")}', "expressions.functions.argument", '"x"'),
        ("function(a: string) a * 2", "expressions.types.arithmetic", "a * 2"),
        ("function(a: nosuch) a", "expressions.types.unknown", "nosuch"),
        ('range("[1..")', "expressions.types.constant", 'range("[1..")'),
        ('date and time("2026-13-01T10:00:00")', "expressions.types.constant", 'date and time("2026-13-01T10:00:00")'),
        ("abs + 1", "expressions.types.arithmetic", "abs + 1"),
    ],
)
def test_what_cannot_be_right_is_told_with_its_place_and_length(text: str, code: str, part: str) -> None:
    _, findings = parse(text).infer({})

    assert [f.code for f in findings] == [code]
    at, length = findings[0].args["offset"], findings[0].args["length"]
    assert text[at : at + length] == part


def test_a_name_that_nobody_knows_is_refused_where_it_stands() -> None:
    with pytest.raises(ExpressionInvalid) as refused:
        parse("1 + Unit Price")

    assert refused.value.offset == 9

"""The built-in functions as the standard's tables describe them (DMN 1.5, chapter 10.3.4)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from taktflow.expressions import Clock, parse
from taktflow.expressions.builtins import builtins
from taktflow.values import YearsMonths

CLOCK = Clock(datetime(2026, 11, 23, 4, tzinfo=UTC), UTC)


def value(text: str) -> Any:
    """The value by the fast evaluator; the careful one must say the same."""
    expression = parse(text)
    fast = expression.evaluate({}, CLOCK)
    assert repr(expression.evaluate_safely({}, CLOCK)) == repr(fast)
    return fast


def numbers(*texts: str | int) -> list[Decimal]:
    return [Decimal(t) for t in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('number("1 000,5", " ", ",")', Decimal("1000.5")),
        ('number("1,000.5", ",", ".")', Decimal("1000.5")),
        ('number("-12.50")', Decimal("-12.50")),
        ('number("1.5", ".", ".")', None),
        ("string(12.50)", "12.50"),
        ("string(1e10)", "10000000000"),
        ("string(null)", None),
        ("string(true)", "true"),
        ('string([1, "a", null])', '[1, "a", null]'),
        ('string({a: 1, "b c": "x"})', '{a: 1, b c: "x"}'),
        ('string(@"PT26H")', "P1DT2H"),
        ('string(@"2026-01-01T10:00:00Z")', "2026-01-01T10:00:00Z"),
        ("string([1..5))", "[1..5)"),
        ('date("2026-11-23")', date(2026, 11, 23)),
        ("date(2026, 11, 23)", date(2026, 11, 23)),
        ('date(@"2026-11-23T23:00:00Z")', date(2026, 11, 23)),
        ('date("2026-11-23T10:00:00")', None),
        ('time("10:20:30.5")', time(10, 20, 30, 500_000)),
        ("time(10, 20, 30)", time(10, 20, 30)),
        ('date and time(@"2026-11-23", time("10:00:00Z"))', datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ('date and time("2026-11-23")', datetime(2026, 11, 23, tzinfo=UTC)),
        ('duration("P1DT2H")', timedelta(days=1, hours=2)),
        ('duration("-P1Y2M")', YearsMonths(-14)),
        ('duration("P")', None),
        ('duration(from: "PT1H")', timedelta(hours=1)),
    ],
)
def test_conversions(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('substring("foobar", 3)', "obar"),
        ('substring("foobar", 3, 3)', "oba"),
        ('substring("foobar", -2, 1)', "a"),
        ('substring("foobar", 9)', None),
        ('substring(start position: 2, string: "foobar")', "oobar"),
        ('string length("🐎中")', Decimal(2)),
        ('upper case("aBc")', "ABC"),
        ('lower case("aBc")', "abc"),
        ('substring before("foobar", "bar")', "foo"),
        ('substring before("foobar", "xyz")', ""),
        ('substring after("foobar", "ob")', "ar"),
        ('substring after("foobar", "x")', ""),
        ('contains("foobar", "ob")', True),
        ('starts with("foobar", "fo")', True),
        ('ends with("foobar", "r")', True),
        ('contains("foobar", null)', None),
        ('matches("foobar", "^fo*b")', True),
        ('matches("FOO", "foo", "i")', True),
        ('matches("foo", "(", "")', None),
        (r'matches("SO-2026", "^SO-\d{4}$")', True),
        ('matches("a.b", "a.b", "q")', True),
        ('matches("axb", "a.b", "q")', False),
        ('matches("a", "a", "z")', None),
        ('replace("abcd", "(ab)|(a)", "[1=$1][2=$2]")', "[1=ab][2=]cd"),
        ('replace("abracadabra", "a.*?a", "*")', "*c*bra"),
        (r'replace("a1", "\d", "\$")', "a$"),
        ('replace("abc", "x*", "-")', None),
        ('replace("中文", "文", "国")', "中国"),
        ('split("a;b;;c", ";")', ["a", "b", "", "c"]),
        (r'split("John Doe", "\s")', ["John", "Doe"]),
        ('string join(["a", "b", null, "c"], "-")', "a-b-c"),
        ('string join(["a", "b"])', "ab"),
        ('string join([], "x")', ""),
        ("string join([1, 2])", None),
    ],
)
def test_texts(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("decimal(1/3, 2)", "0.33"),
        ("decimal(1.5, 0)", "2"),
        ("decimal(2.5, 0)", "2"),
        ("decimal(1234, -2)", "1.2E+3"),
        ("floor(-1.5)", "-2"),
        ("floor(1.56, 1)", "1.5"),
        ("ceiling(-1.5)", "-1"),
        ("ceiling(1.51, 1)", "1.6"),
        ("round up(5.5, 0)", "6"),
        ("round up(-5.5, 0)", "-6"),
        ("round down(-5.5, 0)", "-5"),
        ("round half up(5.5, 0)", "6"),
        ("round half up(-1.5, 0)", "-2"),
        ("round half down(5.5, 0)", "5"),
        ("round half down(1.126, 2)", "1.13"),
        ("abs(-10)", "10"),
        ("modulo(12, 5)", "2"),
        ("modulo(-12, 5)", "3"),
        ("modulo(12, -5)", "-3"),
        ("modulo(10.1, 4.5)", "1.1"),
        ("sqrt(16)", "4"),
        ("exp(0)", "1"),
        ("log(1)", "0"),
        ("sum([1, 2, 3])", "6"),
        ("sum(1, 2, 3)", "6"),
        ("mean([1, 2, 3, 4])", "2.5"),
        ("min([3, 1, 2])", "1"),
        ("max(3, 1, 2)", "3"),
        ("count([1, null])", "2"),
        ("count(5)", "1"),
        ("product(2, 3, 4)", "24"),
        ("median(8, 2, 5, 3, 4)", "4"),
        ("median([6, 1, 2, 3])", "2.5"),
        ("stddev(2, 4, 7, 5)", "2.081665999466132735282297706979931"),
    ],
)
def test_numbers(text: str, expected: str) -> None:
    assert value(text) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("odd(3)", True),
        ("even(3)", False),
        ("even(2.5)", False),
        ("not(false)", True),
        ("all([true, false, null])", False),
        ("all(true, null)", None),
        ("all([])", True),
        ("any([false, true])", True),
        ("any([])", False),
        ("any(false, null)", None),
        ("list contains([1, 2, null], null)", True),
        ("list contains([1, 2], 3)", False),
        ('max(["a", "c", "b"])', "c"),
        ('min(@"2026-01-02", @"2026-01-01")', date(2026, 1, 1)),
        ('min(1, "a")', None),
        ("min([])", None),
        ("sum([])", None),
        ("sum([1, null])", None),
        ('sum([@"PT1H", @"PT2H"])', timedelta(hours=3)),
        ("mode([6, 3, 9, 6, 6])", numbers(6)),
        ("mode([6, 1, 9, 6, 1])", numbers(1, 6)),
        ("sublist([1, 2, 3], 2)", numbers(2, 3)),
        ("sublist([4, 5, 6], -2, 1)", numbers(5)),
        ("append([1], 2, 3)", numbers(1, 2, 3)),
        ("concatenate([1, 2], [3])", numbers(1, 2, 3)),
        ("insert before([1, 3], 1, 2)", numbers(2, 1, 3)),
        ("insert before([1, 3], 3, 4)", numbers(1, 3, 4)),
        ("remove([1, 2, 3], 2)", numbers(1, 3)),
        ("remove([1, 2, 3], 4)", None),
        ("list replace([2, 4, 7, 8], 3, 6)", numbers(2, 4, 6, 8)),
        ("list replace([2, 4, 7, 8], function(item, newItem) item < newItem, 5)", numbers(5, 5, 7, 8)),
        ("reverse([1, 2, 3])", numbers(3, 2, 1)),
        ("index of([1, 2, 3, 2], 2)", numbers(2, 4)),
        ("union([1, 2], [2, 3.0, 3])", numbers(1, 2, 3)),
        ('distinct values([1, "1", 1.0, null, true])', [Decimal(1), "1", None, True]),
        ("distinct values([[1], [1], {a: 1}, {a: 1.0}])", [[Decimal(1)], {"a": Decimal(1)}]),
        ("duplicate values([1, 2, 1])", numbers(1)),
        ("flatten([[1, 2], [[3]], 4])", numbers(1, 2, 3, 4)),
        ("sort([3, 1, 2], function(a, b) a > b)", numbers(3, 2, 1)),
        ("sort([3, 1, 2])", numbers(1, 2, 3)),
        ("sort([{n: 2}, {n: 1}], function(a, b) a.n < b.n).n", numbers(1, 2)),
        ('sort([1, "a"])', None),
    ],
)
def test_lists(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('get value({a: 1}, "a")', Decimal(1)),
        ('get value({a: {b: 2}}, ["a", "b"])', Decimal(2)),
        ('get value({a: 1}, "b")', None),
        ("get entries({a: 1, b: 2}).key", ["a", "b"]),
        ('context([{key: "a", value: 1}])', {"a": Decimal(1)}),
        ('context([{key: "a", value: 1}, {key: "a", value: 2}])', None),
        ('context put({a: 1}, "b", 2)', {"a": Decimal(1), "b": Decimal(2)}),
        ('context put({a: {b: 1}}, ["a", "b"], 2)', {"a": {"b": Decimal(2)}}),
        ("context merge([{a: 1}, {a: 2, b: 3}])", {"a": Decimal(2), "b": Decimal(3)}),
        ('day of week(@"2026-11-23")', "Monday"),
        ('month of year(@"2026-11-23")', "November"),
        ('day of year(@"2026-02-01")', Decimal(32)),
        ('week of year(@"2005-01-01")', Decimal(53)),
        ('is(@"10:00:00Z", @"10:00:00+00:00")', True),
        ('is(@"2026-01-01T10:00:00Z", @"2026-01-01T11:00:00+01:00")', False),
        ('is(1, "1")', False),
    ],
)
def test_contexts_and_calendar(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("before(1, 10)", True),
        ("before(1, [1..10])", False),
        ("before(1, (1..10])", True),
        ("before([1..5), 5)", True),
        ("before([1..5], [5..10])", False),
        ("after([5..10], 1)", True),
        ("meets([1..5], [5..10])", True),
        ("meets([1..5), [5..10])", False),
        ("met by([5..10], [1..5])", True),
        ("overlaps([1..5], [3..8])", True),
        ("overlaps([1..5), [5..8])", False),
        ("overlaps before([1..5], [3..8])", True),
        ("overlaps after([3..8], [1..5])", True),
        ("finishes(5, [1..5])", True),
        ("finishes([3..5], [1..5])", True),
        ("finished by([1..5], 5)", True),
        ("includes([1..10], 5)", True),
        ("includes([1..10], [1..10))", True),
        ("includes((1..10], 1)", False),
        ("during(5, [1..10])", True),
        ("starts(1, [1..5])", True),
        ("starts([1..3], [1..5])", True),
        ("started by([1..5], [1..3])", True),
        ("coincides([1..5], [1..5])", True),
        ("coincides(3, 4)", False),
        ('before(@"2026-01-01", @"2026-01-02")', True),
        ('before(1, "a")', None),
        ("meets(1, 2)", None),
    ],
)
def test_points_and_ranges(text: str, expected: Any) -> None:
    assert value(text) is expected


def test_a_built_in_answers_to_any_arguments_and_never_fails() -> None:
    for name in builtins():
        for arguments in ("", "null", "1", '"x"', "[]", "1, 2", 'null, "a"', '"a", 1, null', "{}, [], 1, 2"):
            parse(f"{name}({arguments})").evaluate({}, CLOCK)


def test_arguments_can_be_given_by_the_standards_names() -> None:
    for name, built_in in builtins().items():
        for form in built_in.forms:
            named = ", ".join(f"{p.name}: null" for p in form.parameters)
            assert form.rest or not parse(f"{name}({named})").infer({})[1]

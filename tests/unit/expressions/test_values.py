"""What expressions give: the standard's arithmetic, logic, dates and paths, by both evaluators."""

from __future__ import annotations

from collections import ChainMap
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from time import thread_time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from taktflow.expressions import Clock, Function, parse
from taktflow.values import Range, YearsMonths

SHANGHAI = ZoneInfo("Asia/Shanghai")
CLOCK = Clock(datetime(2026, 11, 23, 20, 30, tzinfo=UTC), SHANGHAI)
SCOPE: dict[str, Any] = {
    "order": {
        "number": "SO-1",
        "amount": Decimal("120.50"),
        "qty": 7,
        "lines": [
            {"sku": "A", "min_qty": Decimal(2), "price": Decimal("1.10")},
            {"sku": "B", "min_qty": 3, "price": Decimal("2.20")},
        ],
        "placed": datetime(2026, 11, 23, 4, tzinfo=UTC),
        "due": date(2026, 12, 24),
    },
    "available": {"A": Decimal(10), "B": Decimal(3)},
    "数量": 5,
    "客户": {"等级": "S"},
    "nothing": None,
    "approved": True,
    "deep": [[1, 2], [3]],
}


def value(text: str, **more: Any) -> Any:
    """The value by the fast evaluator; the careful one must say the same."""
    expression = parse(text)
    scope = {**SCOPE, **more}
    fast = expression.evaluate(scope, CLOCK)
    assert repr(expression.evaluate_safely(scope, CLOCK)) == repr(fast)
    return fast


def number(text: str) -> Decimal:
    return Decimal(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1 + 0.2", "0.3"),
        (".872 * 2", "1.744"),
        ("1.2*10**3", "1200.0"),
        ("-3 ** 2", "9"),
        ("2 ** -1", "0.5"),
        ("2 ** 3 ** 2", "64"),
        ("-10--5", "-5"),
        ("10 - 2 - 3", "5"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("7 / 2", "3.5"),
        ("1 / 3", "0." + "3" * 34),
        ("2 / 3", "0." + "6" * 33 + "7"),
        ("1.23e4", "12300"),
        ("1.5E-2", "0.015"),
        ("9999999999999999999999999999999999 + 1", "1E+34"),
        ("order.amount * 2", "241.00"),
        ("数量 * 2", "10"),
    ],
)
def test_numbers_are_decimals_of_34_digits(text: str, expected: str) -> None:
    found = value(text)

    assert type(found) is Decimal
    assert found == number(expected)


def test_money_keeps_its_decimals() -> None:
    assert str(value("12.50 * 2")) == "25.00"
    assert str(value("decimal(10, 2)")) == "10.00"


@pytest.mark.parametrize(
    "text",
    """
    10 + null | null * 2 | 1 / 0 | 1 + "a" | "a" - "b" | true + 1 | -true | missing | missing.deep.er | order.missing
    nothing.x | order.amount.x | [1,2][3] | [1,2][0] | [][1] | 1 < "a" | true < false | [1] > [0] | 9 ** 99999
    date("2026-02-30") | date("9999-12-31") + duration("P1D") | missing(1) | substring("abc", 0) | count(1, 2, 3)
    nothing[1] | number("x") | order() | sqrt(-1) | log(0) | modulo(1, 0) | 0 / 0 | @"PT1H" + @"P1M" | sum(["a"])
    """.replace("\n", "|")
    .strip(" |")
    .split("|"),
)
def test_what_has_no_meaning_is_null_and_never_an_error(text: str) -> None:
    assert value(text) is None


TRUTH = {"true": True, "false": False, "null": None}


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        ("true", "true", True, True),
        ("true", "false", False, True),
        ("true", "null", None, True),
        ("false", "true", False, True),
        ("false", "false", False, False),
        ("false", "null", False, None),
        ("null", "true", None, True),
        ("null", "false", False, None),
        ("null", "null", None, None),
        ("5", "true", None, True),
        ("false", '"x"', False, None),
    ],
)
def test_logic_has_three_values(left: str, right: str, both: Any, either: Any) -> None:
    assert value(f"{left} and {right}") is both
    assert value(f"{left} or {right}") is either


def test_not_of_unknown_is_unknown() -> None:
    assert value("not(true)") is False
    assert value("not(null)") is None
    assert value('not("x")') is None


def test_a_long_chain_of_conditions_is_settled_by_one() -> None:
    assert value(" and ".join(["true"] * 200)) is True
    assert value(" or ".join([*["null"] * 200, "true"])) is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("null = null", True),
        ("1 = null", False),
        ("null != 1", True),
        ('1 = "1"', None),
        ("true = 1", None),
        ("1.0 = 1.00", True),
        ('"a" < "b"', True),
        ("[1, 2] = [1, 2.0]", True),
        ("[1, 2] = [2, 1]", False),
        ("{a: 1, b: 2} = {b: 2, a: 1}", True),
        ("[1..3] = [1..3]", True),
        ("[1..3] = [1..3)", False),
        ('date("2026-01-01") < date("2026-01-02")', True),
        ('@"2026-01-01T10:00:00Z" = @"2026-01-01T18:00:00+08:00"', True),
        ('@"2026-01-01" < @"2026-01-01T10:00:00Z"', None),
        ('time("10:00:00") < time("11:00:00Z")', None),
        ('duration("PT60M") = duration("PT1H")', True),
        ("5 between 1 and 5", True),
        ("5 between 1 and null", None),
        ("1 between 1 and 2 and true", True),
        ("5 in [1..5)", False),
        ("5 in (4..5]", True),
        ("5 in ]4..6[", True),
        ("5 in (1, > 4)", True),
        ("5 in < 5", False),
        ("5 in (< 5)", False),
        ("5 in (!= 5)", False),
        ("5 in [1, 5, 9]", True),
        ("5 in [[1..2], [4..6]]", True),
        ("null in [1, 2]", False),
        ("5 in missing", None),
        ("null in null", True),
        ("5 in (null, 5)", True),
        ("5 instance of number", True),
        ('"a" instance of number', False),
        ("null instance of number", False),
        ("[1, 2] instance of list<number>", True),
        ('[1, "a"] instance of list<number>', False),
        ('@"2026-01-01T00:00:00Z" instance of date and time', True),
        ("{a: 1} instance of context<a: number>", True),
        ("[1..2] instance of range<number>", True),
        ("(function(a) a) instance of function<Any>->Any", True),
    ],
)
def test_comparing(text: str, expected: Any) -> None:
    assert value(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"Hello " + "World"', "Hello World"),
        (r'"say \"hi\"\n"', 'say "hi"\n'),
        (r'"\u4e2d\U01F40E"', "中🐎"),
        (r'"\ud83d\udc0e"', "🐎"),
        ("客户.等级", "S"),
        ('if order.amount > 100 then "big" else "small"', "big"),
        ('if null then "yes" else "no"', "no"),
        ("order.lines.sku", ["A", "B"]),
        ("order.lines[1].sku", "A"),
        ("order.lines[-1].sku", "B"),
        ('order.lines[sku = "B"].min_qty', [Decimal(3)]),
        ("order.lines[min_qty > 2].sku", ["B"]),
        ("order.lines[item.min_qty > 2].sku", ["B"]),
        ("order.lines[min_qty > missing].sku", []),
        ("[1, 2, 3, 4][item > 2]", [Decimal(3), Decimal(4)]),
        ("[1, 2, 3][count([1, 2])]", Decimal(2)),
        ('available["A"]', Decimal(10)),
        ('available["Z"]', None),
        ("available[order.lines[2].sku]", Decimal(3)),
        ("for l in order.lines return available[l.sku] - l.min_qty", [Decimal(8), Decimal(0)]),
        ("every l in order.lines satisfies available[l.sku] >= l.min_qty", True),
        ("some l in order.lines satisfies available[l.sku] > l.min_qty + 7", True),
        ("every x in [] satisfies x > 1", True),
        ("some x in [] satisfies x > 1", False),
        ("every x in [1, null] satisfies x > 0", None),
        ("some x in null satisfies x", None),
        ("for x in 1..3 return x * x", [Decimal(1), Decimal(4), Decimal(9)]),
        ("for x in 3..1 return x", [Decimal(3), Decimal(2), Decimal(1)]),
        ("for x in [1, 2], y in [x, 10] return x * y", [Decimal(1), Decimal(10), Decimal(4), Decimal(20)]),
        ("for x in [1..3] return x", [Decimal(1), Decimal(2), Decimal(3)]),
        ('for d in @"2026-01-30"..@"2026-02-01" return d.day', [Decimal(30), Decimal(31), Decimal(1)]),
        ("for i in 1..5 return if i <= 2 then 1 else partial[-1] + partial[-2]", [Decimal(n) for n in (1, 1, 2, 3, 5)]),
        ("for x in 1..2 return partial", [[], [[]]]),
        ("for x in 7 return x", [Decimal(7)]),
        ("{a: 1, b: a + 1, c: {d: b * 2}}", {"a": Decimal(1), "b": Decimal(2), "c": {"d": Decimal(4)}}),
        ('{first name: "Ada", "last name": "L"}', {"first name": "Ada", "last name": "L"}),
        ("{a: [1, 2], b: a[item > 1]}.b", [Decimal(2)]),
        ("[{a: 1}, {b: 2}].a", [Decimal(1), None]),
        ("deep", [[Decimal(1), Decimal(2)], [Decimal(3)]]),
        ("deep[2]", [Decimal(3)]),
        ("100[1]", Decimal(100)),
        ("(function(a, b) a + b)(1, 2)", Decimal(3)),
        ("{add: function(a, b) a - b, r: add(b: 1, a: 5)}.r", Decimal(4)),
        ("{f: function(x) x * 2, r: for n in [1, 2] return f(n)}.r", [Decimal(2), Decimal(4)]),
        ("// a note\n1 /* and another */ + 2", Decimal(3)),
        ("[1..10].start", Decimal(1)),
        ("(1..10].start included", False),
        ("[1..10]", Range(Decimal(1), Decimal(10))),
        ("[10..1]", None),
        ("(> 5)", Range(Decimal(5), None, False, False)),
    ],
)
def test_texts_lists_and_paths(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('@"2026-01-31" + duration("P1M")', date(2026, 2, 28)),
        ('@"2024-02-29" + @"P1Y"', date(2025, 2, 28)),
        ('@"2026-03-31" - @"P1M"', date(2026, 2, 28)),
        ('@"2026-01-01" + @"P10D"', date(2026, 1, 11)),
        ('@"2026-01-02" - @"2026-01-01"', timedelta(days=1)),
        ('@"2026-01-01T00:00:00Z" + @"PT36H"', datetime(2026, 1, 2, 12, tzinfo=UTC)),
        ('@"2026-01-01T10:00:00"', datetime(2026, 1, 1, 10, tzinfo=SHANGHAI)),
        ('@"2026-01-01T10:00:00+01:00"', datetime(2026, 1, 1, 10, tzinfo=timezone(timedelta(hours=1)))),
        ('@"10:30:00"', time(10, 30)),
        ('time("23:00:00") + @"PT2H"', time(1)),
        ('time("11:00:00") - time("10:00:00")', timedelta(hours=1)),
        ('@"PT4H" + @"PT30M"', timedelta(hours=4, minutes=30)),
        ('@"P1D" * 2', timedelta(days=2)),
        ('@"P1D" / @"PT1H"', Decimal(24)),
        ('@"P1Y" - @"P3M"', YearsMonths(9)),
        ('@"P1Y" * 1.5', YearsMonths(18)),
        ('-@"P1D"', timedelta(days=-1)),
        ('2 * @"PT1H"', timedelta(hours=2)),
        ('years and months duration(@"2025-01-15", @"2026-03-14")', YearsMonths(13)),
        ("order.due.year", Decimal(2026)),
        ("order.due.weekday", Decimal(4)),
        ("order.placed.hour", Decimal(4)),
        ('@"P1DT2H3M4.5S".seconds', Decimal("4.5")),
        ('@"-P1Y2M".months', Decimal(-2)),
        ('@"2026-01-01T10:00:00+05:00".time offset', timedelta(hours=5)),
        ('@"2026-01-01T10:00:00@Europe/Paris".timezone', "Europe/Paris"),
        ("today()", date(2026, 11, 24)),
        ("now().hour", Decimal(4)),
        ('today() > @"2026-11-23"', True),
        ("order.due - today()", timedelta(days=30)),
        # The night the clocks change: an hour later is an hour later.
        ('string(@"2026-03-29T01:30:00@Europe/Paris" + @"PT1H")', "2026-03-29T03:30:00@Europe/Paris"),
    ],
)
def test_dates_times_and_durations(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_a_local_time_is_meant_in_the_callers_zone() -> None:
    moment = value('@"2026-07-01T08:00:00"')

    assert moment.astimezone(UTC) == datetime(2026, 7, 1, 0, tzinfo=UTC)


def test_the_scope_may_be_any_mapping() -> None:
    scope: ChainMap[str, Any] = ChainMap({"a": {"b": 1}}, {"c": "x"})

    assert parse('a.b = 1 and c = "x" and d = null').evaluate(scope, CLOCK) is True


def test_python_integers_come_back_as_decimals() -> None:
    whole = value("order")

    assert type(value("order.qty")) is Decimal
    assert type(whole["qty"]) is Decimal
    assert type(whole["lines"][1]["min_qty"]) is Decimal
    assert type(value("[order.qty]")[0]) is Decimal
    assert type(SCOPE["order"]["qty"]) is int


def test_a_function_of_the_caller_can_be_called() -> None:
    double = Function(("x",), lambda x: x * 2)

    assert value("double(4)", double=double) == 8
    assert value("double(1, 2)", double=double) is None


def test_names_are_the_variables_read() -> None:
    names = parse("every l in order.lines satisfies available[l.sku] >= limit and count(x) > 1").names

    assert names == {"order", "available", "limit", "x"}


def test_a_variable_may_be_called_like_a_built_in() -> None:
    assert value("count + 1", count=Decimal(2)) == 3
    assert value("count([1, 2]) + count", count=Decimal(2)) == 4


def test_an_order_of_ten_thousand_lines_is_within_the_budget() -> None:
    lines = [{"sku": f"S{n % 50}", "min_qty": Decimal(2)} for n in range(10_000)]
    scope = {"order": {"lines": lines}, "available": {f"S{n}": Decimal(2) for n in range(50)}}
    condition = parse("every l in order.lines satisfies available[l.sku] >= l.min_qty")

    assert condition.evaluate(scope, CLOCK) is True
    assert parse("sum(order.lines[min_qty > 1].min_qty)").evaluate(scope, CLOCK) == 20_000


def test_inside_a_filter_fields_hide_variables() -> None:
    assert value('[{sku: "A"}, {sku: "B"}][sku = wanted].sku', wanted="B", sku="A") == ["B"]
    assert value("[{a: 1}, {b: 2}][a = 1]", a=Decimal(1)) == [{"a": 1}, {"b": 2}]


def test_reading_the_same_text_again_is_free() -> None:
    assert parse("1 + 1") is parse("1 + 1")


def test_a_scope_with_a_number_that_is_none_gives_null() -> None:
    assert value("n > 1", n=Decimal("NaN")) is None
    assert value("n + 1", n=Decimal("sNaN")) is None


def test_a_simple_condition_takes_microseconds() -> None:
    condition, scope = parse('a.b > 3 and c = "x"'), {"a": {"b": Decimal(5)}, "c": "x"}
    condition.evaluate(scope, CLOCK)

    best = float("inf")
    for _ in range(20):
        start = thread_time()
        for _ in range(200):
            condition.evaluate(scope, CLOCK)
        best = min(best, (thread_time() - start) / 200)

    # 0.5 microseconds where it was written; the bound of 3 is the engine's budget.
    assert best < 3e-6

"""Text that wants to run Python, fill the memory or never end is refused, or gives null, at once and for little."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from taktflow.expressions import NUMBER, Clock, Expression, ExpressionInvalid, LimitExceeded, parse_cell
from taktflow.expressions.reading import read

CLOCK = Clock(datetime(2026, 11, 23, 4, tzinfo=UTC), UTC)
LIMIT_S = 0.050
LIMIT_BYTES = 20_000_000
SCOPE: dict[str, Any] = {
    "amount": Decimal(5),
    "name": "a" * 10_000,
    "lines": [{"sku": f"S{n}", "qty": Decimal(n)} for n in range(1_000)],
}

PYTHON = {
    "replace": "('a'*100000).replace('a','b'*10000)",
    "replace in quotes": '("a"*100000).replace("a","b"*10000)',
    "ljust": "'a'.ljust(1500000000)",
    "zfill": '"a".zfill(1500000000)',
    "percent format": "'%1500000000d' % 1",
    "f-string": "f'{1:1500000000d}'",
    "f-string in quotes": 'f"{1:1500000000d}"',
    "format method": '"{0:1500000000d}".format(1)',
    "encode": "('é'*100000).encode('utf-16').hex().replace('a', 'b')",
    "class": "().__class__.__bases__[0].__subclasses__()",
    "class of a number": "(1).__class__.__mro__",
    "class of a variable": "amount.__class__.__init__.__globals__",
    "function attributes": "count.__globals__",
    "generator frame": "(x for x in [1]).gi_frame.f_globals",
    "frame of a function": "(function(a) a).gi_frame.f_back",
    "lambda": "lambda: 1",
    "lambda called": "(lambda x: x)(1)",
    "import": "import os",
    "dunder import": '__import__("os").system("true")',
    "eval": 'eval("1+1")',
    "exec": 'exec("x = 1")',
    "getattr": 'getattr(amount, "as_tuple")',
    "open": 'open("/etc/hostname").read()',
    "walrus": "(y := 5)",
    "assignment": "amount := 5",
    "two statements": "amount > 1; 1",
    "is operator": "amount is 5",
    "starred": "[*lines]",
    "comprehension": "[x for x in lines]",
    "set": "{1, 2}",
    "slice": "lines[1:2]",
    "shift": "1 << 1000000000",
    "bits": "1 | 2",
    "raw bytes": 'b"abc"',
    "our own names": "_s",
    "our own run": "_r.charge(-1000000000)",
    "our own constants": "_k0",
    "backquotes": "`id`",
    "decorator": "@os.system",
    "ellipsis": "...",
    "await": "await amount",
    "yield": "yield 1",
    "null byte": "amount\x00 > 1",
}
HEAVY = {
    "power": "9**9999999",
    "tower of powers": "9**9**9**9**9",
    "power of a fraction": "1.000000000000000000000000000000001 ** 99999999999999",
    "power of a power": "(9**999)**(9**999)",
    "exponential": "exp(99999999999)",
    "huge exponent literal": "1e999999999",
    "long number": "9" * 3_900,
    "long number as text": 'number("' + "9" * 3_900 + '")',
    "rounding to a million places": "decimal(1/3, 999999999)",
    "sum of 20,000 terms": "+".join("1" for _ in range(20_000)),
    "sum of 1,900 terms": "+".join("1" for _ in range(1_900)),
    "and of 400 terms": " and ".join("true" for _ in range(400)),
    "deep brackets": "(" * 1_900 + "1" + ")" * 1_900,
    "deep lists": "[" * 1_900 + "]" * 1_900,
    "deep contexts": "{a:" * 600 + "1" + "}" * 600,
    "deep minus": "-" * 3_900 + "1",
    "deep if": "if true then " * 150 + "1" + " else 2" * 150,
    "deep for": "for x in " * 150 + "[1]" + " return x" * 150,
    "deep paths": "a" + ".a" * 1_900,
    "deep filters": "lines" + "[1]" * 1_200,
    "deep calls": "not(" * 600 + "true" + ")" * 600,
    "unclosed brackets": "(" * 3_900,
    "nested loops": "for x in 1..10000 return for y in 1..10000 return x*y",
    "joined loops": "for x in 1..10000, y in 1..10000 return x*y",
    "quantified loops": "every x in 1..10000, y in 1..10000 satisfies x + y > 0",
    "loops five deep": "for a in 1..99, b in 1..99, c in 1..99, d in 1..99, e in 1..99 return 1",
    "nested filters": "lines[count(lines[count(lines[qty > 0]) > 0]) > 0]",
    "range of a billion": "for x in 1..1000000000 return x",
    "range of 10**30": "for x in 1..1000000000000000000000000000000 return x",
    "joining long texts": 'string join(for x in 1..10000 return name, "")',
    "adding long texts": "name + name",
    "list of long texts": "for x in 1..9000 return upper case(name)",
    "doubling text": "{a: name, b: a + a, c: b + b, d: c + c}.d",
    "replace that grows": 'replace(name, "a", "' + "b" * 1_000 + '")',
    "replace that grows by groups": 'replace(name, "(a)", "' + "$1" * 500 + '")',
    "growing partial": "for x in 1..10000 return count(partial)",
    "partial in partial": "for x in 1..10000 return partial",
    "doubling list": "{a: for x in 1..9999 return x, b: concatenate(a, a)}.b",
    "flatten of shared lists": (
        "{a: for x in 1..1000 return x, b: for x in 1..1000 return a, c: flatten(for x in 1..1000 return b)}.c"
    ),
    "self-calling function": "{w: function(x) x(x), r: w(w)}.r",
    "self-calling function that grows": "{w: function(x) [x(x), x(x)], r: w(w)}.r",
    "sort by a loop": "sort(for x in 1..5000 return -x, function(a, b) every x in 1..5000 satisfies a < b)",
    "sorting much": "sort(for x in 1..9000 return modulo(x * 7919, 10007), function(a, b) a < b)",
    "contains in a loop": "{a: for x in 1..5000 return x, r: every x in a satisfies list contains(a, x)}.r",
    "equal lists in a loop": "{a: for x in 1..5000 return x, r: every x in a satisfies a = a}.r",
    "in a list in a loop": "{a: for x in 1..5000 return x, r: every x in a satisfies x in a}.r",
    "pattern with nested stars": 'matches(name, "(a*)*b")',
    "pattern with alternatives": 'matches(name, "(a|a|aa)+$b")',
    "pattern with huge repeats": 'matches(name, "((a{1,1000}){1,1000}){1,1000}")',
    "pattern with many repeats": 'matches(name, "' + "a?" * 240 + '")',
    "pattern that is long": 'matches(name, "' + "(a|b)" * 600 + '")',
    "pattern searched again and again": 'replace(name, "a(.*b)?", "x")',
    "split into everything": 'split(name, "a")',
    "duration of ages": 'duration("P99999999999999999999D") * 99999999999',
    "date of ages": 'date("9999-12-31") + duration("P99999Y")',
    "membership in lists of lists": "some x in 1..10000 satisfies x in [lines, lines]",
    "membership in a list made of one list": "1 in {f: function(x) lines, r: for i in 1..500 return f(i)}.r",
    "local moments in a loop": 'every x in 1..10000, q in lines satisfies @"2026-01-01T10:00:00".day != x',
    "a number between moments": 'lines[some u in lines satisfies (2.5 between d and @"2026-01-01T10:00:00")]',
    "ranges made in a loop": "for x in 1..10000 return [x..20000]",
    "loops forty deep": "some x in lines.qty satisfies " * 40 + "lines",
    "properties of what has none": "for x in 1..10000 return (lines.qty).hours",
    "very many empty lists": "for i in 1..10000 return [[], [], [], []]",
    "very many contexts": "for i in 1..10000 return {a: i, b: a, c: i}",
    "contexts put and merged": 'for i in 1..10000 return context merge([context put(lines[1], "a", i), lines[2]])',
    "entries of contexts": "for i in 1..10000 return get entries(lines[1])",
    "texts of wide characters": 'for i in 1..10000 return substring(name, 2) + "\U0001f600"',
    "statistics in a loop": "for i in 1..10000 return mode(lines.qty) = stddev(lines.qty)",
    "zone that is a path": '@"2026-01-01T10:00:00@../../../etc/passwd"',
}


def outcome(text: str, act: Callable[[Expression], Any]) -> str:
    """What happened to ``text``: refused, limited or its value; anything else fails the test."""
    try:
        expression = Expression(text, read(text))
        return str(act(expression))[:40]
    except (ExpressionInvalid, LimitExceeded) as refused:
        return refused.code


def quick(expression: Expression) -> Any:
    return expression.evaluate(SCOPE, CLOCK)


def careful(expression: Expression) -> Any:
    return expression.evaluate_safely(SCOPE, CLOCK)


def best_time(text: str, act: Callable[[Expression], Any]) -> float:
    """Processor seconds, the least of a few runs: a busy machine must not make an innocent expression look slow."""
    best = float("inf")
    for _ in range(5):
        start = time.thread_time()
        outcome(text, act)
        best = min(best, time.thread_time() - start)
        if best < LIMIT_S:
            break
    return best


def most_memory(text: str, act: Callable[[Expression], Any]) -> int:
    tracemalloc.start()
    try:
        outcome(text, act)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("text", PYTHON.values(), ids=PYTHON.keys())
def test_python_is_not_spoken_here(text: str) -> None:
    fast, slow = outcome(text, quick), outcome(text, careful)

    assert fast == slow
    assert fast == "None" or fast.startswith("expressions.syntax.")


@pytest.mark.parametrize("text", HEAVY.values(), ids=HEAVY.keys())
def test_a_heavy_expression_costs_less_than_50_ms_and_20_mb(text: str) -> None:
    outcome("1", quick)

    for act in (quick, careful):
        assert best_time(text, act) < LIMIT_S, outcome(text, act)
        assert most_memory(text, act) < LIMIT_BYTES, outcome(text, act)


def test_the_tests_of_one_cell_share_one_budget() -> None:
    cell = parse_cell(", ".join(["(for x in 1..9000 return x)[1]"] * 40), NUMBER)

    with pytest.raises(LimitExceeded):
        cell.matches(Decimal(-1), SCOPE, CLOCK)


def test_all_of_pythons_syntax_is_refused_within_the_same_bounds() -> None:
    for text in PYTHON.values():
        assert best_time(text, quick) < LIMIT_S
        assert most_memory(text, quick) < LIMIT_BYTES


def test_no_python_text_is_ever_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    import ast
    import builtins

    real = builtins.compile
    sources: list[Any] = []

    def watched(source: Any, *args: Any, **kwargs: Any) -> Any:
        sources.append(source)
        return real(source, *args, **kwargs)

    monkeypatch.setattr(builtins, "compile", watched)
    for text in ('amount > 1 and name = "x"', "for x in lines return x.qty * 2"):
        outcome(text, quick)
        outcome(text, careful)

    assert sources
    assert all(isinstance(s, ast.AST) for s in sources)

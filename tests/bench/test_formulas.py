"""Compiled FEEL next to simpleeval with its tree parsed beforehand, the same expressions on the same rows.

Ours reckons in 34 decimal digits, the peer in floats. *single* is one ``evaluate`` after another, *bulk* one
``evaluate_many`` for all rows, *typed* the same where the types of the variables are promised.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import simpleeval  # type: ignore[import-untyped]  # It ships no types.

from taktflow.expressions import BOOLEAN, NUMBER, STRING, Clock, parse
from taktflow.expressions.reading import read
from tests.bench.figures import Figure, figure, told

CLOCK = Clock(datetime(2026, 11, 23, tzinfo=UTC), UTC)
ROUNDS = 7
ROWS = 500
TYPES = {
    **dict.fromkeys(("w_tier", "tier", "w_amount", "amount", "w_urgency", "urgency"), NUMBER),
    "region": STRING,
    "paid": BOOLEAN,
}
WEIGHTS = "w_tier*tier + w_amount*amount/1000 + w_urgency*urgency"
SHAPES = {
    "weights": (WEIGHTS, WEIGHTS),
    "and-or": ('amount > 50000 and region = "EU" or paid', 'amount > 50000 and region == "EU" or paid'),
    "if": ("if amount > 50000 then amount * 0.9 else amount", "amount * 0.9 if amount > 50000 else amount"),
    "text": ('region = "EU"', 'region == "EU"'),
    "member": ('region in ("EU", "US", "CN")', 'region in ("EU", "US", "CN")'),
    "filter-sum": ("sum(lines[qty > 5].price)", "sum([l['price'] for l in lines if l['qty'] > 5])"),
    "for-sum": ("sum(for l in lines return l.qty * l.price)", "sum([l['qty'] * l['price'] for l in lines])"),
}


def rows(*, lines: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The same rows with decimals and with floats, each with so many order lines."""
    chance = random.Random(7)
    ours: list[dict[str, Any]] = []
    for _ in range(ROWS):
        ours.append(
            {
                "w_tier": Decimal("0.5"),
                "tier": Decimal(chance.randint(1, 5)),
                "w_amount": Decimal("0.3"),
                "amount": Decimal(chance.randint(1, 10_000_000)) / 100,
                "w_urgency": Decimal("0.2"),
                "urgency": Decimal(chance.randint(0, 10)),
                "region": chance.choice(["EU", "US", "CN", "APAC"]),
                "paid": chance.random() < 0.5,
                "lines": [{"qty": Decimal(n), "price": Decimal("2.5") * n} for n in range(lines)],
            }
        )
    return ours, [floated(row) for row in ours]


def floated(value: Any) -> Any:
    """``value`` with floats for decimals."""
    match value:
        case Decimal():
            return float(value)
        case list():
            return [floated(v) for v in value]
        case dict():
            return {k: floated(v) for k, v in value.items()}
    return value


def rate(work: Callable[[], object], count: int) -> float:
    """Evaluations a second in the best of a few slices, each so short that another process may own all of it."""
    best = float("inf")
    for _ in range(6):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return count / best


def figures_of(
    name: str, feel: str, python: str, exact: list[dict[str, Any]], rough: list[dict[str, Any]]
) -> list[Figure]:
    """Single, bulk and typed; every answer was compared first."""
    expression, typed = parse(feel), parse(feel).typed(TYPES)
    compound = name in ("member", "filter-sum", "for-sum")
    peer = simpleeval.EvalWithCompoundTypes(functions={"sum": sum}) if compound else simpleeval.SimpleEval()
    tree = peer.parse(python)

    def theirs() -> list[Any]:
        found = []
        for row in rough:
            peer.names = dict(row) if compound else row  # A comprehension writes into the names.
            found.append(peer.eval(python, previously_parsed=tree))
        return found

    ways: dict[str, Callable[[], list[Any]]] = {
        "single": lambda: [expression.evaluate(row, CLOCK) for row in exact],
        "bulk": lambda: expression.evaluate_many(exact, CLOCK),
        "typed": lambda: typed.evaluate_many(exact, CLOCK),
    }
    wanted = theirs()
    for way, work in ways.items():
        for ours, other in zip(work(), wanted, strict=True):
            assert ours == other or abs(float(ours) - other) < 1e-6 * abs(other), (way, feel)
    measured: dict[str, list[float]] = {way: [] for way in (*ways, "theirs")}
    for _ in range(ROUNDS):
        for way, work in ways.items():
            measured[way].append(rate(work, ROWS))
        measured["theirs"].append(rate(theirs, ROWS))
    goal = {"typed": 8.0} if name == "weights" else {}
    return [
        figure(f"formula-{name}-{way}", measured[way], measured["theirs"], "simpleeval-preparsed", goal.get(way))
        for way in ways
    ]


def test_compiled_formulas_next_to_simpleeval() -> None:
    short, long = rows(lines=0), rows(lines=10)

    figures = [
        figure
        for name, (feel, python) in SHAPES.items()
        for figure in figures_of(name, feel, python, *(long if "lines" in feel else short))
    ]

    told("formulas", [f.line() for f in figures], {f.name: asdict(f) for f in figures})
    assert all(f.ratio > 0 for f in figures)


def test_reading_and_compiling_by_the_piece() -> None:
    texts = [text.replace("1000", str(n)) for n in range(300) for text in ('amount > 1000 and region = "EU"', WEIGHTS)]
    read("1")

    def seconds(work: Callable[[str], object]) -> float:
        taken = []
        for text in texts:
            start = time.perf_counter()
            work(text)
            taken.append(time.perf_counter() - start)
        return statistics.median(taken)

    reading = seconds(read)
    ready = seconds(lambda text: parse(text).evaluate({}, CLOCK))
    again = seconds(parse)

    lines = [
        f"bench expression-read ours={reading * 1e6:.0f} unit=us",
        f"bench expression-read-and-first-evaluation ours={ready * 1e6:.0f} unit=us",
        f"bench expression-parse-again ours={again * 1e6:.2f} unit=us",
    ]
    told("reading", lines, {"read_s": reading, "ready_s": ready, "again_s": again})
    assert reading > 0

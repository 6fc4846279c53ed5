"""The fast ways and the careful one give one value or one error, whatever is asked of whatever data.

``TAKTFLOW_EXPRESSIONS=10000`` in the environment asks for so many expressions, and more than that for so much longer.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, getcontext

import pytest

from taktflow.expressions import Clock, Expression, LimitExceeded, parse
from taktflow.expressions import tree as t
from taktflow.values import Value
from tests.unit.expressions.sentences import TYPES, Sentences

CLOCK = Clock(datetime(2026, 11, 23, 4, tzinfo=UTC), UTC)
COUNT = int(os.environ.get("TAKTFLOW_EXPRESSIONS", "300"))
BATCH = 100
LIMITS = "expressions.limit."


def outcome(act: Callable[[], Value]) -> str:
    """The value, or the error's code."""
    try:
        return repr(act())
    except LimitExceeded as wrong:
        return wrong.code


def agreed(careful: str, fast: str) -> bool:
    """The careful one may stop earlier: its budget is smaller."""
    return fast == careful or careful.startswith(LIMITS)


def disagreements(expression: Expression, sentences: Sentences) -> Iterator[str]:
    """Where ``expression`` has more than one value, in scopes that fit, that are odd, and that are empty."""
    fitting = [sentences.scope() for _ in range(3)]
    scopes = [*fitting, sentences.scope(odd=0.3), sentences.scope(odd=0.9), {}]
    expected = [outcome(lambda s=s: expression.evaluate_safely(s, CLOCK)) for s in scopes]  # type: ignore[misc]
    ways: dict[str, Callable[[dict[str, Value]], Value]] = {
        "alone": lambda s: expression.evaluate(s, CLOCK),
        "generally": lambda s: expression.evaluate_generally(s, CLOCK),
        "in bulk": lambda s: expression.evaluate_many([s], CLOCK)[0],
    }
    for way, act in ways.items():
        for scope, wanted in zip(scopes, expected, strict=True):
            found = outcome(lambda s=scope, a=act: a(s))  # type: ignore[misc]
            if not agreed(wanted, found):
                yield f"{expression.text!r} {way}: {found} instead of {wanted} in {scope}"
    typed = expression.typed(TYPES)
    for scope, wanted in zip(fitting, expected, strict=False):
        found = outcome(lambda s=scope: typed.evaluate_many([s, s], CLOCK)[1])  # type: ignore[misc]
        if not agreed(wanted, found):
            yield f"{expression.text!r} typed: {found} instead of {wanted} in {scope}"


def kinds_in(root: t.Node) -> set[type[t.Node]]:
    """The kinds of node in the tree."""
    return {type(root)}.union(*(kinds_in(p) for p in t.parts(root)))


@pytest.mark.parametrize("seed", range(-(-COUNT // BATCH)))
def test_all_ways_to_evaluate_agree(seed: int) -> None:
    sentences = Sentences(seed)
    before = getcontext().copy()
    wrong: list[str] = []

    for _ in range(min(BATCH, COUNT)):
        wrong += disagreements(parse(sentences.expression()), sentences)

    assert not wrong, "\n".join(wrong[:10])
    assert (getcontext().prec, getcontext().traps) == (before.prec, before.traps)


def test_the_expressions_made_up_hold_every_kind_of_node() -> None:
    sentences, seen = Sentences(0), Counter[type[t.Node]]()

    for _ in range(600):
        seen.update(kinds_in(parse(sentences.expression()).root))

    kinds = {kind for kind in vars(t).values() if isinstance(kind, type) and issubclass(kind, t.Node)} - {t.Node}
    assert kinds - seen.keys() == set()


def test_half_of_the_values_are_no_null() -> None:
    sentences = Sentences(1)

    values = [outcome(lambda: parse(sentences.expression()).evaluate(sentences.scope(), CLOCK)) for _ in range(300)]

    assert sum(v != "None" for v in values) > 150


def test_a_row_that_cannot_be_reckoned_leaves_its_neighbours_alone() -> None:
    formula = parse("n / m + rate").typed(TYPES)
    rows: list[dict[str, Value]] = [
        {"n": Decimal(6), "m": Decimal(3), "rate": Decimal(1)},
        {"n": Decimal(6), "m": Decimal(0), "rate": Decimal(1)},
        {"n": None, "m": Decimal(3), "rate": Decimal(1)},
        {"n": Decimal(1), "m": Decimal(4)},
        {"n": 1, "m": 4, "rate": 1},
        {"n": "6", "m": Decimal(3), "rate": Decimal(1)},
        {"n": Decimal(1), "m": Decimal(3), "rate": Decimal(0)},
    ]

    values = formula.evaluate_many(rows, CLOCK)

    third = Decimal("0.3333333333333333333333333333333333")
    assert values == [Decimal(3), None, None, None, Decimal("1.25"), None, third]


def test_a_promised_number_that_is_null_is_null_to_functions_too() -> None:
    row = {"n": Decimal("2.55"), "m": None}

    values = [parse(t).typed(TYPES).evaluate_many([row], CLOCK)[0] for t in ("round half up(n, m)", "min(n, m) + 1")]

    assert values == [None, None]


def test_the_callers_decimal_context_is_back_after_every_ending() -> None:
    mine = getcontext()
    huge = Decimal("9e6144")

    for text in ("n * m + rate", "n / 0", "round half up(n * 2, 2)"):
        for scope in ({"n": Decimal(1), "m": Decimal(2), "rate": Decimal(3)}, {"n": huge, "m": huge, "rate": huge}, {}):
            parse(text).evaluate(scope, CLOCK)
            parse(text).evaluate_many([scope, scope], CLOCK)
            parse(text).typed(TYPES).evaluate_many([scope], CLOCK)

            assert getcontext() is mine

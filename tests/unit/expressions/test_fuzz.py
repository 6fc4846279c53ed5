"""Whatever the text of an expression or a cell: a value, or a finding with its place, soon and for little memory.

``TAKTFLOW_FUZZ=100000`` in the environment asks for so many texts.
"""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from taktflow.expressions import (
    ANY,
    BOOLEAN,
    DATE,
    DATETIME,
    DAYS_TIME,
    NUMBER,
    STRING,
    TIME,
    Clock,
    Expression,
    ExpressionInvalid,
    LimitExceeded,
    Type,
    parse_cell,
)
from taktflow.expressions.reading import read
from taktflow.values import Value
from tests.unit.expressions.hostility import Hostility
from tests.unit.expressions.sentences import TYPES

CLOCK = Clock(datetime(2026, 11, 23, 4, tzinfo=UTC), UTC)
COUNT = int(os.environ.get("TAKTFLOW_FUZZ", "100"))
BATCH = 200
LIMIT_S = 0.050
LIMIT_BYTES = 20_000_000
SCOPE: dict[str, Value] = {
    "n": Decimal("3.5"),
    "m": Decimal(7),
    "rate": Decimal("0.3"),
    "s": "abc",
    "region": "EU",
    "long": "a" * 10_000,
    "b": True,
    "open": None,
    "d": date(2026, 11, 23),
    "xs": [Decimal(n) for n in range(8)],
    "lines": [{"sku": f"S{n}", "qty": Decimal(n), "price": Decimal("1.5")} for n in range(1_000)],
    "order": {"total": Decimal(5), "region": "EU", "lines": []},
}
ASKED: dict[Type, Value] = {
    NUMBER: Decimal(5),
    STRING: "EU",
    BOOLEAN: True,
    DATE: date(2026, 1, 31),
    DATETIME: datetime(2026, 1, 31, tzinfo=UTC),
    TIME: None,
    DAYS_TIME: timedelta(hours=4),
    ANY: [Decimal(5)],
}


def evaluated(text: str) -> None:
    """All that is done with the text of an expression."""
    expression = Expression(text, read(text))
    _, findings = expression.infer(TYPES)
    assert all(0 < f.column <= len(text) + 1 for f in findings)
    expression.evaluate(SCOPE, CLOCK)


def evaluated_carefully(text: str) -> None:
    """What the preview does with it."""
    Expression(text, read(text)).evaluate_safely(SCOPE, CLOCK)


def asked(type_: Type) -> Callable[[str], None]:
    """All that is done with the text of a cell in a column of ``type_``."""

    def ask(text: str) -> None:
        cell = parse_cell.__wrapped__(text, type_)
        assert all(f.code for f in cell.infer(TYPES))
        for value in (ASKED[type_], None):
            assert cell.matches(value, SCOPE, CLOCK) in (True, False)

    return ask


def tried(act: Callable[[str], None], text: str) -> str:
    """What was wrong about ``act``; nothing when it gave a value, or a finding with its place in ``text``."""
    try:
        act(text)
    except ExpressionInvalid as refused:
        where = refused.findings[0].column
        return "" if 0 <= refused.offset <= len(text) and where == refused.offset + 1 else f"place {refused.offset}"
    except LimitExceeded:
        return ""
    except Exception as broken:  # noqa: BLE001  # Whatever it is, it is what this test looks for.
        return f"{type(broken).__name__}: {broken}"
    return ""


def too_much(act: Callable[[str], None], text: str, *, traced: bool) -> str:
    """What was wrong about ``act``, or what there was too much of: memory where it is ``traced``, otherwise time."""
    if traced:
        tracemalloc.start()
        wrong, most = tried(act, text), tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return wrong or (f"{most / 1e6:.0f} MB" if most > LIMIT_BYTES else "")
    start = time.thread_time()
    wrong = tried(act, text)
    taken = time.thread_time() - start
    if not wrong and taken > LIMIT_S:
        taken = min(deeper(depth, act, text) for depth in (0, 8, 16, 24))
    return wrong or (f"{taken * 1000:.0f} ms" if taken > LIMIT_S else "")


def deeper(depth: int, act: Callable[[str], None], text: str) -> float:
    """Processor seconds, begun so many calls deeper.

    Another depth, since a loop whose calls straddle the border of two blocks of Python's own stack takes many times as
    long; another try, since the machine may be busy.
    """
    if depth:
        return deeper(depth - 1, act, text)
    start = time.thread_time()
    tried(act, text)
    return time.thread_time() - start


@pytest.mark.parametrize("seed", range(-(-COUNT // BATCH)))
def test_any_text_gives_a_value_or_a_finding_soon_and_for_little(seed: int) -> None:
    hostility, wrong = Hostility(seed), []
    tried(evaluated, 'matches("1", "1")')

    for number in range(min(BATCH, COUNT)):
        kind = hostility.chance.choice(list(ASKED))
        act, text = (asked(kind), hostility.cell()) if number % 3 == 0 else (evaluated, hostility.expression())
        acts = [act, evaluated_carefully] if act is evaluated and number % 4 == 0 else [act]
        for one in acts:
            found = too_much(one, text, traced=number % 10 == 0)
            wrong += [f"{found} ({kind}): {text!r}"] if found else []

    assert not wrong, "\n".join(w[:600] for w in wrong[:10])

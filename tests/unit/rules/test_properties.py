"""Random tables answer as a plain loop over their rows does, and every finding's example is true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.definitions.decision import Decision
from taktflow.rules import Table, compile_decision, decision_findings
from taktflow.sdk import NodeError
from tests.unit.rules.builders import NOW, ZONE, a_decision

EPOCH = date(2026, 1, 1)


@dataclass(frozen=True)
class Written:
    """A cell as text and as a predicate of our own."""

    text: str
    holds: Callable[[Any], bool]


ANYTHING = Written("-", lambda _: True)


def comparisons(show: Callable[[int], str], make: Callable[[int], Any]) -> st.SearchStrategy[Written]:
    point = st.integers(0, 8)

    def interval(low: int, high: int, left: str, right: str) -> Written:
        a, b = make(min(low, high)), make(max(low, high))
        return Written(
            f"{left}{show(min(low, high))}..{show(max(low, high))}{right}",
            lambda v: v is not None and (a <= v if left == "[" else a < v) and (v <= b if right == "]" else v < b),
        )

    def compared(n: int, sign: str) -> Written:
        c = make(n)
        holds: dict[str, Callable[[Any], bool]] = {
            "<": lambda v: v < c,
            "<=": lambda v: v <= c,
            ">": lambda v: v > c,
            ">=": lambda v: v >= c,
        }
        return Written(f"{sign}{show(n)}", lambda v: v is not None and holds[sign](v))

    def listed(ns: list[int], negated: bool) -> Written:
        cs = [make(n) for n in ns]
        text = ",".join(map(show, ns))
        return Written(f"not({text})" if negated else text, lambda v: (v in cs) is not negated)

    return st.one_of(
        st.just(ANYTHING),
        st.builds(interval, point, point, st.sampled_from("[("), st.sampled_from("])")),
        st.builds(compared, point, st.sampled_from(["<", "<=", ">", ">="])),
        st.builds(listed, st.lists(point, min_size=1, max_size=3), st.just(False)),
    )


def words() -> st.SearchStrategy[Written]:
    def listed(ns: list[str], negated: bool) -> Written:
        text = ",".join(ns)
        # What is not there is neither in a list nor out of it.
        return Written(f"not({text})" if negated else text, lambda v: (v not in ns) if negated else (v in ns))

    return st.one_of(
        st.just(ANYTHING),
        st.builds(listed, st.lists(st.sampled_from(["EU", "US", "CN"]), min_size=1, max_size=2), st.booleans()),
    )


def day(n: int) -> date:
    return EPOCH + timedelta(days=n)


ROW = st.tuples(comparisons(str, Decimal), words(), comparisons(lambda n: day(n).isoformat(), day))
ROWS = st.lists(ROW, min_size=1, max_size=12)
VALUES = st.tuples(
    st.integers(-2, 20).map(lambda n: Decimal(n) / 2),
    st.sampled_from(["EU", "US", "CN", "JP"]),
    st.integers(-1, 9).map(day),
)


def a_table(rows: list[tuple[Written, ...]], policy: str) -> Decision:
    inputs = [{"id": "n", "type": "number"}, {"id": "r", "type": "text"}, {"id": "d", "type": "date"}]
    written = [[f"r{i}", *(t.text for t in row), str(i % 3)] for i, row in enumerate(rows)]
    return a_decision(inputs, [{"id": "o", "type": "text"}], written, hit_policy=policy)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(ROWS, st.lists(VALUES, min_size=5, max_size=5))
def test_the_rows_that_answer_are_those_a_plain_loop_finds(
    rows: list[tuple[Written, ...]], asked: list[tuple[Any, ...]]
) -> None:
    table = compile_decision(a_table(rows, "rule_order"), 1)

    for values in asked:
        hits = [i for i, row in enumerate(rows) if all(t.holds(v) for t, v in zip(row, values, strict=True))]
        found = table.decide(dict(zip("nrd", values, strict=True)), now=NOW, zone=ZONE)
        assert [row["id"] for row in found.trace["rows"]] == [f"r{i}" for i in hits]


@settings(max_examples=80, derandomize=True, deadline=None)
@given(st.lists(ROW, min_size=2, max_size=6), st.lists(VALUES, min_size=20, max_size=20))
def test_a_unique_table_without_findings_is_never_ambiguous(
    rows: list[tuple[Written, ...]], asked: list[tuple[Any, ...]]
) -> None:
    definition = a_table(rows, "unique")
    overlaps = [f for f in decision_findings(definition) if f.code.startswith("table.overlap")]

    for values in asked:
        hits = [i for i, row in enumerate(rows) if all(t.holds(v) for t, v in zip(row, values, strict=True))]
        told = {(f.args["row"], f.args["other"]) for f in overlaps}
        assert all((f"r{a}", f"r{b}") in told for a in hits for b in hits if a < b)


@pytest.mark.parametrize("divided_from", [0, 10_000])
@pytest.mark.parametrize("policy", ["first", "unique"])
@settings(max_examples=60, derandomize=True, deadline=None)
@given(rows=ROWS, asked=st.lists(VALUES, min_size=5, max_size=5), texts=st.booleans())
def test_the_row_that_answers_is_the_one_a_plain_loop_finds_one_by_one_and_many_at_once(
    policy: str, divided_from: int, rows: list[tuple[Written, ...]], asked: list[tuple[Any, ...]], texts: bool
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("taktflow.rules.index.DIVIDED_FROM", divided_from)
        table = compile_decision(a_table(rows, policy), 1)
    scopes = [
        {"n": str(n) if texts else n, "r": r, "d": d.isoformat() if texts else d}  # As records and as JSON hold them.
        for n, r, d in asked
    ]

    many = table.decide_many(scopes, now=NOW, zone=ZONE)

    for values, scope, at_once in zip(asked, scopes, many, strict=True):
        hits = [i for i, row in enumerate(rows) if all(t.holds(v) for t, v in zip(row, values, strict=True))]
        wanted: Any = f"r{hits[0]}" if hits else "decision.none"
        if policy == "unique" and len(hits) > 1:
            wanted = "decision.ambiguous"
        assert answering(table, scope) == wanted
        assert (at_once.code if isinstance(at_once, NodeError) else at_once.trace["rows"][0]["id"]) == wanted


def answering(table: Table, scope: dict[str, Any]) -> Any:
    try:
        return table.decide(scope, now=NOW, zone=ZONE).trace["rows"][0]["id"]
    except NodeError as failed:
        return failed.code

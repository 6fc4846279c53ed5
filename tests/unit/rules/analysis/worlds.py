"""Random small tables, and every point that can make a difference to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Any

from hypothesis import strategies as st

from taktflow.definitions.decision import Decision, OnNone
from taktflow.rules import Table, compile_decision
from taktflow.sdk import NodeError
from tests.unit.rules.builders import NOW, ZONE, a_decision

EPOCH = date(2026, 1, 1)
REGIONS = ("EU", "US")
INPUTS: list[dict[str, Any]] = [
    {"id": "n", "type": "number"},
    {"id": "r", "type": "text"},
    {"id": "d", "type": "date"},
]
LEVELS = ("high", "middle", "low")


def day(number: int) -> date:
    return EPOCH + timedelta(days=number)


def _ordered(show: Any, most: int) -> st.SearchStrategy[str]:
    point = st.integers(0, most)
    interval = st.builds(
        lambda a, b, left, right: f"{left}{show(min(a, b))}..{show(max(a, b))}{right}",
        point,
        point,
        st.sampled_from("[("),
        st.sampled_from("])"),
    )
    compared = st.builds(lambda n, sign: f"{sign}{show(n)}", point, st.sampled_from(["<", "<=", ">", ">="]))
    test = st.one_of(interval, compared, point.map(show), st.just("null"))
    tests = st.lists(test, min_size=1, max_size=2).map(",".join)
    return st.one_of(st.just("-"), interval, compared, tests, tests.map(lambda t: f"not({t})"))


def _words() -> st.SearchStrategy[str]:
    tests = st.lists(st.sampled_from([*REGIONS, "null"]), min_size=1, max_size=2, unique=True).map(",".join)
    return st.one_of(st.just("-"), tests, tests.map(lambda t: f"not({t})"))


CELLS = st.tuples(_ordered(str, 2), _words(), _ordered(lambda n: day(n).isoformat(), 2))
ROWS = st.lists(st.tuples(CELLS, st.integers(0, 2)), min_size=1, max_size=5)


def a_world(rows: Sequence[tuple[tuple[str, ...], int]], policy: str, **settings: Any) -> Decision:
    """A table of ``rows`` that answers one of three levels."""
    output = {"id": "level", "type": "text", "values": LEVELS}
    written = [[f"r{i}", *cells, LEVELS[level]] for i, (cells, level) in enumerate(rows)]
    return a_decision(INPUTS, [output], written, **{"hit_policy": policy, **settings})


@cache
def points(*, null: bool) -> Sequence[Mapping[str, Any]]:
    """A point of every class that the cells of a random table can cut, those of nothing with ``null``."""
    nothing: list[Any] = [None] if null else []
    numbers = [*nothing, *(Decimal(n) / 2 for n in range(-1, 6))]
    words = [*nothing, *REGIONS, "JP"]
    days = [*nothing, *(day(n) for n in range(-1, 4))]
    return [{"n": n, "r": r, "d": d} for n, r, d in product(numbers, words, days)]


def hits(definition: Decision) -> Any:
    """Tells which rows match a point, whatever the hit policy."""
    plain = definition.model_copy(update={"hit_policy": "rule_order", "default": OnNone()})
    table = compile_decision(plain, 1)
    return lambda point: [row["id"] for row in table.decide(point, now=NOW, zone=ZONE).trace["rows"]]


def chosen(table: Table, point: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """The answer at ``point`` and the rows it comes from; nothing where there is none."""
    try:
        found = table.decide(point, now=NOW, zone=ZONE)
    except NodeError:
        return None, []
    return found.value, [row["id"] for row in found.trace["rows"]]

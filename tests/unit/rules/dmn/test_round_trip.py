"""A native table written as DMN and read again is the same table, and what another tool changed in it is changed."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.definitions.decision import Decision
from taktflow.rules.dmn import decisions_of, read_model, write_model

TYPES = ["text", "number", "boolean", "date", "time", "datetime", "duration", "any"]
POLICIES = ["unique", "any", "priority", "first", "rule_order", "output_order", "collect"]
WORDS = [
    "EU",
    "US",
    "P 100",
    "a,b",
    'say "hi"',
    "null",
    "true",
    "12",
    "产品",
    "",
    "-",
    "\x01\r\n\t",
    "a\\b",
    "=x",
    "<5",
]


def again(*tables: Decision) -> tuple[Any, ...]:
    """What reading the written tables gives."""
    model, findings = read_model(write_model(tables), "again.dmn")
    assert model is not None
    assert [f for f in findings if f.code.startswith("dmn.")] == []
    return decisions_of(model)[0]


def constants(kind: str) -> st.SearchStrategy[str]:
    """Constants as cells of a column of that type write them."""
    day = st.dates(date(2020, 1, 1), date(2030, 1, 1))
    moment = st.integers(0, 10**8).map(lambda s: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=s))
    return {
        "text": st.sampled_from(["EU", "US", "P 100", '"a,b"', "产品", '"-"', '"12"']),
        "number": st.sampled_from(["1", "12.50", "-3", "0.001", "1000000"]),
        "boolean": st.sampled_from(["true", "false"]),
        "date": day.map(str),
        "time": st.sampled_from([time(8, 30), time(23, 59, 1)]).map(str),
        "datetime": moment.map(datetime.isoformat),
        "duration": st.sampled_from(["PT4H", "P1D", "P1Y6M"]),
        "any": st.sampled_from(['"EU"', "12", "true", '@"2026-01-01"']),
    }[kind]


def asked(kind: str) -> st.SearchStrategy[Any]:
    """Input cells: of the grammar, of other Python types, and a few that are none."""
    one = constants(kind)
    return st.one_of(
        st.sampled_from(["-", "", None, "null", "= ? != limit", "limit", "not(null)"]),
        one,
        st.lists(one, min_size=1, max_size=3).map(", ".join),
        st.lists(one, min_size=1, max_size=2).map(lambda c: f"not({','.join(c)})"),
        st.tuples(st.sampled_from(["<", ">=", "> ", "!="]), one).map("".join),
        st.tuples(st.sampled_from("[("), one, one, st.sampled_from(")]")).map(lambda p: f"{p[0]}{p[1]}..{p[2]}{p[3]}"),
        st.sampled_from([12, Decimal("12.50"), True, "not a date", "[5..", *WORDS]),
    )


def answered(kind: str) -> st.SearchStrategy[Any]:
    return st.one_of(
        constants(kind), st.sampled_from(["", "-", None, "= base * 2", 12, Decimal("0.10"), False, "oops", *WORDS])
    )


def settings_of(*choices: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from([{}, *choices])


@st.composite
def tables(draw: st.DrawFn) -> Decision:
    """Any table that loads, sound or not."""
    expressions = settings_of({"expr": "order.x"}, {"expr": "a + 1"}, {"title": {"zh": "列", "en": "C"}})
    domains = settings_of({"unit": "kg"}, {"values": ["EU", "1", '"x"']}, {"range": "[1..9]"})
    figures = settings_of({"scale": 2, "rounding": "half_up"}, {"currency": "CNY"}, {"values": ["b", "a"]})
    inputs: list[dict[str, Any]] = [
        {"id": f"in_{n}", "type": draw(st.sampled_from(TYPES)), **draw(expressions), **draw(domains)}
        for n in range(draw(st.integers(1, 3)))
    ]
    outputs: list[dict[str, Any]] = [
        {"id": f"out_{n}", "type": draw(st.sampled_from(TYPES)), "formula": draw(st.booleans()), **draw(figures)}
        for n in range(draw(st.integers(1, 2)))
    ]
    cells = [*(asked(i["type"]) for i in inputs), *(answered(o["type"]) for o in outputs)]
    ids = st.sampled_from(["r1", "r 2", "3", "行", "fr.1a", "r1"])
    notes: st.SearchStrategy[list[str | None]] = st.sampled_from([[], ["note"], ["  "], [None]])
    rows = [[draw(ids), *(draw(c) for c in cells), *draw(notes)] for _ in range(draw(st.integers(0, 4)))]
    extras = settings_of(
        {"note": "why", "owner": "sales", "tags": ["a"]},
        {"complete": True, "layout": "crosstab"},
        {"default": {"on_none": "null"}},
        {"default": {"on_none": "error", "row": {"out_0": 12}}},
        {"aggregate": "sum", "note": {"zh": "注", "en": "n"}},
    )
    dated = [{"effective": i["id"]} for i in inputs if i["type"] == "date"]
    return Decision.model_validate(
        {
            "kind": "decision",
            "id": "t",
            "title": {"zh": "表", "en": 'T & "<x>"\x02'},
            "inputs": inputs,
            "outputs": outputs,
            "rows": rows,
            **draw(extras),
            **draw(settings_of(*({"hit_policy": p} for p in POLICIES))),
            **draw(settings_of(*dated)),
        }
    )


@settings(max_examples=int(os.environ.get("TAKTFLOW_ROUND_TRIPS", "25")), deadline=None)
@given(tables())
def test_reading_what_was_written_gives_the_same_table(table: Decision) -> None:
    (found,) = again(table)

    assert found == table
    assert found.model_dump(exclude_unset=True, exclude={"rows"}) == table.model_dump(
        exclude_unset=True, exclude={"rows"}
    )
    assert [[(type(c), c) for c in row] for row in found.rows] == [[(type(c), c) for c in row] for row in table.rows]

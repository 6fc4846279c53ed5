"""Random decision tables, with everything that spreadsheets and texts do to cells."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from taktflow.definitions.decision import Decision

TYPES = ("text", "number", "boolean", "date", "time", "datetime", "duration", "any")
ODD = (
    "-",
    "",
    "'",
    "'=1",
    "''x",
    '"quoted"',
    '"',
    "=1+1",
    "= ? > 3",
    "+49 30 1234",
    "-5",
    "@x",
    "\tx",
    "\rx",
    "a\r\nb",
    "a\nb",
    " x ",
    "x\u00a0",
    "产品，区域",
    "👩🏭",
    "=👩🏭",
    "12.50",
    "007",
    "1e5",
    "1.23E+17",
    "-0",
    "0.10",
    "1-2",
    "3/4",
    "2026-01-31",
    "1899-12-31",
    "2026/1/31",
    "31.12.2026",
    "[2026-01-01..2026-07-01)",
    "2026-01-01..2026-07-01",
    "[1..100)",
    ">= 5",
    ">=5",
    "<10",
    "5%",
    "1,234.50",
    "12345678901234567890.123456789",
    "１２３",
    "＝1",
    "TRUE",
    "true",
    "null",
    "not(EU, US)",
    "#N/A",
    "#REF!",
    "_x0041_",
    "_x000D_",
    "\x00\x01",
    "\ufffe",
    "\u2028",
    "\ufeffx",
    "]]>&amp;<b>",
    "{a: 1}",
    "# x",
    "x: y",
    "yes",
    "~",
)
NAMES = ("product", "qty", "day", "region", "note", "id", "price", "currency", "row", "valid_from")
POLICIES = ("unique", "any", "priority", "first", "rule_order", "output_order", "collect")

words = st.builds(
    lambda zh, en: {"zh": zh, "en": en}, st.sampled_from(["产品", "=价", "数量 / 件"]), st.sampled_from(ODD[6:20])
)
numbers = st.one_of(
    st.integers(-(10**18), 10**18),
    st.decimals(-(10**9), 10**9, places=2),
    st.sampled_from([Decimal("12.50"), Decimal("0.1"), Decimal("1E+3"), Decimal("1E-20"), Decimal("-0.0"), 0]),
)
cells = st.one_of(
    st.sampled_from(ODD),
    st.sampled_from(ODD),
    numbers,
    st.dates().map(str),
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=12),
    st.booleans(),
    st.none(),
)


@st.composite
def tables(draw: st.DrawFn) -> Decision:
    """Tables whose cells need not make sense: what comes back has to be what went out."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=5, unique=True))
    cut = draw(st.integers(1, len(names) - 1))
    inputs = [draw(_column(name, output=False)) for name in names[:cut]]
    outputs = [draw(_column(name, output=True)) for name in names[cut:]]
    document: dict[str, Any] = {
        "kind": "decision",
        "id": draw(st.sampled_from(["table", "history", "a_very_long_name_of_a_price_table"])),
        "title": {"zh": "表", "en": "Table"},
        "inputs": inputs,
        "outputs": outputs,
        **draw(_settings(names[:cut], outputs)),
    }
    rows = draw(st.lists(_row(len(names)), max_size=6))
    listed: bool = draw(st.booleans())
    if rows or listed:
        document["rows"] = rows
    if draw(st.integers(0, 3)) == 0:
        document["crosstab"] = [draw(_crosstab(names[:cut], names[cut:]))]
    return Decision.model_validate(document)


def _column(name: str, *, output: bool) -> st.SearchStrategy[dict[str, Any]]:
    optional: dict[str, st.SearchStrategy[Any]] = {
        "title": words,
        "values": st.lists(st.sampled_from(["EU", "US", "=x", "a,b", "", "产品"]), max_size=4),
        "unit": st.sampled_from(["pcs", "kg [net]", "件"]),
    }
    if output:
        optional |= {"scale": st.integers(0, 6), "formula": st.booleans(), "currency": st.just("CNY")}
    else:
        optional |= {"expr": st.just("line.sku"), "range": st.just("[1..5]")}
    return st.fixed_dictionaries({"id": st.just(name), "type": st.sampled_from(TYPES)}, optional=optional)


def _settings(inputs: list[str], outputs: list[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    default = st.fixed_dictionaries({"on_none": st.sampled_from(["error", "null"])})
    filled = st.fixed_dictionaries({"row": st.fixed_dictionaries({outputs[0]["id"]: cells})})
    return st.fixed_dictionaries(
        {},
        optional={
            "hit_policy": st.sampled_from(POLICIES),
            "aggregate": st.sampled_from(["sum", "min", "max", "count"]),
            "effective": st.sampled_from(inputs),
            "complete": st.booleans(),
            "note": st.one_of(st.sampled_from(ODD), words),
            "owner": st.just("财务"),
            "tags": st.lists(st.sampled_from(ODD), max_size=2),
            "layout": st.just("crosstab"),
            "default": st.one_of(default, filled),
        },
    )


def _row(wide: int) -> st.SearchStrategy[list[Any]]:
    id_ = st.one_of(st.sampled_from(["r1", "r2", "1", "=x", "行一", "r 3"]), st.integers(1, 5))
    return st.integers(-1, 2).flatmap(
        lambda more: st.builds(
            lambda name, rest: [name, *rest],
            id_,
            st.lists(cells, min_size=max(wide + more, 1), max_size=max(wide + more, 1)),
        )
    )


@st.composite
def _crosstab(draw: st.DrawFn, inputs: list[str], outputs: list[str]) -> dict[str, Any]:
    across = [{"id": "eu"}, {"id": "us", "when": {inputs[-1]: draw(cells)}, "then": {outputs[-1]: draw(cells)}}]
    down = inputs[:2]
    rows = draw(st.lists(_row(len(down) + len(across) - 1), max_size=4))
    return {"id": "sheet", "down": down, "across": across, "cell": outputs[0], "rows": rows, "when": {inputs[0]: "x"}}

"""Small tables and formulas, written as their authors write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from taktflow.definitions.decision import Decision
from taktflow.definitions.formula import Formula
from taktflow.rules import compile_decision, compile_formula
from taktflow.sdk import NodeError, Result

NOW = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")

PRICE_INPUTS: list[dict[str, Any]] = [
    {"id": "product", "type": "text"},
    {"id": "region", "type": "text", "values": ["EU", "US", "CN"]},
    {"id": "qty", "type": "number", "range": "[1..1000000]"},
    {"id": "day", "type": "date"},
]
PRICE_ROWS: list[list[Any]] = [
    ["r1", "P100", "EU,US", "[1..100)", "[2026-01-01..2026-07-01)", "12.50", "base"],
    ["r2", "P100", "EU,US", "[100..500)", "[2026-01-01..2026-07-01)", "11.80"],
    ["r3", "P100", "CN", ">=1", "-", "9"],
    ["r4", "P200", "-", "-", ">=2026-01-01", Decimal("7.5")],
]


def a_decision(
    inputs: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
    rows: Sequence[Sequence[Any]],
    **settings: Any,
) -> Decision:
    """A decision called ``table``."""
    return Decision.model_validate(
        {
            "kind": "decision",
            "id": "table",
            "title": {"zh": "表", "en": "Table"},
            "inputs": inputs,
            "outputs": outputs,
            "rows": rows,
            **settings,
        }
    )


def a_price_table(rows: Sequence[Sequence[Any]] = PRICE_ROWS, **settings: Any) -> Decision:
    """Price by product, region, quantity and day."""
    return a_decision(PRICE_INPUTS, [{"id": "price", "type": "number", "scale": 2}], rows, **settings)


def a_list(policy: str, rows: Sequence[Sequence[Any]], **settings: Any) -> Decision:
    """One number tested, one text answered; the answers' order is low, high, other."""
    output = {"id": "level", "type": "text", "values": ["high", "middle", "low"]}
    return a_decision([{"id": "n", "type": "number"}], [output], rows, hit_policy=policy, **settings)


def a_formula(inputs: Mapping[str, Any], expr: str, **settings: Any) -> Formula:
    """A formula called ``figure``."""
    return Formula.model_validate(
        {
            "kind": "formula",
            "id": "figure",
            "title": {"zh": "公式", "en": "Figure"},
            "inputs": inputs,
            "expr": expr,
            **settings,
        }
    )


def decided(definition: Decision, /, **scope: Any) -> Result:
    """The result of version 3 for ``scope``."""
    return compile_decision(definition, 3).decide(scope, now=NOW, zone=ZONE)


def answer(definition: Decision, /, **scope: Any) -> Any:
    """The answer, or the code of the error."""
    try:
        return decided(definition, **scope).value
    except NodeError as failed:
        return failed.code


def computed(definition: Formula, /, **scope: Any) -> Result:
    """The result of version 2 for ``scope``."""
    return compile_formula(definition, 2).decide(scope, now=NOW, zone=ZONE)


def figure(definition: Formula, /, **scope: Any) -> Any:
    """The figure, or the code of the error."""
    try:
        return computed(definition, **scope).value
    except NodeError as failed:
        return failed.code

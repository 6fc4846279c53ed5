"""Whether two cells mean the same, however they are written."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from taktflow.definitions.decision import Cell, CellType, DecisionInput, DecisionOutput
from taktflow.expressions import ExpressionInvalid, parse, parse_cell
from taktflow.rules.period import parse_period
from taktflow.rules.typed import CELL_TYPES, Mistyped, cell_text, literal
from taktflow.values import Range, Value

_UNTOLD = ("at", "end")
"""Where a part of an expression stands is no part of what it means."""


def same_meaning(column: DecisionInput | DecisionOutput | None, old: Cell, new: Cell, *, effective: bool) -> bool:
    """Whether both cells say the same in ``column``; None is the column of ids and the one of notes.

    ``effective``: the column says from when until when a row holds, so that ``a..b`` ends before b.
    """
    before, after = cell_text(old), cell_text(new)
    if before == after:
        return True
    match column:
        case None:
            return False
        case DecisionInput():
            said, says = _asked(before, column.type, effective), _asked(after, column.type, effective)
        case _:
            said, says = _answered(before, column.type, column.formula), _answered(after, column.type, column.formula)
    return said is not None and said == says


@lru_cache(maxsize=4096)
def _asked(text: str, type: CellType, effective: bool) -> Hashable:
    """What an input cell asks, in a form that is equal for equal questions; None when it cannot be read."""
    try:
        cell = parse_period(text, CELL_TYPES[type]) if effective else parse_cell(text, CELL_TYPES[type])
    except ExpressionInvalid:
        return None
    values = frozenset(_marked(v) for v in cell.values)
    ranges = frozenset(_marked(r) for r in cell.intervals)
    rest = frozenset((r.asks, _shape(r.expression.root)) for r in cell.residuals)
    return (cell.wildcard, cell.negated, cell.null, values, ranges, rest)


@lru_cache(maxsize=4096)
def _answered(text: str, type: CellType, formula: bool) -> Hashable:
    try:
        if formula and text.startswith("="):
            return ("formula", _shape(parse(text[1:].strip()).root))
        return ("value", _marked(literal(text, type)))
    except (ExpressionInvalid, Mistyped):
        return None


def _marked(value: Value) -> Hashable:
    """``value`` beside its kind, since True equals 1 and a moment equals itself in any zone."""
    match value:
        case Range():
            ends = (_marked(value.low), _marked(value.high))
            return ("range", *ends, value.low_closed, value.high_closed)
        case bool():
            return ("boolean", value)
        case Decimal():
            return ("number", value)
        case datetime():
            return ("moment", value.isoformat())
        case _:
            return (type(value).__name__, value)


def _shape(node: Any) -> Hashable:
    if is_dataclass(node) and not isinstance(node, type):
        parts = (_shape(getattr(node, f.name)) for f in fields(node) if f.name not in _UNTOLD)
        return (type(node).__name__, *parts)
    if isinstance(node, tuple | list):
        return tuple(_shape(part) for part in node)
    return _marked(node)

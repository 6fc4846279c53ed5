"""Cells of the effective column: ``a..b`` without brackets holds from ``a`` on and ends before ``b``."""

from __future__ import annotations

import re
from dataclasses import replace

from taktflow.expressions import Cell, ExpressionInvalid, Type, parse_cell

_PERIOD = re.compile(r"([^\[\](),.]*)\.\.([^\[\](),.]*)")


def parse_period(text: str, type_: Type) -> Cell:
    """The cell that ``text`` writes; either end of a period may be left out. Raises ExpressionInvalid."""
    match = _PERIOD.fullmatch(text)
    low, high = (end.strip() for end in match.groups()) if match else ("", "")
    if not low and not high:
        return parse_cell(text, type_)
    written = f"[{low}..{high})" if low and high else f">={low}" if low else f"<{high}"
    try:
        cell = parse_cell(written, type_)
    except ExpressionInvalid as wrong:
        arguments = {k: v for k, v in wrong.args_.items() if k not in ("offset", "column")}
        offset = min(max(wrong.offset - len(written) + len(written.lstrip("[>=<")), 0), max(len(text) - 1, 0))
        raise ExpressionInvalid(wrong.code, offset=offset, **arguments) from None
    if low and low == high:
        raise ExpressionInvalid("expressions.cell.backwards", offset=0, low=low, high=high)
    return replace(cell, text=text)

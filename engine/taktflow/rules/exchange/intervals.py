"""Interval cells as two columns, ``from`` (included) and ``until`` (not included), and back."""

from __future__ import annotations

import re

from taktflow.definitions.decision import CellType
from taktflow.rules.exchange.said import NOTHING, Said, shown

FROM = ".from"
UNTIL = ".until"
SPLITTABLE: tuple[CellType, ...] = ("number", "date", "datetime", "time")
_BOUND = r"\s*([^\[\]()<>=\",\s.][^\[\]()<>=\",]*?)\s*"
_BETWEEN = re.compile(rf"\[{_BOUND}\.\.{_BOUND}\)")
_PERIOD = re.compile(rf"(?:{_BOUND})?\.\.(?:{_BOUND})?")
_AT_LEAST = re.compile(rf">={_BOUND}")
_BELOW = re.compile(rf"<{_BOUND}")
_PLAIN = re.compile(_BOUND)


def parts(said: Said, type: CellType, *, effective: bool) -> tuple[Said, Said]:
    """Both cells of what an interval cell says; what is no half-open interval stands in the first as it is."""
    text = said.text.strip()
    match = _BETWEEN.fullmatch(text) or (_PERIOD.fullmatch(text) if effective and text != ".." else None)
    if match:
        return shown(match[1] or "", type), shown(match[2] or "", type)
    if match := _AT_LEAST.fullmatch(text):
        return shown(match[1], type), NOTHING
    if match := _BELOW.fullmatch(text):
        return NOTHING, shown(match[1], type)
    # A value alone would come back as a lower bound.
    return Said("text", f"={text}" if _PLAIN.fullmatch(text) and text != "-" else said.text), NOTHING


def joined(low: str, high: str) -> str:
    """The interval cell that ``low`` and ``high`` write."""
    if not high:
        if low.startswith("=") and _PLAIN.fullmatch(low[1:]):
            return low[1:]
        return f">={low}" if _PLAIN.fullmatch(low) and low != "-" else low
    if low in ("", "-"):
        return f"<{high}"
    return f"[{low}..{high})"

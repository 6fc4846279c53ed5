"""A table's changes in words, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from taktflow.definitions.decision import Cell
from taktflow.rules.typed import cell_text
from taktflow.texts import sentence
from taktflow.values import Json, Text, plain_dumps

_LONGEST = 60
_COUNTED = {
    "added": "exchange.sum.added",
    "changed": "exchange.sum.changed",
    "removed": "exchange.sum.removed",
    "moved": "exchange.sum.moved",
}
_ROWS = {
    "added": "exchange.row.added",
    "changed": "exchange.row.changed",
    "removed": "exchange.row.removed",
    "moved": "exchange.row.moved",
}


def told_sum(rows: Mapping[str, int], settings: int) -> Text:
    """``2 rows changed, 1 row added``; what did not happen is not told."""
    parts = [_text(_COUNTED[kind], count=count) for kind, count in rows.items() if count]
    if settings:
        parts.append(_text("exchange.sum.settings", count=settings))
    return _joined(parts) if parts else _text("exchange.sum.nothing")


def told_row(kind: str, row: str, cells: Sequence[tuple[str, Cell, Cell]]) -> Text:
    """``row r2: price 11.80 becomes 12.00``."""
    if kind == "changed":
        told = _joined([_cell(*cell) for cell in cells])
        zh = sentence(_ROWS[kind], "zh", {"row": row, "cells": told.zh})
        return Text(zh, sentence(_ROWS[kind], "en", {"row": row, "cells": told.en}))
    filled = (f"{column} {_short(cell_text(old if old is not None else new))}" for column, old, new in cells)
    return _text(_ROWS[kind], row=row, cells=", ".join(filled))


def _cell(column: str, old: Cell, new: Cell) -> Text:
    named = Text(column, column) if column else _text("exchange.note_column")
    said = {"old": _short(cell_text(old)) or "∅", "new": _short(cell_text(new)) or "∅"}
    zh = sentence("exchange.cell_becomes", "zh", {"column": named.zh, **said})
    return Text(zh, sentence("exchange.cell_becomes", "en", {"column": named.en, **said}))


def told_setting(at: str, old: Json, new: Json) -> Text:
    """``inputs/qty/unit: pcs becomes kg``."""
    args = {"setting": at.lstrip("/"), "old": _value(old), "new": _value(new)}
    if old is None:
        return _text("exchange.setting.added", **args)
    return _text("exchange.setting.removed" if new is None else "exchange.setting.changed", **args)


def _value(value: Json) -> str:
    return _short(value if isinstance(value, str) else plain_dumps(value))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _joined(parts: Sequence[Text]) -> Text:
    return Text("，".join(p.zh for p in parts), ", ".join(p.en for p in parts))


def _text(code: str, **args: Any) -> Text:
    return Text(sentence(code, "zh", args), sentence(code, "en", args))

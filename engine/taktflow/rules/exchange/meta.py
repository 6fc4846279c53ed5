"""The sheet ``_meta``: every setting of the table, and whatever the other sheets cannot show exactly.

It is plain ASCII JSON in pieces, since a spreadsheet's cell ends at 32,767 characters and changes the odder ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import simplejson
from pydantic import ValidationError

from taktflow.definitions.canonical import canonical, content_hash
from taktflow.definitions.decision import Decision, Row
from taktflow.definitions.envelope import Model
from taktflow.rules.exchange.reading import RowKey, before, rejoined
from taktflow.rules.exchange.said import Habits, Mangled, Said, cell_said, shown
from taktflow.rules.exchange.sheets import Sheet
from taktflow.values import Json

TITLE = "_meta"
_FORMAT = "taktflow decision 1"
_PIECE = 30_000


class MetaDamaged(ValueError):
    """The sheet was changed by hand or lost a part."""


class MetaSheet(Model):
    """One sheet: ``ids`` of its rows as written, ``odd`` those rows that reading alone would not give back."""

    title: str
    crosstab: str
    split: tuple[str, ...]
    habits: tuple[tuple[bool, bool, bool], ...]
    ids: tuple[str, ...]
    odd: dict[int, Row]

    def known(self) -> Mapping[RowKey, Row]:
        """The odd rows by their keys."""
        keys = before((name,) for name in self.ids)
        return {key: self.odd[place] for place, key in enumerate(keys) if place in self.odd}

    def columns_habits(self) -> tuple[Habits, ...]:
        """How each column is written."""
        return tuple(Habits(*h) for h in self.habits)


class Meta(Model):
    """What ``_meta`` holds. ``header`` is the definition without its rows, ``content`` the hash of all it means."""

    version: int | None
    content: str
    header: dict[str, Any]
    sheets: tuple[MetaSheet, ...]


def meta_of(decision: Decision, sheets: Sequence[tuple[str, Sheet, frozenset[str]]], version: int | None) -> Meta:
    """The meta of ``decision``, whose sheets are given with their titles and split columns."""
    found = tuple(_sheet(title, sheet, split) for title, sheet, split in sheets)
    return Meta(version=version, content=content_hash(decision), header=header_of(decision), sheets=found)


def header_of(decision: Decision) -> dict[str, Json]:
    """Everything but the rows; a table that lists rows says so by an empty list."""
    empty: dict[str, Any] = {
        "crosstab": tuple(s.model_copy(update={"rows": ()}) for s in decision.crosstab),
        "rows": (),
    }
    kept = {name: value for name, value in empty.items() if name in decision.model_fields_set}
    document: dict[str, Json] = canonical(decision.model_copy(update=kept))
    return document


def _sheet(title: str, sheet: Sheet, split: frozenset[str]) -> MetaSheet:
    habits = sheet.habits()
    odd = {n: row for n, row in enumerate(sheet.rows) if not _comes_back(sheet, row, split, habits)}
    return MetaSheet.model_construct(
        title=title,
        crosstab=sheet.crosstab,
        split=tuple(c.id for c in sheet.columns if c.id in split),
        habits=tuple((h.numbers, h.booleans, h.null) for h in habits),
        ids=tuple(shown(row[0], "text").text.strip() if row else "" for row in sheet.rows),
        odd=odd,
    )


def _comes_back(sheet: Sheet, row: Row, split: frozenset[str], habits: Sequence[Habits]) -> bool:
    """Whether reading what the sheet shows of ``row`` gives the row to the letter."""
    wide = len(sheet.columns)
    if len(row) != wide and not (sheet.noted and len(row) == wide - 1):
        return False
    if len(row) == wide and sheet.noted and row[-1] in (None, ""):
        return False
    try:
        for column, cell, habit in zip(sheet.columns, row, habits, strict=False):
            said: Said = rejoined(column, cell) if column.id in split else shown(cell, column.type)
            again = cell_said(said, column.type, habit, column.values, answers=column.role == "out")
            if type(again) is not type(cell) or str(again) != str(cell):
                return False
    except Mangled:
        return False
    return True


def meta_lines(meta: Meta) -> list[tuple[str, str]]:
    """``meta`` as lines of a key and a piece of text."""
    body = {
        "version": meta.version,
        "content": meta.content,
        "header": meta.header,
        "sheets": [
            {name: getattr(s, name) for name in MetaSheet.model_fields if name != "odd"}
            | {"odd": {str(n): list(row) for n, row in s.odd.items()}}
            for s in meta.sheets
        ],
    }
    text = simplejson.dumps(body, use_decimal=True, separators=(",", ":"))
    pieces = [text[i : i + _PIECE] for i in range(0, len(text), _PIECE)]
    return [
        ("format", _FORMAT),
        ("sha256", hashlib.sha256(text.encode()).hexdigest()),
        *(("table", piece) for piece in pieces),
    ]


def read_meta(lines: Iterable[tuple[str, str]]) -> Meta:
    """The meta that ``lines`` hold; raises :class:`MetaDamaged`."""
    found = list(lines)
    text = "".join(piece for key, piece in found if key == "table")
    told = dict(found)
    if told.get("format") != _FORMAT or told.get("sha256") != hashlib.sha256(text.encode()).hexdigest():
        raise MetaDamaged
    try:
        return Meta.model_validate(simplejson.loads(text, use_decimal=True))
    except (ValueError, RecursionError, ValidationError) as wrong:
        raise MetaDamaged from wrong

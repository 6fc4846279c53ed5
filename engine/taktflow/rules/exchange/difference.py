"""What changes between two versions of a decision table: settings, rows, cells, and the order where it counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, TypeAlias

from taktflow.definitions.decision import Cell, Crosstab, Decision, DecisionInput, DecisionOutput
from taktflow.definitions.places import pointed
from taktflow.definitions.rows import listed
from taktflow.rules.exchange.meaning import same_meaning
from taktflow.rules.exchange.order import out_of_order
from taktflow.rules.exchange.telling import told_row, told_setting, told_sum
from taktflow.rules.typed import cell_text
from taktflow.values import Json, Pointer, Text

NOTE = ""
"""The column of notes, which has no id."""
_ORDERED = ("first", "rule_order", "priority", "output_order")
"""Hit policies whose answers depend on which row comes first, be it among equals."""
_ROWS = ("rows", "layout")

RowKind: TypeAlias = Literal["added", "removed", "changed", "moved"]


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell; ``column`` is its id, empty for the note."""

    column: str
    old: Cell
    new: Cell


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row by its id; ``sheet`` is the cross-tab it stands in, empty for the listed rows.

    ``cells`` are those that mean something else now, and all filled ones of a row added or removed. ``old_place`` and
    ``new_place`` count from 0; None where the row is not. A row that is changed and moved is told twice.
    """

    kind: RowKind
    row: str
    sheet: str
    cells: tuple[CellChange, ...]
    old_place: int | None
    new_place: int | None


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One setting; in ``at`` columns and cross-tabs go by their ids: ``/inputs/qty/unit``. None: it is not there."""

    at: Pointer
    old: Json
    new: Json


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that means something else in the new table; nothing when both mean the same."""

    settings: tuple[SettingChange, ...]
    rows: tuple[RowChange, ...]

    def __bool__(self) -> bool:
        return bool(self.settings or self.rows)

    def summary(self) -> Text:
        """One sentence with how much changed."""
        kinds = [change.kind for change in self.rows]
        return told_sum({k: kinds.count(k) for k in ("added", "changed", "removed", "moved")}, len(self.settings))

    def lines(self, most: int = 50) -> tuple[Text, ...]:
        """The changes one by one in words, the settings first, at most ``most`` of them."""
        settings = (told_setting(c.at, c.old, c.new) for c in self.settings)
        rows = (told_row(c.kind, _name(c), [(x.column, x.old, x.new) for x in c.cells]) for c in self.rows)
        return tuple(line for line, _ in zip(chain(settings, rows), range(most), strict=False))

    def document(self) -> Json:
        """For machines: plain JSON, numbers exact."""
        return {
            "settings": [{"at": c.at, "old": c.old, "new": c.new} for c in self.settings],
            "rows": [
                {
                    "kind": c.kind,
                    "row": c.row,
                    "sheet": c.sheet,
                    "cells": [{"column": x.column, "old": x.old, "new": x.new} for x in c.cells],
                    "old_place": c.old_place,
                    "new_place": c.new_place,
                }
                for c in self.rows
            ],
        }


def _name(change: RowChange) -> str:
    return f"{change.sheet}.{change.row}" if change.sheet else change.row


def difference(old: Decision, new: Decision) -> Difference:
    """What ``new`` changes in ``old``, by the ids of rows and columns; cells written differently that mean the same
    are no change, and neither is the order of rows where no answer depends on it."""
    settings = tuple(_settings("", _header(old), _header(new)))
    ordered = old.hit_policy in _ORDERED or new.hit_policy in _ORDERED
    rows = list(_rows(_listed_rows(old), _listed_rows(new), ordered))
    before, after = ({s.id: s for s in d.crosstab} for d in (old, new))
    for name in dict.fromkeys([*before, *after]):
        rows += _rows(_sheet_rows(old, before.get(name), name), _sheet_rows(new, after.get(name), name), ordered)
    return Difference(settings, tuple(rows))


@dataclass(frozen=True, slots=True)
class _Column:
    id: str
    declared: DecisionInput | DecisionOutput | None
    effective: bool = False


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows under their columns; ``named`` by id, a second one of the same id as ``id (2)``."""

    sheet: str
    columns: Mapping[str, _Column]
    named: Mapping[str, Mapping[str, Cell]]


def _listed_rows(definition: Decision) -> _Rows:
    columns = [
        *(_Column(i.id, i, i.id == definition.effective) for i in definition.inputs),
        *(_Column(o.id, o) for o in definition.outputs),
        _Column(NOTE, None),
    ]
    return _named("", columns, listed(definition.rows))


def _sheet_rows(definition: Decision, sheet: Crosstab | None, name: str) -> _Rows:
    if sheet is None:
        return _Rows(name, {}, {})
    inputs = {i.id: i for i in definition.inputs}
    cell = next((o for o in definition.outputs if o.id == sheet.cell), None)
    columns = [
        *(_Column(id, inputs.get(id), id == definition.effective) for id in sheet.down),
        *(_Column(a.id, cell) for a in sheet.across),
    ]
    return _named(name, columns, listed(sheet.rows))


def _named(sheet: str, columns: Sequence[_Column], rows: Iterable[Sequence[Cell]]) -> _Rows:
    found: dict[str, Mapping[str, Cell]] = {}
    for row in rows:
        name = unique = cell_text(row[0]) if row else ""
        count = 1
        while unique in found:
            count += 1
            unique = f"{name} ({count})"
        found[unique] = {column.id: cell for column, cell in zip(columns, row[1:], strict=False)}
    return _Rows(sheet, {c.id: c for c in columns}, found)


def _rows(old: _Rows, new: _Rows, ordered: bool) -> Iterable[RowChange]:
    was = {name: place for place, name in enumerate(old.named)}
    stands = {name: place for place, name in enumerate(new.named)}
    columns = {**old.columns, **new.columns}
    for name in (n for n in old.named if n not in stands):
        yield RowChange("removed", name, old.sheet, _filled(old.named[name], old=True), was[name], None)
    common = [name for name in new.named if name in was]
    moved = out_of_order([was[name] for name in common]) if ordered else frozenset()
    for name, cells in new.named.items():
        if name not in was:
            yield RowChange("added", name, new.sheet, _filled(cells, old=False), None, stands[name])
            continue
        changed = tuple(_changed(columns, old.named[name], cells))
        if changed:
            yield RowChange("changed", name, new.sheet, changed, was[name], stands[name])
        if was[name] in moved:
            yield RowChange("moved", name, new.sheet, (), was[name], stands[name])


def _filled(cells: Mapping[str, Cell], *, old: bool) -> tuple[CellChange, ...]:
    filled = ((name, cell) for name, cell in cells.items() if cell_text(cell))
    return tuple(CellChange(name, cell, None) if old else CellChange(name, None, cell) for name, cell in filled)


def _changed(columns: Mapping[str, _Column], old: Mapping[str, Cell], new: Mapping[str, Cell]) -> Iterable[CellChange]:
    for name in dict.fromkeys([*new, *old]):
        before, after = old.get(name), new.get(name)
        column = columns[name]
        if before is not after and not same_meaning(column.declared, before, after, effective=column.effective):
            yield CellChange(name, before, after)


def _header(definition: Decision) -> Json:
    """Every setting, defaults written out, with parts that have ids under their ids."""
    full = definition.model_dump(by_alias=True)
    return {k: _by_id(v) for k, v in full.items() if k not in _ROWS}


def _by_id(value: Any) -> Json:
    if isinstance(value, Mapping):
        return {k: _by_id(v) for k, v in value.items() if k not in _ROWS}
    if isinstance(value, list | tuple):
        parts = list(value)
        if parts and all(isinstance(p, Mapping) and "id" in p for p in parts):
            named = {str(p["id"]): {k: _by_id(v) for k, v in p.items() if k not in (*_ROWS, "id")} for p in parts}
            if len(named) == len(parts):
                return {**named, "": list(named)}
        return [_by_id(p) for p in parts]
    return value


def _settings(at: Pointer, old: Json, new: Json) -> Iterable[SettingChange]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            if key == "":
                yield from _order(at, old.get(""), new.get(""))
            else:
                yield from _settings(at + pointed(key), old.get(key), new.get(key))
    elif old != new:
        yield SettingChange(at, _plain(old), _plain(new))


def _order(at: Pointer, old: Sequence[str] | None, new: Sequence[str] | None) -> Iterable[SettingChange]:
    """The order of columns that are in both."""
    before, after = [n for n in old or () if n in (new or ())], [n for n in new or () if n in (old or ())]
    if before != after:
        yield SettingChange(at, before, after)


def _plain(value: Any) -> Json:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if k != "" and v is not None}
    return value

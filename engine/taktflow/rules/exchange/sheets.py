"""A decision's rows as sheets: one for those listed, one for every cross-tab, each with its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from taktflow.definitions.decision import (
    Cell,
    CellType,
    Crosstab,
    CrosstabColumn,
    Decision,
    DecisionInput,
    DecisionOutput,
    Row,
)
from taktflow.definitions.envelope import Words
from taktflow.definitions.rows import listed, unread_files
from taktflow.errors import Invalid
from taktflow.rules.exchange.said import Habits, habits_of
from taktflow.rules.typed import cell_text
from taktflow.values import Finding, Text

Role: TypeAlias = Literal["id", "in", "out", "annotation"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet. ``names`` are the words by which somebody's own list may head it."""

    id: str
    role: Role
    type: CellType
    title: Text
    unit: str = ""
    values: tuple[str, ...] = ()
    scale: int | None = None
    effective: bool = False
    declared: DecisionInput | DecisionOutput | None = None

    def names(self) -> frozenset[str]:
        """Every heading that means this column, in small letters."""
        return frozenset(n.strip().lower() for n in (self.id, self.title.zh, self.title.en, self.both))

    @property
    def both(self) -> str:
        """The title in both languages."""
        return self.title.zh if self.title.zh == self.title.en else f"{self.title.zh} / {self.title.en}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one sheet under its columns; ``crosstab`` is empty for the listed rows.

    The first column holds the ids; the last one of listed rows the notes.
    """

    crosstab: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]

    @property
    def noted(self) -> bool:
        """Whether the rows may end with a note."""
        return not self.crosstab

    def habits(self) -> tuple[Habits, ...]:
        """How the author writes each column."""
        cells: list[list[Cell]] = [[] for _ in self.columns]
        for row in self.rows:
            for column, cell in zip(cells, row, strict=False):
                column.append(cell)
        return tuple(habits_of(found, c.type) for found, c in zip(cells, self.columns, strict=True))


def sheets_of(decision: Decision) -> tuple[Sheet, ...]:
    """Every sheet of ``decision``; raises Invalid while its rows are in a file that nobody has read."""
    unread = [file for _, file in unread_files(decision)]
    if unread:
        where = [Finding("exchange.unread", at, {"file": file}) for at, file in unread_files(decision)]
        raise Invalid("exchange.unread", findings=where, file=", ".join(unread))
    rows = listed(decision.rows)
    crosstabs = tuple(_crosstab(decision, sheet) for sheet in decision.crosstab)
    if crosstabs and not rows and "rows" not in decision.model_fields_set:
        return crosstabs
    return (Sheet("", _columns(decision), rows), *crosstabs)


def _columns(decision: Decision) -> tuple[Column, ...]:
    inputs = (
        Column(i.id, "in", i.type, _title(i.title, i.id), i.unit or "", i.values, None, i.id == decision.effective, i)
        for i in decision.inputs
    )
    outputs = (
        Column(o.id, "out", o.type, _title(o.title, o.id), o.unit or o.currency or "", o.values, o.scale, False, o)
        for o in decision.outputs
    )
    columns = [*inputs, *outputs]
    taken = {c.id for c in columns}
    id_, note = _free("id", taken), _free("note", taken)
    return (_id_column(id_), *columns, Column(note, "annotation", "text", Text("备注", "Note")))


def _id_column(name: str) -> Column:
    return Column(name, "id", "text", Text("行号", "Row"))


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else _free(f"row_{name}", taken)


def _title(words: Words | None, id: str) -> Text:
    return words.text() if words is not None else Text(id, id)


def _crosstab(decision: Decision, sheet: Crosstab) -> Sheet:
    known = {c.id: c for c in _columns(decision)}
    cell = known.get(sheet.cell)
    down = [known.get(name) or Column(name, "in", "any", Text(name, name)) for name in sheet.down]
    across = [
        Column(
            a.id,
            "out",
            cell.type if cell else "any",
            _condition(a, known),
            cell.unit if cell else "",
            cell.values if cell else (),
            cell.scale if cell else None,
            declared=cell.declared if cell else None,
        )
        for a in sheet.across
    ]
    id_ = _free("id", {c.id for c in (*down, *across)})
    return Sheet(sheet.id, (_id_column(id_), *down, *across), listed(sheet.rows))


def _condition(column: CrosstabColumn, known: Mapping[str, Column]) -> Text:
    """``Region EU, Incoterm FOB``: what a column across stands for."""
    said = [
        (known[name].title if name in known else Text(name, name), cell_text(cell))
        for name, cell in column.when.items()
    ]
    if not said:
        return Text(column.id, column.id)
    return Text("，".join(f"{t.zh} {c}" for t, c in said), ", ".join(f"{t.en} {c}" for t, c in said))

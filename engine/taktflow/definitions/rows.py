"""The rows of a decision table, whichever way they were written: listed, or as the cells of cross-tabs.

Files of rows are read when a pack is (:mod:`taktflow.definitions.rows_file`); here they have become rows already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from taktflow.definitions.decision import Cell, Crosstab, CrosstabColumn, Decision, RowsFile
from taktflow.definitions.places import pointed
from taktflow.values import Pointer

MAX_ROWS = 100_000
"""Rows of one table."""


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """One row: its id, then ``cells``: inputs, outputs and perhaps a note, as many as its author wrote.

    ``at`` is the row's place in the definition. ``spots`` are the places of the cells where they do not simply follow
    one another there.
    """

    id: Cell
    cells: Sequence[Cell]
    at: Pointer
    spots: Sequence[Pointer] = ()

    def place(self, number: int) -> Pointer:
        """Where cell ``number`` was written."""
        return self.spots[number] if self.spots else f"{self.at}/{number + 1}"

    @property
    def id_place(self) -> Pointer:
        """Where the id was written."""
        return self.at if self.spots else f"{self.at}/0"


def rows_of(definition: Decision) -> Iterator[WrittenRow]:
    """Every row of the table: those listed, then those that cross-tabs stand for. Unread files give none."""
    for place, row in enumerate(listed(definition.rows)):
        yield WrittenRow(row[0] if row else None, row[1:], f"/rows/{place}")
    for number, sheet in enumerate(definition.crosstab):
        yield from _expanded(definition, sheet, f"/crosstab/{number}")


def listed(rows: Sequence[tuple[Cell, ...]] | RowsFile) -> Sequence[tuple[Cell, ...]]:
    """``rows``; none where they are still in a file."""
    return () if isinstance(rows, RowsFile) else rows


def unread_files(definition: Decision) -> Iterator[tuple[Pointer, str]]:
    """The files whose rows are not in the definition yet, and where it names them."""
    if isinstance(definition.rows, RowsFile):
        yield "/rows/file", definition.rows.file
    for number, sheet in enumerate(definition.crosstab):
        if isinstance(sheet.rows, RowsFile):
            yield f"/crosstab/{number}/rows/file", sheet.rows.file


def _expanded(definition: Decision, sheet: Crosstab, at: Pointer) -> Iterator[WrittenRow]:
    columns = [
        _Column(definition, sheet, column, at, f"{at}/across/{number}", 1 + len(sheet.down) + number)
        for number, column in enumerate(sheet.across)
    ]
    width = 1 + len(sheet.down) + len(sheet.across)
    for number, row in enumerate(listed(sheet.rows)):
        if len(row) != width:
            continue  # Told by crosstab_findings: no row can be made of it.
        for column in columns:
            written = row[column.place]
            if written is not None and written != "":
                yield column.row(row, f"{at}/rows/{number}")


class _Column:
    """What every cell of one cross-tab column has in common: which place each cell of its rows comes from."""

    def __init__(
        self, definition: Decision, sheet: Crosstab, column: CrosstabColumn, at: Pointer, across: Pointer, place: int
    ) -> None:
        self.place = place
        self._sheet = sheet.id
        self._column = column.id
        down = {name: 1 + number for number, name in enumerate(sheet.down)}
        said = [(sheet.when, f"{at}/when"), (column.when, f"{across}/when")]
        answered = [(sheet.then, f"{at}/then"), (column.then, f"{across}/then")]
        self._sources = [
            *(_source(input.id, down, said, "-") for input in definition.inputs),
            *(_source(output.id, {sheet.cell: place}, answered, "") for output in definition.outputs),
        ]

    def row(self, row: Sequence[Cell], at: Pointer) -> WrittenRow:
        """The row that this column's cell of ``row`` stands for."""
        cells = [row[where] if isinstance(where, int) else said for where, said, _ in self._sources]
        spots = [spot or f"{at}/{self.place if where is None else where}" for where, _, spot in self._sources]
        return WrittenRow(f"{self._sheet}.{row[0]}.{self._column}", cells, f"{at}/{self.place}", spots)


def _source(
    name: str, own: Mapping[str, int], said: Sequence[tuple[Mapping[str, Cell], Pointer]], otherwise: Cell
) -> tuple[int | None, Cell, Pointer]:
    """Where a cell comes from: its place in the sheet's row, or what is said elsewhere and where."""
    if name in own:
        return own[name], None, ""
    for cells, at in reversed(said):
        if name in cells:
            return None, cells[name], at + pointed(name)
    return None, otherwise, ""

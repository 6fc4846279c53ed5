"""From what a sheet says to rows: by headings, and by what the rows were before.

A cell that says what it said before stays as its author wrote it, and so does one that means the same: a round trip
through a spreadsheet changes nothing that nobody changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from taktflow.definitions.decision import Cell, Row
from taktflow.rules.exchange.headings import Headings
from taktflow.rules.exchange.intervals import joined, parts
from taktflow.rules.exchange.meaning import same_meaning
from taktflow.rules.exchange.said import NOTHING, Habits, Mangled, Said, cell_said, shown
from taktflow.rules.exchange.sheets import Column, Sheet
from taktflow.rules.typed import cell_text
from taktflow.values import Finding

RowKey = tuple[str, int]
"""A row's id and how many of that id stand above it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sheet; ``number`` counts from 1. A cell that was mangled beyond reading stands as the reason."""

    number: int
    cells: Sequence[Said | Mangled]


@dataclass(slots=True)
class RowsRead:
    """The rows of one sheet, the line each stands in, and what is wrong."""

    rows: list[Row] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def before(rows: Iterable[Row]) -> Mapping[RowKey, Row]:
    """``rows`` by their keys."""
    seen: Counter[str] = Counter()
    found: dict[RowKey, Row] = {}
    for row in rows:
        name = shown(row[0], "text").text.strip() if row else ""
        found[name, seen[name]] = row
        seen[name] += 1
    return found


def read_rows(
    sheet: Sheet,
    headings: Headings,
    lines: Iterable[Line],
    known: Mapping[RowKey, Row],
    names: Collection[str],
    habits: Sequence[Habits],
) -> RowsRead:
    """The rows that ``lines`` hold; ``known`` are those there were before as far as it matters, ``names`` all ids."""
    reading = _Reading(sheet, headings, known, names, habits)
    for line in lines:
        reading.take(line)
    reading.name_rows()
    return reading.read


class _Reading:
    def __init__(
        self,
        sheet: Sheet,
        headings: Headings,
        known: Mapping[RowKey, Row],
        names: Collection[str],
        habits: Sequence[Habits],
    ) -> None:
        self.read = RowsRead()
        self._sheet = sheet
        self._headings = headings
        self._known = known
        self._names = frozenset(names)
        self._habits = habits
        self._seen: Counter[str] = Counter()
        self._unnamed: list[int] = []
        self._strayed: set[int] = set()
        self._by_inputs = self._inputs_of(known.values()) if headings.places[0] == () else {}

    def _inputs_of(self, rows: Iterable[Row]) -> Mapping[tuple[str, ...], Row]:
        """Rows by what their inputs say, where only one says it: the ids of a list that has none."""
        wide = len(self._sheet.columns) - 1
        said = [(tuple(_texts(self._sheet, row)), row) for row in rows if len(row) >= wide]
        counts = Counter(key for key, _ in said)
        return {key: row for key, row in said if counts[key] == 1}

    def take(self, line: Line) -> None:
        """Adds the line's row, if it holds one."""
        said = [self._said(line, number) for number in range(len(self._sheet.columns))]
        if all(isinstance(s, Said) and not s.text.strip() for s in said if s is not None):
            return
        self._strays(line)
        former = self._former(said)
        same = True
        row: list[Cell] = []
        for number, cell in enumerate(said):
            was = former[number] if former is not None and number < len(former) else None
            split = len(self._headings.places[number]) > 1
            column = self._sheet.columns[number]
            if cell is None or (former is not None and _unchanged(column, was, cell, split=split)):
                row.append(was)
                continue
            same = False
            row.append(self._cell(line, number, cell, was, former is not None and number < len(former)))
        if same and former is not None:
            self._add(former, line)
        else:
            self._add(tuple(self._trimmed(row, former)), line)

    def _strays(self, line: Line) -> None:
        """Notes what stands in a column without a heading, once for each."""
        for place, cell in enumerate(line.cells):
            if cell is not NOTHING and place not in self._headings.headed and place not in self._strayed:
                text = cell.text if isinstance(cell, Said) else cell.args_.get("shown", "")
                if text.strip():
                    self._strayed.add(place)
                    args = {"shown": text[:80]}
                    self.read.findings.append(self._headings.finding("exchange.no_heading", line.number, place, args))

    def _said(self, line: Line, number: int) -> Said | Mangled | None:
        """What the line says in a column; None where the sheet has no such column."""
        places = self._headings.places[number]
        if not places:
            return None
        found = [line.cells[p] if p < len(line.cells) else NOTHING for p in places]
        if len(found) == 1:
            return found[0]
        try:
            return _together(self._sheet.columns[number], found)
        except Mangled as mangled:
            return mangled

    def _former(self, said: Sequence[Said | Mangled | None]) -> Row | None:
        if self._headings.places[0] == ():
            inputs = (s.text.strip() if isinstance(s, Said) else "" for s in said)
            return self._by_inputs.get(
                tuple(t for t, c in zip(inputs, self._sheet.columns, strict=True) if c.role == "in")
            )
        name = said[0].text.strip() if isinstance(said[0], Said) else ""
        key = (name, self._seen[name])
        self._seen[name] += 1
        return self._known.get(key)

    def _cell(self, line: Line, number: int, said: Said | Mangled, was: Cell, known: bool) -> Cell:
        column, habits = self._sheet.columns[number], self._habits[number]
        try:
            if isinstance(said, Mangled):
                raise said
            cell = cell_said(said, column.type, habits, column.values, answers=column.role == "out")
        except Mangled as mangled:
            place = self._headings.places[number][0]
            self.read.findings.append(self._headings.finding(mangled.code, line.number, place, mangled.args_))
            return None
        if known and same_meaning(column.declared, was, cell, effective=column.effective):
            return was
        return cell

    def _trimmed(self, row: list[Cell], former: Row | None) -> list[Cell]:
        had_note = former is not None and len(former) >= len(self._sheet.columns)
        return row[:-1] if self._sheet.noted and row[-1] in (None, "") and not had_note else row

    def _add(self, row: Row, line: Line) -> None:
        if not cell_text(row[0]) and "" not in self._names:
            self._unnamed.append(len(self.read.rows))
        self.read.rows.append(row)
        self.read.lines.append(line.number)

    def name_rows(self) -> None:
        """Gives every row without an id one, and says so once."""
        if not self._unnamed:
            return
        taken = {cell_text(row[0]) for row in self.read.rows} | self._names
        number = len(self._names)
        for place in self._unnamed:
            number += 1
            while f"r{number}" in taken:
                number += 1
            self.read.rows[place] = (f"r{number}", *self.read.rows[place][1:])
        first = self.read.lines[self._unnamed[0]]
        count = len(self._unnamed)
        self.read.findings.append(
            self._headings.finding("exchange.named", first, 0, {"count": count, "last": f"r{number}"}, severity="info")
        )


def _texts(sheet: Sheet, row: Row) -> Iterable[str]:
    for column, cell in zip(sheet.columns, row, strict=False):
        if column.role == "in":
            yield shown(cell, column.type).text.strip()


def _unchanged(column: Column, was: Cell, said: Said | Mangled, *, split: bool) -> bool:
    """Whether a cell says what it said when it was written."""
    if isinstance(said, Mangled):
        return False
    if not split:
        return shown(was, column.type).text == said.text
    try:
        return rejoined(column, was).text == said.text
    except Mangled:
        return False


def rejoined(column: Column, cell: Cell) -> Said:
    """What a split cell says once its two parts are read again; raises :class:`Mangled`."""
    return _together(column, parts(shown(cell, column.type), column.type, effective=column.effective))


def _together(column: Column, found: Sequence[Said | Mangled]) -> Said:
    bounds = []
    for said in found:
        if isinstance(said, Mangled):
            raise said
        bounds.append(cell_text(cell_said(said, column.type, Habits(numbers=False))))
    text = joined(bounds[0], bounds[1])
    return Said("text", text) if text else NOTHING

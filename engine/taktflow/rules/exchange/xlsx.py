"""Excel out and in: every setting comes back, and whatever people or spreadsheets do to cells is told or put right."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from taktflow.definitions.canonical import content_hash
from taktflow.definitions.decision import Decision
from taktflow.definitions.load import definition
from taktflow.definitions.places import Loaded
from taktflow.rules.exchange.book_in import Book, Grid, Unreadable
from taktflow.rules.exchange.book_out import workbook
from taktflow.rules.exchange.heading_lines import HEADER_ROWS, IDS, ROLE_WORDS, ROLES, heading_lines
from taktflow.rules.exchange.headings import Headings, found_headings, heading_line, placed
from taktflow.rules.exchange.intake import Taken, taken_in
from taktflow.rules.exchange.intervals import SPLITTABLE
from taktflow.rules.exchange.meta import TITLE, Meta, MetaDamaged, meta_of, read_meta
from taktflow.rules.exchange.reading import Line, before, read_rows
from taktflow.rules.exchange.said import Said
from taktflow.rules.exchange.sheets import Sheet, sheets_of
from taktflow.rules.exchange.visible import shown_table
from taktflow.values import Finding

_LONGEST_TITLE = 31


def write_xlsx(decision: Decision, *, version: int | None = None, split: Collection[str] = ()) -> bytes:
    """``decision`` as a workbook; interval columns named in ``split`` become two columns, from and until.

    Raises Invalid while its rows are in a file that nobody has read.
    """
    titles: list[str] = []
    sheets = []
    for sheet in sheets_of(decision):
        title = _title(sheet.crosstab or decision.id, titles)
        titles.append(title)
        both = frozenset(c.id for c in sheet.columns if c.role == "in" and c.id in split and c.type in SPLITTABLE)
        sheets.append((title, sheet, both))
    return workbook(decision, sheets, meta_of(decision, sheets, version))


def _title(name: str, taken: Collection[str]) -> str:
    """``name`` as a sheet may be called; Excel keeps ``history`` for itself."""
    title = name[:_LONGEST_TITLE]
    number = 1
    while title in taken or title == "history":
        number += 1
        title = f"{name[: _LONGEST_TITLE - 4]}_{number}"
    return title


def read_xlsx(content: bytes, into: Decision | None = None) -> tuple[Decision | None, tuple[Finding, ...]]:
    """The table that a workbook holds; settings are ``into``'s where one is given, else the workbook's own.

    None when it cannot be told what the sheets say. A table may come with findings that are errors: its cells were
    read, but not all of them make sense. Findings about cells have ``sheet!cell`` for their file.
    """
    try:
        decision, findings = _Reader(content, into).read()
    except Unreadable as wrong:
        return None, (wrong.finding,)
    return decision, tuple(findings)


class _Reader:
    def __init__(self, content: bytes, into: Decision | None) -> None:
        self._book = Book(content)
        self._into = into
        self._findings: list[Finding] = []
        self._grids: dict[str, Grid] = {}
        self._current = True
        self._meta = self._read_meta()

    def _read_meta(self) -> Meta | None:
        if TITLE not in self._book.titles:
            return None
        try:
            return read_meta((key, piece) for key, piece, *_ in self._book.texts(TITLE, 2) if key)
        except MetaDamaged:
            self._note("exchange.meta_damaged", "warning" if self._into else "error")
            return None

    def _note(self, code: str, severity: str = "error", **args: object) -> None:
        self._findings.append(Finding(code, "", args, "warning" if severity == "warning" else "error", TITLE))

    def read(self) -> tuple[Decision | None, list[Finding]]:
        """The table and what is to be said about it."""
        base = self._base()
        if base is None:
            return None, self._findings
        taken = []
        for sheet in sheets_of(base):
            one = self._taken(base, sheet)
            if one is not None:
                taken.append(one)
        return taken_in(base, taken, self._findings)

    def _base(self) -> Decision | None:
        findings: Sequence[Finding]
        if self._into is not None:
            if self._meta is not None:
                self._compare(self._into, self._meta)
            return self._into
        if self._meta is None:
            base, findings = shown_table([self._grid(t) for t in self._titles()])
        else:
            base, findings = _declared(self._meta)
        self._findings += findings
        return base

    def _compare(self, into: Decision, meta: Meta) -> None:
        told = {"table": str(meta.header.get("id")), "version": meta.version or 0}
        if meta.header.get("id") != into.id:
            self._current = False
            self._note("exchange.other_table", "warning", into=into.id, **told)
        elif meta.content != content_hash(into):
            self._current = False
            self._note("exchange.stale", "warning", **told)

    def _titles(self) -> Iterator[str]:
        return (title for title in self._book.titles if title != TITLE)

    def _grid(self, title: str) -> Grid:
        if title not in self._grids:
            self._grids[title] = self._book.grid(title)
        return self._grids[title]

    def _taken(self, base: Decision, sheet: Sheet) -> Taken | None:
        """The rows of one sheet; None with a finding where there is no such sheet or its columns do not fit."""
        grid = self._find(base, sheet)
        if grid is None:
            name = sheet.crosstab or base.id
            self._findings.append(Finding("exchange.sheet_missing", "", {"sheet": name}, file="workbook"))
            return None
        self._findings += grid.findings
        headings, findings = _headings(sheet, grid)
        self._findings += findings
        if headings is None:
            return None
        if self._meta is not None and self._current and headings.line == IDS:
            self._findings += _changed_headings(base, sheet, headings, grid)
        meta = next((s for s in self._meta.sheets if s.crosstab == sheet.crosstab), None) if self._meta else None
        known = {**(meta.known() if meta else {}), **(before(sheet.rows) if self._into is not None else {})}
        names = {*(meta.ids if meta else ()), *(name for name, _ in known)}
        habits = sheet.habits()
        if self._into is None and meta is not None and len(meta.habits) == len(sheet.columns):
            habits = meta.columns_habits()
        first = HEADER_ROWS if headings.line == IDS and _is_ours(grid) else headings.line
        lines = (line for line in grid.lines if line.number > first)
        return Taken(sheet, headings, read_rows(sheet, headings, lines, known, names, habits))

    def _find(self, base: Decision, sheet: Sheet) -> Grid | None:
        """The sheet by its title, by what its first line says, or, in somebody's own workbook, by its headings."""
        titles = [s.title for s in self._meta.sheets if s.crosstab == sheet.crosstab] if self._meta else []
        titles += [sheet.crosstab or base.id]
        for title in titles:
            if title in self._book.titles:
                return self._grid(title)
        for title in self._titles():
            first = _line(self._grid(title), 1)
            said = [*first, "", "", "", "", ""]
            if _is_ours(self._grid(title)) and (said[0], said[4]) == (base.id, sheet.crosstab):
                return self._grid(title)
        for title in self._titles():
            if not _is_ours(self._grid(title)) and heading_line(sheet, _texts(self._grid(title))) is not None:
                return self._grid(title)
        return None


def _declared(meta: Meta) -> tuple[Decision | None, tuple[Finding, ...]]:
    found, findings = definition(Loaded(TITLE, meta.header))
    if found is not None and not isinstance(found, Decision):
        return None, (Finding("exchange.meta_damaged", "", {}, file=TITLE),)
    return found, findings


def _headings(sheet: Sheet, grid: Grid) -> tuple[Headings | None, list[Finding]]:
    if _is_ours(grid):
        return found_headings(sheet, grid.title, IDS, _line(grid, IDS))
    texts = _texts(grid)
    place = heading_line(sheet, texts)
    if place is None:
        wanted = ", ".join(c.id for c in sheet.columns if c.role in ("in", "out"))
        return None, [placed(grid.title, "exchange.no_headings", 1, 0, {"columns": wanted})]
    return found_headings(sheet, grid.title, *texts[place])


def _is_ours(grid: Grid) -> bool:
    """Whether the sheet has our five lines on top."""
    roles = [text for text in _line(grid, ROLES) if text]
    return bool(roles) and roles[0] == "id" and set(roles) <= ROLE_WORDS


def _line(grid: Grid, number: int) -> Sequence[str]:
    """One of the sheet's first lines as text."""
    return next((_said(line) for line in grid.lines[:HEADER_ROWS] if line.number == number), ())


def _texts(grid: Grid) -> list[tuple[int, Sequence[str]]]:
    return [(line.number, _said(line)) for line in grid.lines[:50]]


def _said(line: Line) -> list[str]:
    return [cell.text if isinstance(cell, Said) else "" for cell in line.cells]


def _changed_headings(base: Decision, sheet: Sheet, headings: Headings, grid: Grid) -> Iterator[Finding]:
    """Settings that somebody wrote over; a sheet changes rows, settings are changed in the table."""
    expected = heading_lines(base, sheet, (), None)
    for place in (0, 2, 3):
        given = [*_line(grid, 1), "", "", "", ""][place]
        if given != expected[0][place]:
            yield _kept(headings, 1, place, given, expected[0][place])
    for number in (2, 5):
        line = _line(grid, number)
        for places, text in zip(headings.places, expected[number - 1], strict=True):
            for place in places:
                given = line[place] if place < len(line) else ""
                if re.sub(r"\s+", " ", given) != re.sub(r"\s+", " ", text):
                    yield _kept(headings, number, place, given, text)


def _kept(headings: Headings, line: int, place: int, given: str, kept: str) -> Finding:
    return headings.finding("exchange.heading_kept", line, place, {"given": given, "kept": kept}, severity="warning")

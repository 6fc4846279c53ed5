"""Reads a workbook's sheets, within bounds, as what their cells say."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from taktflow.expressions import ExpressionInvalid, parse
from taktflow.rules.exchange.headings import placed
from taktflow.rules.exchange.reading import Line
from taktflow.rules.exchange.said import NOTHING, Mangled, Said, number_said
from taktflow.values import Finding, duration_text

MOST_BYTES = 30_000_000
MOST_UNPACKED_BYTES = 100_000_000
MOST_ROWS = 100_000
MOST_COLUMNS = 400
SPARE_ROWS = 50
"""Lines that headings and remarks may take besides the rows."""
_ENTRIES_MAX = 2_000
_RATIO_MAX = 200
_SMALL = 2_000_000
_ESCAPED = re.compile(r"_x(005[fF]|00[01][0-9A-Fa-f])_")
"""What spreadsheets write for an underscore that only looks like an escape, and for control characters."""
_ADDRESS = re.compile(r"\$?\b[A-Z]{1,3}\$?[1-9][0-9]*\b|!")
_DAMAGE = (
    InvalidFileException,
    zipfile.BadZipFile,
    zlib.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What openpyxl and what lies under it raise for files that are no good; it has no error of its own for them."""


class Unreadable(Exception):
    """The file is no workbook that can be taken; ``finding`` says why."""

    def __init__(self, code: str, file: str = "", **args: object) -> None:
        self.finding = Finding(code, "", args, file=file)
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class _Formula:
    """A cell that a spreadsheet computes; its last value stands elsewhere in the file."""

    text: str
    number_format: str


@dataclass(slots=True)
class Grid:
    """One sheet: its lines that hold anything, and what was to be said while reading."""

    title: str
    lines: list[Line]
    findings: list[Finding] = field(default_factory=list)


class Book:
    """An open workbook; raises :class:`Unreadable`."""

    def __init__(self, content: bytes) -> None:
        _refuse_bombs(content)
        self._content = content
        self._book = _opened(content, values=False)
        self._values: Any = None
        self._sheets = {str(s.title): s for s in self._book.worksheets}

    @property
    def titles(self) -> tuple[str, ...]:
        """The sheets, in their order."""
        return tuple(self._sheets)

    def texts(self, title: str, columns: int) -> Iterator[tuple[str, ...]]:
        """The first ``columns`` of a sheet's lines as text, for sheets of our own."""
        for cells in self._rows(self._sheets[title], title):
            found = [_text(c.value) if isinstance(c.value, str) else "" for c in cells[:columns]]
            yield (*found, *[""] * (columns - len(found)))

    def grid(self, title: str) -> Grid:
        """Everything that the sheet says."""
        lines: list[Line] = []
        formulas: dict[tuple[int, int], _Formula] = {}
        for number, row in enumerate(self._rows(self._sheets[title], title), start=1):
            cells: list[Said | Mangled] = []
            computed = False
            for place, cell in enumerate(row):
                if cell.value is None:
                    cells.append(NOTHING)
                elif cell.data_type == "f":
                    formulas[len(lines), place] = _Formula(_formula_text(cell.value), _format(cell))
                    cells.append(NOTHING)
                    computed = True
                else:
                    cells.append(_said(cell.value, cell.data_type, _format(cell)))
            if computed or any(c is not NOTHING for c in cells):
                lines.append(Line(number, cells))
        grid = Grid(title, lines)
        if formulas:
            self._fill_in(grid, formulas)
        return grid

    def _rows(self, sheet: Any, title: str) -> Iterator[Sequence[Any]]:
        # What the file says of its own extent may be anything.
        sheet.reset_dimensions()
        filled = wide = 0
        try:
            for cells in sheet.iter_rows():
                if len(cells) > MOST_COLUMNS:
                    # A few lines may be formatted to the sheet's end; asking every cell of them is slow.
                    wide += 1
                    if wide > SPARE_ROWS or any(c.value is not None for c in cells[MOST_COLUMNS:]):
                        raise Unreadable("exchange.too_wide", title, most=MOST_COLUMNS)
                filled += any(c.value is not None for c in cells[:MOST_COLUMNS])
                if filled > MOST_ROWS + SPARE_ROWS:
                    raise Unreadable("exchange.too_long", title, most=MOST_ROWS)
                yield cells[:MOST_COLUMNS]
        except _DAMAGE as wrong:
            raise Unreadable("exchange.damaged", title, why=str(wrong)[:200]) from wrong

    def _fill_in(self, grid: Grid, formulas: dict[tuple[int, int], _Formula]) -> None:
        """Puts the last values of formulas into their cells."""
        if self._values is None:
            self._values = _opened(self._content, values=True)
        sheet = self._values[grid.title]
        numbers = {line.number: place for place, line in enumerate(grid.lines)}
        values: dict[tuple[int, int], Any] = {}
        for number, cells in enumerate(self._rows(sheet, grid.title), start=1):
            if number in numbers:
                values.update({(numbers[number], p): c for p, c in enumerate(cells)})
        for (line, place), formula in formulas.items():
            cells = list(grid.lines[line].cells)
            cells[place] = said = _computed(formula, values.get((line, place)))
            number = grid.lines[line].number
            grid.lines[line] = Line(number, cells)
            if isinstance(said, Said) and said.kind != "text":
                args = {"formula": formula.text[:80], "shown": said.text}
                grid.findings.append(placed(grid.title, "exchange.formula", number, place, args, severity="info"))


def _opened(content: bytes, *, values: bool) -> Any:
    try:
        return load_workbook(io.BytesIO(content), read_only=True, data_only=values, keep_links=False)
    except _DAMAGE as wrong:
        raise Unreadable("exchange.no_workbook", why=str(wrong)[:200]) from wrong


def _refuse_bombs(content: bytes) -> None:
    if len(content) > MOST_BYTES:
        raise Unreadable("exchange.too_large", most=MOST_BYTES // 1_000_000)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except _DAMAGE as wrong:
        raise Unreadable("exchange.no_workbook", why=str(wrong)[:200]) from wrong
    # Reading an entry never gives more than the size its directory states, so the stated sizes can be trusted.
    unpacked = sum(entry.file_size for entry in entries)
    likely = max(_RATIO_MAX * len(content), _SMALL)
    if len(entries) > _ENTRIES_MAX or unpacked > min(likely, MOST_UNPACKED_BYTES):
        raise Unreadable("exchange.unfolds", most=MOST_UNPACKED_BYTES // 1_000_000)


def _format(cell: Any) -> str:
    """How a number is shown; the file may name a format that it does not hold."""
    if cell.data_type == "s":
        return "General"
    try:
        return str(cell.number_format)
    except LookupError:
        return "General"


def _said(value: Any, data_type: str, number_format: str) -> Said | Mangled:
    if data_type == "e":
        return Mangled("exchange.error_value", shown=str(value))
    try:
        return _said_of(value, number_format)
    except Mangled as mangled:
        return mangled


def _said_of(value: Any, number_format: str) -> Said:
    match value:
        case str():
            text = _text(value)
            return Said("text", text) if text else NOTHING
        case bool():
            return Said("boolean", "true" if value else "false")
        case int() | float():
            return number_said(value, number_format)
        case datetime():
            moment = _whole_second(value)
            return Said("date", moment.date().isoformat()) if moment.time() == time() else _moment(moment)
        case date():
            return Said("date", value.isoformat())
        case time():
            return Said("time", _whole_second(datetime.combine(date(2000, 1, 1), value)).time().isoformat())
        case timedelta():
            return Said("duration", duration_text(timedelta(seconds=round(value.total_seconds()))))
        case _:
            raise Mangled("exchange.error_value", shown=str(value)[:80])


def _moment(moment: datetime) -> Said:
    return Said("datetime", moment.isoformat())


def _whole_second(moment: datetime) -> datetime:
    """Spreadsheets count parts of a day; what is a few microseconds off a second was that second."""
    return (moment + timedelta(microseconds=500_000)).replace(microsecond=0)


def _text(value: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value) if "_x" in value else value


def _formula_text(value: Any) -> str:
    return value if isinstance(value, str) else str(getattr(value, "text", "") or "=")


def _computed(formula: _Formula, cell: Any) -> Said | Mangled:
    """What a formula says: its last value, or itself where it is an expression that the spreadsheet took for one."""
    value = getattr(cell, "value", None)
    failed = value is None or getattr(cell, "data_type", "") == "e"
    if not failed:
        return _said(value, cell.data_type, formula.number_format)
    if value in (None, "#NAME?") and not _ADDRESS.search(formula.text):
        try:
            parse(formula.text[1:].strip())
        except ExpressionInvalid:
            pass
        else:
            return Said("text", formula.text)
    if value is None:
        return Mangled("exchange.formula_open", formula=formula.text[:80])
    return Mangled("exchange.error_value", shown=str(value))

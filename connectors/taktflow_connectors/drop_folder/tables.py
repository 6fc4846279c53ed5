"""Reads the table in an Excel or CSV file, within bounds, as rows of plain cells."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from taktflow.sdk import Json, duration_text, normal

_EXCEL_ERRORS = frozenset({"#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#N/A", "#NUM!", "#NULL!"})
_ENTRIES_MAX = 2_000
_RATIO_MAX = 200
_SMALL = 1_000_000
# What openpyxl and what lies under it raise for files that are no good; it has no error of its own for them.
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


class TableUnreadable(Exception):
    """The file holds no table that can be taken; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a file may hold; the unpacked size guards against an Excel file that unfolds to gigabytes."""

    max_rows: int
    max_columns: int
    max_unpacked_bytes: int


@dataclass(frozen=True, slots=True)
class Row:
    """One row under its headers; ``number`` counts from 1 as the spreadsheet does."""

    number: int
    cells: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one sheet, and what was wrong with the rows that were left out."""

    sheet: str
    headers: Sequence[str]
    rows: Sequence[Row]
    problems: Sequence[str]


def read_table(
    name: str, content: bytes, bounds: Bounds, *, sheet: str | None, header_row: int, encodings: Sequence[str]
) -> Table:
    """The table in ``content``, read as the ending of ``name`` says; raises :class:`TableUnreadable`."""
    if name.lower().endswith(".xlsx"):
        title, lines = _excel_lines(content, bounds, sheet)
    else:
        title, lines = "", _csv_lines(_decoded(content, encodings), bounds)
    return _under_headers(title, lines, header_row)


def _under_headers(title: str, lines: Iterable[list[Json]], header_row: int) -> Table:
    headers: list[str] | None = None
    rows: list[Row] = []
    problems: list[str] = []
    for number, cells in enumerate(lines, start=1):
        if number == header_row:
            headers = _headers(cells)
        elif headers is not None and any(cell is not None for cell in cells):
            wrong = _wrong_with(cells, headers)
            if wrong:
                problems.append(f"row {number}: {wrong}")
            else:
                rows.append(Row(number, {h: c for h, c in zip_longest(headers, cells[: len(headers)]) if h}))
    if headers is None:
        raise TableUnreadable(f"row {header_row} should hold the headers, but the table ends before it")
    return Table(title, headers, rows, problems)


def _headers(cells: Sequence[Json]) -> list[str]:
    headers = [str(cell).strip() if cell is not None else "" for cell in cells]
    named = [h for h in headers if h]
    if not named:
        raise TableUnreadable("the header row is empty; put the column names into it or set header_row")
    twice = sorted({h for h in named if named.count(h) > 1})
    if twice:
        raise TableUnreadable(f"several columns are called {', '.join(twice)}; give each its own name")
    return headers


def _wrong_with(cells: Sequence[Json], headers: Sequence[str]) -> str:
    stray = [n for n, cell in enumerate(cells) if cell is not None and (n >= len(headers) or not headers[n])]
    if stray:
        return f"column {get_column_letter(stray[0] + 1)} holds a value but has no header"
    broken = [cell for cell in cells if isinstance(cell, str) and cell in _EXCEL_ERRORS]
    return f"a formula failed with {broken[0]}" if broken else ""


def _excel_lines(content: bytes, bounds: Bounds, sheet: str | None) -> tuple[str, Iterator[list[Json]]]:
    _refuse_bombs(content, bounds)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except _DAMAGE as wrong:
        raise TableUnreadable(f"this is no Excel workbook: {wrong}") from wrong
    sheets = {str(found.title): found for found in book.worksheets}
    if not sheets or (sheet is not None and sheet not in sheets):
        raise TableUnreadable(f"there is no sheet {sheet or ''!r}, only {', '.join(sheets) or 'none'}")
    title = sheet if sheet is not None else next(iter(sheets))
    return title, _sheet_lines(sheets[title], bounds)


def _sheet_lines(sheet: Any, bounds: Bounds) -> Iterator[list[Json]]:
    # One more than allowed is asked for, so that a longer table is noticed instead of cut.
    try:
        lines = sheet.iter_rows(max_row=bounds.max_rows + 1, max_col=bounds.max_columns + 1, values_only=True)
        for number, cells in enumerate(lines, start=1):
            if number > bounds.max_rows:
                raise TableUnreadable(f"the table is longer than {bounds.max_rows} rows; split it")
            if len(cells) > bounds.max_columns and cells[bounds.max_columns] is not None:
                raise TableUnreadable(f"the table is wider than {bounds.max_columns} columns")
            yield [_cell(value) for value in cells[: bounds.max_columns]]
    except _DAMAGE as wrong:
        raise TableUnreadable(f"the workbook is damaged: {wrong}") from wrong


def _refuse_bombs(content: bytes, bounds: Bounds) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except _DAMAGE as wrong:
        raise TableUnreadable(f"this is no complete Excel workbook: {wrong}") from wrong
    # Reading an entry never gives more than the size its directory states, so the stated sizes can be trusted.
    unpacked = sum(entry.file_size for entry in entries)
    likely = max(_RATIO_MAX * len(content), _SMALL)
    if len(entries) > _ENTRIES_MAX or unpacked > min(likely, bounds.max_unpacked_bytes):
        raise TableUnreadable("the workbook unfolds to far more than its size; save it anew as a plain table")


def _cell(value: Any) -> Json:
    match value:
        case None:
            return None
        case str():
            return value.strip() or None
        case datetime():
            # Excel has no time zones, and a date is a moment at midnight to it.
            return value.date().isoformat() if value.time() == time() else value.isoformat()
        case date() | time():
            return value.isoformat()
        case timedelta():
            return duration_text(value)
        case bool() | int() | float():
            return normal(value)
        case _:
            return str(value)


def _decoded(content: bytes, encodings: Sequence[str]) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]  # What Excel calls "Unicode text".
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableUnreadable(f"the text is written in none of {', '.join(encodings)}; save it as CSV UTF-8")


def _csv_lines(text: str, bounds: Bounds) -> Iterator[list[Json]]:
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if number > bounds.max_rows:
                raise TableUnreadable(f"the table is longer than {bounds.max_rows} rows; split it")
            if len(cells) > bounds.max_columns:
                raise TableUnreadable(f"row {number} is wider than {bounds.max_columns} columns")
            yield [cell.strip() or None for cell in cells]
    except csv.Error as wrong:
        raise TableUnreadable(f"this is no CSV text: {wrong}") from wrong

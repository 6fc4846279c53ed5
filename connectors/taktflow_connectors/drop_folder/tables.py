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

from taktflow.sdk import Json, Text, duration_text, normal

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
    """The file holds no table that can be taken; ``text`` says why and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        self.text = Text(zh=zh, en=en)
        super().__init__(en)


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
    problems: Sequence[Text]


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
    problems: list[Text] = []
    for number, cells in enumerate(lines, start=1):
        if number == header_row:
            headers = _headers(cells)
        elif headers is not None and any(cell is not None for cell in cells):
            wrong = _wrong_with(cells, headers)
            if wrong:
                problems.append(Text(zh=f"第 {number} 行：{wrong.zh}", en=f"row {number}: {wrong.en}"))
            else:
                rows.append(Row(number, {h: c for h, c in zip_longest(headers, cells[: len(headers)]) if h}))
    if headers is None:
        raise TableUnreadable(
            zh=f"第 {header_row} 行应为表头，但表格没有那么多行；请检查文件或 header_row。",
            en=f"row {header_row} should hold the headers, but the table ends before it; check the file or header_row",
        )
    return Table(title, headers, rows, problems)


def _headers(cells: Sequence[Json]) -> list[str]:
    headers = [str(cell).strip() if cell is not None else "" for cell in cells]
    named = [h for h in headers if h]
    if not named:
        raise TableUnreadable(
            zh="表头行是空的；请填写列名或设置 header_row。",
            en="the header row is empty; put the column names into it or set header_row",
        )
    twice = sorted({h for h in named if named.count(h) > 1})
    if twice:
        names = ", ".join(twice)
        raise TableUnreadable(
            zh=f"有多列都叫 {names}；请给每列不同的名称。",
            en=f"several columns are called {names}; give each its own name",
        )
    return headers


def _wrong_with(cells: Sequence[Json], headers: Sequence[str]) -> Text | None:
    stray = [n for n, cell in enumerate(cells) if cell is not None and (n >= len(headers) or not headers[n])]
    if stray:
        column = get_column_letter(stray[0] + 1)
        return Text(
            zh=f"{column} 列有内容但没有表头；请填写表头或清空该列。",
            en=f"column {column} holds a value but has no header; add one or clear the column",
        )
    broken = [cell for cell in cells if isinstance(cell, str) and cell in _EXCEL_ERRORS]
    if not broken:
        return None
    return Text(
        zh=f"公式出错 {broken[0]}；请更正后重新放入。",
        en=f"a formula failed with {broken[0]}; correct it and drop it again",
    )


def _excel_lines(content: bytes, bounds: Bounds, sheet: str | None) -> tuple[str, Iterator[list[Json]]]:
    _refuse_bombs(content, bounds)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except _DAMAGE as wrong:
        raise TableUnreadable(
            zh=f"这不是 Excel 工作簿（{wrong}）；请重新另存为 .xlsx。",
            en=f"this is no Excel workbook ({wrong}); save it anew as .xlsx",
        ) from wrong
    sheets = {str(found.title): found for found in book.worksheets}
    if not sheets or (sheet is not None and sheet not in sheets):
        names = ", ".join(sheets)
        raise TableUnreadable(
            zh=f"没有工作表“{sheet or ''}”，只有：{names}；请改名或设置 sheet。",
            en=f"there is no sheet {sheet or ''!r}, only: {names}; rename one or set sheet",
        )
    title = sheet if sheet is not None else next(iter(sheets))
    return title, _sheet_lines(sheets[title], bounds)


def _sheet_lines(sheet: Any, bounds: Bounds) -> Iterator[list[Json]]:
    # One more than allowed is asked for, so that a longer table is noticed instead of cut.
    try:
        lines = sheet.iter_rows(max_row=bounds.max_rows + 1, max_col=bounds.max_columns + 1, values_only=True)
        for number, cells in enumerate(lines, start=1):
            if number > bounds.max_rows:
                raise _too_long(bounds)
            if len(cells) > bounds.max_columns and cells[bounds.max_columns] is not None:
                raise _too_wide(bounds)
            yield [_cell(value) for value in cells[: bounds.max_columns]]
    except _DAMAGE as wrong:
        raise TableUnreadable(
            zh=f"工作簿已损坏（{wrong}）；请重新另存。", en=f"the workbook is damaged ({wrong}); save it anew"
        ) from wrong


def _refuse_bombs(content: bytes, bounds: Bounds) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except _DAMAGE as wrong:
        raise TableUnreadable(
            zh=f"这不是完整的 Excel 工作簿（{wrong}）；请重新另存为 .xlsx，不要加密码。",
            en=f"this is no complete Excel workbook ({wrong}); save it anew as .xlsx, without a password",
        ) from wrong
    # Reading an entry never gives more than the size its directory states, so the stated sizes can be trusted.
    unpacked = sum(entry.file_size for entry in entries)
    likely = max(_RATIO_MAX * len(content), _SMALL)
    if len(entries) > _ENTRIES_MAX or unpacked > min(likely, bounds.max_unpacked_bytes):
        raise TableUnreadable(
            zh="工作簿展开后过大；请另存为普通表格。",
            en="the workbook unfolds to far more than its size; save it anew as a plain table",
        )


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
    names = ", ".join(encodings)
    raise TableUnreadable(
        zh=f"文字编码不是 {names} 之一；请另存为 CSV UTF-8。",
        en=f"the text is written in none of {names}; save it as CSV UTF-8",
    )


def _csv_lines(text: str, bounds: Bounds) -> Iterator[list[Json]]:
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if number > bounds.max_rows:
                raise _too_long(bounds)
            if len(cells) > bounds.max_columns:
                raise _too_wide(bounds)
            yield [cell.strip() or None for cell in cells]
    except csv.Error as wrong:
        raise TableUnreadable(
            zh=f"这不是 CSV 文本（{wrong}）；请检查引号，重新另存。",
            en=f"this is no CSV text ({wrong}); check its quotes and save it anew",
        ) from wrong


def _too_long(bounds: Bounds) -> TableUnreadable:
    return TableUnreadable(
        zh=f"表格超过 {bounds.max_rows} 行；请拆分文件。",
        en=f"the table is longer than {bounds.max_rows} rows; split it",
    )


def _too_wide(bounds: Bounds) -> TableUnreadable:
    return TableUnreadable(
        zh=f"表格超过 {bounds.max_columns} 列；请删去多余的列。",
        en=f"the table is wider than {bounds.max_columns} columns; remove the rest",
    )

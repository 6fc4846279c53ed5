"""Writes sheets into a workbook, row by row; no cell of ours is ever a formula."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.dimensions import ColumnDimension, RowDimension

from taktflow.definitions.decision import Decision, Row
from taktflow.rules.exchange.heading_lines import HEADER_ROWS, heading_lines
from taktflow.rules.exchange.intervals import parts
from taktflow.rules.exchange.meta import TITLE, Meta, meta_lines
from taktflow.rules.exchange.said import NOTHING, Said, shown
from taktflow.rules.exchange.sheets import Column, Sheet

_MOST_ROWS_VALIDATED = 1_048_576
_WIDEST = 48
_SAMPLED_ROWS = 200
_RISKY = re.compile(r"^['=+\-@\t\r\n＝＋－＠]")
_LIKE_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_GREY = PatternFill("solid", fgColor="00EEEEEE")
_BOLD = Font(bold=True)


def workbook(decision: Decision, sheets: Sequence[tuple[str, Sheet, frozenset[str]]], meta: Meta) -> bytes:
    """The workbook of ``sheets``, each with its title and split columns, and ``meta`` on a hidden sheet."""
    book = Workbook(write_only=True)
    lists: dict[tuple[str, ...], int] = {}
    for title, sheet, split in sheets:
        _SheetOut(book.create_sheet(title), sheet, split, lists).write(decision, meta.version)
    _write_meta(book.create_sheet(TITLE), meta, list(lists))
    file = io.BytesIO()
    book.save(file)
    book.close()
    return file.getvalue()


def _write_meta(sheet: Any, meta: Meta, lists: Sequence[tuple[str, ...]]) -> None:
    sheet.sheet_state = "hidden"
    texts = _Texts(sheet)
    for (key, piece), values in zip_longest(meta_lines(meta), zip_longest(*lists), fillvalue=("", "")):
        cells = [key, piece, "", *(v or "" for v in values)]
        sheet.append(texts.cell(Said("text", cell)) for cell in cells)


class _Texts:
    """Makes cells; each is written before the next is asked for, so that one of a style is enough.

    Text is formatted as text, so that what is typed over it is not made a date. A cell without a style would not do:
    openpyxl takes such a one for its own and fills it again.
    """

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet
        self._as_text = WriteOnlyCell(sheet)
        self._as_text.number_format = "@"
        self._risky = WriteOnlyCell(sheet)
        self._risky.number_format = "@"
        self._risky.quotePrefix = True
        self._scaled: dict[int, Cell] = {}

    def cell(self, said: Said) -> Any:
        """The cell that says ``said``."""
        match said.kind:
            case "empty":
                return None
            case "number":
                return self._number(said.text)
            case "boolean":
                return said.text == "true"
            case "date":
                return date.fromisoformat(said.text)
        if not said.text:
            return None
        cell = self._risky if _RISKY.match(said.text) else self._as_text
        cell.value = _LIKE_ESCAPE.sub("_x005F_", said.text)
        # By hand, since openpyxl takes a leading = for a formula and #N/A for an error.
        cell.data_type = "s"
        return cell

    def _number(self, text: str) -> Any:
        decimals = len(text.partition(".")[2])
        if not decimals:
            return int(text)
        if decimals not in self._scaled:
            self._scaled[decimals] = WriteOnlyCell(self._sheet)
            self._scaled[decimals].number_format = "0." + "0" * decimals
        cell = self._scaled[decimals]
        cell.value = Decimal(text)
        return cell


class _SheetOut:
    def __init__(self, sheet: Any, source: Sheet, split: frozenset[str], lists: dict[tuple[str, ...], int]) -> None:
        self._sheet = sheet
        self._source = source
        self._split = split
        self._lists = lists
        self._texts = _Texts(sheet)

    def write(self, decision: Decision, version: int | None) -> None:
        """Headings, rows, widths and lists to choose from."""
        self._lay_out()
        for number, texts in enumerate(heading_lines(decision, self._source, self._split, version)):
            self._sheet.append([self._head(text, bold=number < 2) for text in texts])
        for row in self._source.rows:
            self._sheet.append(self._cells(row))

    def _head(self, text: str, *, bold: bool) -> Cell:
        cell = WriteOnlyCell(self._sheet)
        cell.value = _LIKE_ESCAPE.sub("_x005F_", shown(text, "text").text)
        cell.data_type = "s"
        cell.fill = _GREY
        if bold:
            cell.font = _BOLD
        if _RISKY.match(text):
            cell.quotePrefix = True
        return cell

    def _cells(self, row: Row) -> Iterator[Any]:
        for number, column in enumerate(self._source.columns):
            said = shown(row[number], column.type) if number < len(row) else NOTHING
            if column.id in self._split:
                for part in parts(said, column.type, effective=column.effective):
                    yield self._texts.cell(part)
            else:
                yield self._texts.cell(said)

    def _lay_out(self) -> None:
        sheet = self._sheet
        sheet.freeze_panes = f"B{HEADER_ROWS + 1}"
        for row in (3, 4, 5):
            # Technical lines: they can be folded away, and are never hidden.
            sheet.row_dimensions[row] = RowDimension(sheet, index=row, outlineLevel=1)
        place = 0
        for number, column in enumerate(self._source.columns):
            for _ in range(2 if column.id in self._split else 1):
                place += 1
                letter = get_column_letter(place)
                dimension = ColumnDimension(sheet, index=letter, width=self._width(number, column))
                if column.type == "text":
                    # Else a spreadsheet makes dates of codes such as 1-2 the moment they are typed.
                    dimension.number_format = "@"
                sheet.column_dimensions[letter] = dimension
                self._choices(column, letter)
        extent = f"A1:{get_column_letter(max(place, HEADER_ROWS))}{HEADER_ROWS + len(self._source.rows)}"
        # A workbook that does not tell its extent is read twice by openpyxl.
        sheet.calculate_dimension = lambda: extent

    def _width(self, number: int, column: Column) -> float:
        texts = [column.id, column.both]
        texts += [
            shown(row[number], column.type).text for row in self._source.rows[:_SAMPLED_ROWS] if number < len(row)
        ]
        return min(max(_columns_wide(text) for text in texts) + 2, _WIDEST)

    def _choices(self, column: Column, letter: str) -> None:
        values = column.values or (("TRUE", "FALSE") if column.type == "boolean" else ())
        if not values:
            return
        place = self._lists.setdefault(tuple(values), len(self._lists))
        source = get_column_letter(4 + place)
        # An input may hold several values or a test, and a formula may stand for a value: offered, not forced.
        choices = DataValidation(
            type="list",
            formula1=f"'{TITLE}'!${source}$1:${source}${len(values)}",
            allow_blank=True,
            showErrorMessage=column.role == "out",
            errorStyle="warning",
        )
        choices.add(f"{letter}{HEADER_ROWS + 1}:{letter}{_MOST_ROWS_VALIDATED}")
        self._sheet.data_validations.append(choices)


def _columns_wide(text: str) -> int:
    """How wide the first line of ``text`` is shown: a Chinese character takes the room of two letters."""
    line = text.split("\n", 1)[0][: 2 * _WIDEST]
    return len(line) if line.isascii() else sum(2 if ord(mark) > 0x2E7F else 1 for mark in line)

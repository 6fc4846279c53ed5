"""Records as an Excel workbook, written row by row and safe to open.

A text that a spreadsheet would take for a formula is kept as text: Excel is told so by the cell's quote prefix, and,
unless it is a plain telephone number or the like, an apostrophe stands before it, so that it stays text when the sheet
is saved as CSV and opened again (OWASP, CSV injection).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from taktflow.definitions.data import object_fields
from taktflow.definitions.envelope import DataField
from taktflow.definitions.kinds import Entity
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.services.record_lists import RecordQuery, every_record
from taktflow.services.records import StoredRecord, entity_to_read
from taktflow.store import AuditEntry
from taktflow.values import Language, Text, Value, YearsMonths, duration_text, plain_dumps

MOST_ROWS = 100_000
LONGEST_CELL = 32_767
EXACT_DIGITS = 15
"""Significant digits that a spreadsheet's numbers keep; longer ones are written as text."""
_CHANGED = Text("修改时间", "Changed at")
_FORMULA = re.compile(r"^[=+\-@\t\r\n＝＋－＠]")
_HARMLESS = re.compile(r"^[+\-][\d ().\-/]*$")
_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")


def export_records(engine: Engine, entity: str, query: RecordQuery, caller: Caller) -> IO[bytes]:
    """A temporary workbook of the wanted records, at its beginning; it is gone once it is closed.

    Headings are in the caller's language; fields that hold personal data are left out unless an admin asks. Raises
    Forbidden or Invalid before anything is written.
    """
    declared = entity_to_read(engine, entity, caller)
    columns = {n: f for n, f in declared.fields.items() if caller.is_admin or not f.personal}
    found = every_record(engine, entity, query, caller, MOST_ROWS)
    book, count = _workbook(engine, declared, columns, found, caller)
    details = {"records": count, "personal": caller.is_admin and any(f.personal for f in columns.values())}
    engine.store.audits.note(AuditEntry(engine.now(), caller.name, "records.exported", f"entity:{entity}", details))
    book.seek(0)
    return book


def _workbook(
    engine: Engine, entity: Entity, columns: Mapping[str, DataField], found: Iterator[StoredRecord], caller: Caller
) -> tuple[IO[bytes], int]:
    language = caller.language
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(_SHEET_NAME.sub(" ", entity.title.text()[language])[:31])
    sheet.freeze_panes = "A2"
    for n in range(1, len(columns) + 2):
        sheet.column_dimensions[get_column_letter(n)].width = 18
    sheet.append([_heading(sheet, title) for title in _titles(columns, language)])
    cells = _Cells(sheet, ZoneInfo(engine.settings.timezone), engine.published.entities(), caller.is_admin)
    count = 0
    for record in found:
        row = [cells.cell(declared, record.fields.get(name)) for name, declared in columns.items()]
        sheet.append([*row, cells.moment(record.changed_at)])
        count += 1
    # An unnamed file: whatever becomes of the download, nothing is left behind.
    file = tempfile.TemporaryFile()  # noqa: SIM115 - handed out open, closed by whoever sends it
    book.save(file)
    book.close()
    return file, count


def _titles(columns: Mapping[str, DataField], language: Language) -> Iterator[str]:
    for name, declared in columns.items():
        title = declared.title.text()[language] if declared.title else name
        yield f"{title} ({declared.unit})" if declared.unit else title
    yield _CHANGED[language]


def _heading(sheet: Any, title: str) -> Cell:
    cell = text_cell(sheet, title)
    cell.font = Font(bold=True)
    return cell


def text_cell(sheet: Any, text: str) -> Cell:
    """A cell that is text and stays text."""
    text = ILLEGAL_CHARACTERS_RE.sub("", text)[: LONGEST_CELL - 1]
    risky = _FORMULA.match(text) is not None
    cell = WriteOnlyCell(sheet, value=f"'{text}" if risky and not _HARMLESS.match(text) else text)
    # Set by hand, since openpyxl would take a leading = for a formula of ours.
    cell.data_type = "s"
    if risky:
        cell.quotePrefix = True
        cell.number_format = "@"
    return cell


class _Cells:
    """Makes cells of values: numbers as numbers, dates as dates, all else as text."""

    def __init__(self, sheet: Any, zone: ZoneInfo, entities: Mapping[str, Entity], personal: bool) -> None:
        self._sheet = sheet
        self._zone = zone
        self._entities = entities
        self._personal = personal

    def cell(self, declared: DataField, value: Value) -> Cell | None:
        match value:
            case None:
                return None
            case bool():
                return WriteOnlyCell(self._sheet, value=value)
            case Decimal():
                return self._number(declared, value)
            case datetime():
                return self.moment(value)
            case date():
                return self._shown(value, "yyyy-mm-dd") if value.year >= 1900 else text_cell(self._sheet, str(value))
            case time():
                return self._shown(value.replace(tzinfo=None), "hh:mm:ss")
            case _:
                return text_cell(self._sheet, self._text(declared, value))

    def moment(self, value: datetime) -> Cell:
        # A spreadsheet knows no time zones, so it shows the plant's time.
        local = value.astimezone(self._zone).replace(tzinfo=None, microsecond=0)
        return self._shown(local, "yyyy-mm-dd hh:mm:ss") if local.year >= 1900 else text_cell(self._sheet, str(local))

    def _number(self, declared: DataField, value: Decimal) -> Cell:
        if len(value.normalize().as_tuple().digits) > EXACT_DIGITS or abs(value.adjusted()) > 300:
            return text_cell(self._sheet, format(value, "f"))
        decimals = declared.scale if declared.type == "number" else 0
        return self._shown(value, "General" if decimals is None else "0." + "0" * decimals if decimals else "0")

    def _shown(self, value: Any, number_format: str) -> Cell:
        cell = WriteOnlyCell(self._sheet, value=value)
        cell.number_format = number_format
        return cell

    def _text(self, declared: DataField, value: Value) -> str:
        match value:
            case str():
                return value
            case timedelta():
                return duration_text(value)
            case YearsMonths():
                return str(value)
            case list() if all(isinstance(v, str) for v in value):
                return "; ".join(value)
            case _:
                return plain_dumps(self._public(declared, value))

    def _public(self, declared: DataField, value: Value) -> Value:
        """``value`` without the personal data inside it, for whoever is no admin."""
        if self._personal:
            return value
        match value:
            case list() if declared.item is not None:
                return [self._public(declared.item, v) for v in value]
            case dict():
                fields = object_fields(declared, self._entities)
                return {
                    k: self._public(fields[k], v) if k in fields else v
                    for k, v in value.items()
                    if k not in fields or not fields[k].personal
                }
            case _:
                return value


def file_name(entity: Entity, language: Language, now: datetime) -> str:
    """What a browser calls the download."""
    return f"{entity.title.text()[language]}-{now.astimezone(UTC):%Y%m%d}.xlsx"

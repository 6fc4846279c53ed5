"""The factory's own staff: order lists as they save them, from Excel or as CSV in the encoding of Chinese Windows."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypeAlias

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

Row: TypeAlias = Mapping[str, str | int | date | None]

COLUMNS = ("单号", "客户", "产品", "数量", "交期", "模板", "加急", "录入人")


def workbook(rows: Sequence[Row], sheet: str = "订单") -> bytes:
    """An ``.xlsx`` with real numbers and dates."""
    book = Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    page.title = sheet
    page.append(COLUMNS)
    for row in rows:
        page.append([row.get(column) for column in COLUMNS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv_file(rows: Sequence[Row], encoding: str = "gb18030") -> bytes:
    """A ``.csv`` as Excel saves it there: numbers of four digits and more with a comma."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_written(row.get(column)) for column in COLUMNS])
    return out.getvalue().encode(encoding)


def _written(value: str | int | date | None) -> str:
    match value:
        case None:
            return ""
        case int():
            return f"{value:,}"
        case date():
            return value.isoformat()
        case _:
            return value

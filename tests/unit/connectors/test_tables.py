"""Reading Excel and CSV tables out of bytes, good and bad."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow_connectors.drop_folder.tables import Bounds, Table, TableUnreadable, read_table

BOUNDS = Bounds(max_rows=100, max_columns=20, max_unpacked_bytes=5_000_000)


def table(
    name: str, content: bytes, *, sheet: str | None = None, header_row: int = 1, bounds: Bounds = BOUNDS
) -> Table:
    return read_table(name, content, bounds, sheet=sheet, header_row=header_row, encodings=("utf-8-sig", "gb18030"))


def excel(*rows: list[Any], title: str = "Orders") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def packed(**entries: bytes) -> bytes:
    """``entries`` as a zip archive; an Excel workbook is one."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def with_entry(workbook: bytes, name: str, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        entries = {n: archive.read(n) for n in archive.namelist()}
    return packed(**{**entries, name: content})


def cells(found: Table) -> list[dict[str, Any]]:
    return [row.cells for row in found.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_is_read_in_the_encodings_that_excel_writes(encoding: str) -> None:
    found = table("a.csv", "产品,数量\r\n法兰,200\r\n".encode(encoding))

    assert cells(found) == [{"产品": "法兰", "数量": "200"}]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_seen_in_the_header(delimiter: str) -> None:
    text = f'sku{delimiter}qty{delimiter}note\nA{delimiter}1{delimiter}"x, y; z"\n'

    assert cells(table("a.csv", text.encode())) == [{"sku": "A", "qty": "1", "note": "x, y; z"}]


def test_excel_cells_become_plain_exact_values() -> None:
    content = excel(
        ["sku", "qty", "price", "due", "at", "when", "ok", "empty"],
        [" A ", 200, 12.1, date(2026, 12, 20), time(8, 30), datetime(2026, 1, 15, 8), True, None],  # noqa: DTZ001  # Excel knows no zones.
    )

    assert cells(table("a.xlsx", content)) == [
        {
            "sku": "A",
            "qty": Decimal(200),
            "price": Decimal("12.1"),
            "due": "2026-12-20",
            "at": "08:30:00",
            "when": "2026-01-15T08:00:00",
            "ok": True,
            "empty": None,
        }
    ]


def test_rows_keep_their_numbers_and_empty_rows_are_passed_over() -> None:
    found = table("a.csv", b"title\n\nsku,qty\nA,1\n,\nB,2\n", header_row=3)

    assert [row.number for row in found.rows] == [4, 6]
    assert found.headers == ["sku", "qty"]


def test_a_short_row_has_empty_cells() -> None:
    assert cells(table("a.csv", b"sku,qty\nA\n")) == [{"sku": "A", "qty": None}]


def test_a_row_with_a_value_outside_the_headers_is_told_and_the_others_are_taken() -> None:
    found = table("a.csv", b"sku,qty\nA,1,9\nB,2\n")

    assert cells(found) == [{"sku": "B", "qty": "2"}]
    assert [p.en for p in found.problems] == [
        "row 2: column C holds a value but has no header; add one or clear the column"
    ]


def test_a_failed_formula_is_told() -> None:
    found = table("a.csv", b"sku,qty\nA,#REF!\n")

    assert [p.en for p in found.problems] == ["row 2: a formula failed with #REF!; correct it and drop it again"]


def test_the_named_sheet_is_read() -> None:
    content = excel(["sku"], ["A"], title="订单")

    assert table("a.xlsx", content, sheet="订单").sheet == "订单"
    with pytest.raises(TableUnreadable, match="订单"):
        table("a.xlsx", content, sheet="Orders")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "headers"),
        ("a.csv", b"\n", "header row is empty"),
        ("a.csv", b"sku,sku\n", "several columns"),
        ("a.csv", b'sku\n"unclosed\n', "no CSV"),
        ("a.csv", b"sku\n\x81\xff\n", "CSV UTF-8"),
        ("a.csv", b"sku\n" + b"A\n" * 100, "longer than 100 rows"),
        ("a.csv", b"," * 30 + b"\n", "wider than 20"),
        ("a.xlsx", b"", "Excel workbook"),
        ("a.xlsx", b"not a zip", "Excel workbook"),
        ("a.xlsx", packed(a=b"b"), "no Excel workbook"),
        ("a.xlsx", excel(["sku"], ["A"])[:-200], "complete Excel workbook"),
        ("a.xlsx", excel(["sku"], *[["A"]] * 100), "longer than 100 rows"),
        ("a.xlsx", excel([f"c{n}" for n in range(30)]), "wider than 20"),
    ],
)
def test_a_file_that_holds_no_table_says_why(name: str, content: bytes, says: str) -> None:
    with pytest.raises(TableUnreadable, match=says) as refused:
        table(name, content)

    assert refused.value.text.zh


def test_a_workbook_that_unfolds_enormously_is_refused_before_it_is_unfolded() -> None:
    bomb = with_entry(excel(["sku"]), "xl/worksheets/sheet1.xml", b"\0" * 20_000_000)

    assert len(bomb) < 100_000
    with pytest.raises(TableUnreadable, match="unfolds"):
        table("a.xlsx", bomb)


def test_entities_that_unfold_inside_a_sheet_are_refused() -> None:
    nested = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    cell = '<c r="A1" t="inlineStr"><is><t>&e9;</t></is></c>'
    sheet = (
        f'<!DOCTYPE x [<!ENTITY e0 "0123456789">{nested}]>'
        f'<worksheet><sheetData><row r="1">{cell}</row></sheetData></worksheet>'
    )

    with pytest.raises(TableUnreadable):
        table("a.xlsx", with_entry(excel(["sku"]), "xl/worksheets/sheet1.xml", sheet.encode()))


def test_a_sheet_that_claims_a_million_rows_is_not_walked_to_its_end() -> None:
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/>'
        b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>sku</t></is></c></row>'
        b'<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData></worksheet>'
    )

    with pytest.raises(TableUnreadable, match="longer than"):
        table("a.xlsx", with_entry(excel(["sku"]), "xl/worksheets/sheet1.xml", sheet))


def outcome(name: str, content: bytes) -> Table | TableUnreadable:
    try:
        return table(name, content)
    except TableUnreadable as wrong:
        return wrong


WORKBOOK = excel(["sku", "qty"], ["A", 1], ["B", 2.5])


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WORKBOOK) - 1), st.integers(0, 255)), min_size=1, max_size=20))
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_workbook_is_read_or_refused_and_nothing_else(damage: list[tuple[int, int]]) -> None:
    content = bytearray(WORKBOOK)
    for place, byte in damage:
        content[place] = byte

    found = outcome("a.xlsx", bytes(content))

    assert isinstance(found, Table) or str(found)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_csv_table_or_refused(content: bytes) -> None:
    found = outcome("a.csv", content)

    assert isinstance(found, Table) or str(found)

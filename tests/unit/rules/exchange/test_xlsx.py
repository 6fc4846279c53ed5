"""Workbooks that people filled and spreadsheets changed: put right where it can only mean one thing, else refused."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from taktflow.definitions.decision import Decision, RowsFile
from taktflow.errors import Invalid
from taktflow.rules.exchange import difference
from taktflow.rules.exchange.xlsx import read_xlsx, write_xlsx
from taktflow.values import Finding
from tests.unit.rules.builders import PRICE_INPUTS, a_decision, a_price_table
from tests.unit.rules.exchange.tables import ODD
from tests.unit.rules.exchange.workbooks import changed, own_list, told

TITLED: list[dict[str, Any]] = [
    {"id": "product", "type": "text", "title": {"zh": "产品", "en": "Product"}},
    {"id": "qty", "type": "number", "title": {"zh": "数量", "en": "Quantity"}},
    {"id": "day", "type": "date", "title": {"zh": "日期", "en": "Day"}},
]
PRICE: dict[str, Any] = {"id": "price", "type": "number", "title": {"zh": "单价", "en": "Price"}}


def a_titled_table(*rows: list[Any], **settings: Any) -> Decision:
    return a_decision(TITLED, [PRICE], rows, **settings)


def taken(*rows: list[Any], **shown: str) -> tuple[Decision | None, tuple[Finding, ...]]:
    """Rows under the titles, taken into a titled table; ``shown`` are number formats by cell."""
    book = own_list(["行号", "产品", "数量", "日期", "单价"], *rows, shown=shown)
    return read_xlsx(book, a_titled_table())


def row_of(*cells: Any, **shown: str) -> tuple[Any, ...]:
    """The cells of one row after it was taken in."""
    table, findings = taken(["r1", *cells], **shown)
    assert table is not None, findings
    row: tuple[Any, ...] = table.rows[0]  # type: ignore[index]  # Rows that were read are no file.
    return row[1:]


def refused(*cells: Any, **shown: str) -> list[tuple[str, str]]:
    table, findings = taken(["r1", *cells], **shown)
    assert table is None
    return told(findings)


def test_somebodys_own_list_is_read_by_titles_into_the_table() -> None:
    into = a_titled_table(["r1", "P1", "-", "-", 1], hit_policy="first", note="kept")
    book = own_list(
        ["价格表 2026"],
        [],
        ["单价", "Product", "数量", "日期"],
        [Decimal("12.5"), "P1", ">=1", date(2026, 3, 1)],
        [7, "P2", None, None],
    )

    table, findings = read_xlsx(book, into)

    assert table is not None, findings
    assert (table.hit_policy, table.note) == ("first", "kept")
    assert table.rows == (("r2", "P1", ">=1", "2026-03-01", Decimal("12.5")), ("r3", "P2", "", "", 7))
    assert told(findings) == [("exchange.named", "Sheet1!A4")]


def test_rows_of_a_list_without_ids_keep_the_ids_of_rows_that_ask_the_same() -> None:
    into = a_titled_table(["old", "P1", ">=1", "-", 1], ["other", "P2", "-", "-", 2])

    table, _ = read_xlsx(own_list(["产品", "数量", "日期", "单价"], ["P2", "-", "-", 2], ["P1", ">=1", "-", 9]), into)

    assert table is not None
    assert [change.kind for change in difference(into, table).rows] == ["changed"]
    assert {row[0] for row in table.rows} == {"old", "other"}


def test_real_numbers_dates_and_truths_are_taken_as_they_are_shown() -> None:
    assert row_of("P1", 5, date(2026, 3, 1), 12.5, E2="0.00") == ("P1", 5, "2026-03-01", Decimal("12.50"))
    midnight = datetime(2026, 3, 1)  # noqa: DTZ001  # Excel knows no zones.
    assert row_of("P1", 0.1 + 0.2, midnight, 0.15, E2="0%")[1:] == (Decimal("0.3"), "2026-03-01", Decimal("0.15"))
    assert row_of(12345, 1, "-", 1)[0] == "12345"
    assert row_of(12, 1, "-", 1, B2="00000")[0] == "00012"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("１２．５０", Decimal("12.50")),
        ("15 %", Decimal("0.15")),
        ("1,234,567", 1234567),
        ("1,234.50", Decimal("1234.50")),
    ],
)
def test_numbers_typed_as_text_are_read_where_they_mean_one_thing(written: str, meant: Any) -> None:
    assert row_of("P1", "-", "-", written)[3] == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026/1/31", "2026-01-31"),
        ("2026年1月31日", "2026-01-31"),
        ("31.12.2026", "2026-12-31"),
        ("12/31/2026", "2026-12-31"),
        (">=2026/7/1", ">=2026-07-01"),
        ("[2026/1/1..2026/7/1)", "[2026-01-01..2026-07-01)"),
        ("＞＝2026-07-01", ">=2026-07-01"),
    ],
)
def test_dates_typed_as_text_are_read_where_they_mean_one_day(written: str, meant: str) -> None:
    assert row_of("P1", "-", written, 1)[2] == meant


def test_what_a_spreadsheet_mangled_is_refused_at_its_cell() -> None:
    assert refused(date(2026, 1, 2), "-", "-", 1) == [("exchange.turned_date", "Sheet1!B2")]
    assert refused("P1", date(2026, 1, 2), "-", 1) == [("exchange.turned_date", "Sheet1!C2")]
    assert refused(12345678901234567890, "-", "-", 1) == [("exchange.digits_lost", "Sheet1!B2")]
    assert refused("1.23457E+17", "-", "-", 1) == [("exchange.digits_lost", "Sheet1!B2")]
    assert refused("P1", "-", 46023, 1) == [("exchange.lost_date", "Sheet1!D2")]
    assert refused("P1", "-", "1/2/2026", 1) == [("exchange.date_order", "Sheet1!D2")]
    assert refused("P1", "-", "2026/2/31", 1) == [("exchange.no_date", "Sheet1!D2")]
    assert refused("P1", "-", "-", "1,234") == [("exchange.comma", "Sheet1!E2")]
    assert refused("P1", "-", "-", True) == [("exchange.other_kind", "Sheet1!E2")]
    assert refused("P1", "-", time(8, 30), 1) == [("exchange.other_kind", "Sheet1!D2")]
    assert refused("P1", timedelta(hours=30), "-", 1) == [("exchange.turned_date", "Sheet1!C2")]
    assert refused("P1", "-", "-", "#N/A") == [("exchange.error_value", "Sheet1!E2")]


def test_everything_wrong_is_told_at_once_and_nothing_is_half_done() -> None:
    table, findings = taken(["r1", date(2026, 1, 2), "-", 46023, 1], ["r2", "P2", "-", "-", "1,234"])

    assert table is None
    assert told(findings) == [
        ("exchange.turned_date", "Sheet1!B2"),
        ("exchange.lost_date", "Sheet1!D2"),
        ("exchange.comma", "Sheet1!E3"),
    ]


def test_a_cell_that_can_be_read_but_makes_no_sense_is_told_at_its_place() -> None:
    table, findings = taken(["r1", "P1", "5..", "-", "dear"])

    assert table is not None
    assert [place for _, place in told(findings)] == ["Sheet1!C2", "Sheet1!E2"]


def test_headings_that_are_missing_unknown_or_said_twice_are_told() -> None:
    book = own_list(["产品", "数量", "数量", "单价", "剩余"], ["P1", 1, 2, 3, 4])

    table, findings = read_xlsx(book, a_titled_table())

    assert table is None
    assert told(findings) == [
        ("exchange.heading_twice", "Sheet1!C1"),
        ("exchange.heading_missing", "Sheet1!A1"),
        ("exchange.heading_unknown", "Sheet1!E1"),
    ]


def test_a_value_without_a_heading_is_not_lost_silently() -> None:
    table, findings = taken(["r1", "P1", "-", "-", 1, None, "special price!"])

    assert table is None
    assert told(findings) == [("exchange.no_heading", "Sheet1!G2")]


def test_what_nobody_changed_stays_as_its_author_wrote_it() -> None:
    before = a_price_table([["r1", "P100", "EU, US", ">= 5", "-", "12.50"], ["r2", "P2", "CN", "<5", "-", "3"]])

    def cheaper(book: Workbook) -> None:
        sheet = book["table"]
        sheet["D6"] = ">=5.0"
        sheet["F7"] = 2.5

    after, findings = read_xlsx(changed(write_xlsx(before), cheaper), before)

    assert after is not None, findings
    assert after.rows == (before.rows[0], ("r2", "P2", "CN", "<5", "-", "2.5"))  # type: ignore[index]  # No file.


def test_a_workbook_that_was_opened_and_saved_again_gives_back_the_very_table() -> None:
    # A text that looks like an escaped line end is one to every spreadsheet once it was saved again.
    texts = [text for text in ODD if text != "_x000D_"]
    inputs = [{"id": name, "type": name} for name in ("text", "number", "date", "any")]
    rows = [[f"r{n}", *[text] * 5, text] for n, text in enumerate(texts)]
    before = a_decision(inputs, [{"id": "price", "type": "number"}], rows)

    after, findings = read_xlsx(changed(write_xlsx(before), lambda _: None))

    assert after == before, findings


def test_a_setting_written_over_in_the_sheet_is_kept_and_told() -> None:
    before = a_price_table(hit_policy="first")

    def restless(book: Workbook) -> None:
        book["table"]["C1"] = "unique"
        book["table"]["D5"] = "text"

    after, findings = read_xlsx(changed(write_xlsx(before), restless))

    assert after == before
    assert told(findings) == [("exchange.heading_kept", "table!C1"), ("exchange.heading_kept", "table!D5")]


def test_columns_and_rows_may_be_moved_and_sheets_renamed() -> None:
    before = a_price_table()

    def shuffled(book: Workbook) -> None:
        sheet = book["table"]
        sheet.title = "价格"
        sheet.move_range("F1:F9", cols=4)

    after, findings = read_xlsx(changed(write_xlsx(before), shuffled))

    assert after == before, findings


def test_a_workbook_older_than_the_table_is_told_apart() -> None:
    before = a_price_table()
    book = write_xlsx(before, version=3)
    now = before.model_copy(update={"hit_policy": "first"})

    table, findings = read_xlsx(book, now)
    other, others = read_xlsx(book, now.model_copy(update={"id": "rates"}))

    assert table == now and told(findings) == [("exchange.stale", "_meta")]
    assert other is not None and told(others) == [("exchange.other_table", "_meta")]


def test_a_workbook_without_its_hidden_sheet_still_says_most() -> None:
    before = a_decision(
        [{"id": "qty", "type": "number", "unit": "pcs", "title": {"zh": "数量", "en": "Quantity"}}],
        [{"id": "price", "type": "number"}],
        [["r1", ">=5", Decimal("12.50")]],
        hit_policy="collect",
        aggregate="sum",
    )

    after, findings = read_xlsx(changed(write_xlsx(before), lambda book: book.remove(book["_meta"])))

    assert after is not None, findings
    assert [c.at for c in difference(before, after).settings] == ["/title/zh", "/title/en"]
    assert after.rows == before.rows


def test_a_hidden_sheet_that_was_changed_is_not_believed() -> None:
    before = a_price_table()

    def tampered(book: Workbook) -> None:
        meta = book["_meta"]
        meta["B3"] = str(meta["B3"].value).replace('"unique"', '"first"').replace("r1", "r7")

    book = changed(write_xlsx(before), tampered)

    assert told(read_xlsx(book)[1]) == [("exchange.meta_damaged", "_meta")]
    assert read_xlsx(book, before)[0] == before


def test_a_formula_of_the_spreadsheet_gives_its_last_value_and_an_expression_stays_one() -> None:
    table = a_decision(PRICE_INPUTS[:1], [{"id": "price", "type": "number", "formula": True}], [["r1", "P1", 1]])

    def computed(book: Workbook) -> None:
        book["table"]["C6"] = "=unit_cost * 1.35"

    expression, _ = read_xlsx(changed(write_xlsx(table), computed))
    _, never = read_xlsx(changed(write_xlsx(table), lambda book: book["table"].__setitem__("C6", "=A1*2")))

    assert expression is not None and expression.rows == (("r1", "P1", "=unit_cost * 1.35"),)
    assert told(never) == [("exchange.formula_open", "table!C6")]


def test_a_computed_value_is_taken_and_told() -> None:
    book = own_list(["产品", "数量", "日期", "单价"], ["P1", 1, "-", "=1.1*3"])
    with_value = _replaced(book, "<f>1.1*3</f><v></v>", "<f>1.1*3</f><v>3.3000000000000003</v>")

    table, findings = read_xlsx(with_value, a_titled_table())

    assert table is not None, findings
    assert table.rows == (("r1", "P1", 1, "-", Decimal("3.3")),)
    assert ("exchange.formula", "Sheet1!D2") in told(findings)


def test_intervals_in_two_columns_are_one_again() -> None:
    before = a_price_table([["r1", "P1", "CN", "[1..100)", ">=2026-01-01", "5"]])
    book = write_xlsx(before, split=["qty", "day", "product"])
    sheet = load_workbook(io.BytesIO(book))["table"]
    assert [c.value for c in sheet[3]][:7] == [
        "id",
        "product",
        "region",
        "qty.from",
        "qty.until",
        "day.from",
        "day.until",
    ]
    assert (sheet["D6"].value, sheet["E6"].value, sheet["F6"].value) == (1, 100, datetime(2026, 1, 1))  # noqa: DTZ001  # Excel knows no zones.

    def longer(book: Workbook) -> None:
        book["table"]["E6"] = 200
        book["table"]["G6"] = datetime(2026, 7, 1)  # noqa: DTZ001  # Excel knows no zones.

    after, findings = read_xlsx(changed(book, longer))

    assert after is not None, findings
    assert after.rows == (("r1", "P1", "CN", "[1..200)", "[2026-01-01..2026-07-01)", "5"),)


def test_periods_of_the_effective_column_are_split_at_their_days() -> None:
    rows = [["a", "2026-01-01..2026-07-01", 1], ["b", "2026-07-01..", 2], ["c", "..2026-01-01", 3], ["d", "-", 4]]
    before = a_decision([{"id": "day", "type": "date"}], [{"id": "p", "type": "number"}], rows, effective="day")
    book = write_xlsx(before, split=["day"])

    sheet = load_workbook(io.BytesIO(book))["table"]
    days = [[cell.value for cell in row] for row in sheet["B6:C9"]]
    first, middle = datetime(2026, 1, 1), datetime(2026, 7, 1)  # noqa: DTZ001  # Excel knows no zones.
    assert days == [[first, middle], [middle, None], [None, first], ["-", None]]
    assert read_xlsx(book)[0] == before


def test_a_crosstab_is_a_crosstab_sheet_and_comes_back_as_one() -> None:
    sheet = {
        "id": "prices",
        "down": ["product"],
        "across": [{"id": "eu", "when": {"region": "EU"}}, {"id": "us", "when": {"region": "US"}}],
        "cell": "price",
        "rows": [["a", "P1", "12.50", "13"], ["b", "P2", 7, None]],
    }
    before = a_decision(PRICE_INPUTS, [{"id": "price", "type": "number"}], [], crosstab=[sheet])
    book = write_xlsx(before)
    assert [c.value for c in load_workbook(io.BytesIO(book))["prices"][2]][:4] == [
        "行号 / Row",
        "product",
        "region EU",
        "region US",
    ]

    after, findings = read_xlsx(book)
    dearer, _ = read_xlsx(changed(book, lambda b: b["prices"].__setitem__("C6", 14)), before)

    assert after == before, findings
    assert dearer is not None and dearer.crosstab[0].rows == (("a", "P1", Decimal("14.00"), "13"), ("b", "P2", 7, None))


def test_the_sheet_helps_whoever_fills_it() -> None:
    sheet = load_workbook(io.BytesIO(write_xlsx(a_price_table())))["table"]

    choices = sheet.data_validations.dataValidation
    assert sheet.freeze_panes == "B6"
    assert [str(c.sqref) for c in choices] == ["C6:C1048576"]
    assert sheet.column_dimensions["B"].number_format == "@"
    assert not any(sheet.row_dimensions[n].hidden for n in range(1, 6))


def test_rows_that_are_still_in_a_file_are_not_exported_as_none() -> None:
    with pytest.raises(Invalid, match=r"prices\.csv"):
        write_xlsx(a_decision(PRICE_INPUTS, [PRICE], []).model_copy(update={"rows": RowsFile(file="prices.csv")}))


def _replaced(book: bytes, old: str, new: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as archive, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            content = archive.read(name).decode()
            copy.writestr(name, content.replace(old, new).replace("<f>1.1*3</f><v />", new))
    return file.getvalue()


def _packed(**entries: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_files_that_are_no_workbook_and_bombs_are_refused() -> None:
    wide = own_list(["产品", "数量", "日期", "单价", *([None] * 500), "x"])

    assert told(read_xlsx(b"not a zip")[1]) == [("exchange.no_workbook", "")]
    assert told(read_xlsx(_packed(a=b"b"))[1]) == [("exchange.no_workbook", "")]
    assert told(read_xlsx(_packed(**{"xl/workbook.xml": b"0" * 40_000_000}))[1]) == [("exchange.unfolds", "")]
    assert told(read_xlsx(wide, a_titled_table())[1]) == [("exchange.too_wide", "Sheet1")]
    assert told(read_xlsx(own_list(["a"], [1]))[1]) == [("exchange.no_settings", "workbook")]
    assert told(read_xlsx(own_list(["a"], [1]), a_titled_table())[1]) == [("exchange.sheet_missing", "workbook")]

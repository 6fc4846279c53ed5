"""What goes out comes back: ``import(export(t)) == t`` for random tables, to the last zero and apostrophe."""

from __future__ import annotations

import io
import os

from hypothesis import HealthCheck, given, settings
from openpyxl import load_workbook

from taktflow.definitions.canonical import content_hash
from taktflow.definitions.decision import Decision
from taktflow.definitions.load import definition, load
from taktflow.rules.exchange import difference, read_csv, write_csv, written
from taktflow.rules.exchange.intake import with_rows
from taktflow.rules.exchange.sheets import sheets_of
from taktflow.rules.exchange.xlsx import read_xlsx, write_xlsx
from tests.unit.rules.exchange.tables import tables

EXAMPLES = int(os.environ.get("TAKTFLOW_EXCHANGE_EXAMPLES", "12"))
"""1,000 for the long proof."""
proof = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def same(found: Decision | None, table: Decision) -> bool:
    """Equal to the type of every cell, and to what is hashed when it is published."""
    if found is None:
        return False
    return found == table and repr(found) == repr(table) and content_hash(found) == content_hash(table)


@proof
@given(tables())
def test_a_workbook_gives_back_the_very_table(table: Decision) -> None:
    found, findings = read_xlsx(write_xlsx(table, version=3))

    assert same(found, table), findings


@proof
@given(tables())
def test_so_does_one_with_its_intervals_in_two_columns(table: Decision) -> None:
    book = write_xlsx(table, split=[c.id for c in table.inputs])

    found, findings = read_xlsx(book)

    assert same(found, table), findings


@proof
@given(tables())
def test_taking_a_workbook_into_its_own_table_changes_nothing(table: Decision) -> None:
    found, findings = read_xlsx(write_xlsx(table), into=table)

    assert same(found, table), findings


@proof
@given(tables())
def test_no_cell_of_a_workbook_is_a_formula(table: Decision) -> None:
    book = load_workbook(io.BytesIO(write_xlsx(table)))

    kinds = {cell.data_type for sheet in book.worksheets for row in sheet.iter_rows() for cell in row}

    assert not kinds & {"f", "e"}


@proof
@given(tables())
def test_csv_taken_into_its_own_table_changes_nothing(table: Decision) -> None:
    for sheet in sheets_of(table):
        found, findings = read_csv(write_csv(table, sheet=sheet.crosstab), table, sheet=sheet.crosstab)

        assert same(found, table), findings


@proof
@given(tables())
def test_no_field_of_a_csv_begins_a_formula(table: Decision) -> None:
    for sheet in sheets_of(table):
        lines = write_csv(table, sheet=sheet.crosstab).decode("utf-8-sig")

        assert not lines.startswith(("=", "@"))
        assert not [piece for piece in (",=", ',"=', ",@", ',"@', "\n=", "\n@") if piece in f"\n{_outside(lines)}"]


def _outside(lines: str) -> str:
    """The text without what stands inside a field after its beginning."""
    import csv

    rows = csv.reader(io.StringIO(lines, newline=""))
    return "\n".join(",".join(field[:1] for field in row) for row in rows)


@proof
@given(tables())
def test_yaml_reads_back_as_the_very_table(table: Decision) -> None:
    loaded = load(written(table), "table.yaml")

    found, findings = definition(loaded)

    assert isinstance(found, Decision) and same(found, table), (loaded.findings, findings)


@proof
@given(tables())
def test_a_table_differs_in_nothing_from_itself_and_in_its_rows_from_an_empty_one(table: Decision) -> None:
    empty = with_rows(table, {sheet.crosstab: () for sheet in sheets_of(table)})

    assert not difference(table, table)
    removed = difference(table, empty).rows
    assert len(removed) == sum(len(sheet.rows) for sheet in sheets_of(table))
    assert {change.kind for change in removed} <= {"removed"}

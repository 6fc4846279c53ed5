"""Rows of a decision table in CSV files and cross-tabs, read as if they had been listed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.definitions.canonical import canonical, content_hash
from taktflow.definitions.check import located
from taktflow.definitions.decision import Decision
from taktflow.definitions.pack import PackSource, Placed, read_pack
from taktflow.definitions.rows import rows_of
from taktflow.definitions.rows_csv import read_csv
from taktflow.rules import decision_findings

PACK = "kind: pack\nid: p\ntitle: {zh: 包, en: Pack}\n"
TABLE = """\
kind: decision
id: price
title: {zh: 价格, en: Price}
inputs: [{id: product, type: text}, {id: qty, type: number}]
outputs: [{id: price, type: number, scale: 2}]
rows: ROWS
"""
CROSSTAB = """\
crosstab:
  - id: home
    when: {region: CN}
    then: {currency: CNY}
    down: [product]
    across:
      - {id: low, when: {qty: "[1..100)"}}
      - {id: high, when: {qty: ">=100"}}
    cell: price
    rows: ROWS
"""
MATRIX = TABLE.replace("rows: ROWS\n", "") + CROSSTAB
MATRIX = MATRIX.replace("{id: qty, type: number}]", "{id: qty, type: number}, {id: region, type: text}]")
MATRIX = MATRIX.replace("scale: 2}]", "scale: 2}, {id: currency, type: text}]")


def a_pack(folder: Path, table: str, csv: str | bytes = b"", name: str = "prices.csv") -> PackSource:
    (folder / "tables").mkdir()
    (folder / "pack.yaml").write_text(PACK, encoding="utf-8")
    (folder / "tables" / "price.yaml").write_text(table.replace("ROWS", "{file: prices.csv}"), encoding="utf-8")
    if csv:
        (folder / "tables" / name).write_bytes(csv.encode() if isinstance(csv, str) else csv)
    return read_pack(folder)


def the_table(source: PackSource) -> Placed:
    (one,) = source.definitions
    assert isinstance(one.definition, Decision)
    return one


def found(source: PackSource) -> list[tuple[str, str, int]]:
    return [(f.code, f.file, f.line) for f in source.findings]


def rows(source: PackSource) -> list[tuple[object, ...]]:
    definition = the_table(source).definition
    assert isinstance(definition, Decision)
    return [(row.id, *row.cells) for row in rows_of(definition)]


def test_rows_of_a_file_are_the_tables_own(tmp_path: Path) -> None:
    source = a_pack(tmp_path, TABLE, 'price,id,note,qty,product\n12.50,r1,base,<100,P1\n11,r2,,>=100,"P1,P2"\n')

    assert found(source) == []
    assert rows(source) == [("r1", "P1", "<100", "12.50", "base"), ("r2", "P1,P2", ">=100", "11", "")]


def test_a_published_definition_holds_its_rows_and_changes_with_them(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = the_table(a_pack(tmp_path / "a", TABLE, "id,product,qty,price\nr1,P1,-,12\n")).definition
    other = the_table(a_pack(tmp_path / "b", TABLE, "id,product,qty,price\nr1,P1,-,13\n")).definition

    assert canonical(one)["rows"] == [["r1", "P1", "-", "12"]]
    assert content_hash(one) != content_hash(other)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("id,product,qty,price\nr1,法兰,-,12\n".encode(), None),
        ("id,product,qty,price\r\nr1,法兰,-,12\r\n".encode("utf-8-sig"), None),
        ("id;product;qty;price\nr1;法兰;-;12\n".encode(), None),
        ("id\tproduct\tqty\tprice\nr1\t法兰\t-\t12\n".encode("utf-16"), None),
        ("id,product,qty,price\nr1,法兰,-,12\n".encode("gb18030"), "csv.gb18030"),
    ],
)
def test_files_are_read_as_spreadsheets_write_them(tmp_path: Path, text: bytes, code: str | None) -> None:
    source = a_pack(tmp_path, TABLE, text)

    assert rows(source) == [("r1", "法兰", "-", "12")]
    assert [(f.code, f.severity) for f in source.findings] == ([(code, "warning")] if code else [])


def test_a_wrong_cell_is_told_with_the_line_and_field_of_the_file(tmp_path: Path) -> None:
    csv = 'id,price,product,qty\nr1,1,"two\nlines",1\nr2,cheap,P1,[1..\n'

    one = the_table(a_pack(tmp_path, TABLE, csv))
    assert isinstance(one.definition, Decision)
    findings = located(one, decision_findings(one.definition))

    assert {(f.file, f.line, f.column, f.at) for f in findings} == {
        ("tables/prices.csv", 4, 2, "/rows/1/3"),
        ("tables/prices.csv", 4, 4, "/rows/1/2"),
    }


@pytest.mark.parametrize(
    ("csv", "told"),
    [
        ("id,product,qty,price\n\nr1,P1,-,1\n,,,\n", [("csv.blank", 2), ("csv.blank", 4)]),
        ("id,product,qty,price\nr1,P1,-\nr2,P1,-,1,2\n", [("csv.fields", 2), ("csv.fields", 3)]),
        (
            "id,product,qty,prices,zone\n",
            [("csv.column_near", 1), ("csv.column_unknown", 1), ("csv.column_missing", 1)],
        ),
        ("id,product,qty,price,qty\n", [("csv.column_twice", 1)]),
        ("\n", [("csv.empty", 0)]),
        ('id,product,qty,price\nr1,"P1,-,1\n', [("csv.syntax", 2)]),
        (b"id,product,qty,price\nr1,\xff\xff,-,1\n", [("csv.encoding", 2)]),
    ],
)
def test_what_is_wrong_with_a_file_is_told_by_line(
    tmp_path: Path, csv: str | bytes, told: list[tuple[str, int]]
) -> None:
    source = a_pack(tmp_path, TABLE, csv)

    assert found(source) == [(code, "tables/prices.csv", line) for code, line in told]


def test_a_file_with_many_mistakes_tells_the_first_and_too_many_rows_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = ["id", "n"]
    monkeypatch.setattr("taktflow.definitions.rows_csv.MAX_ROWS", 3)

    many = read_csv(b"id,n\n" + b"r\n" * 300, "f.csv", "/rows", wanted)
    long = read_csv(b"id,n\n" + b"r,1\n" * 5, "f.csv", "/rows", wanted)

    assert [f.code for f in many.findings] == ["csv.fields"] * 100 + ["csv.more"]
    assert (len(long.rows), [(f.code, f.line) for f in long.findings]) == (3, [("csv.rows", 5)])


def test_a_file_must_lie_within_the_pack(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("id,product,qty,price\nr1,P1,-,1\n", encoding="utf-8")
    (tmp_path / "pack" / "tables").mkdir(parents=True)
    (tmp_path / "pack" / "tables" / "prices.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "pack" / "pack.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "pack" / "tables" / "price.yaml").write_text(TABLE.replace("ROWS", "{file: prices.csv}"), "utf-8")

    source = read_pack(tmp_path / "pack")

    assert found(source) == [("csv.outside", "tables/price.yaml", 6)]
    assert rows(source) == []


@pytest.mark.parametrize(
    "name", ["../prices.csv", "/etc/prices.csv", "a/../../prices.csv", ".hidden.csv", "prices.xls"]
)
def test_a_path_that_leads_elsewhere_is_no_file_of_rows(tmp_path: Path, name: str) -> None:
    source = a_pack(tmp_path, TABLE.replace("ROWS", f'{{file: "{name}"}}'))

    assert [f.code for f in source.findings] == ["definition.pattern"]
    assert source.definitions == ()


def test_a_file_that_is_not_there_is_told_where_it_is_named(tmp_path: Path) -> None:
    assert found(a_pack(tmp_path, TABLE)) == [("csv.missing", "tables/price.yaml", 6)]


def test_a_table_read_without_its_files_says_so() -> None:
    definition = Decision.model_validate(
        {
            "kind": "decision",
            "id": "price",
            "title": {"zh": "价", "en": "Price"},
            "inputs": [{"id": "n", "type": "number"}],
            "outputs": [{"id": "o", "type": "text"}],
            "rows": {"file": "prices.csv"},
        }
    )

    assert [(f.code, f.at) for f in decision_findings(definition)] == [("table.rows_unread", "/rows/file")]


def test_every_filled_cell_of_a_cross_tab_is_a_row(tmp_path: Path) -> None:
    source = a_pack(tmp_path, MATRIX, "id,product,high,low\nfl,FL-DN50,81.5,86\nv,V-100,,460\n")

    assert found(source) == []
    assert rows(source) == [
        ("home.fl.low", "FL-DN50", "[1..100)", "CN", "86", "CNY"),
        ("home.fl.high", "FL-DN50", ">=100", "CN", "81.5", "CNY"),
        ("home.v.low", "V-100", "[1..100)", "CN", "460", "CNY"),
    ]


def test_a_cross_tabs_cells_are_told_where_they_were_written(tmp_path: Path) -> None:
    wrong = MATRIX.replace("CNY}", "CNY}").replace(">=100", ">=many,")
    source = a_pack(tmp_path, wrong, "id,product,low,high\nfl,FL-DN50,86,x\n")

    one = the_table(source)
    assert isinstance(one.definition, Decision)
    findings = located(one, decision_findings(one.definition))

    assert [(f.file, f.line, f.at) for f in findings if f.severity == "error"] == [
        ("tables/price.yaml", 13, "/crosstab/0/across/1/when/qty"),
        ("tables/prices.csv", 2, "/crosstab/0/rows/0/3"),
    ]


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text('id,no;\t"\n\r\0法\ufeff', max_size=40).map(str.encode)))
def test_whatever_a_file_holds_it_is_rows_or_findings(data: bytes) -> None:
    found = read_csv(data, "f.csv", "/rows", ["id", "n"], ["o"])

    assert all(len(row) in (2, 3) for row in found.rows)
    assert len(found.lines) == len(found.rows)
    assert found.rows or found.findings or data.decode("utf-8-sig", "replace").strip()


def test_a_cell_may_be_long_but_not_without_end() -> None:
    found = read_csv(b"id,n\nr1," + b"x" * 200_000, "f.csv", "/rows", ["id", "n"])

    assert (found.rows, [f.code for f in found.findings]) == ((), ["csv.syntax"])

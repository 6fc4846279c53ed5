"""CSV as spreadsheets write and change it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.errors import Invalid
from taktflow.rules.exchange import difference, read_csv, write_csv
from taktflow.rules.exchange.comma import guarded, unguarded
from taktflow.values import Finding
from tests.unit.rules.builders import PRICE_ROWS, a_decision, a_price_table

HEADINGS = "id,product,region,qty,day,price"


def places(findings: tuple[Finding, ...]) -> list[tuple[str, str, int, int]]:
    return [(f.code, f.file, f.line, f.column) for f in findings]


def test_the_first_line_names_columns_by_id_and_excel_reads_the_chinese() -> None:
    lines = write_csv(a_price_table([["r1", "法兰", "EU,US", "[1..100)", "-", "12.50", "基准"]]))

    assert lines.startswith(b"\xef\xbb\xbf" + HEADINGS.encode() + b",note\r\n")
    assert lines.decode("utf-8-sig").splitlines()[1] == 'r1,法兰,"EU,US",[1..100),-,12.50,基准'


@settings(max_examples=200)
@given(st.text(st.sampled_from("'=+-@\t\r\n＝＋1a"), max_size=5))
def test_the_guard_against_formulas_is_taken_away_again(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert guarded(text)[:1] not in ("=", "@", "\t", "\r", "＝", "＋")


def test_the_file_beside_a_definition_needs_no_guard() -> None:
    table = a_price_table([["r1", "=P1", "-", "-", "-", "1"]])

    assert b"\r\nr1,'=P1," in write_csv(table)
    assert b"\r\nr1,=P1," in write_csv(table, guard=False)


def test_what_excel_does_to_a_csv_is_put_right_or_told() -> None:
    into = a_price_table()
    kept = f"{HEADINGS}\nr1,P100,'EU,[1..100),2026/1/31,12.5\nr7,P7,-,-,-,7.10\n".replace("'EU", '"EU,US"')

    table, findings = read_csv(kept.encode("gb18030"), into)
    _, told = read_csv(f"{HEADINGS}\nr1,1.2E+15,-,-,1/2/2026,5\n".encode(), into)

    assert table is not None, findings
    assert table.rows == (
        ("r1", "P100", "EU,US", "[1..100)", "2026-01-31", "12.50", "base"),
        ("r7", "P7", "-", "-", "-", "7.10"),
    )
    assert places(told) == [("exchange.digits_lost", "table.csv", 2, 2), ("exchange.date_order", "table.csv", 2, 5)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_seen_in_the_headings(delimiter: str) -> None:
    lines = [HEADINGS.replace(",", delimiter), delimiter.join(["r1", "P1", "EU", ">=1", "-", "5"])]

    table, findings = read_csv("\n".join(lines).encode("utf-16"), a_price_table())

    assert table is not None, findings
    assert table.rows == (("r1", "P1", "EU", ">=1", "-", "5", "base"),)


def test_an_empty_table_filled_from_its_csv_means_the_same() -> None:
    full = a_price_table([*PRICE_ROWS, ["r5", "=1+1", "-", "-5", "-", "1"]])

    table, _ = read_csv(write_csv(full), full.model_copy(update={"rows": ()}))

    assert table is not None
    assert not difference(full, table)


def test_a_crosstab_has_a_csv_of_its_own() -> None:
    sheet = {"id": "s", "down": ["n"], "across": [{"id": "eu"}], "cell": "p", "rows": [["a", ">=1", Decimal("5.50")]]}
    into = a_decision(
        [{"id": "n", "type": "number"}], [{"id": "p", "type": "number"}], [["x", "1", 2]], crosstab=[sheet]
    )

    table, findings = read_csv(write_csv(into, sheet="s").replace(b"5.50", b"6.50"), into, sheet="s")

    assert table is not None, findings
    assert (table.crosstab[0].rows, table.rows) == ((("a", ">=1", Decimal("6.50")),), into.rows)
    with pytest.raises(Invalid, match="nowhere"):
        write_csv(into, sheet="nowhere")


def test_text_that_is_no_csv_is_told() -> None:
    into = a_price_table()

    assert places(read_csv(b"", into)[1]) == [("exchange.empty", "table.csv", 1, 0)]
    assert places(read_csv(b"\x81\xff\x00", into)[1]) == [("exchange.encoding", "table.csv", 1, 0)]
    assert places(read_csv(b'a,"b\n', into)[1]) == [("exchange.no_csv", "table.csv", 1, 0)]
    assert places(read_csv(f'{HEADINGS}\n{"x" * 9},,,"open\n'.encode(), into)[1])[0][0] == "exchange.no_csv"
    assert places(read_csv(",".join("x" * 500).encode(), into)[1]) == [("exchange.too_wide", "table.csv", 1, 0)]

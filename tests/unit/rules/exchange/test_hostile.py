"""Whatever bytes are handed in, the answer is a table or findings, never a traceback."""

from __future__ import annotations

import io
import json
import os
import zipfile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taktflow.definitions.decision import Decision
from taktflow.rules.exchange import read_csv, read_jdm, write_csv
from taktflow.rules.exchange.said import Habits, Mangled, Said, cell_said
from taktflow.rules.exchange.unary import unary_cell
from taktflow.rules.exchange.xlsx import read_xlsx, write_xlsx
from taktflow.rules.exchange.zen import Untranslatable
from tests.unit.rules.builders import a_price_table
from tests.unit.rules.exchange.tables import ODD, TYPES

EXAMPLES = int(os.environ.get("TAKTFLOW_EXCHANGE_EXAMPLES", "25"))
hostile = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TABLE = a_price_table()
BOOK = write_xlsx(TABLE)
COMMA = write_csv(TABLE)
MARKS = """$ # a.b 1 1_0 'x' " ' ( ) [ ] .. , > <= == not in and or - + ^ % ? : ?? ! map( len( contains( null \\ é"""
ZEN = st.lists(st.sampled_from([*MARKS.split(), "d('2026-01-01')"]), max_size=9).map(" ".join)
KEYS = st.sampled_from(["id", "field", "name", "i", "o", "_id"])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), ZEN),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


def is_answer(found: Any) -> bool:
    table, findings = found
    return isinstance(findings, tuple) and (isinstance(table, Decision) or (table is None and bool(findings)))


@pytest.mark.filterwarnings("ignore::UserWarning:openpyxl.*")  # It warns of parts that it leaves out.
@hostile
@given(st.data())
def test_any_part_of_a_workbook_may_be_damaged(data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(BOOK)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = data.draw(st.sampled_from(sorted(parts)))
    place = data.draw(st.integers(0, len(parts[name]) - 1))
    junk = data.draw(st.sampled_from([b"", b"<", b"&#0;", b"9" * 30, b'"', b"</c>", b"1E999", b"\xff", b"NaN"]))
    parts[name] = parts[name][:place] + junk + parts[name][place + data.draw(st.integers(0, 40)) :]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)

    assert is_answer(read_xlsx(file.getvalue()))
    assert is_answer(read_xlsx(file.getvalue(), TABLE))


@pytest.mark.filterwarnings("ignore::UserWarning:openpyxl.*")  # It warns of parts that it leaves out.
@hostile
@given(st.integers(0, len(BOOK) - 1), st.binary(max_size=9))
def test_so_may_the_bytes_of_the_archive(place: int, junk: bytes) -> None:
    assert is_answer(read_xlsx(BOOK[:place] + junk + BOOK[place + len(junk) :]))


@hostile
@given(st.integers(0, len(COMMA) - 1), st.binary(max_size=9))
def test_a_csv_may_hold_any_bytes(place: int, junk: bytes) -> None:
    assert is_answer(read_csv(COMMA[:place] + junk + COMMA[place + len(junk) :], TABLE))


@hostile
@given(ZEN)
def test_any_cell_of_zen_is_said_or_refused(text: str) -> None:
    try:
        found = unary_cell(text).cell
    except Untranslatable as unsaid:
        found = unsaid.what

    assert isinstance(found, str)


@hostile
@given(JSON, JSON, JSON)
def test_any_graph_gives_tables_or_findings(inputs: Any, outputs: Any, rules: Any) -> None:
    content = {"inputs": [{"id": "i", "field": inputs}], "outputs": outputs, "rules": rules}
    odd = {"inputs": [{"id": "i"}], "outputs": [{"id": "o"}], "rules": [{"i": inputs, "o": outputs, "_id": rules}]}
    nodes = [{"type": "decisionTableNode", "content": c} for c in (content, odd, inputs)]

    tables, findings = read_jdm(json.dumps({"nodes": nodes}).encode())

    assert tables or findings


@pytest.mark.parametrize("column", TYPES)
def test_any_odd_text_is_a_cell_or_refused_in_a_column_of_any_type(column: Any) -> None:
    refused = set()
    for text in ODD:
        try:
            assert str(cell_said(Said("text", text), column, Habits(), answers=True)) or not text.strip()
        except Mangled as mangled:
            refused.add(mangled.code)

    assert refused <= {"exchange.digits_lost", "exchange.date_order", "exchange.no_date", "exchange.comma"}


def test_an_entity_bomb_in_a_workbook_unfolds_nothing() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "x" * 50}">' for n in range(12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE worksheet [{entities}]><worksheet>&a11;</worksheet>'
    with zipfile.ZipFile(io.BytesIO(BOOK)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = next(name for name in parts if name.startswith("xl/worksheets/sheet1"))
    parts[sheet] = bomb.encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)

    table, findings = read_xlsx(file.getvalue())

    assert table is None
    assert [f.code for f in findings] == ["exchange.no_workbook"]

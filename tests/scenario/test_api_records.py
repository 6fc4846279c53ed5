"""Records by hand: held against their entity, based on a revision, never forgotten, safe to export."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import load_workbook

from taktflow.errors import Invalid
from taktflow.sdk import RecordWrite
from taktflow.services.records import row_write, row_writes
from taktflow.store import Commit, RecordExists, StaleRecord
from tests.door import PACK, Door, Person, a_door, publish


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with a_door(tmp_path_factory.mktemp("door")) as door:
        yield door


@pytest.fixture
def sam(door: Door) -> Person:
    return door.user("sam")


def add(person: Person, code: str, **fields: Any) -> Any:
    """A customer with ``fields``."""
    answer = person.send("/api/records/customer", {"fields": {"code": code, "name": f"Customer {code}", **fields}})
    assert answer.status_code == 201, answer.text
    return answer.json()


def change(person: Person, id: str, rev: int, **fields: Any) -> Any:
    return person.send(
        f"/api/records/customer/{id}", {"fields": fields, "why": "call"}, "PATCH", headers={"if-match": f'"{rev}"'}
    )


def test_a_record_comes_back_as_it_was_written_to_the_last_digit(sam: Person) -> None:
    answer = sam.ask(
        "POST",
        "/api/records/customer",
        content='{"fields": {"code": "K1", "name": "阀门厂", "credit": 12345678901234567.10, "since": "2026-01-31"}}',
        headers={"content-type": "application/json"},
    )

    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert '"credit":12345678901234567.10' in answer.text
    read = sam.ask("GET", "/api/records/customer/K1")
    assert read.text == answer.text
    assert read.json()["fields"]["active"] is True


@pytest.mark.mission("C4")
@pytest.mark.mission("C5")
def test_a_stale_write_is_refused_with_the_newest_revision(sam: Person) -> None:
    add(sam, "ST1", credit=1)
    assert change(sam, "ST1", 1, credit=2).status_code == 200

    late = change(sam, "ST1", 1, credit=3)

    assert late.status_code == 409
    assert late.json()["code"] == "record.stale"
    assert late.headers["etag"] == '"2"'
    assert sam.read("/api/records/customer/ST1")["fields"]["credit"] == 2


def test_of_many_writes_upon_one_revision_exactly_one_holds(door: Door, sam: Person) -> None:
    add(sam, "RACE", credit=0)
    people = [door.fresh("sam") for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: change(people[n], "RACE", 1, credit=n + 1), range(8)))

    assert sorted(a.status_code for a in answers) == [200] + [409] * 7
    assert sam.read("/api/records/customer/RACE")["rev"] == 2


@pytest.mark.parametrize("if_match", [None, "1", '"x"', '"0"', "*", '"1", "2"'])
def test_a_change_must_name_the_revision_it_is_based_on(sam: Person, if_match: str | None) -> None:
    headers = {} if if_match is None else {"if-match": if_match}

    answer = sam.send("/api/records/customer/K1", {"fields": {"credit": 5}}, "PATCH", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (428, "api.revision")


def test_history_tells_who_changed_what_when_and_why(sam: Person, door: Door) -> None:
    add(sam, "H1", credit=1)
    change(sam, "H1", 1, credit=2, tier="S")

    history = door.user("sue").read("/api/records/customer/H1/history")["items"]

    assert [(c["rev"], c["by"], c["source"], c["why"]) for c in history] == [
        (2, "user:sam", "hand", "call"),
        (1, "user:sam", "hand", ""),
    ]
    assert history[0]["changes"] == {"credit": {"from": 1, "to": 2}, "tier": {"from": None, "to": "S"}}


def test_a_change_that_changes_nothing_makes_no_revision(sam: Person) -> None:
    add(sam, "SAME", credit=1)

    answer = change(sam, "SAME", 1, credit=1)

    assert answer.json()["rev"] == 1
    assert len(sam.read("/api/records/customer/SAME/history")["items"]) == 1


def test_a_write_is_held_against_the_entity_and_every_misfit_is_told(sam: Person) -> None:
    answer = sam.send(
        "/api/records/customer", {"fields": {"code": "BAD", "tier": "Z", "credit": "-1.234", "teir": "A", "active": 7}}
    )

    found = {f["at"] for f in answer.json()["findings"]}
    assert answer.status_code == 422
    assert found == {"/fields/name", "/fields/tier", "/fields/credit", "/fields/teir", "/fields/active"}
    assert sam.ask("GET", "/api/records/customer/BAD").status_code == 404


def test_the_key_names_a_record_for_good(sam: Person) -> None:
    add(sam, "KEY")

    moved = change(sam, "KEY", 1, code="OTHER")
    cleared = change(sam, "KEY", 1, code=None)

    assert moved.json()["findings"][0]["code"] == "record.key"
    assert cleared.status_code == 422
    again = sam.send("/api/records/customer", {"fields": {"code": "KEY", "name": "x"}})
    assert (again.status_code, again.json()["code"], again.json()["where"]) == (409, "record.exists", "/fields/code")
    nameless = sam.send("/api/records/customer", {"fields": {"name": "x"}})
    assert nameless.json()["findings"][0]["at"] == "/fields/code"


def test_a_value_that_may_stand_once_is_refused_a_second_time_naming_the_field(sam: Person) -> None:
    add(sam, "U1", tax_no="DE123")
    add(sam, "U2")
    add(sam, "U3")

    second = sam.send("/api/records/customer", {"fields": {"code": "U4", "name": "x", "tax_no": "DE123"}})
    moved = change(sam, "U2", 1, tax_no="DE123")

    for answer in (second, moved):
        assert (answer.status_code, answer.json()["code"]) == (409, "record.duplicate")
        assert answer.json()["where"] == "/fields/tax_no"
    assert change(sam, "U1", 1, tax_no="DE999").status_code == 200
    assert change(sam, "U2", 1, tax_no="DE123").status_code == 200


def test_a_reference_to_a_record_that_is_not_there_is_a_slip(sam: Person) -> None:
    add(sam, "P0")

    slip = sam.send("/api/records/customer", {"fields": {"code": "P1", "name": "x", "parent": "P9"}})

    assert slip.json()["findings"][0]["code"] == "record.reference"
    assert add(sam, "P1", parent="P0")["fields"]["parent"] == "P0"


def test_who_may_read_and_write_is_what_the_entity_declares(door: Door) -> None:
    sue, noa, ada = door.user("sue"), door.user("noa"), door.user("ada")

    assert sue.ask("GET", "/api/records/customer").status_code == 200
    refused = sue.send("/api/records/customer", {"fields": {"code": "N", "name": "x"}})
    assert (refused.status_code, refused.json()["code"]) == (403, "record.write_forbidden")
    assert noa.ask("GET", "/api/records/customer").json()["code"] == "record.read_forbidden"
    assert noa.ask("GET", "/api/records/customer/K1/history").status_code == 403
    assert noa.ask("GET", "/api/records/customer/export.xlsx").status_code == 403
    assert [e["id"] for e in noa.read("/api/entities")] == ["note"]
    nobody_writes = noa.send("/api/records/note", {"fields": {"id": "n1", "text": "x"}})
    assert nobody_writes.json()["code"] == "record.write_forbidden"
    assert ada.send("/api/records/note", {"fields": {"id": "n1", "text": "x"}}).status_code == 201
    assert noa.read("/api/records/note/n1")["fields"]["text"] == "x"


def test_a_record_whose_number_holds_slashes_has_an_address(sam: Person) -> None:
    add(sam, "PO/2026/001", credit=1)

    assert change(sam, "PO/2026/001", 1, credit=2).json()["rev"] == 2
    assert sam.read("/api/records/customer/PO%2F2026%2F001")["id"] == "PO/2026/001"
    assert len(sam.read("/api/records/customer/PO/2026/001/history")["items"]) == 2


def test_an_unknown_entity_is_not_found(sam: Person) -> None:
    assert sam.ask("GET", "/api/records/invoice").status_code == 404


@pytest.fixture(scope="module")
def dozen(door: Door) -> Person:
    sam = door.user("sam")
    for n in range(12):
        add(sam, f"L{n:02}", tier="SAB"[n % 3], credit=n * 10, since=f"2026-02-{n + 1:02}", active=n % 2 == 0)
    return sam


def ids(person: Person, **params: Any) -> list[str]:
    return [r["id"] for r in person.read("/api/records/customer", q="L", **params)["items"]]


def test_lists_filter_by_indexed_fields(dozen: Person) -> None:
    assert ids(dozen, tier="S", sort="id") == ["L00", "L03", "L06", "L09"]
    assert ids(dozen, tier=["S", "A"], active="false", sort="id") == ["L01", "L03", "L07", "L09"]
    assert ids(dozen, **{"credit.from": "95"}, sort="credit") == ["L10", "L11"]
    assert ids(dozen, **{"credit.from": "20", "credit.to": "40"}, sort="-credit") == ["L04", "L03", "L02"]
    assert ids(dozen, **{"since.to": "2026-02-02"}, sort="since") == ["L00", "L01"]
    assert ids(dozen, code="L05") == ["L05"]
    assert ids(dozen, tier="") == []


def test_pages_meet_without_gap_or_overlap(dozen: Person) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = dozen.read(
            "/api/records/customer", q="L", sort="-credit", limit=5, **({"cursor": cursor} if cursor else {})
        )
        seen += [r["id"] for r in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == [f"L{n:02}" for n in reversed(range(12))]


@pytest.mark.parametrize(
    ("params", "at", "code"),
    [
        ({"name": "x"}, "/name", "record.filter"),
        ({"nosuch": "x"}, "/nosuch", "record.filter"),
        ({"nosuch.from": "x"}, "/nosuch", "record.filter"),
        ({"credit": "much"}, "/credit", "data.number"),
        ({"since.from": "yesterday"}, "/since.from", "data.date"),
        ({"active.from": "true"}, "/active", "record.filter_range"),
    ],
)
def test_what_cannot_be_asked_is_a_finding(sam: Person, params: dict[str, str], at: str, code: str) -> None:
    answer = sam.ask("GET", "/api/records/customer", params=params)

    assert answer.status_code == 422
    assert [(f["at"], f["code"]) for f in answer.json()["findings"]] == [(at, code)]


def test_a_list_is_sorted_by_indexed_fields_only(sam: Person) -> None:
    answer = sam.ask("GET", "/api/records/customer", params={"sort": "-name"})

    assert (answer.status_code, answer.json()["code"]) == (422, "record.sort")
    assert "credit" in answer.json()["detail"]


DANGEROUS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", '=HYPERLINK("http://x")']


def export(person: Person, **params: Any) -> Any:
    answer = person.ask("GET", "/api/records/customer/export.xlsx", params=params)
    assert answer.status_code == 200, answer.text
    return load_workbook(io.BytesIO(answer.content)).active


@pytest.mark.mission("M2")
def test_a_workbook_holds_numbers_dates_and_headings_in_the_readers_language(door: Door, dozen: Person) -> None:
    english = export(dozen, q="L", sort="id")
    chinese = export(door.fresh("sam", language="zh"), q="L01")

    rows = list(english.iter_rows(values_only=True))
    headings = dict(zip(rows[0], rows[2], strict=True))
    assert len(rows) == 13
    assert headings["Code"] == "L01"
    assert headings["Credit (CNY)"] == 10
    assert headings["Since"] == datetime(2026, 2, 2)  # noqa: DTZ001 - a spreadsheet knows no zones
    assert headings["Active"] is False
    assert isinstance(headings["Changed at"], datetime)
    assert english["D3"].number_format == "0.00"
    assert [c.value for c in chinese[1]][:4] == ["编码", "名称", "等级", "信用额度 (CNY)"]


@pytest.mark.mission("M2")
def test_no_cell_of_a_workbook_is_ever_a_formula(sam: Person) -> None:
    for n, text in enumerate(DANGEROUS):
        add(sam, f"X{n}", name=text, tags=[text], contact={"desk": text})

    sheet = export(sam, q="X", sort="id")

    for row, text in zip(sheet.iter_rows(min_row=2), DANGEROUS, strict=True):
        assert row[1].value == "'" + text.replace("\r", "\n")
        assert row[1].quotePrefix
        assert {cell.data_type for cell in row} <= {"s", "n", "d", "b"}
        assert all(str(c.value)[:1] not in "=+-@\t\r＝" for c in row if c.data_type == "s" and c.value)


def test_a_telephone_number_stays_readable_in_a_workbook(door: Door, sam: Person) -> None:
    add(sam, "TEL", phone="+86 (571) 8888-0000", contact={"desk": "12", "mobile": "+86 138"})

    for_sales = export(sam, q="TEL")
    for_admin = export(door.user("ada"), q="TEL")

    assert "Phone" not in [c.value for c in for_sales[1]]
    assert "mobile" not in "".join(str(c.value) for c in for_sales[2])
    row = dict(zip([c.value for c in for_admin[1]], for_admin[2], strict=True))
    assert row["Phone"].value == "+86 (571) 8888-0000"
    assert (row["Phone"].data_type, row["Phone"].quotePrefix) == ("s", True)
    assert "mobile" in row["Contact"].value


def test_a_number_beyond_a_spreadsheets_digits_is_exported_exactly_as_text(sam: Person) -> None:
    add(sam, "EXACT", credit="12345678901234567.25")

    row = next(export(sam, q="EXACT").iter_rows(min_row=2, values_only=True))

    assert "12345678901234567.25" in row


def test_an_export_is_noted_in_the_audit_log(door: Door, sam: Person) -> None:
    export(sam, q="L0")

    entry = door.user("ada").read("/api/audit", action="records.exported")["items"][0]

    assert (entry["by"], entry["object"]) == ("sam", "entity:customer")
    assert entry["details"] == {"records": 10, "personal": False}


def write(door: Door, op: Any, id: str, rev: int | None = None, **fields: Any) -> None:
    row = row_write(
        door.engine, RecordWrite("customer", op, id, fields, rev, "flow"), by="instance:i-1", source="price"
    )
    door.engine.store.commit(Commit(at=door.engine.now(), writes=(row,))).result()


def test_what_a_flow_writes_is_held_against_the_same_entity(door: Door, sam: Person) -> None:
    write(door, "create", "FLOW", name="By flow", since=date(2026, 3, 1))
    write(door, "update", "FLOW", tier="S")
    write(door, "upsert", "FLOW", credit=7)
    write(door, "upsert", "FLOW2", name="New")

    record = sam.read("/api/records/customer/FLOW")
    assert record["rev"] == 3
    assert record["fields"] == {
        "code": "FLOW",
        "name": "By flow",
        "since": "2026-03-01",
        "active": True,
        "tier": "S",
        "credit": 7.0,
    }
    history = sam.read("/api/records/customer/FLOW/history")["items"]
    assert {(c["by"], c["source"], c["why"]) for c in history} == {("instance:i-1", "price", "flow")}
    with pytest.raises(Invalid) as caught:
        write(door, "update", "FLOW", tier="Z", naem="x")
    assert {f.at for f in caught.value.findings} == {"/fields/tier", "/fields/naem"}
    with pytest.raises(RecordExists):
        write(door, "create", "FLOW", name="again")
    with pytest.raises(StaleRecord):
        write(door, "update", "FLOW", 1, tier="A")
    with pytest.raises(Invalid, match="not stored"):
        write(door, "create", "FLOW3", code="OTHER", name="x")


def test_a_flows_write_never_overwrites_what_it_has_not_seen(door: Door, sam: Person) -> None:
    write(door, "create", "LATE", name="x")
    first = row_write(
        door.engine, RecordWrite("customer", "update", "LATE", {"tier": "S"}), by="instance:a", source="n"
    )
    write(door, "update", "LATE", credit=5)

    with pytest.raises(StaleRecord):
        door.engine.store.commit(Commit(at=door.engine.now(), writes=(first,))).result()

    assert sam.read("/api/records/customer/LATE")["fields"]["credit"] == 5


def test_writes_of_one_result_to_one_record_build_upon_each_other(door: Door, sam: Person) -> None:
    writes = [
        RecordWrite("customer", "create", "TWICE", {"name": "First"}),
        RecordWrite("customer", "update", "TWICE", {"tier": "S"}),
        RecordWrite("customer", "upsert", "TWICE", {"name": "Last"}),
    ]

    rows = row_writes(door.engine, writes, by="instance:i-1", source="n")
    door.engine.store.commit(Commit(at=door.engine.now(), writes=rows)).result()

    record = sam.read("/api/records/customer/TWICE")
    assert (record["rev"], record["fields"]["name"], record["fields"]["tier"]) == (3, "Last", "S")
    history = sam.read("/api/records/customer/TWICE/history")["items"]
    assert history[0]["changes"] == {"name": {"from": "First", "to": "Last"}}


def test_publishing_a_new_index_finds_older_records_too(door: Door, sam: Person) -> None:
    add(sam, "OLD", name="Findable")
    wider = PACK["entities.yaml"].replace("index: [tier, since", "index: [name, tier, since")

    publish(door.engine, {**PACK, "entities.yaml": wider})

    found = sam.read("/api/records/customer", name="Findable")["items"]
    assert [r["id"] for r in found] == ["OLD"]

"""Tables at the HTTP door: asked, compared and tried out; whatever is wrong is told and nothing is stored."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from taktflow.api.routes import tables as routes
from tests.door import Door, Person, serving
from tests.scenario.prices import PRICE, RAISED, RUSH, order, priced

DRAFT = {"files": [{"name": "draft.yaml", "source": RAISED}]}
IN_FORCE = {"id": "price"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with priced(tmp_path_factory.mktemp("door")) as engine, serving(engine) as door:
        order(engine, "A", ("P1", 10), ("P1", 60), ("P2", 5))
        order(engine, "B", ("P9", 1))
        yield door


@pytest.fixture
def ann(door: Door) -> Person:
    return door.user("ann")


def good(person: Person, path: str, body: Any) -> Any:
    answer = person.send(path, body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("data", [{"product": "P1", "qty": 60}, {"line": {"sku": "P1", "qty": "60"}}])
def test_a_published_table_and_a_draft_answer_with_their_rows_and_trace(ann: Person, data: Any) -> None:
    published = good(ann, "/api/tables/evaluate", {"table": IN_FORCE, "data": data})
    draft = good(ann, "/api/tables/evaluate", {"table": DRAFT, "data": data, "trace": False})

    assert (published["table"], published["version"]) == ("price", 1)
    assert (published["value"], published["rows"]) == ({"price": 10, "currency": "CNY"}, ["p1_few"])
    assert published["trace"]["inputs"] == {"product": "P1", "qty": 60}
    assert (draft["version"], draft["value"]["price"], draft["rows"], draft["trace"]) == (0, 8, ["p1_many"], None)


def test_no_row_is_an_answer_in_the_readers_language_that_names_the_nearest(door: Door) -> None:
    body = {"table": IN_FORCE, "data": {"product": "P1", "qty": 5000}}

    english = good(door.user("ann"), "/api/tables/evaluate", body)["error"]
    chinese = good(door.fresh("ann", language="zh"), "/api/tables/evaluate", body)["error"]

    assert english["code"] == chinese["code"] == "decision.none"
    assert english["details"]["nearest"][0]["column"] == "qty"
    assert any("一" <= c <= "鿿" for c in chinese["message"])
    assert not any("一" <= c <= "鿿" for c in english["message"])


@pytest.mark.parametrize("data", [{"order": {"days": 4}}, {"days": "4"}])
def test_a_formula_is_asked_in_the_same_way(ann: Person, data: Any) -> None:
    found = good(ann, "/api/tables/evaluate", {"table": {"id": "rush"}, "data": data})
    missing = good(ann, "/api/tables/evaluate", {"table": {"id": "rush", "kind": "formula"}, "data": {}})

    assert (found["value"], found["rows"]) == (96, [])
    assert "96" in found["told"][0]
    assert missing["error"]["code"] == "formula.input"


@pytest.mark.parametrize(("language", "words"), [("en", "from 1 to under 100"), ("zh", "行 p1_few：")])
def test_an_answer_is_told_in_words(door: Door, language: str, words: str) -> None:
    body = {"table": IN_FORCE, "data": {"product": "P1", "qty": 60}}

    (told,) = good(door.fresh("ann", language=language), "/api/tables/evaluate", body)["told"]

    assert words in told
    assert "10.00" in told


def test_a_draft_is_analysed_and_its_gaps_come_with_rows_that_fill_them(ann: Person) -> None:
    gappy = PRICE.replace("outputs:", "complete: true\noutputs:").replace("[100..1000)", "[200..1000)")
    gappy = gappy.replace("expr: line.sku", "expr: line.sku, values: [P1, P2]")

    found = good(ann, "/api/tables/analyse", {"files": [{"name": "a.yaml", "source": gappy}]})

    (gap,) = found["gaps"]
    (row,) = found["rows"]
    filled = gappy.rstrip() + f'\n  - [{row["id"]}, {row["product"]}, "{row["qty"]}", "1.00", CNY]\n'
    again = good(ann, "/api/tables/analyse", {"files": [{"name": "a.yaml", "source": filled}]})
    asked = {"table": {"files": [{"name": "a.yaml", "source": gappy}]}, "data": gap["example"]}
    assert (found["ok"], found["complete"], found["gap_count"]) == (False, True, 1)
    assert gap["cells"]["qty"] == row["qty"] == "[100..200)"
    assert good(ann, "/api/tables/evaluate", asked)["error"]["code"] == "decision.none"
    assert (again["ok"], again["gaps"], again["rows"]) == (True, [], [])


def test_rows_that_contradict_each_other_are_found_with_their_line(ann: Person) -> None:
    both = PRICE.replace("[100..1000)", "[99..1000)")

    found = good(ann, "/api/tables/analyse", {"files": [{"name": "a.yaml", "source": both}]})
    in_force = good(ann, "/api/tables/analyse", IN_FORCE)

    (overlap,) = [f for f in found["findings"] if f["code"] == "table.overlap"]
    assert (overlap["file"], overlap["line"]) == ("a.yaml", 12)
    assert (found["ok"], in_force["ok"]) == (False, True)


@pytest.mark.parametrize("ending", ["xlsx", "csv", "dmn", "yaml"])
def test_what_is_downloaded_and_sent_back_changes_nothing(ann: Person, ending: str) -> None:
    file = ann.ask("GET", f"/api/tables/price/export.{ending}", params={"version": 1})
    body = {"name": f"price.{ending}", "content": b64encode(file.content).decode(), "into": IN_FORCE}

    taken = good(ann, "/api/tables/import", body)

    assert file.headers["content-disposition"] == f'attachment; filename="price-1.{ending}"'
    assert (taken["ok"], taken["id"], taken["kind"]) == (True, "price", "decision")
    assert taken["changes"]["same"], taken["changes"]
    assert taken["source"].startswith("kind: decision\nid: price\n")


def test_a_changed_workbook_tells_its_changes_and_wrong_cells_by_their_place(ann: Person) -> None:
    book = load_workbook(io.BytesIO(ann.ask("GET", "/api/tables/price/export.xlsx").content))
    cells = {c.value: c for row in book.worksheets[0].iter_rows() for c in row}
    cells["p2"].value = "p2_new"
    right = good(ann, "/api/tables/import", {"name": "a.xlsx", "content": packed(book), "into": IN_FORCE})
    cells["[1..100)"].value = "[1..fifty"

    wrong = good(ann, "/api/tables/import", {"name": "a.xlsx", "content": packed(book), "into": IN_FORCE})

    assert {(r["kind"], r["row"]) for r in right["changes"]["rows"]} == {("added", "p2_new"), ("removed", "p2")}
    assert not wrong["ok"]
    assert f"{book.worksheets[0].title}!{cells['[1..100)'].coordinate}" in {f["file"] for f in wrong["findings"]}


def packed(book: Workbook) -> str:
    file = io.BytesIO()
    book.save(file)
    return b64encode(file.getvalue()).decode()


def test_a_batch_answers_case_by_case_and_counts_what_has_no_answer(ann: Person) -> None:
    cases = [{"product": "P1", "qty": 1}, {"product": "P9", "qty": 1}, {"product": "P2", "qty": "2"}]

    done = good(ann, "/api/tables/batch", {"table": IN_FORCE, "cases": cases})

    assert [a["rows"] for a in done["answers"]] == [["p1_few"], [], ["p2"]]
    assert done["errors"] == 1
    assert done["answers"][1]["error"]["code"] == "decision.none"


def test_a_batch_of_10000_cases_is_answered_and_one_more_is_not(ann: Person) -> None:
    case = {"product": "P1", "qty": 1}

    done = good(ann, "/api/tables/batch", {"table": IN_FORCE, "cases": [case] * 10_000})
    refused = ann.send("/api/tables/batch", {"table": IN_FORCE, "cases": [case] * 10_001})

    assert len(done["answers"]) == 10_000
    assert (refused.status_code, refused.json()["findings"][0]["code"]) == (422, "api.field.many")


def test_a_draft_may_keep_its_rows_in_a_file_beside_it(ann: Person) -> None:
    table = PRICE[: PRICE.index("rows:")] + "rows: {file: price.csv}\n"
    rows = "id,product,qty,price,currency\nall,-,-,7.50,CNY\n"
    files = [{"name": "price.yaml", "source": table}, {"name": "price.csv", "source": rows}]

    found = good(ann, "/api/tables/evaluate", {"table": {"files": files}, "data": {"product": "P1", "qty": 1}})
    alone = ann.send("/api/tables/evaluate", {"table": {"files": files[:1]}, "data": {}})

    assert (found["value"], found["rows"]) == ({"price": 7.5, "currency": "CNY"}, ["all"])
    assert alone.status_code == 422
    assert [f["code"] for f in alone.json()["findings"]] == ["csv.missing"]


def test_a_formula_is_analysed_too(ann: Person) -> None:
    wrong = {"files": [{"name": "a.yaml", "source": RUSH.replace("100 - days", "100 - day")}]}

    found = good(ann, "/api/tables/analyse", wrong)

    assert (found["ok"], found["gaps"], found["rows"]) == (False, [], [])
    assert found["findings"][0]["line"] == 6


def test_a_request_whose_time_is_over_keeps_no_thread_for_ever(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MOST_S", -1)
    cases = [{"days": 1}] * 100

    refused = ann.send("/api/tables/batch", {"table": {"id": "rush"}, "cases": cases})
    done = good(ann, "/api/tables/backtest", {"draft": {"id": "rush"}, "cases": cases})

    assert (refused.status_code, refused.json()["code"]) == (422, "tables.slow")
    assert (done["cases"], done["left_out"]) == (1, 99)


def test_a_draft_is_compared_with_what_is_in_force(ann: Person) -> None:
    changes = good(ann, "/api/tables/diff", {"old": IN_FORCE, "new": DRAFT})
    none = good(ann, "/api/tables/diff", {"old": IN_FORCE, "new": {"id": "price", "version": 1}})

    assert {(r["kind"], r["row"]) for r in changes["rows"]} >= {("changed", "p1_few"), ("added", "p2_new")}
    assert any("11.00" in line for line in changes["lines"])
    assert (changes["same"], none["same"], none["rows"]) == (False, True, [])


def test_a_backtest_over_the_journal_says_what_changes_with_a_link_to_the_instance(ann: Person) -> None:
    done = good(ann, "/api/tables/backtest", {"draft": DRAFT, "against": [IN_FORCE]})

    recorded, published = done["comparisons"]
    example = next(e for e in recorded["examples"] if e["kind"] == "value")
    assert (recorded["against"], published["against"]) == ("recorded", "price@1")
    assert {c["kind"]: c["count"] for c in recorded["changes"]} == {"value": 2, "row": 1, "same": 1}
    assert [(a["output"], a["group"], a["difference"]) for a in recorded["amounts"]] == [
        ("price", "CNY", -1),
        ("price", "EUR", 0),
    ]
    assert (done["cases"], done["left_out"], done["errors"], done["never"]) == (4, 0, 1, [])
    assert {h["row"]: h["hits"] for h in done["hits"]} == {"p1_few": 1, "p1_many": 1, "p2_new": 1}
    assert done["lines"][0].startswith("4 cases asked")
    assert ann.ask("GET", f"/api{example['link']}").status_code == 200


def test_a_backtest_over_cases_compares_with_what_is_in_force(ann: Person) -> None:
    cases = [{"product": "P1", "qty": 10}, {"product": "P2", "qty": 1}]

    done = good(ann, "/api/tables/backtest", {"draft": DRAFT, "cases": cases, "examples": 1})

    (published,) = done["comparisons"]
    assert [e["place"] for e in published["examples"]] == ["/cases/0", "/cases/1"]
    assert published["examples"][0]["new"]["value"] == {"price": 11, "currency": "CNY"}


def test_a_backtest_asks_no_more_than_its_limit_and_only_the_wanted_time(ann: Person) -> None:
    few = good(ann, "/api/tables/backtest", {"draft": DRAFT, "limit": 1})
    none = good(ann, "/api/tables/backtest", {"draft": DRAFT, "recorded": {"until": "2020-01-01T00:00:00Z"}})

    assert (few["cases"], few["left_out"]) == (1, 3)
    assert (none["cases"], none["left_out"]) == (0, 0)


def test_nothing_that_was_tried_is_stored(ann: Person) -> None:
    before = ann.read("/api/definitions")["total"]

    for path, body in (
        ("/api/tables/evaluate", {"table": DRAFT, "data": {}}),
        ("/api/tables/diff", {"old": IN_FORCE, "new": DRAFT}),
        ("/api/tables/backtest", {"draft": DRAFT}),
    ):
        good(ann, path, body)

    assert ann.read("/api/definitions")["total"] == before
    assert ann.read("/api/definitions/decision/price")["version"] == 1


UNPUBLISHED = {"files": [{"name": "a.yaml", "source": PRICE.replace("id: price\n", "id: other\n")}]}
WRONG_CELL = RAISED.replace('"[1..50)"', '"[1..fifty"')


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("evaluate", {}, 422, "api.invalid"),
        ("evaluate", {"table": {}, "data": {}}, 422, "tables.unnamed"),
        ("evaluate", {"table": {"id": "nosuch"}, "data": {}}, 404, "tables.unpublished"),
        ("evaluate", {"table": {"id": "price", "kind": "formula"}, "data": {}}, 404, "definition.unknown"),
        ("evaluate", {"table": {"id": "price", "version": 9}, "data": {}}, 404, "tables.unpublished"),
        ("evaluate", {"table": {"id": "price", "version": 0}, "data": {}}, 422, "api.invalid"),
        ("evaluate", {"table": IN_FORCE, "data": [1]}, 422, "api.invalid"),
        ("evaluate", {"table": IN_FORCE, "data": {}, "at": "2026-01-01T00:00:00"}, 422, "api.invalid"),
        ("evaluate", {"table": {"files": [{"name": "a.yaml", "source": "{"}]}, "data": {}}, 422, "tables.unreadable"),
        ("evaluate", {"table": {"files": [{"name": "../a.yaml", "source": RUSH}]}, "data": {}}, 422, "files.name"),
        (
            "evaluate",
            {"table": {"files": [{"name": "a.yaml", "source": WRONG_CELL}]}, "data": {}},
            422,
            "table.refused",
        ),
        (
            "evaluate",
            {"table": {"files": [{"name": "a.yaml", "source": PRICE + "---\n" + RUSH}]}, "data": {}},
            404,
            "tables.several",
        ),
        ("batch", {"table": IN_FORCE, "cases": []}, 422, "api.invalid"),
        ("diff", {"old": IN_FORCE, "new": {"id": "rush"}}, 422, "tables.kinds_differ"),
        ("backtest", {"draft": DRAFT, "cases": [{}], "recorded": {}}, 422, "backtest.either"),
        (
            "backtest",
            {
                "draft": {"files": [{"name": "a.yaml", "source": PRICE.replace("id: price\n", "id: other\n")}]},
                "cases": [{}],
            },
            422,
            "backtest.baseline",
        ),
        ("backtest", {"draft": DRAFT, "limit": 10_001}, 422, "api.invalid"),
        ("analyse", {}, 422, "tables.unnamed"),
        ("import", {"name": "a.xlsx", "content": "%%%"}, 422, "tables.base64"),
        ("import", {"name": "a.txt", "content": "YQ=="}, 422, "tables.import_kind"),
        ("import", {"name": "a.csv", "content": "YQ=="}, 422, "tables.import_into"),
        ("import", {"name": "a.csv", "content": "YQ==", "into": {"id": "rush"}}, 422, "tables.only_tables"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(
    ann: Person, path: str, body: Any, status: int, code: str
) -> None:
    answer = ann.send(f"/api/tables/{path}", body)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert problem["detail"] != code
    assert "{" not in problem["detail"]


def test_a_draft_with_mistakes_is_refused_with_the_line_of_each(ann: Person) -> None:
    body = {"table": {"files": [{"name": "a.yaml", "source": WRONG_CELL}]}, "data": {}}

    (finding,) = ann.send("/api/tables/evaluate", body).json()["findings"]

    assert (finding["file"], finding["line"], finding["at"]) == ("a.yaml", 11, "/rows/0/2")


@pytest.mark.parametrize("name", ["a.xlsx", "a.dmn", "a.json", "a.yaml"])
def test_a_file_that_is_not_what_its_name_says_is_told_by_findings(ann: Person, name: str) -> None:
    found = good(ann, "/api/tables/import", {"name": name, "content": b64encode(b"\x00 no file").decode()})

    assert (found["ok"], found["source"], found["changes"]) == (False, None, None)
    assert all(f["message"] and f["message"] != f["code"] for f in found["findings"])
    assert found["findings"]


def test_only_what_is_published_is_downloaded(ann: Person) -> None:
    assert ann.ask("GET", "/api/tables/nosuch/export.xlsx").status_code == 404
    assert ann.ask("GET", "/api/tables/rush/export.xlsx").status_code == 404
    assert ann.ask("GET", "/api/tables/price/export.csv", params={"sheet": "x"}).json()["code"] == "exchange.no_sheet"


@pytest.mark.parametrize("qty", ["1e999999999", "9" * 5_000, {"a": 1}, [1], True, "\ud7ff", -0.0])
def test_data_of_the_wrong_kind_is_an_answer_that_says_so(ann: Person, qty: Any) -> None:
    found = good(ann, "/api/tables/evaluate", {"table": IN_FORCE, "data": {"product": "P1", "qty": qty}})

    assert found["error"]["code"] in ("decision.input", "decision.none")
    assert found["error"]["message"]

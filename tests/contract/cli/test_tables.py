"""``taktflow decide`` and ``taktflow table``, from a file on the disk to what the terminal shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.cli.terminal import run
from tests.scenario.prices import PACK, PRICE, RAISED, RUSH, order, priced

DMN = """\
<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="rates" namespace="urn:t">
  <inputData id="i" name="Order Size"><variable name="Order Size" typeRef="number"/></inputData>
  <decision id="rebate" name="Rebate">
    <variable name="Rebate" typeRef="number"/>
    <informationRequirement><requiredInput href="#i"/></informationRequirement>
    <decisionTable hitPolicy="UNIQUE">
      <input><inputExpression typeRef="number"><text>Order Size</text></inputExpression></input>
      <output typeRef="number"/>
      <rule id="small"><inputEntry><text>&lt; 10</text></inputEntry><outputEntry><text>0.05</text></outputEntry></rule>
      <rule id="big"><inputEntry><text>&gt;= 10</text></inputEntry><outputEntry><text>0.1</text></outputEntry></rule>
    </decisionTable>
  </decision>
  <decision id="twice" name="Twice">
    <variable name="Twice" typeRef="number"/>
    <informationRequirement><requiredDecision href="#rebate"/></informationRequirement>
    <literalExpression><text>Rebate * 2</text></literalExpression>
  </decision>
</definitions>
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the price pack, a dearer draft and a few inputs; the database is the folder's own."""
    monkeypatch.setenv("TAKTFLOW_DATABASE_URL", f"sqlite:///{tmp_path / 'taktflow.db'}")
    monkeypatch.setenv("TAKTFLOW_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("TAKTFLOW_LANGUAGE", "en")
    (tmp_path / "pack").mkdir()
    for name, text in PACK.items():
        (tmp_path / "pack" / name).write_text(text, encoding="utf-8")
    (tmp_path / "draft.yaml").write_text(RAISED, encoding="utf-8")
    (tmp_path / "rush.yaml").write_text(RUSH, encoding="utf-8")
    (tmp_path / "rates.dmn").write_text(DMN, encoding="utf-8")
    (tmp_path / "inputs.csv").write_text("product,qty\nP1,10\nP2,7\n", encoding="utf-8")
    return tmp_path


def lines(said: str) -> list[Any]:
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def test_a_table_in_a_file_answers_every_case_of_another(folder: Path) -> None:
    code, said = run("decide", folder / "draft.yaml", "--input", folder / "inputs.csv")

    assert code == 0
    assert lines(said) == [
        {"case": "inputs.csv:2", "value": {"price": 11, "currency": "CNY"}, "rows": ["p1_few"]},
        {"case": "inputs.csv:3", "value": {"price": 3, "currency": "EUR"}, "rows": ["p2_new"]},
    ]
    assert '"price":11.00' in said


def test_the_trace_tells_cells_and_inputs(folder: Path) -> None:
    one = folder / "one.json"
    one.write_text('{"line": {"sku": "P1", "qty": "10"}}')

    _, said = run("decide", folder / "draft.yaml", "--input", one, "--trace")

    (answer,) = lines(said)
    assert answer["trace"]["inputs"] == {"product": "P1", "qty": 10}
    assert answer["trace"]["rows"][0]["cells"] == {"product": "P1", "qty": "[1..50)"}
    assert "from 1 to under 50" in answer["told"][0]


def test_a_case_without_an_answer_says_why_and_ends_with_1(folder: Path) -> None:
    (folder / "bad.jsonl").write_text('{"product": "P1", "qty": 5}\n{"product": "P1", "qty": "many"}\n')

    code, said = run("decide", folder / "draft.yaml", "--input", folder / "bad.jsonl")

    answers = lines(said)
    assert code == 1
    assert answers[0]["rows"] == ["p1_few"]
    assert answers[1]["error"]["code"] == "decision.input"
    assert "many" in answers[1]["error"]["message"]


def test_a_table_of_a_pack_is_named_by_its_id(folder: Path) -> None:
    several, said = run("decide", folder / "pack", "--input", folder / "inputs.csv")
    one, told = run("decide", folder / "pack", "--decision", "price", "--input", folder / "inputs.csv")

    assert (several, one) == (1, 0)
    assert "price, rush" in said
    assert [a["rows"] for a in lines(told)] == [["p1_few"], ["p2"]]


def test_a_published_table_is_named_by_its_id_and_version(folder: Path) -> None:
    before, said = run("decide", "price", "--input", folder / "inputs.csv")
    with priced(folder):
        pass
    after, told = run("decide", "price@1", "--input", folder / "inputs.csv")

    assert (before, after) == (1, 0)
    assert "tables.unpublished" in said
    assert len(lines(told)) == 2


def test_a_decision_of_a_dmn_model_is_asked_by_the_names_of_its_inputs(folder: Path) -> None:
    (folder / "sizes.json").write_text('[{"Order Size": 5}, {"Order Size": 50}]')
    asked = (folder / "rates.dmn", "--input", folder / "sizes.json")

    unclear, said = run("decide", *asked)
    code, told = run("decide", *asked, "--decision", "Rebate")
    _, twice = run("decide", *asked, "--decision", "Twice", "--trace")

    assert (unclear, code) == (1, 0)
    assert "Rebate, Twice" in said
    assert [(a["value"], a["rows"]) for a in lines(told)] == [(0.05, ["small"]), (0.1, ["big"])]
    assert [a["value"] for a in lines(twice)] == [0.1, 0.2]
    assert [s["decision"] for s in lines(twice)[0]["trace"]["steps"]] == ["Rebate", "Twice"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_check_names_file_and_line_and_what_to_do(
    folder: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAKTFLOW_LANGUAGE", language)
    wrong = folder / "wrong.yaml"
    wrong.write_text(PRICE.replace('"[100..1000)", "8.00"', '"[99..1000)", "8.00"'), encoding="utf-8")

    code, said = run("table", "check", wrong)
    sound, told = run("table", "check", folder / "draft.yaml")

    assert (code, sound) == (1, 0)
    assert "wrong.yaml:12:" in said
    assert "table.overlap" in said
    assert ("个错误" in said, "0 个错误" in told) == ((language == "zh"),) * 2
    assert ("errors" in said) == (language == "en")


def test_a_folder_is_checked_table_by_table(folder: Path) -> None:
    (folder / "pack" / "rush.yaml").write_text(RUSH.replace("100 - days", "100 - day"), encoding="utf-8")

    code, said = run("table", "check", folder / "pack")
    one, _ = run("table", "check", folder / "pack", "--decision", "price")

    assert (code, one) == (1, 0)
    assert "rush.yaml:" in said


@pytest.mark.parametrize("command", ["check", "publish"])
def test_rows_that_hold_no_longer_are_told_before_publishing(folder: Path, command: str) -> None:
    dated = PRICE.replace("outputs:", "  - {id: valid, type: date, expr: order.on}\neffective: valid\noutputs:")
    dated = dated.replace(', "10.00"', ', 2020-01-01..2021-01-01, "10.00"').replace(', "8.00"', ', "-", "8.00"')
    (folder / "pack" / "price.yaml").write_text(dated.replace(', "3.00"', ', "-", "3.00"'), encoding="utf-8")

    code, said = run(command, folder / "pack")

    assert code == 0
    assert "info table.expired" in said
    assert "p1_few" in said


def test_rows_for_what_has_no_answer_are_printed_to_be_filled_in(folder: Path) -> None:
    gappy = folder / "gappy.yaml"
    gappy.write_text(PRICE.replace("[100..1000)", "[200..1000)").replace("line.sku", "line.sku, values: [P1, P2]"))

    _, said = run("table", "check", gappy, "--fill")
    _, none = run("table", "check", folder / "draft.yaml", "--fill")

    (row,) = [line for line in said.splitlines() if line.startswith("  - ")]
    assert row == '  - ["gap_1","P1","[100..200)",null,null]'
    assert "table.gap" in said
    assert "There is nothing to fill." in none


def test_a_difference_is_told_in_words(folder: Path) -> None:
    code, said = run("table", "diff", folder / "pack" / "price.yaml", folder / "draft.yaml")
    _, told = run("table", "diff", folder / "pack" / "price.yaml", folder / "draft.yaml", "--json")
    _, none = run("table", "diff", folder / "draft.yaml", folder / "draft.yaml")

    assert code == 0
    assert "p1_few" in said
    assert "10.00" in said
    assert "11.00" in said
    assert {row["row"] for row in lines(told)[0]["rows"]} == {"p1_few", "p1_many", "p2", "p2_new"}
    assert "p1_few" not in none


def test_formulas_are_compared_setting_by_setting(folder: Path) -> None:
    (folder / "other.yaml").write_text(RUSH.replace("100 - days", "90 - days"), encoding="utf-8")

    code, said = run("table", "diff", folder / "rush.yaml", folder / "other.yaml")
    mixed, told = run("table", "diff", folder / "rush.yaml", folder / "draft.yaml")

    assert (code, mixed) == (0, 1)
    assert "90 - days" in said
    assert "tables.kinds_differ" in told


def test_a_draft_is_tried_over_what_the_journal_recorded(folder: Path) -> None:
    with priced(folder) as engine:
        instance = order(engine, "A", ("P1", 10), ("P1", 60))
        order(engine, "B", ("P9", 1))

    code, said = run("table", "backtest", folder / "draft.yaml", "--cases", folder / "cases.jsonl")
    _, told = run("table", "backtest", folder / "draft.yaml", "--json", "--against", "price", "--limit", "2")

    assert code == 0
    assert "3 cases asked, 1 of them without an answer" in said
    assert "2  another value" in said
    assert f"/instances/{instance}" in said
    assert "price CNY: 20.00 becomes 19.00, -1.00 (-5.00 %)" in said
    assert "p2_new" in said
    (result,) = lines(told)
    assert (result["cases"], result["left_out"]) == (2, 1)
    assert [c["against"] for c in result["comparisons"]] == ["recorded", "price@1"]
    written = lines((folder / "cases.jsonl").read_text(encoding="utf-8"))
    assert [(c["kind"], c["new"].get("rows")) for c in written] == [
        ("same", None),
        ("value", ["p1_few"]),
        ("value", ["p1_many"]),
    ]


def test_a_draft_is_tried_over_a_file_against_what_is_published_or_named(folder: Path) -> None:
    draft, inputs = folder / "draft.yaml", folder / "inputs.csv"

    unknown, said = run("table", "backtest", draft, "--input", inputs)
    code, told = run("table", "backtest", draft, "--input", inputs, "--against", folder / "pack" / "price.yaml")
    with priced(folder):
        pass
    published, again = run("table", "backtest", draft, "--input", inputs)

    assert (unknown, code, published) == (1, 0, 0)
    assert "backtest.baseline" in said
    assert "1  another value" in told
    assert "1  the same value from another row" in told
    assert "Compared with price@1:" in again


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("in.txt", "x", "tables.input_kind"),
        ("in.json", "{", "tables.input_file"),
        ("in.json", "[1]", "tables.input_shape"),
        ("in.jsonl", '{"a": 1}\n{', "tables.input_file"),
        ("in.yaml", "a: [", "tables.input_file"),
        ("in.csv", "a,a\n1,2\n", "tables.input_heads"),
        ("in.csv", "", "tables.input_heads"),
        ("in.csv", "product,qty\nP1,2,3\n", "tables.input_row"),
        ("in.csv", 'product,qty\n"P1,2\n', "tables.input_file"),
        ("in.xlsx", "no workbook", "tables.input_file"),
    ],
)
def test_a_file_of_inputs_that_cannot_be_read_is_told_with_its_place(
    folder: Path, name: str, body: str, code: str
) -> None:
    (folder / name).write_text(body, encoding="utf-8")

    ended, said = run("decide", folder / "draft.yaml", "--input", folder / name)

    assert ended == 1
    assert f"{code}: " in said
    assert "in." in said


def test_what_is_neither_a_file_nor_published_is_told(folder: Path) -> None:
    nowhere, said = run("decide", "no/such.yaml", "--input", folder / "inputs.csv")
    undated, told = run("decide", folder / "draft.yaml", "--input", folder / "inputs.csv", "--at", "yesterday")

    assert (nowhere, undated) == (1, 1)
    assert "tables.path" in said
    assert "tables.moment" in told

"""``taktflow table import`` and ``export``, over real files."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.contract.cli.terminal import run
from tests.scenario.prices import PRICE, RUSH


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one table."""
    monkeypatch.setenv("TAKTFLOW_LANGUAGE", "en")
    (tmp_path / "price.yaml").write_text(PRICE, encoding="utf-8")
    (tmp_path / "rush.yaml").write_text(RUSH, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("ending", ["xlsx", "csv", "dmn", "yaml"])
def test_what_was_exported_and_comes_back_changes_nothing(folder: Path, ending: str) -> None:
    table, file = folder / "price.yaml", folder / f"out.{ending}"

    out, said = run("table", "export", table, "--output", file)
    back, told = run("table", "import", file, "--into", table, "--apply")

    assert (out, back) == (0, 0)
    assert str(file) in said
    assert "Nothing changes." in told
    assert table.read_text(encoding="utf-8") == PRICE


def test_a_price_changed_in_excel_is_shown_first_and_written_when_asked(folder: Path) -> None:
    table, file = folder / "price.yaml", folder / "out.xlsx"
    run("table", "export", table, "--output", file)
    book = load_workbook(file)
    (cell,) = [c for row in book.worksheets[0].iter_rows() for c in row if c.value in (10, "10.00")]
    cell.value = 12
    book.save(file)

    shown, said = run("table", "import", file, "--into", table)
    before = table.read_text(encoding="utf-8")
    written, told = run("table", "import", file, "--into", table, "--apply")

    after = table.read_text(encoding="utf-8").splitlines()
    assert (shown, written) == (0, 0)
    assert "Row p1_few: price 10.00 becomes 12.00" in said
    assert "add --apply" in said
    assert before == PRICE
    assert "Wrote" in told
    assert [new for old, new in zip(PRICE.splitlines(), after, strict=True) if old != new] == [
        '  - [p1_few, P1, "[1..100)", "12.00", CNY]'
    ]


def test_a_csv_brings_rows_alone_and_needs_its_table(folder: Path) -> None:
    (folder / "rows.csv").write_text("id,product,qty,price,currency\nall,-,-,1.00,CNY\n", encoding="utf-8")

    alone, said = run("table", "import", folder / "rows.csv")
    code, told = run("table", "import", folder / "rows.csv", "--into", folder / "price.yaml")

    assert (alone, code) == (1, 0)
    assert "tables.import_into" in said
    assert "1 rows added" in told
    assert "3 rows removed" in told


def test_a_workbook_can_become_a_new_file(folder: Path) -> None:
    run("table", "export", folder / "price.yaml", "--output", folder / "out.xlsx")

    printed, said = run("table", "import", folder / "out.xlsx")
    code, _ = run("table", "import", folder / "out.xlsx", "--into", folder / "new.yaml", "--apply")
    _, same = run("table", "diff", folder / "price.yaml", folder / "new.yaml")

    assert (printed, code) == (0, 0)
    assert said.startswith("kind: decision\nid: price\n")
    assert "Nothing changes." in same


def test_a_file_with_wrong_cells_is_told_by_its_cells_and_not_written(folder: Path) -> None:
    run("table", "export", folder / "price.yaml", "--output", folder / "out.xlsx")
    book = load_workbook(folder / "out.xlsx")
    (cell,) = [c for row in book.worksheets[0].iter_rows() for c in row if c.value == "[1..100)"]
    cell.value = "[1..hundred"
    book.save(folder / "out.xlsx")

    (folder / "one.csv").write_text("product,qty\nP1,500\n", encoding="utf-8")

    code, said = run("table", "import", folder / "out.xlsx", "--into", folder / "price.yaml", "--apply")
    asked, _ = run("decide", folder / "out.xlsx", "--input", folder / "one.csv")

    assert (code, asked) == (1, 1)
    assert f"{book.worksheets[0].title}!{cell.coordinate}" in said
    assert (folder / "price.yaml").read_text(encoding="utf-8") == PRICE


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("import", "broken.xlsx", "--into", "rush.yaml"), "tables.only_tables"),
        (("import", "price.yaml", "--into", "rush.yaml"), "tables.kinds_differ"),
        (("import", "price.yaml", "--into", "out.xlsx"), "tables.into_kind"),
        (("import", "price.txt"), "tables.import_kind"),
        (("import", "broken.xlsx"), "tables.import_unread"),
        (("export", "price.yaml", "--output", "out.doc"), "tables.export_kind"),
        (("export", "rush.yaml", "--output", "out.xlsx"), "tables.only_tables"),
        (("export", "price.yaml", "--output", "out.csv", "--sheet", "nosuch"), "exchange.no_sheet"),
    ],
)
def test_what_cannot_be_exchanged_is_refused_with_what_to_do(
    folder: Path, arguments: tuple[str, ...], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "price.txt").write_text(PRICE, encoding="utf-8")
    (folder / "broken.xlsx").write_text("no workbook", encoding="utf-8")

    ended, said = run("table", *arguments)

    assert ended == 1
    assert f"{code}: " in said


JDM = """{"nodes": [{"id": "t", "name": "Rates", "type": "decisionTableNode", "content": {"hitPolicy": "first",
 "inputs": [{"id": "i", "name": "Size", "field": "size"}], "outputs": [{"id": "o", "name": "Rate", "field": "rate"}],
 "rules": [{"_id": "r1", "i": "< 10", "o": "0.05"}, {"_id": "r2", "i": "", "o": "0.1"}]}}], "edges": []}"""


def test_a_table_of_gorules_becomes_a_definition_that_answers_alike(folder: Path) -> None:
    (folder / "rates.json").write_text(JDM, encoding="utf-8")
    (folder / "sizes.json").write_text('[{"size": 5}, {"size": 50}]', encoding="utf-8")

    code, _ = run("table", "import", folder / "rates.json", "--into", folder / "rates.yaml", "--apply")
    answered, said = run("decide", folder / "rates.yaml", "--input", folder / "sizes.json")

    assert (code, answered) == (0, 0)
    assert '"rows":["r1"]' in said
    assert '"rows":["r2"]' in said


def test_a_formula_is_replaced_as_a_whole(folder: Path) -> None:
    (folder / "other.yaml").write_text(RUSH.replace("100 - days", "90 - days"), encoding="utf-8")

    code, said = run("table", "import", folder / "other.yaml", "--into", folder / "rush.yaml", "--apply")
    again, told = run("table", "import", folder / "other.yaml", "--into", folder / "rush.yaml", "--apply")

    assert (code, again) == (0, 0)
    assert "90 - days" in said
    assert "expr: 90 - days" in (folder / "rush.yaml").read_text(encoding="utf-8")
    assert "Wrote" not in told


@pytest.mark.parametrize("ending", ["xlsx", "dmn"])
def test_a_file_of_another_program_is_checked_compared_and_asked_like_any(folder: Path, ending: str) -> None:
    table, file = folder / "price.yaml", folder / f"price.{ending}"
    run("table", "export", table, "--output", file)
    (folder / "dearer.yaml").write_text(PRICE.replace("8.00", "9.00"), encoding="utf-8")
    (folder / "one.csv").write_text("product,qty\nP1,500\n", encoding="utf-8")

    checked, said = run("table", "check", file)
    compared, told = run("table", "diff", file, folder / "dearer.yaml")
    tried, tally = run("table", "backtest", folder / "dearer.yaml", "--input", folder / "one.csv", "--against", file)

    assert (checked, compared, tried) == (0, 0, 0)
    assert "0 errors" in said
    assert "Row p1_many: price 8.00 becomes 9.00" in told
    assert "1  another value" in tally

"""The guide to decision tables, followed from its first block to its last as a reader would."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.contract.cli.terminal import run
from tests.contract.house.tree import text

GUIDE = text("docs/guides/decision-tables.md")
BLOCKS = re.findall(r"^```(yaml|csv|sh|text)\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
FILES = ("prices/pack.yaml", "prices/valve_price.yaml", "prices/valve_price.yaml", "orders.csv")
"""Where each block that is no command belongs, in their order; the second one of the table is added to it."""


def test_every_block_of_the_guide_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAKTFLOW_DATABASE_URL", f"sqlite:///{tmp_path / 'taktflow.db'}")
    monkeypatch.setenv("TAKTFLOW_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("TAKTFLOW_LANGUAGE", "en")
    (tmp_path / "prices").mkdir()
    said, commands, told, files = "", 0, 0, iter(FILES)

    for kind, body in BLOCKS:
        match kind:
            case "sh":
                said, commands = typed(body), commands + 1
                if "export" in body:
                    a_dearer_price(tmp_path / "valve_price.xlsx")
            case "text":
                missing = [line for line in body.splitlines() if line not in said]
                assert missing == [], said
                told += 1
            case _:
                with (tmp_path / next(files)).open("a", encoding="utf-8") as file:
                    file.write(body)

    assert (commands, told) == (10, 8)
    assert next(files, None) is None
    changed = (tmp_path / "prices" / "valve_price.yaml").read_text(encoding="utf-8")
    assert '  # the small valve\n  - [v100_cn_1, V-100, CN, "[1..100)", "475.00", CNY]\n' in changed


def typed(command: str) -> str:
    """What the terminal shows; a command may end with 1 where the guide shows a finding."""
    program, *arguments = shlex.split(command)
    assert program == ".venv/bin/taktflow"
    code, said = run(*arguments)
    assert code == (1 if "--fill" in arguments else 0), said
    return said


def a_dearer_price(path: Path) -> None:
    """What the guide's reader does in Excel."""
    book = load_workbook(path)
    (row,) = [row for row in book.worksheets[0].iter_rows() if row[0].value == "v100_cn_1"]
    (price,) = [cell for cell in row if cell.value in (460, "460.00")]
    price.value = 475
    book.save(path)

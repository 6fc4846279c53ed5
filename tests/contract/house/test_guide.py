"""The newcomer's guide, followed line by line on a copy of the pack."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from taktflow.catalog import Catalog, announced
from taktflow.definitions.pack import read_pack
from taktflow.services.publish import pack_findings, run_cases
from tests.contract.house.tree import ROOT, text

ORDER, ADDED, NARROWED, BORDERS = re.findall(r"```yaml\n(.*?)```", text("docs/guides/newcomer.md"), re.DOTALL)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the pack with the price cases alone, since the others take longer."""
    copy = tmp_path / "order-to-cash"
    shutil.copytree(ROOT / "workflows" / "order-to-cash", copy)
    for cases in copy.glob("cases*.yaml"):
        if cases.name != "cases_prices.yaml":
            cases.unlink()
    return copy


def test_the_guide_leads_to_a_price_of_ones_own(pack: Path) -> None:
    table, cases = pack / "decisions" / "unit_price.yaml", pack / "cases_prices.yaml"
    assert table.read_text(encoding="utf-8").count(ORDER) == 1

    replace(table, ORDER, ORDER + ADDED)
    assert errors(pack) == ["table.overlap"]

    replace(table, ORDER, NARROWED)
    assert errors(pack) == []
    (failed,) = failing(pack)

    (old,) = [line for line in cases.read_text(encoding="utf-8").splitlines() if failed in line]
    replace(cases, old, old.replace("fl50_cn_3", "fl50_cn_4").replace("price: 76.00", "price: 72.00"))
    cases.write_text(cases.read_text(encoding="utf-8") + BORDERS, encoding="utf-8")
    assert failing(pack) == []


def replace(path: Path, old: str, new: str) -> None:
    """Edits ``path`` as a person would."""
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def errors(pack: Path) -> list[str]:
    """The codes of what is wrong with the pack."""
    return [f.code for f in pack_findings(read_pack(pack), Catalog(announced())) if f.severity == "error"]


def failing(pack: Path) -> list[str]:
    """The titles of the cases that fail."""
    results = run_cases(read_pack(pack), Catalog(announced()), "Asia/Shanghai")
    assert len(results) > 10
    return [one.case.title for one in results if not one.passed]

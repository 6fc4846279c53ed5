"""The packs under workflows/ keep what they promise: they check, and every case of every pack passes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from taktflow.catalog import Catalog, announced
from taktflow.cli import app
from taktflow.definitions.decision import Decision
from taktflow.definitions.pack import PackSource, read_pack
from taktflow.definitions.rows import rows_of
from taktflow.definitions.workflow import Workflow
from taktflow.services.case_form import Case
from taktflow.services.cases import Bench, CaseResult, run_case
from taktflow.services.publish import pack_cases, pack_findings
from taktflow.services.shelf import DraftShelf
from taktflow.values import has_errors

WORKFLOWS = Path(__file__).parents[2] / "workflows"
PACKS = sorted(file.parent.name for file in WORKFLOWS.glob("*/pack.yaml"))
ZONE = "Asia/Shanghai"


@cache
def source(pack: str) -> PackSource:
    return read_pack(WORKFLOWS / pack)


@cache
def catalog() -> Catalog:
    return Catalog(announced())


@cache
def bench(pack: str) -> Bench:
    return Bench(DraftShelf.of(p.definition for p in source(pack).definitions), catalog(), ZONE)


@cache
def result(pack: str, index: int) -> CaseResult:
    return run_case(cases(pack)[index], bench(pack))


@cache
def cases(pack: str) -> tuple[Case, ...]:
    file, findings = pack_cases(source(pack))
    assert findings == []
    assert file is not None
    return file.cases


def every_case() -> Iterator[Any]:
    for pack in PACKS:
        for index, case in enumerate(cases(pack)):
            marks = [pytest.mark.mission(row) for row in case.mission]
            yield pytest.param(pack, index, id=f"{pack}: {case.title}", marks=marks)


def copied(pack: str, folder: Path) -> Path:
    return Path(shutil.copytree(WORKFLOWS / pack, folder / pack))


def test_there_are_the_three_packs_of_the_house() -> None:
    assert PACKS == ["order-to-cash", "patterns", "purchase-approval"]


@pytest.mark.parametrize(("pack", "index"), list(every_case()))
def test_a_case_passes(pack: str, index: int) -> None:
    assert result(pack, index).problems == ()


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_has_nothing_to_mend(pack: str) -> None:
    told = [f for f in pack_findings(source(pack), catalog()) if f.severity != "info"]

    assert [f"{f.file}:{f.line} {f.code}" for f in told] == []


@pytest.mark.parametrize("pack", PACKS)
def test_no_two_cases_have_one_name(pack: str) -> None:
    titles = [case.title for case in cases(pack)]

    assert sorted(t for t in titles if titles.count(t) > 1) == []


@pytest.mark.parametrize("pack", PACKS)
def test_every_node_of_a_workflow_is_come_to_by_some_case(pack: str) -> None:
    visited = {record["node"] for i in range(len(cases(pack))) for record in result(pack, i).journal}

    declared = {
        node
        for placed in source(pack).definitions
        if isinstance(placed.definition, Workflow)
        for node in (*placed.definition.nodes, *(start.id for start in placed.definition.start))
    }
    assert declared - visited == set()


@pytest.mark.mission("I6", "I7")
@pytest.mark.parametrize("pack", PACKS)
def test_every_row_of_a_decision_answers_some_case(pack: str) -> None:
    asked = {(case.decision, case.expect.row) for case in cases(pack) if case.decision is not None}

    tables = [p.definition for p in source(pack).definitions if isinstance(p.definition, Decision)]
    rows = {(table.id, str(row.id)) for table in tables for row in rows_of(table) if table.id != "rate_to_cny"}
    assert rows - asked == set()


@pytest.mark.mission("I6", "I12")
def test_the_price_matrix_is_a_real_one() -> None:
    [table] = [p.definition for p in source("order-to-cash").definitions if p.definition.id == "unit_price"]
    assert isinstance(table, Decision)

    rows = list(rows_of(table))
    currency = 1 + len(table.inputs)
    assert len(rows) >= 500
    assert {row.cells[currency] for row in rows} == {"CNY", "EUR", "USD"}
    assert {str(sheet.when["on_date"]) for sheet in table.crosstab} == {
        "[2026-01-01..2027-01-01)",
        "[2027-01-01..2028-01-01)",
    }


@pytest.mark.mission("I13")
def test_the_packs_hold_no_program() -> None:
    kinds = {file.suffix for file in WORKFLOWS.rglob("*") if file.is_file()}

    assert kinds <= {".yaml", ".csv", ".md"}


@pytest.mark.mission("I6")
def test_two_prices_for_one_order_are_an_error_before_they_are_published(tmp_path: Path) -> None:
    pack = copied("order-to-cash", tmp_path)
    prices = pack / "decisions" / "unit_price.yaml"
    row = '  - [v150_cn_2, V-150, CN, EXW, ">=10", ">=2026-01-01", "650.00", CNY]\n'
    before = "# The price lists of the year"
    prices.write_text(prices.read_text(encoding="utf-8").replace(before, row + before), encoding="utf-8")

    findings = pack_findings(read_pack(pack), catalog())

    assert has_errors(findings)
    [finding] = [f for f in findings if f.severity == "error"]
    assert finding.file == "decisions/unit_price.yaml"
    assert {"v150_cn_1", "v150_cn_2"} <= {str(value) for value in dict(finding.args).values()}


@pytest.mark.parametrize("pack", PACKS)
def test_the_command_passes_a_pack_whose_cases_pass(pack: str) -> None:
    told = CliRunner().invoke(app, ["test", str(WORKFLOWS / pack)])

    assert told.exit_code == 0
    count = len(cases(pack))
    assert told.stdout.endswith(f"{count} of {count} cases passed\n")


def test_the_command_fails_a_pack_whose_rule_was_changed_under_its_cases(tmp_path: Path) -> None:
    pack = copied("purchase-approval", tmp_path)
    rules = pack / "definitions.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").replace("5000", "6000"), encoding="utf-8")

    told = CliRunner().invoke(app, ["test", str(pack), "--quiet"])

    assert told.exit_code == 1
    assert "FAIL  5,000 needs the department manager too" in told.stdout


def test_the_command_fails_a_pack_without_cases(tmp_path: Path) -> None:
    pack = copied("purchase-approval", tmp_path)
    (pack / "cases.yaml").unlink()

    told = CliRunner().invoke(app, ["test", str(pack)])

    assert told.exit_code == 1


def test_a_case_finds_a_record_that_does_not_fit_its_entity(tmp_path: Path) -> None:
    pack = copied("purchase-approval", tmp_path)
    entity = pack / "definitions.yaml"
    short = entity.read_text(encoding="utf-8").replace(
        "number: {type: text, title: {zh: 申请号, en: Number}, required: true, max_length: 40}",
        "number: {type: text, title: {zh: 申请号, en: Number}, required: true, max_length: 4}",
    )
    entity.write_text(short, encoding="utf-8")

    told = CliRunner().invoke(app, ["test", str(pack), "--quiet"])

    assert told.exit_code == 1
    assert "open incidents are invalid" in told.stdout

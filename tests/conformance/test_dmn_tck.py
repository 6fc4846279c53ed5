"""The public compatibility tests of DMN, run in place where they are; see ``TAKTFLOW_TCK``."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conformance.dmn_tck import alike, folders, main, run_folder

TCK = Path(os.environ.get("TAKTFLOW_TCK", Path(__file__).parents[3] / "shared" / "data" / "dmn-tck"))
LEVEL_3_FLOOR = 0.985


def _counted(level: str) -> tuple[int, int, list[str]]:
    folder = TCK / level
    if not folder.is_dir():
        pytest.skip(f"no DMN TCK at {folder}; set TAKTFLOW_TCK to a copy of its TestCases")
    counts = [run_folder(f) for f in folders(folder)]
    failures = [f"{c.name} {f.case} {f.result}: {f.expected!r}, not {f.got!r}" for c in counts for f in c.failures]
    return sum(c.passed for c in counts), sum(c.cases for c in counts), failures


def test_every_case_of_level_2_holds() -> None:
    passed, cases, failures = _counted("compliance-level-2")

    assert (passed, cases) == (116, 116), "\n".join(failures)


def test_nearly_every_case_of_level_3_holds() -> None:
    passed, cases, failures = _counted("compliance-level-3")

    assert cases > 1_000
    assert passed >= LEVEL_3_FLOOR * cases, "\n".join(failures)


MODEL = """<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m" namespace="n">
  <inputData id="i" name="a"><variable name="a" typeRef="number"/></inputData>
  <decision id="d" name="d"><variable name="d"/>
    <informationRequirement><requiredInput href="#i"/></informationRequirement>
    <literalExpression><text>if a > 2 then [a, a / 3] else null</text></literalExpression></decision>
</definitions>"""
CASES = """<testCases xmlns="http://www.omg.org/spec/DMN/20160719/testcase"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <modelName>m.dmn</modelName>
  <testCase id="1"><inputNode name="a"><value xsi:type="xsd:decimal">4</value></inputNode>
    <resultNode name="d" type="decision"><expected><list><item><value xsi:type="xsd:decimal">4</value></item>
      <item><value xsi:type="xsd:decimal">1.33333333333</value></item></list></expected></resultNode></testCase>
  <testCase id="2"><inputNode name="a"><value xsi:type="xsd:decimal">1</value></inputNode>
    <resultNode name="d" type="decision" errorResult="true"><expected><value xsi:nil="true"/></expected></resultNode>
  </testCase>
  <testCase id="3"><inputNode name="a"><value xsi:type="xsd:decimal">1</value></inputNode>
    <resultNode name="d" type="decision"><expected><value xsi:type="xsd:decimal">1</value></expected></resultNode>
  </testCase>
</testCases>"""


def test_the_runner_tells_cases_that_hold_from_one_that_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "0001-mine"
    folder.mkdir()
    (folder / "m.dmn").write_text(MODEL)
    (folder / "m-test-01.xml").write_text(CASES)

    ended = main([str(tmp_path), "--failures"])

    told = capsys.readouterr().out.splitlines()
    assert ended == 0
    assert told[0] == "0001-mine passed 2 of 3"
    assert "m-test-01:3 d: expected Decimal('1'), got None" in told[1]
    assert told[-1] == "passed 2 of 3"


def test_the_runner_says_when_there_is_nothing_to_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = main([str(tmp_path / "absent")])

    assert ended != 0
    assert "no DMN models here" in capsys.readouterr().err


def test_numbers_are_compared_with_a_tolerance_and_kinds_are_not_mixed() -> None:
    assert alike(Decimal("2878.69354943277"), Decimal("2878.693549432766948088520383236288"))
    assert not alike(Decimal("2878.69"), Decimal("2878.70"))
    assert not alike(True, Decimal(1))
    assert not alike("1", Decimal(1))
    assert not alike({"a": None}, {"a": None, "b": None})

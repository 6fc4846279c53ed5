"""The commands that the house promises are there, and set themselves up from the lock."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.contract.house.tree import ROOT, text
from tools.environment import locked
from tools.node import system_node, version, wheel_node

PROMISED = {
    "help",
    "run",
    "test",
    "check",
    "lint",
    "types",
    "fmt",
    "e2e",
    "bench",
    "torture",
    "snapshots",
    "build",
    "lock",
}


def test_help_explains_every_command() -> None:
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    explained = set(re.findall(r"^  ([a-z0-9-]+) +\S", told, re.MULTILINE))
    phony = set(re.findall(r"^\.PHONY: (.+)$", text("Makefile"), re.MULTILINE)[0].split())

    assert explained == phony
    assert explained >= PROMISED


def test_ci_runs_the_check_that_a_person_runs() -> None:
    script = ROOT / ".ci" / "run"

    parsed = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)

    assert parsed.stderr == ""
    # What prints last is what CI reads: pytest's closing line.
    assert text(".ci/run").rstrip().endswith("\nmake check")
    assert (
        text("Makefile").partition("\ntest:")[2].partition("\n\n")[0].splitlines()[-1].startswith("\t$(PY) -m pytest")
    )


def test_the_installer_itself_is_pinned_by_hash() -> None:
    block = locked("uv").splitlines()

    assert block[0].startswith("uv==")
    assert any("--hash=sha256:" in line for line in block)
    assert not any(line[:1].isalpha() for line in block[1:])


def test_the_node_that_builds_the_page_is_new_enough() -> None:
    found = system_node() or wheel_node()

    number = re.match(r"v(\d+)\.", version(found["node"]))

    assert number is not None
    assert int(number[1]) >= 24


def test_no_node_has_no_version(tmp_path: Path) -> None:
    assert version(tmp_path / "node") == ""

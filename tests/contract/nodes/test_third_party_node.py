"""A stranger's wheel adds a node without touching the engine."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from uv import find_uv_bin

import taktflow
from taktflow.errors import Conflict, Invalid
from taktflow.services.new_node import node_project, project_files

ASK = """
from decimal import Decimal
from taktflow.catalog import Catalog, announced
from taktflow.sdk.testing import a_context
catalog = Catalog(announced())
line = next(i for i in catalog.listing() if i.kind == "acme.weight_limit")
known = catalog.node_type("acme.weight_limit")
result = known.handler.run(known.config.model_validate({"amount": Decimal(7), "limit": Decimal(5)}), a_context())
print(line.distribution, line.version, repr(line.error), result.value, "alert" in catalog.node_kinds())
"""


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def fresh_environment(folder: Path) -> Path:
    """A new virtual environment that sees Taktflow and its libraries as if installed there; its Python."""
    run(find_uv_bin(), "venv", "--offline", "-q", "--python", sys.executable, folder)
    python = folder / "bin" / "python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    roots = [sysconfig.get_path("purelib"), str(Path(taktflow.__file__).parents[1])]
    (Path(site) / "taktflow.pth").write_text("\n".join(roots), encoding="utf-8")
    return python


@pytest.mark.mission("E2")
@pytest.mark.mission("E6")
def test_a_generated_project_is_built_installed_elsewhere_listed_tested_and_run(tmp_path: Path) -> None:
    project = node_project("acme.weight_limit", tmp_path)

    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", cwd=project)
    (wheel,) = (project / "dist").glob("*.whl")
    python = fresh_environment(tmp_path / "fresh")
    run(find_uv_bin(), "pip", "install", "-q", "--offline", "--no-deps", "--python", python, wheel)

    answer = run(python, "-c", ASK, cwd=tmp_path)
    assert answer == "taktflow-acme-weight-limit 0.1.0 '' False True"
    assert "passed" in run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)


@pytest.mark.mission("E6")
def test_a_generated_node_fits_in_thirty_lines() -> None:
    source = project_files("weight")["src/taktflow_weight/node.py"]

    assert len(source.splitlines()) <= 30


def test_a_project_is_never_written_over_another(tmp_path: Path) -> None:
    project = node_project("weight", tmp_path)
    (project / "README.md").write_text("mine", encoding="utf-8")

    with pytest.raises(Conflict, match="nothing was written"):
        node_project("weight", tmp_path)

    assert (project / "README.md").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "name", ["", "Weight", "../weight", "a-b", "branch", "class", "acme.import", "1st", "a..b", "a" * 61]
)
def test_a_name_no_node_type_can_have_is_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        node_project(name, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_kind_that_is_installed_is_not_generated_again(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match=r"acme\.alert"):
        node_project("alert", tmp_path, taken=["alert"])

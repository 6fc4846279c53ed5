"""What pyproject.toml asks for is what requirements.lock pins, and for the benchmarks requirements.bench.lock."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.contract.house.tree import text

LOCKS = ("requirements.lock", "requirements.bench.lock")
PIN = re.compile(r"^(?P<name>[\w.-]+)(?:\[[\w,-]+\])?==(?P<version>[\w.+!-]+)", re.MULTILINE)


def test_every_declared_dependency_is_pinned_within_its_bounds() -> None:
    project = tomllib.loads(text("pyproject.toml"))

    versions = pinned()

    for wanted in declared(project):
        held = versions.get(canonicalize_name(wanted.name), [])
        assert held, f"{wanted.name} is not in requirements.lock; run `make lock`"
        assert any(wanted.specifier.contains(v, prereleases=True) for v in held), f"{wanted} is pinned at {held}"


def test_every_pin_carries_a_hash() -> None:
    blocks = [block for lock in LOCKS for block in re.split(r"\n(?=[\w.-]+(?:\[[\w,-]+\])?==)", text(lock).strip())]

    bare = [block.split()[0] for block in blocks if "--hash=sha256:" not in block]

    assert len(blocks) > 50
    assert bare == []


def declared(project: dict[str, Any]) -> list[Requirement]:
    """Every requirement of the product and of its groups."""
    groups = [one for group in project["dependency-groups"].values() for one in group]
    return [Requirement(one) for one in [*project["project"]["dependencies"], *groups]]


def pinned() -> dict[str, list[str]]:
    """The pinned versions by package; a package may have one pin per platform."""
    found: dict[str, list[str]] = {}
    for match in PIN.finditer("\n".join(map(text, LOCKS))):
        found.setdefault(canonicalize_name(match["name"]), []).append(match["version"])
    return found

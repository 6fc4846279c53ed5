"""Nothing in git tells which machine it was written on or where its packages came from."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.contract.house.tree import files, text

REGISTRIES = re.compile(
    r"https?://[\w.-]*(?:pypi\.|pythonhosted\.|npmjs\.|npmmirror\.|yarnpkg\.|jsdelivr\.|unpkg\.|deb\.debian|mirrors?\.)"
)
# A path from the root of a developer's or a build machine, not one in the middle of an address.
MACHINES = re.compile(r"(?<![\w.*{}$/~-])/(?:home|opt|root|tmp|Users|work)/\w")


def test_no_file_names_a_package_registry() -> None:
    found = [path for path in files() if REGISTRIES.search(text(path))]

    assert found == []


def test_no_file_names_a_place_on_a_machine() -> None:
    found = [
        f"{path}:{number}"
        for path in files()
        for number, line in enumerate(text(path).splitlines(), 1)
        if MACHINES.search(line) and "MACHINES" not in line
    ]

    assert found == []


@pytest.mark.parametrize("path", [p for p in files() if p.endswith("package-lock.json")])
def test_the_lock_of_the_page_pins_by_hash_and_names_no_address(path: str) -> None:
    packages = json.loads(text(path))["packages"]

    resolved = [name for name, about in packages.items() if "resolved" in about]
    unpinned = [name for name, about in packages.items() if name and "integrity" not in about]

    assert resolved == []
    # Programs for other platforms that the registry we lock against does not carry have a version, but no hash to pin.
    assert [name for name in unpinned if not elsewhere(packages[name])] == []


def elsewhere(package: dict[str, Any]) -> bool:
    """Whether ``package`` is only ever installed on another platform than x86-64 Linux with glibc."""
    systems, libraries = package.get("os", ["linux"]), package.get("libc", ["glibc"])
    return bool(package.get("optional")) and (
        "linux" not in systems or "glibc" not in libraries or "x64" not in package["cpu"]
    )

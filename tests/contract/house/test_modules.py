"""How large a module may be, and how it may not be called."""

from __future__ import annotations

from pathlib import PurePosixPath

from tests.contract.house.tree import SOURCES, files, text

LONGEST = 400
WRITTEN_ONCE = (
    "engine/taktflow/store/migrations/",  # A migration lists tables, and is never changed again.
    "designer/src/api/schema.d.ts",  # Generated from the API.
)
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "base", "core", "misc"}


def product_modules() -> list[str]:
    """The modules that people write and read."""
    written = (path for path in files() if path.startswith((*SOURCES, "designer/src/", "tools/")))
    return [p for p in written if p.endswith((".py", ".ts", ".tsx")) and not p.startswith(WRITTEN_ONCE)]


def test_no_module_is_longer_than_a_person_reads_at_once() -> None:
    long = {path: lines for path in product_modules() if (lines := len(text(path).splitlines())) > LONGEST}

    assert long == {}


def test_a_module_is_named_for_what_it_is_about() -> None:
    assert [path for path in product_modules() if PurePosixPath(path).stem in EMPTY_NAMES] == []

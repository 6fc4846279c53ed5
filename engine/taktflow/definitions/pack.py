"""A pack: a folder of definitions, in as many files and subfolders as its authors like."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from taktflow.definitions.budget import MAX_BYTES
from taktflow.definitions.decision import Decision
from taktflow.definitions.kinds import Definition, Pack
from taktflow.definitions.load import definition, load_all
from taktflow.definitions.places import Loaded
from taktflow.definitions.rows_file import beside, with_rows
from taktflow.values import Finding

_ENDINGS = {".yaml", ".yml", ".json"}
SAMPLE = "sample"
"""The folder of a pack that holds sample data, not definitions."""
_MAX_FILES = 2000


@dataclass(frozen=True, slots=True)
class Placed:
    """A definition with the document it was read from, which knows its lines. ``read_from`` is empty for a made one."""

    definition: Definition
    read_from: Loaded


@dataclass(frozen=True, slots=True)
class PackSource:
    """What a pack's folder holds. ``pack`` is None when there is no readable pack.yaml; ``definitions`` leaves it out.

    ``cases`` are the documents of its cases*.yaml files. ``findings`` are about reading, not about meaning: see check.
    """

    folder: Path
    pack: Placed | None
    definitions: tuple[Placed, ...]
    cases: tuple[Loaded, ...]
    findings: tuple[Finding, ...]


def read_pack(folder: Path) -> PackSource:
    """Every definition under ``folder``, and all that is wrong with how they are written."""
    placed: list[Placed] = []
    cases: list[Loaded] = []
    findings: list[Finding] = []
    files = sorted(_files(folder))
    if len(files) > _MAX_FILES:
        findings.append(Finding("pack.files", "", {"count": len(files), "max": _MAX_FILES}, file=folder.name))
        files = files[:_MAX_FILES]
    for file in files:
        name = file.relative_to(folder).as_posix()
        for loaded in _documents(file, name):
            findings += loaded.findings
            if file.name.startswith("cases"):
                cases.append(loaded)
                continue
            found, wrong = definition(loaded)
            findings += wrong
            if isinstance(found, Decision):
                found, loaded, wrong = with_rows(found, loaded, beside(folder, file))  # noqa: PLW2901 - now knows the lines of its rows too.
                findings += wrong
            if found is not None:
                placed.append(Placed(found, loaded))
    packs = [p for p in placed if isinstance(p.definition, Pack)]
    others = [p for p in placed if not isinstance(p.definition, Pack)]
    findings += _pack_findings(folder, packs, others, findings)
    return PackSource(folder, packs[0] if packs else None, tuple(others), tuple(cases), tuple(findings))


def _files(folder: Path) -> list[Path]:
    return [
        f
        for f in folder.rglob("*")
        if f.suffix.lower() in _ENDINGS
        # A link that leads nowhere is a file its author believes to be there.
        and (f.is_file() or (f.is_symlink() and not f.exists()))
        and not any(part.startswith(".") for part in f.relative_to(folder).parts)
        and f.relative_to(folder).parts[0] != SAMPLE
    ]


def _documents(file: Path, name: str) -> tuple[Loaded, ...]:
    try:
        with file.open("rb") as stream:
            return load_all(stream.read(MAX_BYTES + 1), name)
    except OSError as wrong:
        return (Loaded(name, None, {}, (Finding("pack.unreadable", "", {"why": wrong.strerror or ""}, file=name),)),)


def _pack_findings(folder: Path, packs: list[Placed], others: list[Placed], findings: list[Finding]) -> list[Finding]:
    found = [p.read_from.finding("pack.several", "/kind", first=packs[0].read_from.name) for p in packs[1:]]
    if not packs and not any(f.file in ("pack.yaml", "pack.yml", "pack.json") for f in findings):
        found.append(Finding("pack.missing", "", {"folder": folder.name}, file=folder.name))
    first: dict[tuple[str, str], Placed] = {}
    for placed in others:
        key = (placed.definition.kind, placed.definition.id)
        if other := first.get(key):
            there = other.read_from.name
            found.append(placed.read_from.finding("pack.id_twice", "/id", kind=key[0], id=key[1], file=there))
        first.setdefault(key, placed)
    return found

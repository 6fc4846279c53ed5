"""Tables and formulas in files: one definition, a pack's folder, or what stands beside them."""

from __future__ import annotations

from pathlib import Path

from taktflow.definitions.budget import MAX_BYTES
from taktflow.definitions.decision import Decision
from taktflow.definitions.load import definition, load_all
from taktflow.definitions.pack import PackSource, Placed, read_pack
from taktflow.definitions.places import Loaded
from taktflow.definitions.rows_file import beside, with_rows
from taktflow.services.dmn_files import models_beside
from taktflow.services.table_exchange import FOREIGN, natives
from taktflow.services.tables import Ready, drafted, ready_in
from taktflow.values import Finding

MOST_FOREIGN = 50_000_000
"""Bytes of a file of another program; its reader refuses more."""


def source_at(path: Path) -> PackSource:
    """What the folder or the one file holds, be it Excel or DMN; a file that cannot be read is a finding."""
    if path.is_dir():
        return read_pack(path)
    foreign = path.suffix.lower() in FOREIGN
    try:
        with path.open("rb") as stream:
            content = stream.read((MOST_FOREIGN if foreign else MAX_BYTES) + 1)
    except OSError as closed:
        unread = Finding("pack.unreadable", "", {"why": closed.strerror or ""}, file=path.name)
        return PackSource(path.parent, None, (), (), (unread,))
    if foreign:
        tables, said = natives(content, path.name, models_beside(path, content))
        made = tuple(Placed(one, Loaded(path.name, None)) for one in tables)
        return PackSource(path.parent, None, made, (), tuple(said))
    return _documents(path, content)


def _documents(path: Path, content: bytes) -> PackSource:
    placed: list[Placed] = []
    findings: list[Finding] = []
    for loaded in load_all(content, path.name):
        found, wrong = definition(loaded)
        findings += [*loaded.findings, *wrong]
        if isinstance(found, Decision):
            found, loaded, wrong = with_rows(found, loaded, beside(path.parent, path))  # noqa: PLW2901 - now knows the lines of its rows too.
            findings += wrong
        if found is not None:
            placed.append(Placed(found, loaded))
    return PackSource(path.parent, None, tuple(placed), (), tuple(findings))


def drafted_at(path: Path, id: str | None = None) -> Placed:
    """The one table or formula that stands at ``path``; raises Invalid or NotFound."""
    return drafted(source_at(path), id=id)


def ready_at(path: Path, id: str | None = None) -> Ready:
    """The same, ready to be asked."""
    return ready_in(source_at(path), id=id)

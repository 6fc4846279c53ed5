"""Tables and formulas in files: one definition, a pack's folder, or what stands beside them."""

from __future__ import annotations

from pathlib import Path

from taktflow.definitions.budget import MAX_BYTES
from taktflow.definitions.decision import Decision
from taktflow.definitions.load import definition, load_all
from taktflow.definitions.pack import PackSource, Placed, read_pack
from taktflow.definitions.rows_file import beside, with_rows
from taktflow.services.tables import Ready, drafted, ready
from taktflow.values import Finding


def source_at(path: Path) -> PackSource:
    """What the folder or the one file holds; a file that is missing or unreadable is a finding."""
    if path.is_dir():
        return read_pack(path)
    placed: list[Placed] = []
    findings: list[Finding] = []
    try:
        with path.open("rb") as stream:
            documents = load_all(stream.read(MAX_BYTES + 1), path.name)
    except OSError as closed:
        unread = Finding("pack.unreadable", "", {"why": closed.strerror or ""}, file=path.name)
        return PackSource(path.parent, None, (), (), (unread,))
    for loaded in documents:
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
    return ready(drafted_at(path, id))

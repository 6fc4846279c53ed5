"""Tables and formulas that can be asked: published ones, and drafts that are still being written."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from taktflow.definitions.check import located
from taktflow.definitions.decision import Decision
from taktflow.definitions.formula import Formula
from taktflow.definitions.pack import PackSource, Placed, read_pack
from taktflow.errors import Invalid, NotFound
from taktflow.rules import compile_decision, compile_formula, decision_findings, formula_findings
from taktflow.sdk import Decider
from taktflow.services.engine import Engine
from taktflow.services.plans import decider_of
from taktflow.services.publish import File, written
from taktflow.services.shelf import found
from taktflow.values import Finding, has_errors

Declared: TypeAlias = Decision | Formula
Kind: TypeAlias = Literal["decision", "formula"]
DRAFT = 0
"""The version of what is not published."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A table or formula that can be asked."""

    definition: Declared
    version: int
    decider: Decider

    @property
    def name(self) -> str:
        """``unit_price@3``, or the id alone for a draft."""
        return f"{self.definition.id}@{self.version}" if self.version != DRAFT else self.definition.id


def published_table(engine: Engine, kind: Kind, ref: str) -> Ready:
    """The table or formula ``ref`` in force, or at the version it names; raises NotFound."""
    version, definition = found(engine.published.shelf, kind, ref)
    assert isinstance(definition, Decision | Formula)
    return Ready(definition, version, decider_of(definition, version))


def published_any(engine: Engine, ref: str) -> Ready:
    """The published table ``ref``, else the formula of that id; raises NotFound."""
    kinds: tuple[Kind, ...] = ("decision", "formula")
    for kind in kinds:
        try:
            return published_table(engine, kind, ref)
        except NotFound:
            continue
    raise NotFound("tables.unpublished", ref=ref)


def in_force(engine: Engine, draft: Ready) -> Ready | None:
    """What is published under the draft's own id; None when nothing is."""
    newest = engine.published.shelf.newest(draft.definition.kind, draft.definition.id)
    if newest is None or not isinstance(newest[1], Decision | Formula):
        return None
    return Ready(newest[1], newest[0], decider_of(newest[1], newest[0]))


def ready(placed: Placed) -> Ready:
    """The draft, compiled; raises Invalid with findings that know their lines."""
    definition = placed.definition
    assert isinstance(definition, Decision | Formula)
    try:
        return Ready(definition, DRAFT, compiled(definition))
    except Invalid as wrong:
        raise Invalid(wrong.code, findings=located(placed, wrong.findings), **wrong.args_) from wrong


def compiled(definition: Declared) -> Decider:
    """The draft ready to answer; nothing is kept of it. Raises Invalid with all findings."""
    if isinstance(definition, Decision):
        return compile_decision(definition, DRAFT)
    return compile_formula(definition, DRAFT)


def table_findings(placed: Placed) -> list[Finding]:
    """Everything a person should know of the table or formula itself, with lines."""
    definition = placed.definition
    if isinstance(definition, Decision):
        return located(placed, decision_findings(definition))
    assert isinstance(definition, Formula)
    return located(placed, formula_findings(definition))


def drafted(source: PackSource, kind: Kind | None = None, id: str | None = None) -> Placed:
    """The one table or formula of ``source`` that is meant.

    Raises Invalid (``tables.unreadable``) with the findings about reading when nothing fits, and NotFound when it is
    not there or several are and no ``id`` says which.
    """
    fitting = [
        p
        for p in source.definitions
        if isinstance(p.definition, Decision | Formula)
        and kind in (None, p.definition.kind)
        and id in (None, p.definition.id)
    ]
    if len(fitting) == 1:
        return fitting[0]
    unread = reading_findings(source)
    if not fitting and unread:
        raise Invalid("tables.unreadable", findings=unread, problems=len(unread))
    known = [p.definition.id for p in source.definitions if isinstance(p.definition, Decision | Formula)]
    if fitting:
        raise NotFound("tables.several", known=", ".join(sorted(known)))
    raise NotFound("tables.none", id=id or "-", known=", ".join(sorted(known)) or "-")


def ready_in(source: PackSource, kind: Kind | None = None, id: str | None = None) -> Ready:
    """The same, compiled; raises Invalid, too, when the table's own files cannot be read in full."""
    placed = drafted(source, kind, id)
    unread = own_findings(source, placed)
    if has_errors(unread):
        raise Invalid("tables.unreadable", findings=unread, problems=len(unread))
    return ready(placed)


def own_findings(source: PackSource, placed: Placed) -> list[Finding]:
    """What is wrong with how the table's document and files of rows are written, whatever stands beside it."""
    name, found = placed.read_from.name, reading_findings(source)
    if placed.read_from.document is None:
        # A file of another program holds nothing else, and its findings name sheets and elements.
        return found
    return [f for f in found if f.file == name or f.file.lower().endswith(".csv")]


def reading_findings(source: PackSource) -> list[Finding]:
    """What is wrong with how the files are written; that they are no pack of their own is no matter for a table."""
    return [f for f in source.findings if f.code != "pack.missing"]


@contextmanager
def sent(files: Sequence[File]) -> Iterator[PackSource]:
    """Files sent over the wire, read as a pack is; they are gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="taktflow-") as folder:
        yield read_pack(written(files, Path(folder, "draft")))

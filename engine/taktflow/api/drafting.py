"""Shapes of tables at the door for whoever writes them: what is wrong, what changes, what a file says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from taktflow.api.asked import Kind, Table
from taktflow.api.problems import FindingShape
from taktflow.api.shapes import Body, Document, Shape
from taktflow.definitions.canonical import canonical
from taktflow.definitions.decision import Decision
from taktflow.definitions.envelope import Envelope
from taktflow.rules import decision_findings, formula_findings
from taktflow.rules.exchange import Difference, written
from taktflow.services.analysing import Examined, row_document
from taktflow.services.table_changes import difference_of
from taktflow.services.table_exchange import Imported
from taktflow.services.tables import Declared
from taktflow.texts import sentence
from taktflow.values import Finding, Language, has_errors, plain

MOST_LINES = 200
"""Changes told in words; all of them stand in the rest of the answer."""


class Sides(Body):
    """Two tables, or two formulas."""

    old: Table
    new: Table


class CellChange(Shape):
    """One cell; ``column`` is empty for the note."""

    column: str
    old: Any = None
    new: Any = None


class RowChange(Shape):
    """One row by its id; ``sheet`` is the cross-tab it stands in."""

    kind: Literal["added", "removed", "changed", "moved"]
    row: str
    sheet: str = ""
    cells: list[CellChange]
    old_place: int | None = None
    new_place: int | None = None


class SettingChange(Shape):
    """One setting."""

    at: str
    old: Any = None
    new: Any = None


class Changes(Shape):
    """What the new one changes: in words, at most 200 lines of them, and whole."""

    same: bool
    summary: str
    lines: list[str]
    settings: list[SettingChange]
    rows: list[RowChange]


class Gap(Shape):
    """Inputs without an answer, in words; ``cells`` say how far it reaches, ``example`` is one case of it."""

    words: str
    cells: dict[str, str]
    example: Document


class Analysed(Shape):
    """Everything that can be known without asking; ``ok`` when nothing keeps it from being published.

    ``gaps`` lists some of ``gap_count``; ``rows`` are rows to add for them, by column id, their answers left empty.
    ``complete`` is false where a search was ended early (``unfinished``: the share it covered) or rows depend on other
    data (``undecided``).
    """

    ok: bool
    findings: list[FindingShape]
    complete: bool
    unfinished: dict[str, float]
    undecided: list[str]
    gap_count: int
    gaps: list[Gap]
    rows: list[Document]


class Upload(Body):
    """A file of another program, in Base64; its name's ending says what it is: xlsx, csv, dmn, json (JDM) or yaml.

    Settings that it does not carry are taken from ``into``; a CSV always needs one.
    """

    name: str = Field(min_length=1, max_length=300)
    content: str = Field(min_length=1, description="The file's bytes in Base64.")
    into: Table | None = None
    decision: str | None = Field(None, max_length=200, description="Which one, where the file holds several.")
    sheet: str = Field("", max_length=63, description="The cross-tab that a CSV is, where the table has several.")


class Taken(Shape):
    """What the file says: nothing of it is kept. ``source`` is the definition as YAML, None where it cannot be told.

    ``changes`` is against ``into``. ``ok`` when the file was read without errors; ``findings`` about its cells name
    them as ``sheet!cell`` in ``file``, those about the table itself follow.
    """

    ok: bool
    id: str | None = None
    kind: Kind | None = None
    source: str | None = None
    definition: Document | None = None
    findings: list[FindingShape]
    changes: Changes | None = None


def changes(found: Difference, language: Language) -> Changes:
    """``found`` in words and whole."""
    lines = [line[language] for line in found.lines(MOST_LINES)]
    return Changes(same=not found, summary=found.summary()[language], lines=lines, **found.document())


def analysed(found: Examined, unread: Sequence[Finding], definition: Envelope, language: Language) -> Analysed:
    """What was found, in ``language``, after what could not be read."""
    analysis = found.analysis
    gaps = [
        Gap(
            words=sentence(fact.code, language, fact.args),
            cells={extent.column: extent.cell for extent in fact.box},
            example=plain(dict(fact.witnesses[0])) if fact.witnesses else {},
        )
        for fact in (analysis.gaps if analysis else ())
    ]
    return Analysed(
        ok=found.ok and not has_errors(unread),
        findings=[FindingShape.of(f, language) for f in (*unread, *found.findings)],
        complete=analysis is None or analysis.complete,
        unfinished={name: round(share, 4) for name, share in analysis.unfinished.items()} if analysis else {},
        undecided=list(analysis.undecided[:MOST_LINES]) if analysis else [],
        gap_count=analysis.gap_pieces if analysis else 0,
        gaps=gaps,
        rows=[row_document(definition, row) for row in found.rows] if isinstance(definition, Decision) else [],
    )


def taken(found: Imported, into: Declared | None, language: Language) -> Taken:
    """What a file says, and what that changes in ``into``."""
    declared = found.declared
    findings = [*found.findings]
    if declared is None:
        return Taken(ok=False, findings=[FindingShape.of(f, language) for f in findings])
    findings += decision_findings(declared) if isinstance(declared, Decision) else formula_findings(declared)
    same_kind = into is not None and into.kind == declared.kind
    return Taken(
        ok=found.usable,
        id=declared.id,
        kind=declared.kind,
        source=written(declared),
        definition=plain(canonical(declared)),
        findings=[FindingShape.of(f, language) for f in findings],
        changes=changes(difference_of(into, declared), language) if into is not None and same_kind else None,
    )

"""Shapes of tables at the door: which one is meant, what was asked, what was answered, what changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from taktflow.api.exact import Exact
from taktflow.api.problems import FindingShape
from taktflow.api.routes.definitions import DefinitionFile
from taktflow.api.shapes import Body, Document, Shape
from taktflow.definitions.canonical import canonical
from taktflow.definitions.decision import Decision
from taktflow.definitions.envelope import Envelope
from taktflow.definitions.pack import Placed
from taktflow.definitions.places import Loaded
from taktflow.errors import Invalid
from taktflow.rules import decision_findings, formula_findings
from taktflow.rules.exchange import Difference, written
from taktflow.services.analysing import Examined, row_document
from taktflow.services.backtest import MOST_CASES
from taktflow.services.engine import Engine
from taktflow.services.publish import File
from taktflow.services.table_changes import difference_of
from taktflow.services.table_exchange import Imported
from taktflow.services.tables import Declared, Ready, drafted, published_any, published_table, ready, sent
from taktflow.texts import sentence
from taktflow.values import Language, plain

MOST_LINES = 200
"""Changes told in words; all of them stand in the rest of the answer."""
Kind = Literal["decision", "formula"]
Changed = Literal["same", "row", "value", "error", "answered", "other_error", "unread"]


class Table(Body):
    """Which table or formula: a published one by its id, or a draft in files of its own.

    Of several in the files, ``id`` says which; a published one is taken as it is in force unless ``version`` is given.
    """

    id: str | None = Field(None, max_length=63)
    kind: Kind | None = None
    version: int | None = Field(None, ge=1, lt=2**31)
    files: list[DefinitionFile] = Field(default_factory=list, max_length=50)

    def ready(self, engine: Engine) -> Ready:
        """The table, compiled; raises NotFound or Invalid."""
        if not self.files:
            return self._published(engine)
        with sent([File(f.name, f.source) for f in self.files]) as source:
            return ready(drafted(source, self.kind, self.id))

    def declared(self, engine: Engine) -> Declared:
        """The definition alone, whether it can be compiled or not; same errors."""
        if not self.files:
            return self._published(engine).definition
        with sent([File(f.name, f.source) for f in self.files]) as source:
            definition = drafted(source, self.kind, self.id).definition
        assert isinstance(definition, Declared)
        return definition

    @contextmanager
    def placed(self, engine: Engine) -> Iterator[Placed]:
        """The definition with the lines of its document; a published one has no lines to tell. Same errors."""
        if not self.files:
            yield Placed(self._published(engine).definition, Loaded("", None))
            return
        with sent([File(f.name, f.source) for f in self.files]) as source:
            yield drafted(source, self.kind, self.id)

    def _published(self, engine: Engine) -> Ready:
        if self.id is None:
            raise Invalid("tables.unnamed", where="/id")
        ref = self.id if self.version is None else f"{self.id}@{self.version}"
        return published_table(engine, self.kind, ref) if self.kind else published_any(engine, ref)


class Evaluation(Body):
    """One case: variables as a workflow holds them, or values by column id."""

    table: Table
    data: Document
    at: AwareDatetime | None = Field(None, description="The moment to answer for; now when unset.")
    trace: bool = True


class Batch(Body):
    """Many cases of one table."""

    table: Table
    cases: list[Document] = Field(min_length=1, max_length=MOST_CASES)
    at: AwareDatetime | None = None
    trace: bool = False


class AnswerError(Shape):
    """Why there is no answer; the code is what a workflow routes by."""

    code: str
    message: str
    details: Any = None


class Answer(Shape):
    """An answer, or the error in its place. ``rows`` are the ids of the rows that answered."""

    value: Any = None
    rows: list[str] = Field(default_factory=list)
    trace: Document | None = None
    error: AnswerError | None = None


class Evaluated(Answer):
    """An answer, and who gave it; version 0 is a draft. ``told`` says in words why it came out so."""

    table: str
    version: int
    told: list[str]


class Answers(Shape):
    """The answers in the order of the cases; ``errors`` counts those that have none."""

    table: str
    version: int
    answers: list[Answer]
    errors: int


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


class Period(Body):
    """From ``since`` on and before ``until``; open where unset."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class BacktestBody(Body):
    """A draft, over what the journal recorded or over ``cases``.

    It is compared with what was recorded and with each of ``against``. Over cases of one's own it is compared with what
    is published under its id where nothing else is named.
    """

    draft: Table
    cases: list[Document] | None = Field(None, min_length=1, max_length=MOST_CASES)
    recorded: Period | None = Field(None, description="Which recorded decisions; all of them when unset.")
    against: list[Table] = Field(default_factory=list, max_length=4)
    at: AwareDatetime | None = Field(None, description="The moment to answer cases for; now when unset.")
    group: str | None = Field(None, max_length=63, description="The column by whose values amounts are added up.")
    limit: int = Field(MOST_CASES, ge=1, le=MOST_CASES)
    examples: int = Field(5, ge=0, le=100)


class ChangeCount(Shape):
    """How many cases changed in one way."""

    kind: Changed
    count: int


class Amount(Shape):
    """What changes of one number; ``least`` to ``most`` and ``mean`` are about the cases that changed."""

    output: str
    group: str
    cases: int
    changed: int
    old: Exact
    new: Exact
    difference: Exact
    percent: Exact | None = None
    least: Exact | None = None
    most: Exact | None = None
    mean: Exact | None = None


class Example(Shape):
    """One case with both answers; ``link`` leads to the instance that decided then."""

    kind: Changed
    place: str
    instance: str | None = None
    link: str | None = None
    node: str | None = None
    at: datetime
    inputs: Document
    old: Answer
    new: Answer


class Compared(Shape):
    """How the draft differs from ``against``: ``recorded``, or a table. ``apart`` counts numbers in no sum."""

    against: str
    changes: list[ChangeCount]
    amounts: list[Amount]
    apart: int
    examples: list[Example]


class RowHits(Shape):
    """How often a row of the draft answered."""

    row: str
    hits: int


class Missing(Shape):
    """A column of the draft that was not recorded and was asked as null."""

    column: str
    cases: int


class Backtested(Shape):
    """What came of it; ``left_out`` cases were too many to ask (``left_out_more``: and still more).

    ``unkept`` decisions could not be asked, since the journal holds no inputs or no value of theirs. ``hits`` and
    ``never`` list at most 500 rows of ``rows``.
    """

    cases: int
    errors: int
    left_out: int
    left_out_more: bool
    unkept: int
    missing: list[Missing]
    rows: int
    hits: list[RowHits]
    never: list[str]
    never_count: int
    comparisons: list[Compared]
    lines: list[str]


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


def analysed(found: Examined, definition: Envelope, language: Language) -> Analysed:
    """What was found, in ``language``."""
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
        ok=found.ok,
        findings=[FindingShape.of(f, language) for f in found.findings],
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

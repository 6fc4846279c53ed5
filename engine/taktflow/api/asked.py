"""Shapes of tables at the door: which one is meant, what was asked and answered, what a backtest came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from taktflow.api.exact import Exact
from taktflow.api.routes.definitions import DefinitionFile
from taktflow.api.shapes import Body, Document, Shape
from taktflow.definitions.pack import Placed
from taktflow.definitions.places import Loaded
from taktflow.errors import Invalid
from taktflow.services.backtest import MOST_CASES
from taktflow.services.engine import Engine
from taktflow.services.publish import File
from taktflow.services.tables import (
    Declared,
    Ready,
    drafted,
    own_findings,
    published_any,
    published_table,
    ready_in,
    sent,
)
from taktflow.values import Finding

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
            return ready_in(source, self.kind, self.id)

    def declared(self, engine: Engine) -> Declared:
        """The definition alone, whether it can be compiled or not; same errors."""
        if not self.files:
            return self._published(engine).definition
        with sent([File(f.name, f.source) for f in self.files]) as source:
            definition = drafted(source, self.kind, self.id).definition
        assert isinstance(definition, Declared)
        return definition

    @contextmanager
    def placed(self, engine: Engine) -> Iterator[tuple[Placed, Sequence[Finding]]]:
        """The definition with the lines of its document, and what is wrong with how its files are written.

        A published one has no lines to tell. Same errors.
        """
        if not self.files:
            yield Placed(self._published(engine).definition, Loaded("", None)), ()
            return
        with sent([File(f.name, f.source) for f in self.files]) as source:
            placed = drafted(source, self.kind, self.id)
            yield placed, own_findings(source, placed)

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

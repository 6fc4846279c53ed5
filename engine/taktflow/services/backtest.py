"""What a draft would have answered: over recorded decisions, or over a file of inputs; what changes and by how much.

Cases stream through: nothing is kept of them but counts, sums and a few examples of each kind of change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from taktflow.definitions.decision import Decision
from taktflow.definitions.rows import rows_of
from taktflow.errors import Invalid
from taktflow.rules.typed import cell_text
from taktflow.services.asking import Answered, Asker
from taktflow.services.difference import CHANGES, Amount, Amounts, Change, change
from taktflow.services.recorded import Recorded
from taktflow.values import Value

MOST_CASES = 10_000
"""Cases that one request asks."""
MOST_COUNTED = 100_000
"""Cases beyond them that are counted, not asked."""
EXAMPLES = 5
RECORDED = "recorded"
"""The name of what the journal holds, among what a draft is compared with."""
PROGRESS_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Question:
    """One case: data to ask with, or (``by_column``) typed inputs by column id; ``place`` says where it stands.

    ``recorded`` is what was answered then. Without data the case cannot be asked: its inputs were never kept.
    """

    at: datetime
    data: Mapping[str, Value] | None
    place: str = ""
    instance: str = ""
    node: str = ""
    by_column: bool = False
    recorded: Answered | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A question with its answers; ``changes`` holds the kind of change by what the draft is compared with."""

    question: Question
    new: Answered
    old: Mapping[str, Answered]
    changes: Mapping[str, Change]


@dataclass(slots=True)
class Comparison:
    """How the draft differs from one other answerer: what was recorded, or a published version."""

    name: str
    amounts: Amounts
    counts: Counter[Change] = field(default_factory=Counter)
    examples: dict[Change, list[Case]] = field(default_factory=dict)

    @property
    def figures(self) -> Sequence[Amount]:
        """The changes of numbers, by output and group."""
        return [self.amounts.found[key] for key in sorted(self.amounts.found)]

    def add(self, case: Case, most: int) -> None:
        """Counts ``case``; keeps it as an example while there are few of its kind."""
        kind = case.changes[self.name]
        self.counts[kind] += 1
        if kind not in ("error", "unread", "other_error", "answered"):
            self.amounts.add(_inputs(case), case.old[self.name], case.new)
        kept = self.examples.setdefault(kind, [])
        if kind != "same" and len(kept) < most:
            kept.append(case)


def _inputs(case: Case) -> Mapping[str, Value]:
    """The inputs by column id, however they were given."""
    trace = case.new.trace
    found = trace.get("inputs") if isinstance(trace, Mapping) else None
    return found if isinstance(found, Mapping) else {}


@dataclass(slots=True)
class Backtest:
    """What came of it. ``cases`` were asked, ``left_out`` were not: there were too many.

    ``unkept`` are recorded decisions whose inputs or value the journal does not hold; ``missing`` counts, by column,
    the cases in which the draft's column was not recorded and so was asked as null.
    """

    comparisons: Sequence[Comparison]
    rows: Sequence[str]
    cases: int = 0
    errors: int = 0
    left_out: int = 0
    left_out_more: bool = False
    unkept: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)

    @property
    def never(self) -> Sequence[str]:
        """The draft's rows that answered in no case, in their order."""
        return [row for row in self.rows if row not in self.hits]


def backtest(
    draft: Asker,
    questions: Iterable[Question],
    *,
    against: Sequence[Asker] = (),
    recorded: bool = False,
    group: str | None = None,
    limit: int = MOST_CASES,
    examples: int = EXAMPLES,
    over: Callable[[], bool] = lambda: False,
    told: Callable[[int], None] = lambda _: None,
    each: Callable[[Case], None] = lambda _: None,
) -> Backtest:
    """Asks ``draft`` every question and compares its answers with each of ``against`` and with what was recorded.

    Once ``over()``, what is left counts as left out. ``told`` hears now and then how many cases are done, ``each`` sees
    every single one. Raises Invalid for a ``group`` that is no column.
    """
    definition = draft.table.definition
    if group is not None and group not in (columns := _columns(draft)):
        raise Invalid("backtest.group", where="/group", group=group, known=", ".join(columns))
    names = [*([RECORDED] if recorded else []), *(a.table.name for a in against)]
    done = Backtest([Comparison(name, Amounts(definition, group)) for name in names], _rows(draft))
    left = iter(questions)
    for question in _askable(left, done, limit, recorded, over):
        case = _asked(question, draft, against, recorded)
        _count(done, case, draft, examples)
        each(case)
        if done.cases % PROGRESS_EVERY == 0:
            told(done.cases)
    done.left_out = sum(1 for _ in islice(left, MOST_COUNTED))
    done.left_out_more = done.left_out == MOST_COUNTED
    return done


def _askable(
    left: Iterator[Question], done: Backtest, limit: int, recorded: bool, over: Callable[[], bool]
) -> Iterator[Question]:
    if limit < 1:
        return
    for question in left:
        if question.data is None or (recorded and question.recorded is None):
            done.unkept += 1
            continue
        yield question
        if done.cases >= limit or over():
            return


def _asked(question: Question, draft: Asker, against: Sequence[Asker], recorded: bool) -> Case:
    new = _answer(draft, question)
    old = {RECORDED: question.recorded} if recorded and question.recorded is not None else {}
    old |= {asker.table.name: _answer(asker, question) for asker in against}
    return Case(question, new, old, {name: change(one, new) for name, one in old.items()})


def _answer(asker: Asker, question: Question) -> Answered:
    ask = asker.answer_recorded if question.by_column else asker.answer
    return ask(question.data or {}, question.at)


def _count(done: Backtest, case: Case, draft: Asker, examples: int) -> None:
    done.cases += 1
    done.errors += case.new.error is not None
    done.hits.update(case.new.rows)
    if case.question.by_column and case.question.data is not None:
        done.missing.update(id for id in draft.columns if id not in case.question.data)
    for comparison in done.comparisons:
        comparison.add(case, examples)


def _columns(draft: Asker) -> Sequence[str]:
    definition = draft.table.definition
    outputs = [output.id for output in definition.outputs] if isinstance(definition, Decision) else []
    return [*draft.columns, *outputs]


def _rows(draft: Asker) -> Sequence[str]:
    definition = draft.table.definition
    return [cell_text(row.id) for row in rows_of(definition)] if isinstance(definition, Decision) else ()


def questions_of(decisions: Iterable[Recorded]) -> Iterator[Question]:
    """Recorded decisions as questions, asked at the moment they were asked then."""
    for one in decisions:
        yield Question(one.at, one.inputs, "", one.instance, one.node, by_column=True, recorded=one.answered)


def ordered(counts: Mapping[Change, int]) -> Sequence[tuple[Change, int]]:
    """The counts with the most telling kinds first; kinds that did not happen are left out."""
    return [(kind, counts[kind]) for kind in CHANGES if counts.get(kind)]

"""Decision tables and formulas: asked, compared and tried out, published or still a draft. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from taktflow.api.asked import (
    Answer,
    Answers,
    BacktestBody,
    Backtested,
    Batch,
    Changes,
    Evaluated,
    Evaluation,
    Sides,
)
from taktflow.api.deps import Asking, Running
from taktflow.api.door import Door
from taktflow.api.guard import who
from taktflow.errors import Invalid
from taktflow.services.asking import Asker, answer_document
from taktflow.services.backtest import Question, backtest, questions_of
from taktflow.services.backtest_words import backtest_document, backtest_lines
from taktflow.services.engine import Engine
from taktflow.services.recorded import recorded
from taktflow.services.table_changes import difference_of
from taktflow.services.tables import in_force

door = Door("tables")
MOST_LINES = 200
"""Changes told in words; all of them stand in the rest of the answer."""


@door.post("/api/tables/evaluate", who=who("analyst", "operator"))
def evaluate_table(engine: Running, caller: Asking, body: Evaluation) -> Evaluated:
    """Ask a published table or formula, or a draft.

    An error such as that no row matches is an answer, too: its details name the nearest rows.
    """
    asker = Asker(body.table.ready(engine), _zone(engine))
    answered = asker.answer(body.data, body.at or engine.now())
    table = asker.table
    document = answer_document(answered, caller.language, trace=body.trace)
    return Evaluated(table=table.definition.id, version=table.version, **document)


@door.post("/api/tables/batch", who=who("analyst", "operator"))
def evaluate_batch(engine: Running, caller: Asking, body: Batch) -> Answers:
    """Ask a table or formula many cases at once, at most 10,000."""
    asker = Asker(body.table.ready(engine), _zone(engine))
    at = body.at or engine.now()
    answered = [asker.answer(data, at) for data in body.cases]
    answers = [Answer(**answer_document(a, caller.language, trace=body.trace)) for a in answered]
    errors = sum(a.error is not None for a in answered)
    return Answers(table=asker.table.definition.id, version=asker.table.version, answers=answers, errors=errors)


@door.post("/api/tables/diff", who=who("analyst", "operator"))
def diff_tables(engine: Running, caller: Asking, body: Sides) -> Changes:
    """Say what one table changes in another: a draft in what is published, or one version in another."""
    found = difference_of(body.old.declared(engine), body.new.declared(engine))
    lines = [line[caller.language] for line in found.lines(MOST_LINES)]
    return Changes(same=not found, summary=found.summary()[caller.language], lines=lines, **found.document())


@door.post("/api/tables/backtest", who=who("analyst"))
def backtest_table(engine: Running, caller: Asking, body: BacktestBody) -> Backtested:
    """Ask a draft what was asked before, and say what changes, by how much and which rows answer.

    At most 10,000 cases, the newest first; how many were left out is told.
    """
    zone = _zone(engine)
    draft = Asker(body.draft.ready(engine), zone)
    against = [Asker(table.ready(engine), zone) for table in body.against]
    if body.cases is not None and body.recorded is not None:
        raise Invalid("backtest.either", where="/cases")
    if body.cases is not None and not against:
        published = in_force(engine, draft.table)
        if published is None:
            raise Invalid("backtest.baseline", where="/against", id=draft.table.definition.id)
        against = [Asker(published, zone)]
    done = backtest(
        draft,
        _questions(engine, draft, body, body.at or engine.now()),
        against=against,
        recorded=body.cases is None,
        group=body.group,
        limit=body.limit,
        examples=body.examples,
    )
    lines = list(backtest_lines(done, caller.language))
    return Backtested(lines=lines, **backtest_document(done, caller.language))


def _questions(engine: Engine, draft: Asker, body: BacktestBody, at: datetime) -> Iterator[Question]:
    if body.cases is not None:
        return (Question(at, data, f"/cases/{number}") for number, data in enumerate(body.cases))
    definition, period = draft.table.definition, body.recorded
    since, until = (period.since, period.until) if period else (None, None)
    return questions_of(recorded(engine.store, definition.kind, definition.id, since=since, before=until))


def _zone(engine: Engine) -> ZoneInfo:
    return ZoneInfo(engine.settings.timezone)

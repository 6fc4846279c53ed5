"""Decision tables and formulas: asked, compared and tried out, published or still a draft. Nothing is stored."""

from __future__ import annotations

import binascii
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Path, Query
from starlette.responses import Response

from taktflow.api.asked import Answer, Answers, BacktestBody, Backtested, Batch, Evaluated, Evaluation, Table
from taktflow.api.deps import Asking, Running
from taktflow.api.door import Door
from taktflow.api.drafting import Analysed, Changes, Sides, Taken, Upload, analysed, changes, taken
from taktflow.api.guard import who
from taktflow.definitions.decision import Decision
from taktflow.errors import Invalid
from taktflow.services.analysing import examined
from taktflow.services.asking import Asker, answer_document
from taktflow.services.backtest import Question, backtest, questions_of
from taktflow.services.backtest_words import backtest_document, backtest_lines
from taktflow.services.engine import Engine
from taktflow.services.explaining import explained
from taktflow.services.recorded import recorded
from taktflow.services.table_changes import difference_of
from taktflow.services.table_exchange import MEDIA, Format, exported, imported
from taktflow.services.tables import in_force, published_table

door = Door("tables")
MOST_S = 30
"""Seconds that one request may keep a thread busy with asking; drafts may be slow, be it on purpose."""
Id = Annotated[str, Path(max_length=63)]
Version = Annotated[int | None, Query(ge=1, lt=2**31)]
Sheet = Annotated[str, Query(max_length=63, description="The cross-tab, where the table has several.")]


@door.post("/api/tables/evaluate", who=who("analyst", "operator"))
def evaluate_table(engine: Running, caller: Asking, body: Evaluation) -> Evaluated:
    """Ask a published table or formula, or a draft.

    An error such as that no row matches is an answer, too: its details name the nearest rows.
    """
    asker = Asker(body.table.ready(engine), _zone(engine))
    answered = asker.answer(body.data, body.at or engine.now())
    table = asker.table
    document = answer_document(answered, caller.language, trace=body.trace)
    told = explained(table.definition, answered, caller.language)
    return Evaluated(table=table.definition.id, version=table.version, told=told, **document)


@door.post("/api/tables/batch", who=who("analyst", "operator"))
def evaluate_batch(engine: Running, caller: Asking, body: Batch) -> Answers:
    """Ask a table or formula many cases at once, at most 10,000 and half a minute."""
    asker = Asker(body.table.ready(engine), _zone(engine))
    at = body.at or engine.now()
    answered, over = [], _soon()
    for one in asker.answers(body.cases, at):
        answered.append(one)
        if over():
            raise Invalid("tables.slow", where="/cases", cases=len(body.cases), most_s=MOST_S, done=len(answered))
    answers = [Answer(**answer_document(a, caller.language, trace=body.trace)) for a in answered]
    errors = sum(a.error is not None for a in answered)
    return Answers(table=asker.table.definition.id, version=asker.table.version, answers=answers, errors=errors)


@door.post("/api/tables/analyse", who=who("analyst"))
def analyse_table(engine: Running, caller: Asking, body: Table) -> Analysed:
    """Say everything that can be known of a table or formula without asking it.

    Overlaps, contradictions, gaps and what else is wrong or idle, and rows to add for the gaps.
    """
    today = engine.now().astimezone(_zone(engine)).date()
    with body.placed(engine) as (placed, unread):
        found = examined(placed, today)
    return analysed(found, unread, placed.definition, caller.language)


@door.post("/api/tables/import", who=who("analyst"))
def import_table(engine: Running, caller: Asking, body: Upload) -> Taken:
    """Read a table from another program's file and say what it changes. Nothing is kept of it."""
    into = body.into.declared(engine) if body.into is not None else None
    try:
        content = b64decode(body.content, validate=True)
    except binascii.Error as wrong:
        raise Invalid("tables.base64", where="/content") from wrong
    found = imported(content, body.name, into, decision=body.decision, sheet=body.sheet)
    return taken(found, into, caller.language)


def _download(engine: Engine, id: str, version: int | None, kind: Format, sheet: str = "") -> Response:
    found = published_table(engine, "decision", id if version is None else f"{id}@{version}")
    assert isinstance(found.definition, Decision)
    content = exported(found.definition, kind, version=found.version, sheet=sheet)
    headers = {"content-disposition": f'attachment; filename="{id}-{found.version}.{kind}"'}
    return Response(content, media_type=MEDIA[kind], headers=headers)


@door.get("/api/tables/{id}/export.xlsx", who=who("analyst", "operator"), media=MEDIA["xlsx"])
def export_table_workbook(engine: Running, id: Id, version: Version = None) -> Response:
    """Download a published table as an Excel workbook that comes back without loss."""
    return _download(engine, id, version, "xlsx")


@door.get("/api/tables/{id}/export.csv", who=who("analyst", "operator"), media=MEDIA["csv"])
def export_table_csv(engine: Running, id: Id, version: Version = None, sheet: Sheet = "") -> Response:
    """Download a published table's rows, or those of one cross-tab, as CSV."""
    return _download(engine, id, version, "csv", sheet)


@door.get("/api/tables/{id}/export.dmn", who=who("analyst", "operator"), media=MEDIA["dmn"])
def export_table_dmn(engine: Running, id: Id, version: Version = None) -> Response:
    """Download a published table as DMN 1.5."""
    return _download(engine, id, version, "dmn")


@door.get("/api/tables/{id}/export.yaml", who=who("analyst", "operator"), media=MEDIA["yaml"])
def export_table_yaml(engine: Running, id: Id, version: Version = None) -> Response:
    """Download a published table as canonical YAML."""
    return _download(engine, id, version, "yaml")


@door.post("/api/tables/diff", who=who("analyst", "operator"))
def diff_tables(engine: Running, caller: Asking, body: Sides) -> Changes:
    """Say what one table changes in another: a draft in what is published, or one version in another."""
    return changes(difference_of(body.old.declared(engine), body.new.declared(engine)), caller.language)


@door.post("/api/tables/backtest", who=who("analyst"))
def backtest_table(engine: Running, caller: Asking, body: BacktestBody) -> Backtested:
    """Ask a draft what was asked before, and say what changes, by how much and which rows answer.

    At most 10,000 cases and half a minute, the newest first; how many were left out is told.
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
        over=_soon(),
    )
    lines = list(backtest_lines(done, caller.language))
    return Backtested(lines=lines, **backtest_document(done, caller.language))


def _questions(engine: Engine, draft: Asker, body: BacktestBody, at: datetime) -> Iterator[Question]:
    if body.cases is not None:
        return (Question(at, data, f"/cases/{number}") for number, data in enumerate(body.cases))
    definition, period = draft.table.definition, body.recorded
    since, until = (period.since, period.until) if period else (None, None)
    return questions_of(recorded(engine.store, definition.kind, definition.id, since=since, before=until))


def _soon() -> Callable[[], bool]:
    """Says whether a request has had its time."""
    end = time.monotonic() + MOST_S
    return lambda: time.monotonic() > end


def _zone(engine: Engine) -> ZoneInfo:
    return ZoneInfo(engine.settings.timezone)

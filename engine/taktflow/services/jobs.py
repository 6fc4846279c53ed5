"""Acts on many things at once, as jobs in the background: started, followed and cancelled by a person.

What a job does to one item is committed together with the item's end, so that a crash neither loses nor repeats one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from taktflow.errors import Invalid, NotFound, Overloaded, Refused, TaktflowError
from taktflow.services.caller import Caller
from taktflow.services.changes import Obstructed
from taktflow.services.engine import Engine
from taktflow.services.job_acts import ACTS, Turn
from taktflow.store import (
    AlreadyTaken,
    AuditEntry,
    Consumed,
    JobItemRow,
    JobRow,
    NewJob,
    Notice,
    Part,
    StoreFailed,
)
from taktflow.texts import sentence
from taktflow.values import Text, Value, dumps, normal

log = structlog.get_logger(__name__)
MOST_NAMED = 10_000
"""Items that a job may be given by name; a filter finds as many as there are."""
LEASE = timedelta(seconds=30)
"""How long a job waits for an executor that fell silent before another one goes on with it."""
_SHARE_S = 0.4
"""Seconds of each look that jobs may take."""
_REST_S = 5.0
"""Seconds between looks while there is no job and this process has heard of none."""
_TIDY_S = 3_600.0
_PAGE = 500
_CHUNK = 50
_MOST_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a job is about: things by name, or whatever a filter finds when the job begins."""

    ids: Sequence[str] | None = None
    filter: Mapping[str, Any] = field(default_factory=dict)


def start_job(
    engine: Engine, action: str, chosen: Chosen, caller: Caller, *, why: str = "", options: Mapping[str, Any]
) -> JobRow:
    """Begins to do ``action`` to everything chosen; Invalid when nothing is, or too much by name."""
    if chosen.ids is not None and len(chosen.ids) > MOST_NAMED:
        raise Invalid("jobs.many", most=MOST_NAMED)
    filter = {name: value for name, value in chosen.filter.items() if value is not None}
    if not chosen.ids and not filter:
        raise Invalid("jobs.nothing")
    if chosen.ids and filter:
        raise Invalid("jobs.both")
    ids = list(dict.fromkeys(chosen.ids)) if chosen.ids else None
    now = engine.now()
    told = {"why": why, **options}
    id = engine.new_id()
    job = NewJob(id, action, caller.name, why, dumps(normal(filter)), dumps(normal(told)), now)
    details = {"action": action, "filter": filter, "ids": len(ids) if ids else None, "options": told}
    engine.store.jobs.begin(job, ids, AuditEntry(now, caller.name, "job.started", f"job:{id}", normal(details)))
    return job_row(engine, id)


def cancel_job(engine: Engine, id: str, caller: Caller) -> JobRow:
    """Ends the job; what it did stays done, the rest is left alone. Refused when it is over."""
    row = job_row(engine, id)
    now = engine.now()
    audit = AuditEntry(now, caller.name, "job.cancelled", f"job:{id}", {"action": row.action})
    if not engine.store.jobs.end(id, "cancelled", now, audit):
        raise Refused("jobs.over", id=id)
    return job_row(engine, id)


def job_row(engine: Engine, id: str) -> JobRow:
    """The job and how far it is."""
    row = engine.store.jobs.find(id)
    if row is None:
        raise NotFound("jobs.unknown", id=id)
    return row


class JobWork:
    """An executor's part in jobs: :meth:`look`, called again and again, works for a moment on what there is.

    ``alone`` says that no other process works on the database, so that what is held is an earlier process's.
    """

    def __init__(self, engine: Engine, *, alone: bool = False) -> None:
        self._engine = engine
        self._alone = alone
        self._begun = False
        self._next_s = 0.0
        self._forgot_s: float | None = None

    def look(self) -> None:
        """Works on jobs for a part of a second; asks the database for jobs every few seconds while there are none."""
        if not self._begun:
            self._engine.store.listen(self._heard)
            if self._alone:
                self._engine.store.jobs.release(self._engine.epoch)
            self._begun = True
        if time.monotonic() < self._next_s:
            return
        self._forget()
        # Set first: what is heard while working must not be slept over.
        self._next_s = time.monotonic() + _REST_S
        if work_on_jobs(self._engine):
            self._next_s = 0.0

    def _forget(self) -> None:
        """Lets go of jobs that were over long ago, as of instances; the audit log keeps who did what."""
        days, now_s = self._engine.settings.retention_days, time.monotonic()
        if days is None or (self._forgot_s is not None and now_s - self._forgot_s < _TIDY_S):
            return
        self._forgot_s = now_s
        self._engine.store.jobs.forget(self._engine.now() - timedelta(days=days), _PAGE)

    def _heard(self, notices: Sequence[Notice]) -> None:
        if any("jobs" in n.work for n in notices):
            self._next_s = 0.0


def work_on_jobs(engine: Engine, share_s: float = _SHARE_S) -> bool:
    """Works on open jobs in turn for about ``share_s`` seconds; False when no job is open at all."""
    end = time.monotonic() + share_s
    waiting = engine.store.jobs.waiting()
    while waiting and time.monotonic() < end:
        now = engine.now()
        job = engine.store.jobs.claim(engine.epoch, now, now + LEASE)
        if job is None:
            # Another executor is at it; it may die.
            break
        try:
            if job.status == "gathering":
                _gather(engine, job)
            else:
                _chunk(engine, job, end)
        except AlreadyTaken:
            # Cancelled meanwhile, or taken over because this process was silent for too long.
            log.info("job taken elsewhere", job=job.id)
        waiting = engine.store.jobs.waiting()
    return waiting


def _gather(engine: Engine, job: JobRow) -> None:
    """Reads one page of what the job is about, and notes where to go on."""
    assert isinstance(job.chosen, Mapping)
    part = Part(limit=_PAGE, cursor=job.place, count=False)
    found = ACTS[job.action].find(engine, job.chosen, job.options, part)
    engine.store.jobs.gather(job.id, engine.epoch, found.objects, found.next, complete=found.next is None)


def _chunk(engine: Engine, job: JobRow, end: float) -> None:
    items = engine.store.jobs.pending(job.id, _CHUNK)
    if not items:
        engine.store.jobs.end(job.id, "done", engine.now())
        return
    for item in items:
        _one(engine, job, item)
        if time.monotonic() > end:
            return


def _one(engine: Engine, job: JobRow, item: JobItemRow) -> None:
    taken = Consumed(items=((job.id, item.n),))
    try:
        ACTS[job.action].do(engine, Turn(item.object, Caller(job.by), job.options, taken))
    except (AlreadyTaken, Overloaded, StoreFailed):
        # The item is not at fault: it stays owed.
        raise
    except Obstructed as refused:
        code, text = _obstacles(refused)
        engine.store.jobs.settle(job.id, item.n, "skipped", code, text)
    except TaktflowError as wrong:
        # What no longer applies is left out; what should have worked and did not has failed.
        status = "skipped" if isinstance(wrong, (Refused, NotFound)) else "failed"
        text = Text(_short(wrong.message("zh")), _short(wrong.message("en")))
        engine.store.jobs.settle(job.id, item.n, status, wrong.code, text)
    # One item that breaks in a way nobody foresaw must not hold up the thousand behind it.
    except Exception as broken:
        log.exception("job item broke", job=job.id, object=item.object)
        args: Mapping[str, Value] = {"id": item.object, "why": f"{type(broken).__name__}: {broken}"}
        text = Text(_short(sentence("jobs.broke", "zh", args)), _short(sentence("jobs.broke", "en", args)))
        engine.store.jobs.settle(job.id, item.n, "failed", "jobs.broke", text)


def _obstacles(refused: Obstructed) -> tuple[str, Text]:
    """One code for all that lack a choice, one for all that cannot move, and each obstacle in words."""
    code = "migrate.cannot" if any(o.kind == "cannot" for o in refused.obstacles) else "migrate.choice"
    zh = "; ".join(sentence(o.code, "zh", o.args) for o in refused.obstacles)
    en = "; ".join(sentence(o.code, "en", o.args) for o in refused.obstacles)
    return code, Text(_short(sentence(code, "zh", {"why": zh})), _short(sentence(code, "en", {"why": en})))


def _short(text: str) -> str:
    return text[:_MOST_CHARACTERS]

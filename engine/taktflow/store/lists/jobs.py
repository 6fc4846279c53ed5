"""Jobs and how far they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import Row, func, select

from taktflow.store.apply.alerts import note_audit
from taktflow.store.apply.jobs import NewJob, claim_job, create, end_job, forget_jobs, gather, release_jobs, settle_item
from taktflow.store.commit import AuditEntry
from taktflow.store.lists.filters import same
from taktflow.store.lists.paging import Asking, Order, Part
from taktflow.store.rows import Page
from taktflow.store.tables import metadata
from taktflow.store.transaction import Transaction
from taktflow.values import Text, Value, loads

T = TypeVar("T")
_j = metadata.tables["job"].c
_i = metadata.tables["job_item"].c
OPEN = ("gathering", "running")


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job. ``total`` grows while its items are gathered; what is neither done, failed nor skipped is still to do."""

    id: str
    action: str
    by: str
    why: str
    chosen: Value
    options: Mapping[str, Value]
    status: str
    place: str | None
    total: int
    done: int
    failed: int
    skipped: int
    created_at: datetime
    ended_at: datetime | None
    ended_by: str | None


@dataclass(frozen=True, slots=True)
class JobItemRow:
    """Something that is still to do, or was not done and why."""

    n: int
    object: str
    status: str
    code: str | None
    text: Text | None


@dataclass(frozen=True, slots=True)
class JobReason:
    """How many items of a job were not done for one reason; ``text`` is that of one of them."""

    status: str
    code: str
    count: int
    text: Text


class Write(Protocol):
    """The store's way to write."""

    def __call__(self, act: Callable[[Transaction], T], work: str = "") -> Future[T]: ...


class Jobs:
    """Own order: newest first."""

    def __init__(self, asking: Asking, write: Write) -> None:
        self._asking = asking
        self._write = write

    # What there is

    def page(self, part: Part | None = None, *, status: str | None = None, action: str | None = None) -> Page[JobRow]:
        """Jobs; what is None does not matter."""
        query = select(*_j).where(*same(((_j.status, status), (_j.action, action))))
        order = Order("-created_at", (_j.created_at, _j.id), descending=True)
        page = self._asking.page(query, order, part or Part(), _job)
        return Page(tuple(self._counted(row) for row in page.rows), page.next, page.total)

    def find(self, id: str) -> JobRow | None:
        """One job."""
        found = self._asking.rows(select(*_j).where(_j.id == id))
        return self._counted(_job(found[0])) if found else None

    def waiting(self) -> bool:
        """Whether some job is not over."""
        return bool(self._asking.rows(select(_j.id).where(_j.status.in_(OPEN)).limit(1)))

    def items(self, job: str, part: Part | None = None, *, status: str | None = None) -> Page[JobItemRow]:
        """What is still to do or was not done, in the order of the job."""
        query = select(*_i).where(_i.job_id == job, *same(((_i.status, status),)))
        return self._asking.page(query, Order("n", (_i.n,)), part or Part(), _item)

    def pending(self, job: str, limit: int) -> Sequence[JobItemRow]:
        """What is to be done next."""
        query = select(*_i).where(_i.job_id == job, _i.status == "pending").order_by(_i.n).limit(limit)
        return [_item(row) for row in self._asking.rows(query)]

    def reasons(self, job: str) -> Sequence[JobReason]:
        """Why items were not done, the most frequent reason first."""
        count = func.count().label("count")
        query = (
            select(_i.status, _i.code, count, func.min(_i.zh), func.min(_i.en))
            .where(_i.job_id == job, _i.status != "pending")
            .group_by(_i.status, _i.code)
            .order_by(count.desc(), _i.code)
        )
        return [
            JobReason(s, code or "", n, Text(zh or "", en or "")) for s, code, n, zh, en in self._asking.rows(query)
        ]

    # What becomes of it

    def begin(self, job: NewJob, objects: Sequence[str] | None, audit: AuditEntry) -> None:
        """Keeps a job with its items, or with none yet when they are to be gathered."""

        def act(tx: Transaction) -> None:
            create(tx, job, objects)
            note_audit(tx, audit)

        self._write(act, "jobs").result()

    def claim(self, epoch: int, now: datetime, until: datetime) -> JobRow | None:
        """The job whose turn it is, held by ``epoch`` until then so that no other executor run works on it."""
        id = self._write(lambda tx: claim_job(tx, epoch, now, until)).result()
        return None if id is None else self.find(id)

    def release(self, epoch: int) -> None:
        """Lets ``epoch`` have at once what earlier executor runs held."""
        self._write(lambda tx: release_jobs(tx, epoch)).result()

    def gather(self, job: str, epoch: int, objects: Sequence[str], place: str | None, *, complete: bool) -> None:
        """Adds items and notes how far the list was read; AlreadyTaken when the job is no longer held by ``epoch``."""
        self._write(lambda tx: gather(tx, job, epoch, objects, place, complete=complete)).result()

    def settle(self, job: str, n: int, status: str, code: str, text: Text) -> None:
        """Notes why an item was not done."""
        self._write(lambda tx: settle_item(tx, job, n, status, code, text.zh, text.en)).result()

    def end(self, job: str, status: str, at: datetime, audit: AuditEntry | None = None) -> bool:
        """Ends the job; False when it was over, or when it is to be ``done`` and is not."""

        def act(tx: Transaction) -> bool:
            ended = end_job(tx, job, status, at, audit.by if audit else None)
            if ended and audit is not None:
                note_audit(tx, audit)
            return ended

        return self._write(act, "jobs").result()

    def forget(self, before: datetime, limit: int) -> int:
        """Deletes up to ``limit`` jobs that were over by ``before``; tells how many."""
        return self._write(lambda tx: forget_jobs(tx, before, limit)).result()

    def _counted(self, row: JobRow) -> JobRow:
        """``row`` with how far it is; one that is over has its counts with it."""
        if row.status not in OPEN:
            return row
        query = select(_i.status, func.count()).where(_i.job_id == row.id).group_by(_i.status)
        counts: dict[str, int] = dict(self._asking.rows(query))
        done = max(0, row.total - sum(counts.values()))
        return replace(row, done=done, failed=counts.get("failed", 0), skipped=counts.get("skipped", 0))


def _job(row: Row[Any]) -> JobRow:
    r = row._mapping
    return JobRow(
        id=r["id"],
        action=r["action"],
        by=r["by"],
        why=r["why"],
        chosen=loads(r["chosen"]),
        options=loads(r["options"]),
        status=r["status"],
        place=r["place"],
        total=r["total"],
        done=r["done"],
        failed=r["failed"],
        skipped=r["skipped"],
        created_at=r["created_at"],
        ended_at=r["ended_at"],
        ended_by=r["ended_by"],
    )


def _item(row: Row[Any]) -> JobItemRow:
    r = row._mapping
    text = None if r["en"] is None else Text(zh=r["zh"] or "", en=r["en"])
    return JobItemRow(n=r["n"], object=r["object"], status=r["status"], code=r["code"], text=text)

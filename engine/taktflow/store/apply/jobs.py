"""Jobs over many things: who works on one, what it still has to do, how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from taktflow.store.failures import AlreadyTaken
from taktflow.store.moments import micros
from taktflow.store.transaction import Transaction

_JOB = """INSERT INTO job (id, action, "by", why, chosen, options, status, total, done, failed, skipped, epoch,
 held_until, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, ?)"""
_CLAIM = """UPDATE job SET epoch = ?, held_until = ? WHERE id IN (SELECT id FROM job
 WHERE status IN ('gathering', 'running') AND (epoch = ? OR held_until <= ?)
 ORDER BY held_until, created_at, id LIMIT 1{skip}) RETURNING id"""
_GATHERED = """UPDATE job SET total = total + ?, place = ?, status = ?
 WHERE id = ? AND epoch = ? AND status = 'gathering'"""
_ITEM = "INSERT INTO job_item (job_id, n, object, status) VALUES (?, ?, ?, 'pending')"
_SETTLE = """UPDATE job_item SET status = ?, code = ?, zh = ?, en = ?
 WHERE job_id = ? AND n = ? AND status = 'pending'"""
_OLD = """SELECT id FROM job WHERE status IN ('done', 'cancelled') AND created_at < ? AND ended_at < ?
 ORDER BY created_at, id LIMIT ?"""
_END = """UPDATE job SET status = ?, done = total - ?, failed = ?, skipped = ?, ended_at = ?, ended_by = ?
 WHERE id = ?"""


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is to be done, to what and by whom; ``chosen`` and ``options`` are JSON."""

    id: str
    action: str
    by: str
    why: str
    chosen: str
    options: str
    created_at: datetime


def create(tx: Transaction, job: NewJob, objects: Sequence[str] | None) -> None:
    """Keeps ``job``; its items are ``objects``, or are gathered later."""
    status = "gathering" if objects is None else "running"
    at = micros(job.created_at)
    tx.run(_JOB, (job.id, job.action, job.by, job.why, job.chosen, job.options, status, at))
    if objects is not None:
        _add(tx, job.id, 0, objects)
        tx.run("UPDATE job SET total = ? WHERE id = ?", (len(objects), job.id))


def gather(tx: Transaction, job: str, epoch: int, objects: Sequence[str], place: str | None, *, complete: bool) -> None:
    """Adds items, and notes how far the list was read; AlreadyTaken when another executor run works on the job now."""
    found = tx.rows("SELECT total FROM job WHERE id = ?", (job,))
    before = int(found[0][0]) if found else 0
    status = "running" if complete else "gathering"
    taken = AlreadyTaken("job", job)
    tx.expect(_GATHERED, (len(objects), place, status, job, epoch), lambda: taken)
    _add(tx, job, before, objects)


def _add(tx: Transaction, job: str, before: int, objects: Sequence[str]) -> None:
    for n, item in enumerate(objects, before + 1):
        tx.run(_ITEM, (job, n, item))


def claim_job(tx: Transaction, epoch: int, now: datetime, until: datetime) -> str | None:
    """The job that waited longest for its turn, now held by ``epoch`` until then; None when there is none."""
    at = micros(now)
    found = tx.rows(_CLAIM.format(skip=tx.skip_locked), (epoch, micros(until), epoch, at))
    return str(found[0][0]) if found else None


def release_jobs(tx: Transaction, epoch: int) -> None:
    """Lets ``epoch`` have what earlier executor runs held."""
    tx.run("UPDATE job SET held_until = 0 WHERE epoch <> ? AND status IN ('gathering', 'running')", (epoch,))


def settle_item(tx: Transaction, job: str, n: int, status: str, code: str, zh: str, en: str) -> None:
    """Notes why an item was not done."""
    tx.run(_SETTLE, (status, code, zh, en, job, n))


def take_item(tx: Transaction, job: str, n: int) -> None:
    """Takes an item whose work is done in this transaction; AlreadyTaken when it is gone."""
    taken = AlreadyTaken("job_item", f"{job}/{n}")
    tx.expect("DELETE FROM job_item WHERE job_id = ? AND n = ? AND status = 'pending'", (job, n), lambda: taken)


def end_job(tx: Transaction, job: str, status: str, at: datetime, by: str | None = None) -> bool:
    """Ends the job with its final counts; False when it was over, or when something is left that it must still do."""
    tx.lock("job", job)
    found = tx.rows("SELECT status FROM job WHERE id = ?", (job,))
    if not found or found[0][0] not in ("gathering", "running"):
        return False
    counts: dict[str, int] = dict(
        tx.rows("SELECT status, count(*) FROM job_item WHERE job_id = ? GROUP BY status", (job,))
    )
    if status == "done" and counts.get("pending", 0):
        return False
    failed, skipped = counts.get("failed", 0), counts.get("skipped", 0)
    tx.run(_END, (status, sum(counts.values()), failed, skipped, micros(at), by, job))
    tx.run("DELETE FROM job_item WHERE job_id = ? AND status = 'pending'", (job,))
    return True


def forget_jobs(tx: Transaction, before: datetime, limit: int) -> int:
    """Deletes up to ``limit`` jobs that were over by ``before``, with what they left undone; tells how many."""
    at = micros(before)
    found = tx.rows(_OLD, (at, at, limit))
    for (id,) in found:
        tx.run("DELETE FROM job_item WHERE job_id = ?", (id,))
        tx.run("DELETE FROM job WHERE id = ?", (id,))
    return len(found)

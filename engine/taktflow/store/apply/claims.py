"""Executor runs and the effects they hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from taktflow.runtime.effects import Perform
from taktflow.store.moments import micros, moment
from taktflow.store.rows import ClaimedEffect
from taktflow.store.transaction import Row, Transaction
from taktflow.values import loads

_SHOWN = "key, instance_id, node, kind, idempotency, attempts, next_at, request"
_CLAIM = """UPDATE effect SET status = 'running', epoch = ?, changed_at = ? WHERE key IN (
 SELECT key FROM effect WHERE status = 'pending' AND next_at <= ? ORDER BY next_at LIMIT ?{skip}) RETURNING """
_ORPHANED = """status = 'running' AND epoch <> ? AND epoch NOT IN (
 SELECT epoch FROM executor WHERE heartbeat_at >= ?)"""


def boot(tx: Transaction, executor: str, now: datetime) -> int:
    """A new epoch for a run of ``executor``."""
    at = micros(now)
    sql = "INSERT INTO executor (id, started_at, heartbeat_at) VALUES (?, ?, ?) RETURNING epoch"
    return int(tx.rows(sql, (executor, at, at))[0][0])


def claim(tx: Transaction, limit: int, now: datetime, epoch: int) -> list[ClaimedEffect]:
    """Takes up to ``limit`` effects that are due, the longest due first."""
    at = micros(now)
    found = tx.rows(_CLAIM.format(skip=tx.skip_locked) + _SHOWN, (epoch, at, at, limit))
    return [claimed(row, epoch) for row in sorted(found, key=lambda r: (r[6], r[0]))]


def requeue(tx: Transaction, epoch: int, now: datetime, alive_since: datetime) -> tuple[int, list[ClaimedEffect]]:
    """Frees what dead executor runs held.

    What may be sent again becomes pending at once; the rest is taken over by ``epoch`` and given back, since a person
    must say whether it happened. Until that is settled, the next run finds it again.
    """
    at = micros(now)
    held = (epoch, micros(alive_since))
    freed = tx.count(
        f"UPDATE effect SET status = 'pending', changed_at = ? WHERE idempotency <> 'none' AND {_ORPHANED}",  # noqa: S608 - constants only
        (at, *held),
    )
    asked = tx.rows(
        f"UPDATE effect SET epoch = ?, changed_at = ? WHERE idempotency = 'none' AND {_ORPHANED} RETURNING {_SHOWN}",  # noqa: S608 - constants only
        (epoch, at, *held),
    )
    return freed, [claimed(row, epoch) for row in sorted(asked)]


def release(tx: Transaction, keys: Sequence[str], epoch: int, now: datetime) -> int:
    """Gives back effects that ``epoch`` took but did not begin; tells how many."""
    sql = "UPDATE effect SET status = 'pending', changed_at = ? WHERE key = ? AND epoch = ? AND status = 'running'"
    return sum(tx.count(sql, (micros(now), key, epoch)) for key in keys)


def claimed(row: Row, epoch: int) -> ClaimedEffect:
    """The effect that ``row`` describes, as what is to be performed."""
    key, instance, node, kind, idempotency, attempts, next_at, request = row
    asked = loads(request)
    timeout = asked["timeout_s"]
    perform = Perform(
        key=key,
        node=node,
        kind=kind,
        idempotency=idempotency,
        config=asked["config"],
        business_key=asked["business_key"],
        attempt=attempts,
        not_before=moment(next_at),
        timeout_s=None if timeout is None else float(timeout),
    )
    return ClaimedEffect(instance, perform, epoch)

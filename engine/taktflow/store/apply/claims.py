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
_LONG_DEAD = 30 * 24 * 3600 * 1_000_000
"""After so many microseconds of silence a run is forgotten; what it held would be free as well without its row."""


def boot(tx: Transaction, executor: str, now: datetime) -> int:
    """A new epoch for a run of ``executor``. Runs forgotten long ago are removed."""
    tx.run(f"DELETE FROM executor WHERE heartbeat_at < {tx.clock} - ?", (_LONG_DEAD,))  # noqa: S608 - our own clock
    sql = f"INSERT INTO executor (id, started_at, heartbeat_at) VALUES (?, ?, {tx.clock}) RETURNING epoch"  # noqa: S608
    return int(tx.rows(sql, (executor, micros(now)))[0][0])


def claim(tx: Transaction, limit: int, now: datetime, epoch: int) -> list[ClaimedEffect]:
    """Takes up to ``limit`` effects that are due, the longest due first."""
    at = micros(now)
    found = tx.rows(_CLAIM.format(skip=tx.skip_locked) + _SHOWN, (epoch, at, at, limit))
    return [claimed(row, epoch) for row in sorted(found, key=lambda r: (r[6], r[0]))]


def requeue(tx: Transaction, epoch: int, now: datetime, dead: Sequence[int] | None) -> tuple[int, list[ClaimedEffect]]:
    """Frees what the executor runs ``dead`` held; all but ``epoch`` for None.

    What may be sent again becomes pending at once; the rest is taken over by ``epoch`` and given back, since a person
    must say whether it happened. Until that is settled, the next run finds it again.
    """
    at = micros(now)
    theirs = "epoch <> ?" if dead is None else f"epoch IN ({', '.join('?' * len(dead))})"
    whose = (epoch,) if dead is None else tuple(dead)
    orphaned = f"status = 'running' AND {theirs}"
    freed = tx.count(
        f"UPDATE effect SET status = 'pending', changed_at = ? WHERE idempotency <> 'none' AND {orphaned}",  # noqa: S608 - constants only
        (at, *whose),
    )
    asked = tx.rows(
        f"UPDATE effect SET epoch = ?, changed_at = ? WHERE idempotency = 'none' AND {orphaned} RETURNING {_SHOWN}",  # noqa: S608 - constants only
        (epoch, at, *whose),
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

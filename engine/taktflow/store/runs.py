"""Executor runs as others see them: whose process is gone, and who has been silent for too long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from taktflow.store.readers import Readers

SERVER_CLOCK = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
"""PostgreSQL's time in microseconds since 1970."""
PRESENCE = 0x7462
"""The first half of the advisory locks that show on PostgreSQL who lives; the second is the run's epoch."""
PRESENT = f"""SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = {PRESENCE} AND granted
 AND mode = 'ExclusiveLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""  # noqa: S608 - constants only
_HOLDERS = "SELECT DISTINCT epoch FROM effect WHERE status = 'running' AND epoch <> ?"
_LOST = f"""SELECT h.epoch, coalesce(x.heartbeat_at < {SERVER_CLOCK} - ?, true), h.epoch IN ({PRESENT})
 FROM ({_HOLDERS}) h LEFT JOIN executor x ON x.epoch = h.epoch"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Lost:
    """Executor runs that hold effects and seem dead: ``silent`` for too long, or ``gone``, their lock released.

    One that is gone may only have lost its session; it then shows itself again at once.
    """

    silent: frozenset[int]
    gone: frozenset[int]


def lost_runs(readers: Readers, epoch: int, silence: timedelta, *, shared: bool) -> Lost:
    """Runs other than ``epoch`` that hold effects and seem dead; on a file that nobody shares, all of them."""
    if not shared:
        return Lost(frozenset(int(run) for (run,) in readers.rows(_HOLDERS, (epoch,))), frozenset())
    rows = readers.rows(_LOST, (silence // timedelta(microseconds=1), epoch))
    return Lost(
        frozenset(int(run) for run, silent, _ in rows if silent),
        frozenset(int(run) for run, silent, held in rows if not silent and not held),
    )

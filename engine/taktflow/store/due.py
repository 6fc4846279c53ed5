"""What waits to be done, read without touching it."""

from __future__ import annotations

from datetime import datetime

from taktflow.errors import NotFound
from taktflow.store.moments import micros, moment
from taktflow.store.readers import Readers
from taktflow.store.rows import InboundRow, LoadedInstance, SignalRow, TimerRow
from taktflow.store.transaction import Row
from taktflow.values import loads

_INSTANCE = "SELECT id, plan_id, workflow, version, status, rev, seq, state FROM instance WHERE id = ?"
_INBOUND = """SELECT id, connection, event_id, topic, headers, body, received_at, status, attempts, next_at, error,
 instance_id FROM inbound"""
_NEXT = """SELECT min(at) FROM (SELECT min(due) AS at FROM timer
 UNION ALL SELECT min(next_at) FROM effect WHERE status = 'pending'
 UNION ALL SELECT min(next_at) FROM inbound WHERE status = 'pending') AS soonest"""
_ANYTHING = """SELECT EXISTS (SELECT 1 FROM signal_inbox) OR EXISTS (SELECT 1 FROM timer WHERE due <= ?)
 OR EXISTS (SELECT 1 FROM inbound WHERE status = 'pending' AND next_at <= ?)
 OR EXISTS (SELECT 1 FROM instance WHERE runnable)
 OR EXISTS (SELECT 1 FROM effect WHERE status = 'pending' AND next_at <= ?)"""


class Due:
    """Loads instances and finds timers, signals and events to be taken in."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def instance(self, id: str) -> LoadedInstance:
        """What deciding needs; NotFound when there is no such instance."""
        found = self._readers.rows(_INSTANCE, (id,))
        if not found:
            raise NotFound("store.instance.missing", instance=id)
        return LoadedInstance(*found[0])

    def timers(self, now: datetime, limit: int) -> list[TimerRow]:
        """Timers whose moment has come, the longest due first."""
        sql = "SELECT instance_id, timer, due FROM timer WHERE due <= ? ORDER BY due LIMIT ?"
        return [TimerRow(i, t, moment(due)) for i, t, due in self._readers.rows(sql, (micros(now), limit))]

    def anything(self, now: datetime) -> bool:
        """Whether any kind of work waits: one question, where an idle process would ask five."""
        at = micros(now)
        return bool(self._readers.rows(_ANYTHING, (at, at, at))[0][0])

    def next_moment(self) -> datetime | None:
        """When the next timer, effect or inbound event is due; None when nothing waits for a time."""
        at = self._readers.rows(_NEXT)[0][0]
        return None if at is None else moment(at)

    def signals(self, limit: int, after: int) -> list[SignalRow]:
        """What instances are to be told, oldest first."""
        sql = "SELECT id, instance_id, kind, event, at FROM signal_inbox WHERE id > ? ORDER BY id LIMIT ?"
        return [
            SignalRow(i, o, kind, loads(e), moment(at)) for i, o, kind, e, at in self._readers.rows(sql, (after, limit))
        ]

    def inbound(self, now: datetime, limit: int) -> list[InboundRow]:
        """Raw events to be taken in, oldest first."""
        sql = f"{_INBOUND} WHERE status = 'pending' AND next_at <= ? ORDER BY next_at, id LIMIT ?"
        return [inbound_row(r) for r in self._readers.rows(sql, (micros(now), limit))]

    def inbound_event(self, id: int) -> InboundRow | None:
        """One raw event."""
        found = self._readers.rows(f"{_INBOUND} WHERE id = ?", (id,))
        return inbound_row(found[0]) if found else None

    def runnable(self, limit: int) -> list[str]:
        """Instances whose last segment stopped for its size and that must go on, the longest waiting first."""
        sql = "SELECT id FROM instance WHERE runnable ORDER BY changed_at LIMIT ?"
        return [r[0] for r in self._readers.rows(sql, (limit,))]


def inbound_row(row: Row) -> InboundRow:
    """The event that ``row`` holds."""
    id, connection, event, topic, headers, body, at, status, attempts, next_at, error, instance = row
    return InboundRow(
        id,
        connection,
        event,
        topic,
        loads(headers),
        bytes(body),
        moment(at),
        status,
        attempts,
        moment(next_at),
        error,
        instance,
    )

"""Raw events from connections."""

from __future__ import annotations

from dataclasses import dataclass

from taktflow.store.commit import NewInbound
from taktflow.store.moments import micros
from taktflow.store.transaction import Transaction
from taktflow.values import dumps

_RECEIVE = """INSERT INTO inbound (connection, event_id, topic, headers, body, received_at, status, attempts, next_at)
 VALUES (?, ?, ?, ?, ?, ?, 'pending', 0, ?) ON CONFLICT (connection, event_id) DO NOTHING RETURNING id"""


@dataclass(frozen=True, slots=True)
class Received:
    """Where an event is kept; ``fresh`` is False when it had come before."""

    id: int
    fresh: bool


def receive(tx: Transaction, event: NewInbound) -> Received:
    """Keeps ``event`` once, however often it is sent."""
    at = micros(event.received_at)
    params = (event.connection, event.event_id, event.topic, dumps(dict(event.headers)), event.body, at, at)
    found = tx.rows(_RECEIVE, params)
    if found:
        return Received(found[0][0], fresh=True)
    known = tx.rows("SELECT id FROM inbound WHERE connection = ? AND event_id = ?", (event.connection, event.event_id))
    return Received(known[0][0], fresh=False)

"""Locks: one holder a thing, the others in the order in which they asked."""

from __future__ import annotations

from datetime import datetime

from taktflow.runtime.effects import AskLock
from taktflow.store.apply.signals import signal
from taktflow.store.moments import micros
from taktflow.store.transaction import Transaction

_ASK = """INSERT INTO lock_queue (instance_id, id, name, node, asked_at) VALUES (?, ?, ?, ?, ?)
 ON CONFLICT (instance_id, id) DO NOTHING"""
_LEAVE = "DELETE FROM lock_queue WHERE instance_id = ? AND id = ? RETURNING name, granted_at"
_FIRST = "SELECT n, instance_id, id, granted_at FROM lock_queue WHERE name = ? ORDER BY n LIMIT 1"


def ask(tx: Transaction, instance: str, effect: AskLock, at: datetime) -> bool:
    """Joins the queue; tells whether the thing was free."""
    tx.lock("lock", effect.name)
    tx.run(_ASK, (instance, effect.lock, effect.name, effect.node, micros(at)))
    return _grant(tx, effect.name, at)


def free(tx: Transaction, instance: str, lock: str, at: datetime) -> bool:
    """Leaves the queue; tells whether the thing went to another."""
    waiting = tx.rows("SELECT name FROM lock_queue WHERE instance_id = ? AND id = ?", (instance, lock))
    if not waiting:
        return False
    name = waiting[0][0]
    tx.lock("lock", name)
    left = tx.rows(_LEAVE, (instance, lock))
    return bool(left) and left[0][1] is not None and _grant(tx, name, at)


def _grant(tx: Transaction, name: str, at: datetime) -> bool:
    """Gives the thing to the first in its queue who does not have it yet."""
    first = tx.rows(_FIRST, (name,))
    if not first or first[0][3] is not None:
        return False
    n, instance, lock, _ = first[0]
    tx.run("UPDATE lock_queue SET granted_at = ? WHERE n = ?", (micros(at), n))
    signal(tx, instance, "lock", {"lock": lock}, at, subject=lock)
    return True

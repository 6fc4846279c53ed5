"""Messages and subscriptions meet here; neither can miss the other."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from taktflow.runtime.effects import Announce, Hear, Subscribe
from taktflow.store.apply.signals import signal
from taktflow.store.commit import NewMessage
from taktflow.store.moments import micros
from taktflow.store.transaction import Transaction
from taktflow.values import dumps, loads

Posted: TypeAlias = Literal["delivered", "buffered", "duplicate"]

_WAITING = """SELECT id, payload, "by" FROM message WHERE name = ? AND key = ? AND status = 'waiting'
 AND expires_at > ? ORDER BY received_at, id LIMIT 1"""
_SUBSCRIBE = """INSERT INTO subscription (instance_id, id, name, key) VALUES (?, ?, ?, ?)
 ON CONFLICT (instance_id, id) DO NOTHING"""
_HEAR = """INSERT INTO listener (instance_id, id, name) VALUES (?, ?, ?)
 ON CONFLICT (instance_id, id) DO NOTHING"""
_TAKE = "UPDATE message SET status = 'taken', taken_by = ? WHERE id = ?"
_SUBSCRIBER = "SELECT n, instance_id, id FROM subscription WHERE name = ? AND key = ? ORDER BY n LIMIT 1"
_POST = """INSERT INTO message (id, name, key, payload, "by", received_at, expires_at, status)
 VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting') ON CONFLICT (id) DO NOTHING"""


def post(tx: Transaction, message: NewMessage) -> Posted:
    """Gives the message to the instance that has waited longest, or keeps it for one that will."""
    tx.lock("message", message.name, message.key)
    payload = dumps(message.payload)
    params = (
        message.id,
        message.name,
        message.key,
        payload,
        message.by,
        micros(message.received_at),
        micros(message.expires_at),
    )
    if not tx.count(_POST, params):
        return "duplicate"
    return "delivered" if _match(tx, message.id, message.name, message.key, message.received_at) else "buffered"


def subscribe(tx: Transaction, instance: str, effect: Subscribe, at: datetime) -> bool:
    """Waits for a message, or takes one that waits already; tells whether it did."""
    tx.lock("message", effect.name, effect.key)
    found = tx.rows(_WAITING + tx.skip_locked, (effect.name, effect.key, micros(at)))
    if not found:
        tx.run(_SUBSCRIBE, (instance, effect.subscription, effect.name, effect.key))
        return False
    message, payload, by = found[0]
    _deliver(tx, instance, effect.subscription, (message, payload, by), at)
    return True


def unsubscribe(tx: Transaction, instance: str, subscription: str, at: datetime) -> bool:
    """Waits no more. A message that matched but was not taken in yet goes on; tells whether another waited for it."""
    if tx.count("DELETE FROM subscription WHERE instance_id = ? AND id = ?", (instance, subscription)):
        return False
    if tx.count("DELETE FROM listener WHERE instance_id = ? AND id = ?", (instance, subscription)):
        return False
    given_back = tx.rows(
        "DELETE FROM signal_inbox WHERE instance_id = ? AND kind = 'message' AND subject = ? RETURNING event",
        (instance, subscription),
    )
    delivered = False
    for (event,) in given_back:
        message = loads(event)["message"]
        name, key = tx.rows("SELECT name, key FROM message WHERE id = ?", (message,))[0]
        tx.lock("message", name, key)
        tx.run("UPDATE message SET status = 'waiting', taken_by = NULL WHERE id = ?", (message,))
        delivered |= _match(tx, message, name, key, at)
    return delivered


def hear(tx: Transaction, instance: str, effect: Hear) -> None:
    """Hears every broadcast of that name from now on."""
    tx.run(_HEAR, (instance, effect.subscription, effect.name))


def announce(tx: Transaction, effect: Announce, at: datetime) -> bool:
    """Tells everybody who hears the broadcast; tells whether there was anybody."""
    told = {"message": effect.id, "payload": effect.payload, "by": ""}
    heard = tx.rows("SELECT instance_id, id FROM listener WHERE name = ?", (effect.name,))
    for instance, subscription in heard:
        signal(tx, instance, "broadcast", {"subscription": subscription, **told}, at)
    return bool(heard)


def expire(tx: Transaction, now: datetime) -> int:
    """Gives up waiting messages whose time is over; tells how many."""
    return tx.count("UPDATE message SET status = 'dead' WHERE status = 'waiting' AND expires_at <= ?", (micros(now),))


def _match(tx: Transaction, message: str, name: str, key: str, at: datetime) -> bool:
    found = tx.rows(_SUBSCRIBER + tx.skip_locked, (name, key))
    if not found:
        return False
    n, instance, subscription = found[0]
    tx.run("DELETE FROM subscription WHERE n = ?", (n,))
    payload, by = tx.rows('SELECT payload, "by" FROM message WHERE id = ?', (message,))[0]
    _deliver(tx, instance, subscription, (message, payload, by), at)
    return True


def _deliver(tx: Transaction, instance: str, subscription: str, message: tuple[str, str, str], at: datetime) -> None:
    id, payload, by = message
    tx.run(_TAKE, (instance, id))
    event = {"subscription": subscription, "message": id, "payload": loads(payload), "by": by}
    signal(tx, instance, "message", event, at, subject=subscription)

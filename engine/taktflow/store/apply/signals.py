"""What the engine tells instances, and what a commit takes from the inboxes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from taktflow.store.commit import Consumed
from taktflow.store.failures import AlreadyTaken
from taktflow.store.moments import micros
from taktflow.store.rows import SignalKind
from taktflow.store.transaction import Each, Transaction
from taktflow.values import Value, dumps

_SIGNAL = Each(
    "signal_inbox",
    "INSERT INTO signal_inbox (instance_id, kind, subject, event, at) VALUES (?, ?, ?, ?, ?)",
    """INSERT INTO signal_inbox (instance_id, kind, subject, event, at)
 SELECT * FROM unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[])""",
)
_HEARD = Each(
    "signal_inbox",
    "DELETE FROM signal_inbox WHERE id = ?",
    "DELETE FROM signal_inbox WHERE id IN (SELECT * FROM unnest(?::bigint[]))",
    key=(0,),
)
_FIRED = Each(
    "timer",
    "DELETE FROM timer WHERE instance_id = ? AND timer = ?",
    """DELETE FROM timer AS t USING unnest(?::text[], ?::text[]) AS n(instance_id, timer)
 WHERE t.instance_id = n.instance_id AND t.timer = n.timer""",
    key=(0, 1),
    ordered=True,
)
_INBOUND = """UPDATE inbound SET status = 'done', error = NULL, instance_id = coalesce(?, instance_id)
 WHERE id = ? AND status IN ('pending', 'failed')"""


def signal(
    tx: Transaction, instance: str, kind: SignalKind, event: Mapping[str, Value], at: datetime, subject: str = ""
) -> None:
    """Leaves ``event`` for ``instance``."""
    tx.each(_SIGNAL, (instance, kind, subject, dumps(event), micros(at)))


def consume(tx: Transaction, consumed: Consumed, instance: str | None) -> None:
    """Takes what the decision answers; AlreadyTaken when another commit took it."""
    for timer in consumed.timers:
        taken = partial(AlreadyTaken, "timer", timer)
        tx.each(_FIRED, (instance, timer), taken)
    for signal_id in consumed.signals:
        taken = partial(AlreadyTaken, "signal", str(signal_id))
        tx.each(_HEARD, (signal_id,), taken)
    for inbound_id in consumed.inbound:
        taken = partial(AlreadyTaken, "inbound", str(inbound_id))
        tx.expect(_INBOUND, (instance, inbound_id), taken)
    for job, n in consumed.items:
        taken = partial(AlreadyTaken, "job_item", f"{job}/{n}")
        tx.expect("DELETE FROM job_item WHERE job_id = ? AND n = ? AND status = 'pending'", (job, n), taken)

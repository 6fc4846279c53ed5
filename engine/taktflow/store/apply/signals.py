"""What the engine tells instances, and what a commit takes from the inboxes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from taktflow.store.commit import Consumed
from taktflow.store.failures import AlreadyTaken
from taktflow.store.moments import micros
from taktflow.store.rows import SignalKind
from taktflow.store.transaction import Transaction
from taktflow.values import Value, dumps

_SIGNAL = "INSERT INTO signal_inbox (instance_id, kind, subject, event, at) VALUES (?, ?, ?, ?, ?)"
_INBOUND = """UPDATE inbound SET status = 'done', error = NULL, instance_id = coalesce(?, instance_id)
 WHERE id = ? AND status IN ('pending', 'failed')"""


def signal(
    tx: Transaction, instance: str, kind: SignalKind, event: Mapping[str, Value], at: datetime, subject: str = ""
) -> None:
    """Leaves ``event`` for ``instance``."""
    tx.run(_SIGNAL, (instance, kind, subject, dumps(event), micros(at)))


def consume(tx: Transaction, consumed: Consumed, instance: str | None) -> None:
    """Takes what the decision answers; AlreadyTaken when another commit took it."""
    for timer in consumed.timers:
        taken = partial(AlreadyTaken, "timer", timer)
        tx.expect("DELETE FROM timer WHERE instance_id = ? AND timer = ?", (instance, timer), taken)
    for signal_id in consumed.signals:
        taken = partial(AlreadyTaken, "signal", str(signal_id))
        tx.expect("DELETE FROM signal_inbox WHERE id = ?", (signal_id,), taken)
    for inbound_id in consumed.inbound:
        taken = partial(AlreadyTaken, "inbound", str(inbound_id))
        tx.expect(_INBOUND, (instance, inbound_id), taken)
    for job, n in consumed.items:
        taken = partial(AlreadyTaken, "job_item", f"{job}/{n}")
        tx.expect("DELETE FROM job_item WHERE job_id = ? AND n = ? AND status = 'pending'", (job, n), taken)

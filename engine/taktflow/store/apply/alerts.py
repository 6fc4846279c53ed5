"""Messages to people, and the audit log."""

from __future__ import annotations

from datetime import datetime

from taktflow.sdk import Alert
from taktflow.store.commit import AuditEntry
from taktflow.store.moments import micros
from taktflow.store.transaction import Transaction
from taktflow.values import dumps

_ALERT = """INSERT INTO alert (at, instance_id, node, severity, title_zh, title_en, body_zh, body_en, link)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"""
_RECIPIENT = "INSERT INTO alert_recipient (alert_id, principal, cc) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_AUDIT = 'INSERT INTO audit (at, "by", action, object, details) VALUES (?, ?, ?, ?, ?)'


def tell(tx: Transaction, alert: Alert, instance: str | None, node: str, at: datetime) -> None:
    """Keeps ``alert`` for each of its recipients; one named twice gets it once, as addressee."""
    params = (
        micros(at),
        instance,
        node,
        alert.severity,
        alert.title.zh,
        alert.title.en,
        alert.body.zh,
        alert.body.en,
        alert.link,
    )
    id = tx.rows(_ALERT, params)[0][0]
    for principal in alert.to:
        tx.run(_RECIPIENT, (id, principal, False))
    for principal in alert.cc:
        tx.run(_RECIPIENT, (id, principal, True))


def note_audit(tx: Transaction, entry: AuditEntry) -> None:
    """Appends ``entry`` to the audit log."""
    tx.run(_AUDIT, (micros(entry.at), entry.by, entry.action, entry.object, dumps(entry.details)))

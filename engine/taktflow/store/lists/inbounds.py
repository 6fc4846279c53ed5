"""Raw events and messages, as screens show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, literal_column, select

from taktflow.store.apply.alerts import note_audit
from taktflow.store.apply.jobs import take_item
from taktflow.store.commit import AuditEntry
from taktflow.store.lists.filters import same
from taktflow.store.lists.paging import Order, Part
from taktflow.store.lists.room import Room
from taktflow.store.moments import micros
from taktflow.store.rows import InboundRow, MessageRow, Page
from taktflow.store.tables import metadata
from taktflow.store.transaction import Transaction
from taktflow.values import loads

Items: TypeAlias = Sequence[tuple[str, int]]
_b = metadata.tables["inbound"].c
_m = metadata.tables["message"].c


class Inbounds(Room):
    """Own order: newest first."""

    def page(
        self,
        part: Part | None = None,
        *,
        connection: str | None = None,
        status: str | None = None,
        instance: str | None = None,
    ) -> Page[InboundRow]:
        """Raw events; what is None does not matter."""
        pairs = ((_b.connection, connection), (_b.status, status), (_b.instance_id, instance))
        query = select(*_b).where(*same(pairs))
        if status == "failed":
            # Said as a constant, so that the database sees that the index of failed ones will do.
            query = query.where(_b.status == literal_column("'failed'"))
        return self._asking.page(query, Order("-id", (_b.id,), descending=True), part or Part(), _inbound)

    def settle_again(self, id: int, status: str, at: datetime, audit: AuditEntry, items: Items = ()) -> bool:
        """Lets an event that failed wait again (``pending``) or sets it aside (``dropped``); False when it did not.

        ``items`` are the items of jobs that are done with it.
        """
        sql = "UPDATE inbound SET status = ?, next_at = ? WHERE id = ? AND status IN ('failed', 'ignored')"

        def act(tx: Transaction) -> bool:
            if not tx.count(sql, (status, micros(at), id)):
                return False
            for job, n in items:
                take_item(tx, job, n)
            note_audit(tx, audit)
            return True

        return self._write(act, work="inbound")

    def messages(
        self, part: Part | None = None, *, status: str | None = None, name: str | None = None, key: str | None = None
    ) -> Page[MessageRow]:
        """Messages that arrived; what is None does not matter."""
        query = select(*_m).where(*same(((_m.status, status), (_m.name, name), (_m.key, key))))
        order = Order("-received_at", (_m.received_at, _m.id), descending=True)
        return self._asking.page(query, order, part or Part(), _message)


def _inbound(row: Row[Any]) -> InboundRow:
    r = row._mapping
    return InboundRow(
        id=r["id"],
        connection=r["connection"],
        event_id=r["event_id"],
        topic=r["topic"],
        headers=loads(r["headers"]),
        body=r["body"],
        received_at=r["received_at"],
        status=r["status"],
        attempts=r["attempts"],
        next_at=r["next_at"],
        error=r["error"],
        instance=r["instance_id"],
    )


def _message(row: Row[Any]) -> MessageRow:
    r = row._mapping
    return MessageRow(
        id=r["id"],
        name=r["name"],
        key=r["key"],
        payload=loads(r["payload"]),
        by=r["by"],
        received_at=r["received_at"],
        expires_at=r["expires_at"],
        status=r["status"],
        taken_by=r["taken_by"],
    )

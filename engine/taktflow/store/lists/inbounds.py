"""Raw events and messages, as screens show them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from taktflow.store.lists.filters import same
from taktflow.store.lists.paging import Order, Part
from taktflow.store.lists.room import Room
from taktflow.store.rows import InboundRow, MessageRow, Page
from taktflow.store.tables import metadata
from taktflow.values import loads

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
        return self._asking.page(query, Order("-id", (_b.id,), descending=True), part or Part(), _inbound)

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

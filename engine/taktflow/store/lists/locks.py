"""Queues for things that one instance at a time may use."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from taktflow.store.lists.filters import same
from taktflow.store.lists.paging import Part, chosen_order
from taktflow.store.lists.room import Room
from taktflow.store.rows import LockRow, Page
from taktflow.store.tables import metadata

_q = metadata.tables["lock_queue"].c
_i = metadata.tables["instance"].c
_ORDERS = {"n": (_q.n,)}


class Locks(Room):
    """Who has which thing, and who waits for it. Sort: ``n``, the order in which they asked."""

    def page(self, name: str | None = None, part: Part | None = None) -> Page[LockRow]:
        """The queue of the thing ``name``, or all of them."""
        part = part or Part()
        shown = select(*_q, _i.workflow, _i.business_key).join(metadata.tables["instance"], _i.id == _q.instance_id)
        wanted = shown.where(*same([(_q.name, name)]))
        return self._asking.page(wanted, chosen_order(_ORDERS, part.sort, "n"), part, _lock)


def _lock(row: Row[Any]) -> LockRow:
    r = row._mapping
    return LockRow(
        name=r["name"],
        instance=r["instance_id"],
        workflow=r["workflow"],
        key=r["business_key"],
        node=r["node"],
        asked_at=r["asked_at"],
        granted_at=r["granted_at"],
    )

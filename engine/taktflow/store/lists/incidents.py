"""Paths that wait for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from taktflow.store.lists.filters import same
from taktflow.store.lists.paging import Part, chosen_order
from taktflow.store.lists.room import Room
from taktflow.store.rows import IncidentRow, Page
from taktflow.store.tables import metadata
from taktflow.values import Text, loads

_n = metadata.tables["incident"].c
_ORDERS = {"opened_at": (_n.opened_at, _n.id)}


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents; what is None does not matter."""

    status: str | None = "open"
    workflow: str | None = None
    instance: str | None = None
    node: str | None = None
    code: str | None = None


class Incidents(Room):
    """Sort: ``opened_at`` (own order: newest first)."""

    def page(self, wanted: IncidentFilter | None = None, part: Part | None = None) -> Page[IncidentRow]:
        """The wanted incidents."""
        part, wanted = part or Part(), wanted or IncidentFilter()
        pairs = (
            (_n.status, wanted.status),
            (_n.workflow, wanted.workflow),
            (_n.instance_id, wanted.instance),
            (_n.node, wanted.node),
            (_n.code, wanted.code),
        )
        order = chosen_order(_ORDERS, part.sort, "-opened_at")
        return self._asking.page(select(*_n).where(*same(pairs)), order, part, _incident)

    def find(self, id: str) -> IncidentRow | None:
        """One incident."""
        found = self._asking.rows(select(*_n).where(_n.id == id))
        return _incident(found[0]) if found else None


def _incident(row: Row[Any]) -> IncidentRow:
    r = row._mapping
    return IncidentRow(
        id=r["id"],
        instance=r["instance_id"],
        workflow=r["workflow"],
        node=r["node"],
        code=r["code"],
        text=Text(zh=r["zh"], en=r["en"]),
        details=loads(r["details"]),
        effect_key=r["effect_key"],
        status=r["status"],
        how=r["how"],
        by=r["by"],
        opened_at=r["opened_at"],
        closed_at=r["closed_at"],
    )

"""Paths that wait for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from taktflow.store.lists.filters import same
from taktflow.store.lists.paging import Part, chosen_order
from taktflow.store.lists.room import Room
from taktflow.store.rows import IncidentRow, Page
from taktflow.store.tables import metadata
from taktflow.values import Text, loads

_n = metadata.tables["incident"].c
_ORDERS = {"opened_at": (_n.opened_at, _n.id)}
MOST_GROUPS = 200


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents; what is None does not matter."""

    status: str | None = "open"
    workflow: str | None = None
    instance: str | None = None
    node: str | None = None
    code: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentGroup:
    """Open incidents of one cause; ``text`` is the message of one of them."""

    cause: str
    workflow: str
    node: str
    code: str
    text: Text
    count: int
    oldest: datetime
    newest: datetime


class Incidents(Room):
    """Sort: ``opened_at`` (own order: newest first)."""

    def page(self, wanted: IncidentFilter | None = None, part: Part | None = None) -> Page[IncidentRow]:
        """The wanted incidents."""
        part = part or Part()
        order = chosen_order(_ORDERS, part.sort, "-opened_at")
        return self._asking.page(select(*_n).where(*_conditions(wanted or IncidentFilter())), order, part, _incident)

    def groups(self, wanted: IncidentFilter | None = None, limit: int = MOST_GROUPS) -> Sequence[IncidentGroup]:
        """The wanted incidents by cause, the largest group first."""
        count = func.count().label("count")
        shown = (_n.cause, _n.workflow, _n.node, _n.code)
        query = (
            select(*shown, func.min(_n.zh), func.min(_n.en), count, func.min(_n.opened_at), func.max(_n.opened_at))
            .where(*_conditions(wanted or IncidentFilter()))
            .group_by(*shown)
            .order_by(count.desc(), _n.cause)
            .limit(limit)
        )
        return [
            IncidentGroup(cause, workflow, node, code, Text(zh=zh, en=en), n, oldest, newest)
            for cause, workflow, node, code, zh, en, n, oldest, newest in self._asking.rows(query)
        ]

    def find(self, id: str) -> IncidentRow | None:
        """One incident."""
        found = self._asking.rows(select(*_n).where(_n.id == id))
        return _incident(found[0]) if found else None


def _conditions(wanted: IncidentFilter) -> list[ColumnElement[bool]]:
    pairs = (
        (_n.status, wanted.status),
        (_n.workflow, wanted.workflow),
        (_n.instance_id, wanted.instance),
        (_n.node, wanted.node),
        (_n.code, wanted.code),
        (_n.cause, wanted.cause),
    )
    return same(pairs)


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
        cause=r["cause"],
    )

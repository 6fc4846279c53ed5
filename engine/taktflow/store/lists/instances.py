"""Instances, their journals and what they owe and wait for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from taktflow.store.lists.filters import same, starts_with, within
from taktflow.store.lists.paging import Order, Part, chosen_order
from taktflow.store.lists.room import Room
from taktflow.store.rows import EffectRow, InstanceRow, JournalRow, Page, SubscriptionRow, TimerRow
from taktflow.store.tables import metadata

_i = metadata.tables["instance"].c
_j = metadata.tables["journal"].c
_e = metadata.tables["effect"].c
_t = metadata.tables["timer"].c
_s = metadata.tables["subscription"].c
_p = metadata.tables["plan"].c
_ORDERS = {"started_at": (_i.started_at, _i.id), "business_key": (_i.business_key, _i.id)}
_SHOWN = (
    _i.id,
    _i.plan_id,
    _i.workflow,
    _i.version,
    _i.business_key,
    _i.status,
    _i.outcome,
    _i.rev,
    _i.seq,
    _i.priority,
    _i.incidents,
    _i.started_at,
    _i.changed_at,
    _i.ended_at,
    _i.by,
    _i.parent_id,
)
_EFFECT = (
    _e.key,
    _e.instance_id,
    _e.node,
    _e.kind,
    _e.idempotency,
    _e.status,
    _e.attempts,
    _e.next_at,
    _e.request,
    _e.response,
    _e.changed_at,
)


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """Which instances; what is None does not matter."""

    status: str | None = None
    workflow: str | None = None
    key: str | None = None
    key_prefix: str | None = None
    started_from: datetime | None = None
    started_before: datetime | None = None
    has_incidents: bool | None = None
    parent: str | None = None
    version: int | None = None
    alive: bool = False
    """Only what is not over: running or suspended."""


class Instances(Room):
    """Sorts: ``started_at`` (own order: newest first) and ``business_key``."""

    def page(self, wanted: InstanceFilter | None = None, part: Part | None = None) -> Page[InstanceRow]:
        """The wanted instances."""
        part = part or Part()
        order = chosen_order(_ORDERS, part.sort, "-started_at")
        return self._asking.page(_filtered(wanted or InstanceFilter()), order, part, _instance)

    def find(self, id: str) -> InstanceRow | None:
        """One instance."""
        found = self._asking.rows(select(*_SHOWN).where(_i.id == id))
        return _instance(found[0]) if found else None

    def started(self, workflow: str, start_key: str) -> str | None:
        """The instance that a start key began."""
        found = self._asking.rows(select(_i.id).where(_i.workflow == workflow, _i.start_key == start_key))
        return str(found[0][0]) if found else None

    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many instances there are by workflow and status."""
        query = select(_i.workflow, _i.status, func.count()).group_by(_i.workflow, _i.status)
        return {(workflow, status): n for workflow, status, n in self._asking.rows(query)}

    def journal(self, instance: str, part: Part | None = None) -> Page[JournalRow]:
        """What happened, oldest first; sort ``-seq`` begins with the newest."""
        part = part or Part()
        order = chosen_order({"seq": (_j.seq,)}, part.sort, "seq")
        query = select(_j.instance_id, _j.seq, _j.at, _j.batch).where(_j.instance_id == instance)
        return self._asking.page(query, order, part, lambda r: JournalRow(*r[:4]))

    def journals(
        self, pins: str, mention: str, since: datetime | None, before: datetime | None, part: Part | None = None
    ) -> Page[JournalRow]:
        """Journal rows that hold the text ``mention``, of instances whose pins hold ``pins``.

        Own order: the newest instance first, the newest row of each first.
        """
        plans = select(_p.id).where(_p.pins.contains(pins, autoescape=True))
        query = (
            select(_j.instance_id, _j.seq, _j.at, _j.batch)
            .join_from(metadata.tables["instance"], metadata.tables["journal"], _i.id == _j.instance_id)
            .where(_i.plan_id.in_(plans), _j.batch.contains(mention, autoescape=True))
            .where(*within(_j.at, since, before))
        )
        # What an instance recorded before an end was recorded after its own beginning: the index ends the search.
        query = query.where(*within(_i.started_at, None, before))
        order = Order("-started_at", (_i.started_at, _i.id, _j.seq), descending=True)
        return self._asking.page(query, order, part or Part(count=False), lambda r: JournalRow(*r[:4]))

    def effects(self, instance: str, part: Part | None = None) -> Page[EffectRow]:
        """What the instance owed and owes, by key."""
        query = select(*_EFFECT).where(_e.instance_id == instance)
        return self._asking.page(query, Order("key", (_e.key,)), part or Part(), _effect)

    def owed(self, instance: str) -> bool:
        """Whether effects of the instance are still to be performed."""
        query = select(_e.key).where(_e.instance_id == instance, _e.status.in_(("pending", "running"))).limit(1)
        return bool(self._asking.rows(query))

    def effect(self, key: str) -> EffectRow | None:
        """One effect."""
        found = self._asking.rows(select(*_EFFECT).where(_e.key == key))
        return _effect(found[0]) if found else None

    def timers(self, instance: str) -> tuple[TimerRow, ...]:
        """What moments the instance waits for, the next first."""
        query = select(_t.instance_id, _t.timer, _t.due).where(_t.instance_id == instance).order_by(_t.due)
        return tuple(TimerRow(*r) for r in self._asking.rows(query))

    def subscriptions(self, instance: str) -> tuple[SubscriptionRow, ...]:
        """What messages the instance waits for."""
        query = select(_s.instance_id, _s.id, _s.name, _s.key).where(_s.instance_id == instance).order_by(_s.n)
        return tuple(SubscriptionRow(*r) for r in self._asking.rows(query))


def _filtered(wanted: InstanceFilter) -> Select[Any]:
    pairs = (
        (_i.status, wanted.status),
        (_i.workflow, wanted.workflow),
        (_i.business_key, wanted.key),
        (_i.parent_id, wanted.parent),
        (_i.version, wanted.version),
    )
    query = select(*_SHOWN).where(*same(pairs), *within(_i.started_at, wanted.started_from, wanted.started_before))
    if wanted.key_prefix:
        query = query.where(starts_with(_i.business_key, wanted.key_prefix))
    if wanted.alive:
        query = query.where(_i.status.in_(("running", "suspended")))
    if wanted.has_incidents is not None:
        query = query.where(_i.incidents > 0 if wanted.has_incidents else _i.incidents <= 0)
    return query


def _instance(row: Row[Any]) -> InstanceRow:
    return InstanceRow(*row[: len(_SHOWN)])


def _effect(row: Row[Any]) -> EffectRow:
    return EffectRow(*row[: len(_EFFECT)])

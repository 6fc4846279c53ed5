"""Work for people: inboxes, claims and what was decided."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, or_, select

from taktflow.errors import Conflict
from taktflow.store.lists.filters import same
from taktflow.store.lists.paging import Part, chosen_order
from taktflow.store.lists.room import Room
from taktflow.store.rows import Page, UserTaskRow
from taktflow.store.tables import metadata
from taktflow.values import loads

_u = metadata.tables["user_task"].c
_c = metadata.tables["task_candidate"].c
_i = metadata.tables["instance"].c
_ORDERS = {"opened_at": (_u.opened_at, _u.id)}
_CLAIM = """UPDATE user_task SET claimed_by = ? WHERE id = ? AND status = 'open'
 AND (claimed_by IS NULL OR claimed_by = ?)"""


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks; what is None does not matter.

    ``principals`` are those of the reader: tasks for any of them, except where ``me`` (a user name) is excluded.
    """

    status: str | None = "open"
    principals: Collection[str] | None = None
    me: str | None = None
    workflow: str | None = None
    instance: str | None = None
    business_key: str | None = None
    decided_by: str | None = None


class Tasks(Room):
    """Sort: ``opened_at`` (own order: the longest waiting first)."""

    def page(self, wanted: TaskFilter | None = None, part: Part | None = None) -> Page[UserTaskRow]:
        """The wanted tasks."""
        part = part or Part()
        order = chosen_order(_ORDERS, part.sort, "opened_at")
        return self._asking.page(_filtered(wanted or TaskFilter()), order, part, _task)

    def find(self, id: str) -> UserTaskRow | None:
        """One task."""
        found = self._asking.rows(_shown().where(_u.id == id))
        return _task(found[0]) if found else None

    def claim(self, id: str, by: str) -> None:
        """Tells colleagues that ``by`` works on it; Conflict when someone else does, or when it is over."""
        self._write(
            lambda tx: tx.expect(_CLAIM, (by, id, by), lambda: Conflict("store.task.claimed", task=id)), work="tasks"
        )

    def unclaim(self, id: str, by: str) -> None:
        """Leaves it to others again; nothing when ``by`` did not hold it."""
        sql = "UPDATE user_task SET claimed_by = NULL WHERE id = ? AND claimed_by = ?"
        self._write(lambda tx: tx.run(sql, (id, by)), work="tasks")


def _shown() -> Select[Any]:
    columns = [c for c in _u if c.name != "workflow"]
    joined = metadata.tables["user_task"].outerjoin(metadata.tables["instance"], _i.id == _u.instance_id)
    return select(*columns, _u.workflow, _i.business_key).select_from(joined)


def _filtered(wanted: TaskFilter) -> Select[Any]:
    pairs = (
        (_u.status, wanted.status),
        (_u.workflow, wanted.workflow),
        (_u.instance_id, wanted.instance),
        (_u.decided_by, wanted.decided_by),
        (_i.business_key, wanted.business_key),
    )
    query = _shown().where(*same(pairs))
    if wanted.principals is not None:
        query = query.where(_candidate(_c.principal.in_(sorted(wanted.principals)), excluded=False))
    if wanted.me is not None:
        query = query.where(~_candidate(_c.principal == f"user:{wanted.me}", excluded=True))
        query = query.where(or_(_u.claimed_by.is_(None), _u.claimed_by == wanted.me))
    return query


def _candidate(who: ColumnElement[bool], *, excluded: bool) -> ColumnElement[bool]:
    return exists().where(_c.task_id == _u.id, who, _c.excluded == excluded)


def _task(row: Row[Any]) -> UserTaskRow:
    r = row._mapping
    return UserTaskRow(
        id=r["id"],
        instance=r["instance_id"],
        workflow=r["workflow"],
        business_key=r["business_key"] or "",
        node=r["node"],
        kind=r["kind"],
        title=loads(r["title"]),
        status=r["status"],
        who=tuple(loads(r["who"])),
        exclude=tuple(loads(r["exclude"])),
        outcomes=tuple(loads(r["outcomes"])),
        form=r["form"],
        shown=loads(r["shown"]),
        due=r["due"],
        escalated=r["escalated"],
        claimed_by=r["claimed_by"],
        outcome=r["outcome"],
        decided_by=r["decided_by"],
        data=None if r["data"] is None else loads(r["data"]),
        decisions=None if r["decisions"] is None else loads(r["decisions"]),
        opened_at=r["opened_at"],
        closed_at=r["closed_at"],
    )

"""Definitions by version: drafts, publishing, what was newest when, and the plans instances pin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from taktflow.errors import NotFound
from taktflow.store.commit import AuditEntry
from taktflow.store.lists.filters import same, starts_with
from taktflow.store.lists.paging import Order, Part
from taktflow.store.lists.room import Room
from taktflow.store.moments import micros
from taktflow.store.rows import DefinitionRow, Page, PlanRow
from taktflow.store.tables import metadata
from taktflow.store.transaction import Transaction

DRAFT = 0
_d = metadata.tables["definition"].c
_other = metadata.tables["definition"].alias("other")
_p = metadata.tables["plan"].c
_INSERT = """INSERT INTO definition (kind, id, version, sha256, status, source, document, published_at, changed_at,
 "by", pack) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_DRAFT = (
    _INSERT
    + """ ON CONFLICT (kind, id, version) DO UPDATE SET sha256 = excluded.sha256, source = excluded.source,
 document = excluded.document, changed_at = excluded.changed_at, "by" = excluded."by", pack = excluded.pack"""
)
_NEWEST = """SELECT version, sha256, status FROM definition WHERE kind = ? AND id = ? AND version > 0
 ORDER BY version DESC LIMIT 1"""
_STATUS = "UPDATE definition SET status = ?, changed_at = ? WHERE kind = ? AND id = ? AND version = ?"
_PLAN = 'INSERT INTO "plan" (id, workflow, version, pins) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING'


@dataclass(frozen=True, slots=True)
class NewDefinition:
    """A document to keep: ``source`` as its author wrote it, ``document`` canonical, ``sha256`` of the latter."""

    kind: str
    id: str
    sha256: str
    source: str
    document: str
    by: str
    pack: str = ""


class Definitions(Room):
    """Own order: by kind and id."""

    def publish(
        self, new: Sequence[NewDefinition], at: datetime, audit: Sequence[AuditEntry] = ()
    ) -> tuple[DefinitionRow, ...]:
        """Gives each its next version, all together or none.

        One whose newest version is published with the same hash keeps that version. A draft is left as it is.
        """

        def act(tx: Transaction) -> list[int]:
            return [_publish(tx, one, micros(at)) for one in new]

        versions = self._write_all(act, audit)
        return tuple(
            row
            for one, version in zip(new, versions, strict=True)
            if (row := self.find(one.kind, one.id, version)) is not None
        )

    def save_draft(self, new: NewDefinition, at: datetime) -> None:
        """Keeps what is being edited, over the draft before."""
        params = (new.kind, new.id, DRAFT, new.sha256, "draft", new.source, new.document, None, micros(at))
        self._write(lambda tx: tx.run(_DRAFT, (*params, new.by, new.pack)))

    def drop_draft(self, kind: str, id: str) -> None:
        """Forgets what was being edited."""
        sql = "DELETE FROM definition WHERE kind = ? AND id = ? AND version = 0"
        self._write(lambda tx: tx.run(sql, (kind, id)))

    def set_status(
        self, kind: str, id: str, version: int, status: str, at: datetime, audit: AuditEntry | None = None
    ) -> None:
        """Retires a version, or publishes it again; NotFound when there is none."""

        def missing() -> NotFound:
            return NotFound("store.definition.missing", kind=kind, id=id, version=version)

        self._write(lambda tx: tx.expect(_STATUS, (status, micros(at), kind, id, version), missing), audit)

    def find(self, kind: str, id: str, version: int) -> DefinitionRow | None:
        """One version; 0 is the draft."""
        query = select(*_d).where(_d.kind == kind, _d.id == id, _d.version == version)
        found = self._asking.rows(query)
        return _definition(found[0]) if found else None

    def newest(self, kind: str, id: str, at: datetime | None = None) -> DefinitionRow | None:
        """The newest published version, or what was newest at a moment."""
        query = select(*_d).where(_d.kind == kind, _d.id == id, _d.status == "published")
        if at is not None:
            query = query.where(_d.published_at <= at)
        found = self._asking.rows(query.order_by(_d.version.desc()).limit(1))
        return _definition(found[0]) if found else None

    def published(self, kind: str | None = None) -> tuple[DefinitionRow, ...]:
        """The newest published version of every definition."""
        later = (
            select(func.max(_other.c.version))
            .where(_other.c.kind == _d.kind, _other.c.id == _d.id, _other.c.status == "published")
            .scalar_subquery()
        )
        query = select(*_d).where(_d.status == "published", _d.version == later, *same(((_d.kind, kind),)))
        return tuple(_definition(r) for r in self._asking.rows(query.order_by(_d.kind, _d.id)))

    def stamp(self) -> tuple[int, int]:
        """Changes whenever anything is published or retired, by whichever process; cheap to ask."""
        columns: list[Any] = [func.count(), func.max(_d.changed_at)]
        count, newest = self._asking.rows(select(*columns).where(_d.version > 0))[0]
        return count, newest or 0

    def versions(self, kind: str, id: str) -> tuple[DefinitionRow, ...]:
        """Every version, newest first, the draft last."""
        query = select(*_d).where(_d.kind == kind, _d.id == id).order_by(_d.version.desc())
        return tuple(_definition(r) for r in self._asking.rows(query))

    def page(
        self,
        part: Part | None = None,
        *,
        kind: str | None = None,
        pack: str | None = None,
        status: str | None = None,
        id_prefix: str = "",
    ) -> Page[DefinitionRow]:
        """One row for each definition: its newest version, or its draft when nothing was published."""
        newest = (
            select(func.max(_other.c.version)).where(_other.c.kind == _d.kind, _other.c.id == _d.id).scalar_subquery()
        )
        pairs = ((_d.kind, kind), (_d.pack, pack), (_d.status, status))
        query = select(*_d).where(_d.version == newest, *same(pairs))
        if id_prefix:
            query = query.where(starts_with(_d.id, id_prefix))
        return self._asking.page(query, Order("id", (_d.kind, _d.id)), part or Part(), _definition)

    def keep_plan(self, plan: PlanRow) -> None:
        """Keeps what instances pin; a plan that is known stays as it is."""
        self._write(lambda tx: tx.run(_PLAN, (plan.id, plan.workflow, plan.version, plan.pins)))

    def plan(self, id: str) -> PlanRow | None:
        """What an instance pinned."""
        found = self._asking.rows(select(_p.id, _p.workflow, _p.version, _p.pins).where(_p.id == id))
        return PlanRow(*found[0]) if found else None


def _publish(tx: Transaction, new: NewDefinition, at: int) -> int:
    tx.lock("definition", new.kind, new.id)
    found = tx.rows(_NEWEST, (new.kind, new.id))
    if found and found[0][1:] == (new.sha256, "published"):
        return int(found[0][0])
    version = int(found[0][0]) + 1 if found else 1
    params = (new.kind, new.id, version, new.sha256, "published", new.source, new.document, at, at, new.by, new.pack)
    tx.run(_INSERT, params)
    return version


def _definition(row: Row[Any]) -> DefinitionRow:
    r = row._mapping
    return DefinitionRow(**{name: r[name] for name in DefinitionRow.__dataclass_fields__})

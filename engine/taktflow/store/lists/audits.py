"""Who did what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from taktflow.store.commit import AuditEntry
from taktflow.store.lists.filters import same, starts_with, within
from taktflow.store.lists.paging import Order, Part
from taktflow.store.lists.room import Room
from taktflow.store.rows import AuditRow, Page
from taktflow.store.tables import metadata
from taktflow.values import loads

_u = metadata.tables["audit"].c


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which acts; what is None does not matter."""

    by: str | None = None
    action: str | None = None
    object: str | None = None
    object_prefix: str | None = None
    since: datetime | None = None
    before: datetime | None = None


class Audits(Room):
    """Own order: newest first."""

    def page(self, wanted: AuditFilter | None = None, part: Part | None = None) -> Page[AuditRow]:
        """The wanted acts."""
        wanted = wanted or AuditFilter()
        pairs = ((_u.by, wanted.by), (_u.action, wanted.action), (_u.object, wanted.object))
        query = select(*_u).where(*same(pairs), *within(_u.at, wanted.since, wanted.before))
        if wanted.object_prefix:
            query = query.where(starts_with(_u.object, wanted.object_prefix))
        return self._asking.page(query, Order("-id", (_u.id,), descending=True), part or Part(), _audit)

    def note(self, entry: AuditEntry) -> None:
        """Appends an act that changed nothing else."""
        self._write(lambda _: None, entry)


def _audit(row: Row[Any]) -> AuditRow:
    r = row._mapping
    return AuditRow(r["id"], r["at"], r["by"], r["action"], r["object"], loads(r["details"]))

"""The audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import AwareDatetime

from taktflow.api.deps import Cursor, Limit, Running
from taktflow.api.door import Door
from taktflow.api.guard import who
from taktflow.api.shapes import Page, Shape
from taktflow.services.audit import AuditQuery, audit_log
from taktflow.values import plain

door = Door("audit")
Word = Annotated[str | None, Query(max_length=200)]


class AuditEntry(Shape):
    """Who did what to which object, such as ``user:ann`` or ``definition:decision/price``."""

    id: int
    at: datetime
    by: str
    action: str
    object: str
    details: Any = None


class AuditPage(Page[AuditEntry]):
    """One page of the log, the newest first."""

    total: int | None = None


@door.get("/api/audit", who=who("admin"))
def audit(
    engine: Running,
    by: Word = None,
    action: Word = None,
    object: Word = None,
    since: AwareDatetime | None = None,
    before: AwareDatetime | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AuditPage:
    """List what people did. An ``object`` that ends with ``:`` means all of that kind."""
    page = audit_log(engine, AuditQuery(by, action, object, since, before), limit=limit, cursor=cursor)
    items = [
        AuditEntry(id=r.id, at=r.at, by=r.by, action=r.action, object=r.object, details=plain(r.details))
        for r in page.rows
    ]
    return AuditPage(items=items, next_cursor=page.next, total=page.total)

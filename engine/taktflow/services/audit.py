"""Who did what: the log that the database refuses to alter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from taktflow.services.engine import Engine
from taktflow.store import AuditFilter, AuditRow, Page, Part


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which acts; what is None does not matter. ``object`` ending with ``:`` means all of that kind."""

    by: str | None = None
    action: str | None = None
    object: str | None = None
    since: datetime | None = None
    before: datetime | None = None


def audit_log(engine: Engine, query: AuditQuery, *, limit: int = 50, cursor: str | None = None) -> Page[AuditRow]:
    """The wanted acts, newest first."""
    whole_kind = (query.object or "").endswith(":")
    wanted = AuditFilter(
        by=query.by,
        action=query.action,
        object=None if whole_kind else query.object,
        object_prefix=query.object if whole_kind else None,
        since=query.since,
        before=query.before,
    )
    return engine.store.audits.page(wanted, Part(limit=limit, cursor=cursor))

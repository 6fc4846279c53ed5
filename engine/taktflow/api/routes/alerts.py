"""Alerts: what people are told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path
from starlette.responses import Response

from taktflow.api.deps import Asking, Cursor, Limit, Running
from taktflow.api.door import Door
from taktflow.api.guard import signed_in
from taktflow.api.shapes import Page, Shape
from taktflow.store import AlertRow, Part
from taktflow.values import Language

door = Door("alerts")


class Alert(Shape):
    """One alert in the reader's language; ``cc`` when it is for information only."""

    id: str
    at: datetime
    severity: Literal["error", "warning", "info"]
    title: str
    body: str
    link: str | None = None
    instance: str | None = None
    cc: bool = False
    read: bool = False


class AlertPage(Page[Alert]):
    """One page of alerts, the newest first; ``unread`` counts all that nobody of the reader's roles has read."""

    unread: int = 0


@door.get("/api/alerts", who=signed_in)
def alerts(
    engine: Running, caller: Asking, unread: bool = False, limit: Limit = 50, cursor: Cursor = None
) -> AlertPage:
    """List the alerts to the caller or to a role of theirs."""
    part = Part(limit=limit, cursor=cursor, count=False)
    page = engine.store.alerts.page(caller.principals, part, unread=unread)
    return AlertPage(
        items=[_shape(row, caller.language) for row in page.rows],
        next_cursor=page.next,
        unread=engine.store.alerts.unread(caller.principals),
    )


@door.post("/api/alerts/{id}/read", who=signed_in, status=204)
def read_alert(engine: Running, caller: Asking, id: Annotated[int, Path(ge=1, lt=2**63)]) -> Response:
    """Note that the caller has read it; their colleagues of the same role need not read it again."""
    engine.store.alerts.mark_read([id], caller.principals, caller.name, engine.now())
    return Response(status_code=204)


def _shape(row: AlertRow, language: Language) -> Alert:
    severity: Literal["error", "warning", "info"] = "info"
    if row.severity in ("error", "warning"):
        severity = row.severity  # type: ignore[assignment]  # narrowed to the two on the line above
    return Alert(
        id=str(row.id),
        at=row.at,
        severity=severity,
        title=row.title[language],
        body=row.body[language],
        link=row.link or None,
        instance=row.instance,
        cc=row.cc,
        read=row.read_at is not None,
    )

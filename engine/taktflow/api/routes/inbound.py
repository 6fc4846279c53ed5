"""Events from outside and what became of them: those that could not be taken in are retried or dropped here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import Field

from taktflow.api.deps import Asking, Cursor, Limit, Running
from taktflow.api.door import Door
from taktflow.api.guard import who
from taktflow.api.shapes import Body, Page, Shape
from taktflow.services import failed_events as service
from taktflow.store import InboundRow, Part

door = Door("inbound")
EventId = Annotated[int, Path(ge=1, lt=2**63)]
Status = Literal["pending", "done", "failed", "ignored", "dropped"]
_MOST_SHOWN = 64_000


class InboundEvent(Shape):
    """What a connection brought. ``error`` says why it was not taken in, ``event`` is the sender's name for it."""

    id: int
    connection: str
    event: str
    topic: str
    status: Status
    error: str | None = None
    attempts: int
    received_at: datetime
    instance: str | None = None


class InboundDetail(InboundEvent):
    """The same with the body as text; ``cut`` tells that it is longer."""

    body: str
    cut: bool


class InboundPage(Page[InboundEvent]):
    """One page of events, the newest first."""

    total: int | None = None


class Drop(Body):
    """Why nothing is to come of the event."""

    why: str = Field("", max_length=1_000)


@door.get("/api/inbound", who=who("operator"))
def inbound_events(
    engine: Running,
    status: Status = "failed",
    connection: Annotated[str | None, Query(max_length=63)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> InboundPage:
    """List events from outside, those that failed unless asked otherwise."""
    page = engine.store.inbounds.page(Part(limit=limit, cursor=cursor), status=status, connection=connection)
    return InboundPage(items=[_shown(row) for row in page.rows], next_cursor=page.next, total=page.total)


@door.get("/api/inbound/{id}", who=who("operator"))
def inbound_event(engine: Running, id: EventId) -> InboundDetail:
    """Show one event with what it brought."""
    row = service.inbound_event(engine, id)
    text = row.body.decode("utf-8", "replace")
    return InboundDetail(**_shown(row).model_dump(), body=text[:_MOST_SHOWN], cut=len(text) > _MOST_SHOWN)


@door.post("/api/inbound/{id}/retry", who=who("operator"))
def retry_inbound(engine: Running, caller: Asking, id: EventId) -> InboundEvent:
    """Take the event in once more."""
    return _shown(service.retry_inbound(engine, id, caller))


@door.post("/api/inbound/{id}/drop", who=who("operator"))
def drop_inbound(engine: Running, caller: Asking, id: EventId, body: Drop | None = None) -> InboundEvent:
    """Set the event aside for good."""
    return _shown(service.drop_inbound(engine, id, caller, body.why if body else ""))


def _shown(row: InboundRow) -> InboundEvent:
    return InboundEvent(
        id=row.id,
        connection=row.connection,
        event=row.event_id,
        topic=row.topic,
        status=row.status,
        error=row.error,
        attempts=row.attempts,
        received_at=row.received_at,
        instance=row.instance,
    )

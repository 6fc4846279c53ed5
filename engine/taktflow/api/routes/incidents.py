"""Incidents: what waits for an operator, and how it is settled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import Field

from taktflow.api.deps import Asking, Cursor, Limit, Running
from taktflow.api.door import Door
from taktflow.api.guard import who
from taktflow.api.outline import node_titles, workflow_at, workflow_words
from taktflow.api.shapes import Body, Document, Page, Shape, Words
from taktflow.services import incidents as service
from taktflow.services.engine import Engine
from taktflow.store import IncidentFilter, IncidentRow, Part
from taktflow.values import Language, plain

door = Door("incidents")
IncidentId = Annotated[str, Path(max_length=100)]


class Incident(Shape):
    """Something that cannot go on without a person. ``how`` says how it was settled."""

    id: str
    instance: str
    workflow: str
    workflow_title: Words
    node: str
    title: Words | None = None
    code: str
    message: str
    details: Any = None
    status: str
    how: str | None = None
    by: str | None = None
    opened_at: datetime
    closed_at: datetime | None = None


class IncidentPage(Page[Incident]):
    """One page of incidents, the newest first."""

    total: int | None = None


class Retry(Body):
    """``changes`` sets variables by dotted path before the node runs again."""

    changes: Document | None = None


class Skip(Body):
    """``value`` stands in for what the node would have given."""

    value: Any = None


class CancelIncident(Body):
    """Why the instance is ended."""

    why: str | None = Field(None, max_length=1_000)


class Settled(Shape):
    """How the incident stands now."""

    status: str
    how: str | None = None


@door.get("/api/incidents", who=who("operator", "analyst"))
def incidents(
    engine: Running,
    caller: Asking,
    status: Literal["open", "closed"] = "open",
    workflow: Annotated[str | None, Query(max_length=63)] = None,
    instance: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> IncidentPage:
    """List incidents."""
    wanted = IncidentFilter(status=status, workflow=workflow, instance=instance)
    page = engine.store.incidents.page(wanted, Part(limit=limit, cursor=cursor))
    items = [incident_shape(engine, row, caller.language) for row in page.rows]
    return IncidentPage(items=items, next_cursor=page.next, total=page.total)


@door.post("/api/incidents/{id}/retry", who=who("operator"))
def retry_incident(engine: Running, caller: Asking, id: IncidentId, body: Retry | None = None) -> Settled:
    """Run the failed node again, with changed variables or as it was."""
    return _settled(service.retry_incident(engine, id, caller, (body.changes if body else None) or {}))


@door.post("/api/incidents/{id}/skip", who=who("operator"))
def skip_incident(engine: Running, caller: Asking, id: IncidentId, body: Skip | None = None) -> Settled:
    """Go on behind the failed node."""
    return _settled(service.skip_incident(engine, id, caller, body.value if body else None))


@door.post("/api/incidents/{id}/cancel", who=who("operator"))
def cancel_incident(engine: Running, caller: Asking, id: IncidentId, body: CancelIncident | None = None) -> Settled:
    """End the instance that the incident holds up."""
    return _settled(service.cancel_incident(engine, id, caller, (body.why if body else None) or ""))


def incident_shape(engine: Engine, row: IncidentRow, language: Language) -> Incident:
    """``row`` as screens show it."""
    return Incident(
        id=row.id,
        instance=row.instance,
        workflow=row.workflow,
        workflow_title=workflow_words(engine, row.workflow),
        node=row.node,
        title=_titles(engine, row).get(row.node),
        code=row.code,
        message=row.text[language],
        details=plain(row.details),
        status=row.status,
        how=row.how,
        by=row.by,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )


def _titles(engine: Engine, row: IncidentRow) -> Mapping[str, Words]:
    newest = engine.published.shelf.newest("workflow", row.workflow)
    return node_titles(workflow_at(engine, row.workflow, newest[0])) if newest else {}


def _settled(row: IncidentRow) -> Settled:
    return Settled(status=row.status, how=row.how)

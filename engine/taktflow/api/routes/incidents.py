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
from taktflow.store import IncidentFilter, IncidentRow, Part, pattern
from taktflow.values import Language, plain

door = Door("incidents")
IncidentId = Annotated[str, Path(max_length=100)]


class Incident(Shape):
    """Something that cannot go on without a person. ``how`` says how it was settled, ``cause`` which group it is in.

    A ``doubtful`` one asks whether something happened in another system; see the answer to it.
    """

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
    cause: str
    doubtful: bool


class IncidentPage(Page[Incident]):
    """One page of incidents, the newest first."""

    total: int | None = None


class IncidentGroup(Shape):
    """Incidents of one cause: the same node and code, and words that differ in ids and numbers only."""

    cause: str
    workflow: str
    workflow_title: Words
    node: str
    title: Words | None = None
    code: str
    pattern: str
    message: str
    count: int
    oldest: datetime
    newest: datetime
    doubtful: bool


class IncidentGroups(Shape):
    """The largest groups, the largest first; ``more`` tells that there are smaller ones."""

    items: list[IncidentGroup]
    more: bool


class Answer(Body):
    """Whether it happened; then ``value`` is what it gave."""

    happened: bool
    value: Any = None


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
    node: Annotated[str | None, Query(max_length=63)] = None,
    code: Annotated[str | None, Query(max_length=200)] = None,
    cause: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> IncidentPage:
    """List incidents."""
    wanted = IncidentFilter(status, workflow, instance, node, code, cause)
    page = engine.store.incidents.page(wanted, Part(limit=limit, cursor=cursor))
    items = [incident_shape(engine, row, caller.language) for row in page.rows]
    return IncidentPage(items=items, next_cursor=page.next, total=page.total)


@door.get("/api/incidents/groups", who=who("operator", "analyst"))
def incident_groups(
    engine: Running,
    caller: Asking,
    workflow: Annotated[str | None, Query(max_length=63)] = None,
    node: Annotated[str | None, Query(max_length=63)] = None,
    code: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
) -> IncidentGroups:
    """List open incidents by cause, with how many there are and since when."""
    found = engine.store.incidents.groups(IncidentFilter(workflow=workflow, node=node, code=code), limit + 1)
    items = [
        IncidentGroup(
            cause=group.cause,
            workflow=group.workflow,
            workflow_title=workflow_words(engine, group.workflow),
            node=group.node,
            title=_titles(engine, group.workflow).get(group.node),
            code=group.code,
            pattern=pattern(group.text[caller.language]),
            message=group.text[caller.language],
            count=group.count,
            oldest=group.oldest,
            newest=group.newest,
            doubtful=group.code == service.UNKNOWN,
        )
        for group in found[:limit]
    ]
    return IncidentGroups(items=items, more=len(found) > limit)


@door.post("/api/incidents/{id}/answer", who=who("operator"))
def answer_incident(engine: Running, caller: Asking, id: IncidentId, body: Answer) -> Settled:
    """Say whether an effect of unknown outcome happened; what did not happen is performed again."""
    return _settled(service.answer_incident(engine, id, caller, happened=body.happened, value=body.value))


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
        title=_titles(engine, row.workflow).get(row.node),
        code=row.code,
        message=row.text[language],
        details=plain(row.details),
        status=row.status,
        how=row.how,
        by=row.by,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        cause=row.cause,
        doubtful=row.code == service.UNKNOWN,
    )


def _titles(engine: Engine, workflow: str) -> Mapping[str, Words]:
    newest = engine.published.shelf.newest("workflow", workflow)
    return node_titles(workflow_at(engine, workflow, newest[0])) if newest else {}


def _settled(row: IncidentRow) -> Settled:
    return Settled(status=row.status, how=row.how)

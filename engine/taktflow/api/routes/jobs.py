"""Acts on many things at once: a job that goes on in the background, how far it is, and what it could not do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import AwareDatetime, Field

from taktflow.api.deps import Asking, Cursor, Limit, Running
from taktflow.api.door import Door
from taktflow.api.guard import who
from taktflow.api.shapes import Body, Document, Page, Shape
from taktflow.services import jobs as service
from taktflow.services.changes import Target, target_plan
from taktflow.services.engine import Engine
from taktflow.services.incidents import values_given
from taktflow.store import JobRow, Part
from taktflow.texts import sentence
from taktflow.values import Language, plain

door = Door("jobs")
JobId = Annotated[str, Path(max_length=64)]
Slug = Annotated[str, Field(max_length=63)]
Name = Annotated[str, Field(max_length=200)]
Id = Annotated[str, Field(min_length=1, max_length=100)]
Version = Annotated[int, Field(ge=1, lt=2**31)]
Number = Annotated[int, Field(ge=1, lt=2**63)]
Reason = Annotated[str, Field(min_length=1, max_length=1_000)]
Status = Literal["gathering", "running", "done", "cancelled"]


class InstancesChosen(Body):
    """Instances by id, or those that fit everything else given."""

    ids: list[Id] | None = Field(None, min_length=1, max_length=service.MOST_NAMED)
    workflow: Slug | None = None
    version: Version | None = None
    status: Literal["running", "suspended"] | None = None
    key: Name | None = None
    key_prefix: Name | None = None
    has_incidents: bool | None = None
    started_from: AwareDatetime | None = None
    started_before: AwareDatetime | None = None


class IncidentsChosen(Body):
    """Open incidents by id, or those that fit everything else given; ``cause`` is that of a group."""

    ids: list[Id] | None = Field(None, min_length=1, max_length=service.MOST_NAMED)
    cause: Annotated[str, Field(max_length=64)] | None = None
    workflow: Slug | None = None
    node: Slug | None = None
    code: Name | None = None
    instance: Annotated[str, Field(max_length=64)] | None = None


class EventsChosen(Body):
    """Events that were not taken in, by id or by what else is given."""

    ids: list[Number] | None = Field(None, min_length=1, max_length=service.MOST_NAMED)
    connection: Slug | None = None
    status: Literal["failed", "ignored"] | None = None


class MigrateMany(Body):
    """Which instances of ``workflow`` go to ``version``; ``nodes`` maps nodes of theirs to other ids in it."""

    workflow: Slug
    version: Version
    nodes: dict[str, str] = Field(default_factory=dict, max_length=1_000)
    of: Version | None = Field(None, description="Only instances of this version; all other versions when unset.")
    ids: list[Id] | None = Field(None, min_length=1, max_length=service.MOST_NAMED)
    why: str = Field("", max_length=1_000)


class ModifyMany(Body):
    """What becomes of each path that stands at the node ``at``, as when one instance is modified."""

    which: InstancesChosen
    at: Slug
    action: Literal["move", "skip", "repeat", "end"]
    node: Slug | None = None
    why: Reason


class ActOnInstances(Body):
    """Stop, go on or end."""

    which: InstancesChosen
    action: Literal["suspend", "resume", "cancel"]
    why: str = Field("", max_length=1_000)


class ActOnIncidents(Body):
    """Try again after ``changes`` to variables, go on with ``value``, or end the instances.

    A retry leaves out effects that may have happened; each of them is answered alone.
    """

    which: IncidentsChosen
    action: Literal["retry", "skip", "cancel"]
    changes: Document | None = None
    value: Any = None
    why: str = Field("", max_length=1_000)


class ActOnEvents(Body):
    """Take in once more, or set aside for good."""

    which: EventsChosen
    action: Literal["retry", "drop"]
    why: str = Field("", max_length=1_000)


class Job(Shape):
    """A job and how far it is. ``total`` grows while it gathers what fits; ``left`` is what it still has to do."""

    id: str
    action: str
    title: str
    by: str
    why: str
    status: Status
    total: int
    done: int
    failed: int
    skipped: int
    left: int
    filter: Any = None
    options: Any = None
    created_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None


class JobPage(Page[Job]):
    """One page of jobs, the newest first."""

    total: int | None = None


class JobReason(Shape):
    """Why items were not done, how many, and the words for one of them."""

    status: Literal["failed", "skipped"]
    code: str
    count: int
    message: str


class JobDetail(Job):
    """A job with the reasons for what it did not do."""

    reasons: list[JobReason]


class JobItem(Shape):
    """One thing that a job has yet to do, or did not do; ``object`` is the id of an instance, incident or event."""

    n: int
    object: str
    status: Literal["pending", "failed", "skipped"]
    code: str | None = None
    message: str | None = None


class JobItemPage(Page[JobItem]):
    """One page of what is left or was not done."""

    total: int | None = None


@door.get("/api/jobs", who=who("operator"))
def jobs(
    engine: Running,
    caller: Asking,
    status: Status | None = None,
    action: Annotated[str | None, Query(max_length=40)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> JobPage:
    """List jobs."""
    page = engine.store.jobs.page(Part(limit=limit, cursor=cursor), status=status, action=action)
    return JobPage(
        items=[Job(**_told(row, caller.language)) for row in page.rows], next_cursor=page.next, total=page.total
    )


@door.get("/api/jobs/{id}", who=who("operator"))
def job(engine: Running, caller: Asking, id: JobId) -> JobDetail:
    """Show how far a job is and why it left things out."""
    return _detail(engine, service.job_row(engine, id), caller.language)


@door.get("/api/jobs/{id}/items", who=who("operator"))
def job_items(
    engine: Running,
    caller: Asking,
    id: JobId,
    status: Literal["pending", "failed", "skipped"] | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> JobItemPage:
    """List what a job has yet to do or did not do, with the reasons."""
    service.job_row(engine, id)
    page = engine.store.jobs.items(id, Part(limit=limit, cursor=cursor), status=status)
    items = [
        JobItem(
            n=row.n,
            object=row.object,
            status=row.status,
            code=row.code,
            message=row.text[caller.language] if row.text else None,
        )
        for row in page.rows
    ]
    return JobItemPage(items=items, next_cursor=page.next, total=page.total)


@door.post("/api/jobs/{id}/cancel", who=who("operator"))
def cancel_job(engine: Running, caller: Asking, id: JobId) -> JobDetail:
    """End a job; what it did stays done."""
    return _detail(engine, service.cancel_job(engine, id, caller), caller.language)


@door.post("/api/jobs/migrate", who=who("operator"), status=202)
def migrate_many(engine: Running, caller: Asking, body: MigrateMany) -> JobDetail:
    """Move instances to another version; those that cannot move are reported with their reasons."""
    target_plan(engine, body.workflow, Target(body.version, body.nodes))
    filter = {} if body.ids else {"workflow": body.workflow, "version": body.of}
    options = {"workflow": body.workflow, "version": body.version, "nodes": body.nodes}
    chosen = service.Chosen(body.ids, filter)
    row = service.start_job(engine, "instance.migrate", chosen, caller, why=body.why, options=options)
    return _detail(engine, row, caller.language)


@door.post("/api/jobs/modify", who=who("operator"), status=202)
def modify_many(engine: Running, caller: Asking, body: ModifyMany) -> JobDetail:
    """Move, skip, repeat or end every path that stands at one node."""
    options = {"at": body.at, "change": body.action, "node": body.node}
    chosen = _chosen(body.which)
    row = service.start_job(engine, "instance.modify", chosen, caller, why=body.why, options=options)
    return _detail(engine, row, caller.language)


@door.post("/api/jobs/instances", who=who("operator"), status=202)
def act_on_instances(engine: Running, caller: Asking, body: ActOnInstances) -> JobDetail:
    """Suspend, resume or cancel many instances."""
    chosen = _chosen(body.which)
    row = service.start_job(engine, f"instance.{body.action}", chosen, caller, why=body.why, options={})
    return _detail(engine, row, caller.language)


@door.post("/api/jobs/incidents", who=who("operator"), status=202)
def act_on_incidents(engine: Running, caller: Asking, body: ActOnIncidents) -> JobDetail:
    """Retry, skip or cancel many incidents."""
    changes, value = values_given(body.changes or {}, body.value)
    options: dict[str, Any] = {}
    if body.action == "retry":
        options = {"changes": changes}
    elif body.action == "skip":
        options = {"value": value}
    chosen = _chosen(body.which)
    row = service.start_job(engine, f"incident.{body.action}", chosen, caller, why=body.why, options=options)
    return _detail(engine, row, caller.language)


@door.post("/api/jobs/inbound", who=who("operator"), status=202)
def act_on_events(engine: Running, caller: Asking, body: ActOnEvents) -> JobDetail:
    """Take in many failed events once more, or set them aside."""
    chosen = _chosen(body.which)
    row = service.start_job(engine, f"inbound.{body.action}", chosen, caller, why=body.why, options={})
    return _detail(engine, row, caller.language)


def _chosen(which: InstancesChosen | IncidentsChosen | EventsChosen) -> service.Chosen:
    given = which.model_dump(exclude_none=True)
    ids = given.pop("ids", None)
    return service.Chosen(None if ids is None else [str(id) for id in ids], given)


def _told(row: JobRow, language: Language) -> Mapping[str, Any]:
    return {
        "id": row.id,
        "action": row.action,
        "title": sentence(row.action, language, {}),
        "by": row.by,
        "why": row.why,
        "status": row.status,
        "total": row.total,
        "done": row.done,
        "failed": row.failed,
        "skipped": row.skipped,
        "left": row.total - row.done - row.failed - row.skipped,
        "filter": plain(row.chosen),
        "options": plain(row.options),
        "created_at": row.created_at,
        "ended_at": row.ended_at,
        "ended_by": row.ended_by,
    }


def _detail(engine: Engine, row: JobRow, language: Language) -> JobDetail:
    reasons = [
        JobReason(status=r.status, code=r.code, count=r.count, message=r.text[language])
        for r in engine.store.jobs.reasons(row.id)
    ]
    return JobDetail(**_told(row, language), reasons=reasons)

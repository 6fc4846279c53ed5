"""Schedules: what recurs by itself, when it fired last and comes next; operators pause, resume and fire one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import Field

from taktflow.api.deps import Asking, Cursor, Limit, Running
from taktflow.api.door import Door
from taktflow.api.guard import who
from taktflow.api.outline import workflow_at, workflow_words
from taktflow.api.shapes import Body, Page, Shape, Words
from taktflow.services import schedule_acts as service
from taktflow.services.engine import Engine
from taktflow.store import Part, ScheduleRow
from taktflow.values import Language

door = Door("schedules")
Slug = Annotated[str, Path(max_length=63)]
_SHOWN = 10


class Schedule(Shape):
    """A schedule as the version in force declares it.

    `last_at` is the moment fired last, `fired_at` when that was done, or when somebody fired it by hand; `problem` says
    why the last moment started nothing. `next_at` is null while it is paused and once it is retired.
    """

    workflow: str
    workflow_title: Words
    start: str
    title: Words
    version: int
    status: Literal["active", "paused", "retired"]
    cron: str
    timezone: str
    calendar: str | None
    on_holiday: str
    catch_up: str = Field(description="`latest`, `none`, or how many missed moments at most as in `all:100`.")
    next_at: datetime | None
    last_at: datetime | None
    fired_at: datetime | None
    last_instance: str | None
    code: str | None
    problem: str | None
    paused_at: datetime | None
    paused_by: str | None
    why: str | None
    retired_at: datetime | None


class ScheduleDetail(Schedule):
    """The same with the moments that come."""

    upcoming: list[datetime]


class SchedulePage(Page[Schedule]):
    """One page of schedules, by workflow and start."""

    total: int | None = None


class Reason(Body):
    """Why, kept with the act."""

    why: str = Field("", max_length=1_000)


class Fired(Shape):
    """The instance that began."""

    instance: str
    status: str


@door.get("/api/schedules", who=who("operator", "analyst"))
def schedules(
    engine: Running,
    caller: Asking,
    workflow: Annotated[str | None, Query(max_length=63)] = None,
    status: Literal["active", "paused", "retired"] | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SchedulePage:
    """List schedules."""
    page = service.schedules(engine, Part(limit=limit, cursor=cursor), workflow=workflow, status=status)
    items = [Schedule(**_facts(engine, row, caller.language)) for row in page.rows]
    return SchedulePage(items=items, next_cursor=page.next, total=page.total)


@door.get("/api/schedules/{workflow}/{start}", who=who("operator", "analyst"))
def schedule(engine: Running, caller: Asking, workflow: Slug, start: Slug) -> ScheduleDetail:
    """Show a schedule and the moments that come."""
    return _detail(engine, service.schedule(engine, workflow, start), caller.language)


@door.post("/api/schedules/{workflow}/{start}/pause", who=who("operator"))
def pause_schedule(
    engine: Running, caller: Asking, workflow: Slug, start: Slug, body: Reason | None = None
) -> ScheduleDetail:
    """Stop a schedule for a while; what comes meanwhile is not made up for."""
    row = service.pause_schedule(engine, workflow, start, caller, body.why if body else "")
    return _detail(engine, row, caller.language)


@door.post("/api/schedules/{workflow}/{start}/resume", who=who("operator"))
def resume_schedule(engine: Running, caller: Asking, workflow: Slug, start: Slug) -> ScheduleDetail:
    """Let a schedule go on from its next moment."""
    return _detail(engine, service.resume_schedule(engine, workflow, start, caller), caller.language)


@door.post("/api/schedules/{workflow}/{start}/fire", who=who("operator"))
def fire_schedule(engine: Running, caller: Asking, workflow: Slug, start: Slug, body: Reason | None = None) -> Fired:
    """Start an instance now, as the schedule would; the schedule goes on as it was."""
    started = service.fire_now(engine, workflow, start, caller, body.why if body else "")
    return Fired(instance=started.id, status=started.status)


def _detail(engine: Engine, row: ScheduleRow, language: Language) -> ScheduleDetail:
    return ScheduleDetail(**_facts(engine, row, language), upcoming=list(service.upcoming(engine, row, _SHOWN)))


def _facts(engine: Engine, row: ScheduleRow, language: Language) -> dict[str, object]:
    workflow = workflow_at(engine, row.workflow, row.version)
    titles = {s.id: s.title for s in workflow.start} if workflow else {}
    same = ("workflow", "start", "version", "status", "cron", "calendar", "on_holiday", "catch_up", "code", "why")
    moments = ("next_at", "last_at", "fired_at", "last_instance", "paused_at", "paused_by", "retired_at")
    return {
        **{name: getattr(row, name) for name in (*same, *moments)},
        "workflow_title": workflow_words(engine, row.workflow, row.version),
        "title": Words.of(titles.get(row.start), row.start),
        "timezone": row.zone,
        "problem": row.problem[language] if row.problem else None,
    }

"""What operators do with schedules: look when each fires, stop one for a while, start one now. Every act is audited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from taktflow.errors import NotFound, Refused
from taktflow.services.advance import Along
from taktflow.services.caller import Caller
from taktflow.services.declared_schedules import recurrence_of
from taktflow.services.engine import Engine
from taktflow.services.schedules import start_data
from taktflow.services.start import StartedInstance, start_instance
from taktflow.store import AuditEntry, Page, Part, ScheduleRow

_TRIES = 5


def schedule(engine: Engine, workflow: str, start: str) -> ScheduleRow:
    """One schedule; NotFound when no published version ever declared it."""
    row = engine.store.schedules.find(workflow, start)
    if row is None:
        raise NotFound("schedule.unknown", workflow=workflow, start=start)
    return row


def schedules(engine: Engine, part: Part, *, workflow: str | None, status: str | None) -> Page[ScheduleRow]:
    """Schedules by workflow and start; ``status`` is active, paused or retired, and None means all."""
    return engine.store.schedules.page(part, workflow=workflow, status=status)


def upcoming(engine: Engine, row: ScheduleRow, count: int) -> Sequence[datetime]:
    """The next moments of a schedule, the due one first; none while it is paused or once it is retired."""
    if row.next_at is None:
        return ()
    return [row.next_at, *islice(recurrence_of(engine, row).after(max(row.next_at, engine.now())), count - 1)]


def pause_schedule(engine: Engine, workflow: str, start: str, caller: Caller, why: str) -> ScheduleRow:
    """Stops a schedule until somebody lets it go on; no effect on one that is stopped. Refused when it is retired."""
    row = _alive(engine, workflow, start)
    if row.paused_at is None:
        audit = AuditEntry(engine.now(), caller.name, "schedule.paused", f"schedule:{workflow}/{start}", {"why": why})
        engine.store.schedules.pause(workflow, start, why, audit)
    return schedule(engine, workflow, start)


def resume_schedule(engine: Engine, workflow: str, start: str, caller: Caller) -> ScheduleRow:
    """Lets a stopped schedule go on from its next moment; what came meanwhile was stopped, not missed."""
    for _ in range(_TRIES):
        row = _alive(engine, workflow, start)
        if row.paused_at is None:
            return row
        now = engine.now()
        next_at = next(recurrence_of(engine, row).after(now), None)
        audit = AuditEntry(now, caller.name, "schedule.resumed", f"schedule:{workflow}/{start}")
        engine.store.schedules.resume(workflow, start, row.version, next_at, audit)
    return schedule(engine, workflow, start)


def fire_now(engine: Engine, workflow: str, start: str, caller: Caller, why: str) -> StartedInstance:
    """Starts an instance as the schedule would, for this moment; the schedule itself goes on as it was.

    A stopped schedule may be fired, too; Refused for a retired one.
    """
    row = _alive(engine, workflow, start)
    now = engine.now()
    audit = AuditEntry(now, caller.name, "schedule.fired", f"schedule:{workflow}/{start}", {"why": why})
    started = start_instance(
        engine,
        f"{workflow}@{row.version}",
        start=start,
        data=start_data(engine, row, now),
        caller=caller,
        start_key=f"{start}:by_hand:{engine.new_id()}",
        along=Along(audit=(audit,)),
    )
    engine.store.schedules.note_by_hand(workflow, start, started.id, now)
    return started


def _alive(engine: Engine, workflow: str, start: str) -> ScheduleRow:
    row = schedule(engine, workflow, start)
    if row.retired_at is not None:
        raise Refused("schedule.retired", workflow=workflow, start=start)
    return row

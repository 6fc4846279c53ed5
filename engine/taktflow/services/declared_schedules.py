"""Schedules as the published workflows declare them, brought into rows: new, changed or retired at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from taktflow.definitions.kinds import Calendar
from taktflow.definitions.recurrence import Recurrence
from taktflow.definitions.workflow import EveryMissed, Start, Workflow
from taktflow.errors import NotFound
from taktflow.services.engine import Engine
from taktflow.services.pins import split_ref
from taktflow.services.shelf import found
from taktflow.store import DeclaredSchedules, ScheduleRow, ScheduleRule

log = structlog.get_logger(__name__)
MOST_MISSED = 100
"""Missed moments made up for by ``catch_up: all``."""


def keep_schedules(engine: Engine) -> bool:
    """Brings every schedule in line with what is in force; False when something newer is, which this process must read.

    Any process may do it at any time. Moments since a schedule was first published are its own; one that changes goes
    on from now, and one that is paused stays so.
    """
    listed = engine.published.shelf.listed("workflow")
    scheduled = {id for id, (_, w) in listed.items() if isinstance(w, Workflow) and _schedules(w)}
    whole = True
    for id in sorted(scheduled | set(engine.store.schedules.workflows())):
        try:
            declared = _declared(engine, id)
        except NotFound as missing:
            # A calendar that is out of force leaves its schedules as they were.
            log.warning("schedule not kept", workflow=id, code=missing.code, reason=str(missing))
            continue
        whole &= engine.store.schedules.declare(declared, engine.now())
    return whole


def recurrence_of(engine: Engine, row: ScheduleRow) -> Recurrence:
    """The rule of ``row``; NotFound when its calendar is gone."""
    return Recurrence(row.cron, ZoneInfo(row.zone), _calendar(engine, row.calendar), row.on_holiday)


def _declared(engine: Engine, workflow: str) -> DeclaredSchedules:
    newest = engine.published.shelf.newest("workflow", workflow)
    if newest is None or not isinstance(newest[1], Workflow):
        return DeclaredSchedules(workflow, None, {}, {})
    version, definition = newest[0], newest[1]
    row = engine.store.definitions.find("workflow", workflow, version)
    published_at = row.published_at if row is not None and row.published_at is not None else engine.now()
    calendars: dict[str, int] = {}
    rules = {s.id: _rule(engine, s, calendars, published_at) for s in _schedules(definition)}
    return DeclaredSchedules(workflow, version, rules, calendars)


def _schedules(workflow: Workflow) -> list[Start]:
    return [s for s in workflow.start if s.type == "schedule" and s.cron]


def _rule(engine: Engine, start: Start, calendars: dict[str, int], published_at: datetime) -> ScheduleRule:
    pinned, zone = None, start.timezone
    if start.calendar is not None:
        id, asked = split_ref(start.calendar)
        version, calendar = found(engine.published.shelf, "calendar", start.calendar)
        pinned = f"{id}@{version}"
        if asked is None:
            calendars[id] = version
        if zone is None and isinstance(calendar, Calendar):
            zone = calendar.timezone
    zone = zone or engine.published.zone.key
    rule = Recurrence(start.cron or "", ZoneInfo(zone), _calendar(engine, pinned), start.on_holiday)
    return ScheduleRule(
        cron=rule.cron,
        zone=zone,
        calendar=pinned,
        on_holiday=start.on_holiday,
        catch_up=_catch_up(start),
        first_at=next(rule.after(published_at), None),
        next_at=next(rule.after(engine.now()), None),
    )


def _catch_up(start: Start) -> str:
    if isinstance(start.catch_up, EveryMissed):
        return f"all:{start.catch_up.all}"
    return f"all:{MOST_MISSED}" if start.catch_up == "all" else start.catch_up


def _calendar(engine: Engine, ref: str | None) -> Calendar | None:
    if ref is None:
        return None
    _, calendar = found(engine.published.shelf, "calendar", ref)
    if not isinstance(calendar, Calendar):
        raise NotFound("definition.unknown", kind="calendar", ref=ref)
    return calendar


def in_force(engine: Engine) -> Mapping[tuple[str, str], int]:
    """The versions in force that schedules depend on; another mapping means that :func:`keep_schedules` has work."""
    shelf = engine.published.shelf
    return {(kind, id): version for kind in ("workflow", "calendar") for id, (version, _) in shelf.listed(kind).items()}

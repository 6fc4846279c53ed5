"""Starts: what each type of start needs, and which variables its payload brings."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from taktflow.definitions.checking.scope import Scope, expression
from taktflow.definitions.checking.systems import zone
from taktflow.definitions.checking.world import Notes
from taktflow.definitions.data import form_fields
from taktflow.definitions.data_types import shape_of
from taktflow.definitions.kinds import Calendar, Connection, Form
from taktflow.definitions.recurrence import Recurrence
from taktflow.definitions.workflow import Start, Workflow
from taktflow.expressions import ANY, NUMBER, STRING, Type
from taktflow.values import Pointer

_NEEDS = {"message": "name", "webhook": "connection", "form": "form", "schedule": "cron"}
_SCHEDULES_ONLY = {"cron", "calendar", "on_holiday", "catch_up"}
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def check_starts(notes: Notes, workflow: Workflow, scope: Scope) -> None:
    """Findings about every start of ``workflow``."""
    for index, start in enumerate(workflow.start):
        at = f"/start/{index}"
        needed = _NEEDS.get(start.type)
        # A message comes under its name, or as an event of a channel.
        given = start.connection is not None and start.type == "message"
        if needed is not None and getattr(start, needed) is None and not given:
            notes.add("start.needs", at, type=start.type, key=needed)
        notes.ref("form", start.form, f"{at}/form")
        _connection(notes, start, at)
        zone(notes, start.timezone, f"{at}/timezone")
        _schedule(notes, start, at)
        if start.dedupe is not None:
            expression(notes, start.dedupe, f"{at}/dedupe", scope, STRING, NUMBER)
        if start.public and start.type != "form":
            notes.add("start.public", f"{at}/public", type=start.type)
        for i, who in enumerate(start.who):
            notes.principal(who, f"{at}/who/{i}")


def _connection(notes: Notes, start: Start, at: Pointer) -> None:
    if not notes.ref("connection", start.connection, f"{at}/connection") or start.connection is None:
        return
    connection = notes.world.find(Connection, start.connection)
    if connection is not None and connection.channel is None:
        notes.add("start.no_channel", f"{at}/connection", connection=start.connection)


def _schedule(notes: Notes, start: Start, at: Pointer) -> None:
    if start.type != "schedule":
        for key in sorted(_SCHEDULES_ONLY & start.model_fields_set):
            notes.add("start.unscheduled", f"{at}/{key}", type=start.type, key=key)
        return
    known = notes.ref("calendar", start.calendar, f"{at}/calendar")
    if start.calendar is None and start.on_holiday != "skip":
        notes.add("start.no_holidays", f"{at}/on_holiday", given=start.on_holiday)
    if start.cron is None:
        return
    calendar = notes.world.find(Calendar, start.calendar) if start.calendar and known else None
    try:
        next(CronSim(start.cron, _SOME_DAY))
    except (CronSimError, StopIteration):
        # A day that never comes, such as the 30th of February, is no schedule either.
        notes.add("start.cron", f"{at}/cron", given=start.cron)
        return
    if calendar is not None and any(calendar.week.values()):
        rule = Recurrence(start.cron, ZoneInfo("UTC"), calendar, start.on_holiday)
        if next(rule.after(_SOME_DAY), None) is None:
            notes.add("start.days_off", f"{at}/cron", given=start.cron, calendar=start.calendar)


def start_types(notes: Notes, workflow: Workflow) -> dict[str, Type]:
    """The variables that the starts bring: a form's fields, a payload under the name it is bound to."""
    types: dict[str, Type] = {}
    for start in workflow.start:
        form = notes.world.find(Form, start.form) if start.form else None
        fields = form_fields(form, notes.world.entities) if form else {}
        shape = shape_of(fields, notes.world.entities)
        if start.bind is None:
            types |= {name: type_ for name, type_ in shape.fields.items() if name not in types}
        elif form is not None and start.bind not in types:
            types[start.bind] = shape
        else:
            # Two starts may bring different things under one name.
            types[start.bind] = ANY
    return types

"""Work for people: find it, claim it, decide it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from taktflow.definitions.data import form_fields, read_data
from taktflow.definitions.kinds import Form
from taktflow.errors import Invalid, NotFound, Refused
from taktflow.runtime.events import TaskDecided
from taktflow.services.advance import Along, advance
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.store import AuditEntry, UserTaskRow
from taktflow.values import Json, Value


@dataclass(frozen=True, slots=True)
class TaskDetail:
    """A user task as the person at it sees it. ``why_not`` is the code of the rule that keeps them from deciding."""

    row: UserTaskRow
    form: Form | None
    why_not: str | None
    as_whom: tuple[str, ...]
    """The caller's principals for which the task came to them."""


def task_detail(engine: Engine, id: str, caller: Caller) -> TaskDetail:
    """The task; raises NotFound, also for one that is not the caller's to see."""
    row = _row(engine, id)
    mine = tuple(sorted(caller.principals & set(row.who)))
    took_part = row.decided_by == caller.name or any(d["by"] == caller.name for d in row.decisions or ())
    sees_all = caller.is_admin or "operator" in caller.roles
    if not mine and not took_part and not sees_all and caller.name not in row.exclude:
        raise NotFound("task.unknown", id=id)
    form = engine.published.form(row.form) if row.form else None
    return TaskDetail(row, form, _why_not(row, caller, mine), mine)


def _why_not(row: UserTaskRow, caller: Caller, mine: tuple[str, ...]) -> str | None:
    if row.status != "open":
        return "task.over"
    if caller.name in row.exclude:
        return "task.four_eyes"
    if not mine:
        return "task.not_yours"
    if row.claimed_by not in (None, caller.name):
        return "task.claimed"
    return None


def claim_task(engine: Engine, id: str, caller: Caller) -> TaskDetail:
    """The caller takes the task for themselves; raises Refused or Conflict."""
    _refuse(task_detail(engine, id, caller), caller)
    engine.store.tasks.claim(id, caller.name)
    return task_detail(engine, id, caller)


def release_task(engine: Engine, id: str, caller: Caller) -> TaskDetail:
    """The caller gives a claimed task back; an admin gives back anyone's."""
    row = _row(engine, id)
    if row.claimed_by not in (None, caller.name) and not caller.is_admin:
        raise Refused("task.claimed", by=row.claimed_by)
    if row.claimed_by is not None:
        engine.store.tasks.unclaim(id, row.claimed_by)
    return task_detail(engine, id, caller)


def decide_task(engine: Engine, id: str, outcome: str, data: Json, caller: Caller) -> UserTaskRow:
    """The caller's part of the task. Raises Refused for a declared rule, Invalid with findings for the form."""
    detail = task_detail(engine, id, caller)
    _refuse(detail, caller)
    values = _form_values(engine, detail, data)
    row = detail.row
    event = TaskDecided(engine.now(), id, caller.name, caller.roles, outcome, values)
    audit = AuditEntry(event.at, caller.name, "task.decided", f"user_task:{id}", {"outcome": outcome, "node": row.node})
    advance(engine, row.instance, event, Along(audit=(audit,), by=caller.name))
    return _row(engine, id)


def _refuse(detail: TaskDetail, caller: Caller) -> None:
    row = detail.row
    if detail.why_not is not None:
        raise Refused(detail.why_not, by=row.claimed_by if detail.why_not == "task.claimed" else caller.name,
                      who=", ".join(row.who), task=row.id)  # fmt: skip


def _form_values(engine: Engine, detail: TaskDetail, data: Json) -> Mapping[str, Value]:
    if detail.form is None:
        values, findings = read_data({}, data or {})
    else:
        entities = engine.published.entities()
        values, findings = read_data(form_fields(detail.form, entities), data or {}, entities=entities)
    if findings:
        raise Invalid("task.data", findings=findings)
    return values


def _row(engine: Engine, id: str) -> UserTaskRow:
    row = engine.store.tasks.find(id)
    if row is None:
        raise NotFound("task.unknown", id=id)
    return row

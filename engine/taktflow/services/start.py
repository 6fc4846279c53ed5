"""Starts instances: by hand, form, message, schedule or call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from taktflow.definitions.workflow import Start, Workflow
from taktflow.errors import Forbidden, Invalid, NotFound
from taktflow.runtime import events
from taktflow.runtime.plan import Plan
from taktflow.services.advance import NOTHING, Along
from taktflow.services.advance import start as start_plan
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.services.variables import start_variables
from taktflow.store import AlreadyStarted, InstanceRow
from taktflow.values import Json, Value, shown


@dataclass(frozen=True, slots=True)
class StartedInstance:
    """What a start came to. ``existing`` says that an earlier start with the same key made it."""

    id: str
    status: str
    outcome: str | None
    existing: bool = False


def start_instance(
    engine: Engine,
    workflow: str,
    *,
    start: str | None = None,
    data: Json = None,
    caller: Caller,
    start_key: str | None = None,
    along: Along = NOTHING,
) -> StartedInstance:
    """Starts ``workflow`` with ``data`` and runs it until it waits.

    Raises NotFound, Forbidden, or Invalid with findings when the data does not fit; nothing is kept then. A second
    start with the same ``start_key``, or the same value of the start's ``dedupe``, gives back the first instance.
    """
    plan_id, plan = engine.published.plan_to_start(workflow)
    _, definition = engine.published.workflow(f"{plan.workflow}@{plan.version}")
    chosen = chosen_start(definition, start)
    if chosen.who and not caller.is_any_of(chosen.who) and not caller.is_admin:
        raise Forbidden("start.forbidden", workflow=workflow, who=", ".join(chosen.who))
    form = engine.published.form(plan.pins[f"form:{chosen.form}"]) if chosen.form else None
    variables, findings = start_variables(definition, chosen, data, engine.published.entities(), form)
    if findings:
        raise Invalid("start.data", findings=findings)
    event = events.Started(engine.now(), caller.name, chosen.id, variables)
    key = start_key or dedupe_key(plan, chosen, event.variables, event)
    try:
        done = start_plan(engine, plan_id, plan, engine.new_id(), event, key, along)
    except AlreadyStarted as earlier:
        return _existing(engine.store.instances.find(earlier.instance), earlier.instance)
    return StartedInstance(done.id, done.state.status, done.state.outcome)


def dedupe_key(plan: Plan, start: Start, variables: Mapping[str, Value], event: events.Started) -> str | None:
    """The value by which a second start of the same thing is known; None when the start declares none."""
    expression = plan.nodes[start.id].parts.get("dedupe")
    if expression is None:
        return None
    value = expression.evaluate(variables, plan.clock(event.at))
    return f"{start.id}:{value if isinstance(value, str) else shown(value)}" if value is not None else None


def _existing(row: InstanceRow | None, id: str) -> StartedInstance:
    if row is None:
        return StartedInstance(id, "running", None, existing=True)
    return StartedInstance(row.id, row.status, row.outcome, existing=True)


def chosen_start(workflow: Workflow, start: str | None) -> Start:
    """The start named ``start``, or the only one; raises NotFound or Invalid."""
    known = ", ".join(s.id for s in workflow.start)
    if start is None:
        if len(workflow.start) != 1:
            raise Invalid("start.ambiguous", workflow=workflow.id, known=known)
        return workflow.start[0]
    for one in workflow.start:
        if one.id == start:
            return one
    raise NotFound("start.unknown", workflow=workflow.id, start=start, known=known)

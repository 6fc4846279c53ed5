"""Settles incidents: try again, with changed variables or not, skip, tell what happened, or cancel the instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from taktflow.errors import Invalid, NotFound, Refused
from taktflow.runtime.events import CancelRequested, IncidentResolved
from taktflow.runtime.state import State
from taktflow.services.advance import Along, advance
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.store import AuditEntry, Consumed, EffectOutcome, IncidentRow
from taktflow.values import Json, Value, normal

UNKNOWN = "effect.unknown"
"""The code of an effect that may have happened and must not happen twice: it asks a person."""
_NOTHING = Consumed()


def retry_incident(
    engine: Engine, id: str, caller: Caller, changes: Mapping[str, Json] | None = None, *, taken: Consumed = _NOTHING
) -> IncidentRow:
    """Runs the failed node again, after ``changes`` to variables by dotted path.

    ``taken`` is what the same commit consumes, such as a job's item.
    """
    return _settle(engine, id, caller, "retry", changes or {}, None, taken)


def skip_incident(
    engine: Engine, id: str, caller: Caller, value: Json = None, *, taken: Consumed = _NOTHING
) -> IncidentRow:
    """Goes on behind the failed node as if it had given ``value``."""
    return _settle(engine, id, caller, "skip", {}, value, taken)


def answer_incident(engine: Engine, id: str, caller: Caller, *, happened: bool, value: Json = None) -> IncidentRow:
    """Says whether an effect of unknown outcome happened: it counts as done with ``value``, or is performed again.

    Refused for an incident that does not ask this.
    """
    if _open(engine, id).code != UNKNOWN:
        raise Refused("incident.certain", id=id)
    return _settle(engine, id, caller, "happened" if happened else "retry", {}, value, _NOTHING)


def cancel_incident(engine: Engine, id: str, caller: Caller, why: str, *, taken: Consumed = _NOTHING) -> IncidentRow:
    """Cancels the instance that the incident holds up."""
    row = _open(engine, id)
    cancel_instance(engine, row.instance, caller, why, taken=taken)
    return _row(engine, id)


def cancel_instance(engine: Engine, id: str, caller: Caller, why: str, *, taken: Consumed = _NOTHING) -> None:
    """Ends an instance before its time; raises Refused when it is over already."""
    now = engine.now()

    def requested(state: State) -> CancelRequested:
        if state.status != "running":
            raise Refused("instance.over", id=id)
        return CancelRequested(now, caller.name, why)

    audit = AuditEntry(now, caller.name, "instance.cancelled", f"instance:{id}", {"why": why})
    advance(engine, id, requested, Along(audit=(audit,), by=caller.name, consumed=taken))


def _settle(
    engine: Engine,
    id: str,
    caller: Caller,
    action: Literal["retry", "skip", "happened"],
    changes: Mapping[str, Json],
    value: Json,
    taken: Consumed,
) -> IncidentRow:
    row = _open(engine, id)
    patched, given = values_given(changes, value)
    now = engine.now()
    details = {"node": row.node, "code": row.code, "changes": patched, "value": given}
    audit = AuditEntry(now, caller.name, f"incident.{action}", f"incident:{id}", details)
    event = IncidentResolved(now, id, caller.name, action, patched, given)
    finished = EffectOutcome(row.effect_key, "done", given) if action == "happened" and row.effect_key else None
    advance(engine, row.instance, event, Along(finished=finished, audit=(audit,), by=caller.name, consumed=taken))
    return _row(engine, id)


def values_given(changes: Mapping[str, Json], value: Json) -> tuple[dict[str, Value], Value]:
    """What a person gives in place of variables and of a result; Invalid for what no variable can hold."""
    try:
        return {path: normal(v) for path, v in changes.items()}, normal(value)
    except TypeError as wrong:
        raise Invalid("start.value", why=str(wrong)) from wrong


def _open(engine: Engine, id: str) -> IncidentRow:
    row = _row(engine, id)
    if row.status != "open":
        raise NotFound("incident.over", incident=id)
    return row


def _row(engine: Engine, id: str) -> IncidentRow:
    row = engine.store.incidents.find(id)
    if row is None:
        raise NotFound("incident.unknown", id=id)
    return row

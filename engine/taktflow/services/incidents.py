"""Settles incidents: try again, with changed variables or not, skip, or cancel the instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from taktflow.errors import Invalid, NotFound, Refused
from taktflow.runtime.events import CancelRequested, IncidentResolved
from taktflow.runtime.state import State
from taktflow.services.advance import Along, advance
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.store import AuditEntry, IncidentRow
from taktflow.values import Json, Value, normal


def retry_incident(engine: Engine, id: str, caller: Caller, changes: Mapping[str, Json] | None = None) -> IncidentRow:
    """Runs the failed node again, after ``changes`` to variables by dotted path."""
    return _settle(engine, id, caller, "retry", changes or {}, None)


def skip_incident(engine: Engine, id: str, caller: Caller, value: Json = None) -> IncidentRow:
    """Goes on behind the failed node as if it had given ``value``."""
    return _settle(engine, id, caller, "skip", {}, value)


def cancel_incident(engine: Engine, id: str, caller: Caller, why: str) -> IncidentRow:
    """Cancels the instance that the incident holds up."""
    row = _open(engine, id)
    cancel_instance(engine, row.instance, caller, why)
    return _row(engine, id)


def cancel_instance(engine: Engine, id: str, caller: Caller, why: str) -> None:
    """Ends an instance before its time; raises Refused when it is over already."""
    now = engine.now()

    def requested(state: State) -> CancelRequested:
        if state.status != "running":
            raise Refused("instance.over", id=id)
        return CancelRequested(now, caller.name, why)

    audit = AuditEntry(now, caller.name, "instance.cancelled", f"instance:{id}", {"why": why})
    advance(engine, id, requested, Along(audit=(audit,), by=caller.name))


def _settle(
    engine: Engine, id: str, caller: Caller, action: Literal["retry", "skip"], changes: Mapping[str, Json], value: Json
) -> IncidentRow:
    row = _open(engine, id)
    try:
        patched: dict[str, Value] = {path: normal(v) for path, v in changes.items()}
        given = normal(value)
    except TypeError as wrong:
        raise Invalid("start.value", why=str(wrong)) from wrong
    now = engine.now()
    details = {"node": row.node, "code": row.code, "changes": patched, "value": given}
    audit = AuditEntry(now, caller.name, f"incident.{action}", f"incident:{id}", details)
    event = IncidentResolved(now, id, caller.name, action, patched, given)
    advance(engine, row.instance, event, Along(audit=(audit,), by=caller.name))
    return _row(engine, id)


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

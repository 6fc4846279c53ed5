"""Events from outside that could not be taken in: let them try again, or set them aside."""

from __future__ import annotations

from typing import Literal

from taktflow.errors import NotFound, Refused
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.store import AuditEntry, Consumed, InboundRow

_NOTHING = Consumed()


def retry_inbound(engine: Engine, id: int, caller: Caller, *, taken: Consumed = _NOTHING) -> InboundRow:
    """Takes the event in once more; Refused when it neither failed nor was ignored."""
    return _settle(engine, id, caller, "pending", "", taken)


def drop_inbound(engine: Engine, id: int, caller: Caller, why: str, *, taken: Consumed = _NOTHING) -> InboundRow:
    """Sets the event aside for good; it is kept, and nothing comes of it."""
    return _settle(engine, id, caller, "dropped", why, taken)


def inbound_event(engine: Engine, id: int) -> InboundRow:
    """One event, whatever became of it."""
    row = engine.store.inbound_event(id)
    if row is None:
        raise NotFound("inbound.unknown", id=id)
    return row


def _settle(
    engine: Engine, id: int, caller: Caller, status: Literal["pending", "dropped"], why: str, taken: Consumed
) -> InboundRow:
    row = inbound_event(engine, id)
    now = engine.now()
    details = {"connection": row.connection, "event": row.event_id, "error": row.error, "why": why}
    act = "retried" if status == "pending" else "dropped"
    audit = AuditEntry(now, caller.name, f"inbound.{act}", f"inbound:{id}", details)
    if not engine.store.inbounds.settle_again(id, status, now, audit, taken.items):
        raise Refused("inbound.settled", id=id)
    return inbound_event(engine, id)

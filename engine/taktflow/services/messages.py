"""Messages by name and key: they wake whoever waits, start what begins with them, or are kept for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from taktflow.errors import Invalid
from taktflow.runtime.effects import Announce
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.services.start import StartedInstance, start_instance
from taktflow.store import AuditEntry, Commit, NewMessage
from taktflow.values import Json, YearsMonths, normal, parse_duration

KEPT = timedelta(days=7)
"""How long a message waits for someone who wants it, unless its sender says otherwise."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What a message came to: its id, and the instances it started."""

    id: str
    started: tuple[StartedInstance, ...]


def post_message(
    engine: Engine,
    name: str,
    key: str,
    payload: Json,
    *,
    caller: Caller,
    id: str | None = None,
    ttl: str | None = None,
) -> Posted:
    """Takes a message. One with an ``id`` seen before is the same message and changes nothing.

    Every workflow that declares a start by this name (and no connection) is started with the payload; otherwise one
    instance that waits for name and key is woken, now or within ``ttl`` (ISO 8601).
    """
    if not name:
        raise Invalid("message.name")
    given, id = id, id or engine.new_id()
    starts = starting_on(engine, name)
    if starts:
        return Posted(
            id,
            tuple(
                start_instance(engine, w, start=s, data=payload, caller=caller, start_key=_key(s, given))
                for w, s in starts
            ),
        )
    if not key:
        raise Invalid("message.name")
    now = engine.now()
    kept = parse_duration(ttl) if ttl else KEPT
    if isinstance(kept, YearsMonths):
        kept = timedelta(days=31 * kept.months)
    message = NewMessage(id, name, key, normal(payload), now, now + kept, caller.name)
    engine.store.commit(Commit(at=now, messages=(message,), by=caller.name)).result()
    return Posted(id, ())


def announce(engine: Engine, name: str, payload: Json, *, caller: Caller) -> str:
    """Tells every instance that waits for the broadcast ``name`` right now; gives back its id."""
    if not name:
        raise Invalid("message.name")
    now, id = engine.now(), engine.new_id()
    told = Announce(id, name, normal(payload))
    audit = AuditEntry(now, caller.name, "message.broadcast", f"broadcast:{name}")
    engine.store.commit(Commit(at=now, effects=(told,), audit=(audit,), by=caller.name)).result()
    return id


def _key(start: str, id: str | None) -> str | None:
    # Without a sender's id the start's own `dedupe` decides.
    return f"{start}:{id}" if id else None


def starting_on(engine: Engine, name: str) -> list[tuple[str, str]]:
    """The workflows, with their starts, that begin with the message ``name``."""
    found = []
    for id in engine.published.shelf.listed("workflow"):
        _, workflow = engine.published.workflow(id)
        found += [(id, s.id) for s in workflow.start if s.type == "message" and s.name == name and s.connection is None]
    return found

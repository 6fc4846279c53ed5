"""Messages from other systems, by name and key."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from taktflow.api.deps import Asking, Running
from taktflow.api.door import Door
from taktflow.api.guard import who
from taktflow.api.routes.instances import Started
from taktflow.api.shapes import Body, Shape
from taktflow.services import messages as service

door = Door("messages")


class Message(Body):
    """What happened. ``id`` is the sender's: the same message sent twice counts once."""

    name: str = Field(min_length=1, max_length=200)
    key: str = Field("", max_length=200, description="Whom it is for; may stay out where the message starts something.")
    payload: Any = None
    id: str | None = Field(None, min_length=1, max_length=200)
    ttl: str | None = Field(None, max_length=64, description="ISO 8601 duration for which it waits to be wanted.")


class Posted(Shape):
    """The message's id, and what it started."""

    id: str
    started: list[Started] = Field(default_factory=list)


@door.post("/api/messages", who=who("operator"), status=202)
def post_message(engine: Running, caller: Asking, body: Message) -> Posted:
    """Post a message: it wakes whoever waits for it, or starts what begins with it."""
    done = service.post_message(engine, body.name, body.key, body.payload, caller=caller, id=body.id, ttl=body.ttl)
    started = [Started(id=s.id, status=s.status, outcome=s.outcome, existing=s.existing) for s in done.started]
    return Posted(id=done.id, started=started)


class Broadcast(Body):
    """What everybody who waits for it now shall hear."""

    name: str = Field(min_length=1, max_length=200)
    payload: Any = None


class Announced(Shape):
    """The broadcast's id."""

    id: str


@door.post("/api/broadcasts", who=who("operator"), status=202)
def announce(engine: Running, caller: Asking, body: Broadcast) -> Announced:
    """Tell every instance that waits for this broadcast right now; it is kept for nobody."""
    return Announced(id=service.announce(engine, body.name, body.payload, caller=caller))

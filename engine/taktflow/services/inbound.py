"""The ways in: a webhook is verified, kept raw and answered; its events are taken out of the kept body afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import structlog

from taktflow.errors import Invalid, NotFound, TaktflowError, Unauthenticated
from taktflow.sdk import BodyUnreadable, ChannelEvent, RawRequest, RawResponse, SignatureWrong
from taktflow.services.advance import NOTHING, Along
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.services.start import StartedInstance, start_instance
from taktflow.store import Commit, Consumed, InboundRow, NewInbound
from taktflow.values import plain_dumps, plain_loads

log = structlog.get_logger(__name__)
_POLLED = "x-taktflow-polled"
_ACCEPTED = RawResponse(200, b"ok")
_KEPT_HEADERS = ("content-type", "user-agent", "x-request-id")


def receive_webhook(engine: Engine, connection: str, request: RawRequest) -> RawResponse:
    """Verifies ``request``, stores its raw body and answers; what it says is worked on afterwards.

    Raises NotFound when nothing listens there, Unauthenticated for a wrong signature, Invalid for a body that the
    channel cannot have sent. A delivery seen before is answered alike and stored once.
    """
    try:
        channel = engine.published.channel(connection)
    except NotFound as missing:
        raise NotFound("webhook.unknown") from missing
    try:
        challenge = channel.challenge(request)
        if challenge is not None:
            return challenge
        channel.verify(request)
        events = channel.events(request)
    except SignatureWrong as wrong:
        log.warning("webhook refused", connection=connection, reason=wrong.reason)
        raise Unauthenticated("webhook.signature") from wrong
    except BodyUnreadable as wrong:
        raise Invalid("webhook.body", why=wrong.reason) from wrong
    if events:
        engine.store.commit(Commit(at=request.received_at, inbound=(_kept(connection, request, events),))).result()
    return _ACCEPTED


def _kept(connection: str, request: RawRequest, events: Sequence[ChannelEvent]) -> NewInbound:
    names = [e.id for e in events]
    event_id = names[0] if len(names) == 1 else "batch:" + hashlib.sha256("\n".join(names).encode()).hexdigest()
    headers = {k: v for k, v in request.headers.items() if k in _KEPT_HEADERS or k.startswith("x-")}
    return NewInbound(connection, event_id, events[0].topic, headers, request.body, request.received_at)


def poll_channels(engine: Engine) -> int:
    """Takes in what waits in polled channels, such as dropped files; how many events were stored."""
    taken = 0
    for id in engine.published.shelf.listed("connection"):
        _, connection = engine.published.connection(id)
        if connection.channel is None or not engine.catalog.channel(connection.channel).polled:
            continue
        channel = engine.published.channel(id)
        for batch in channel.poll():
            now = engine.now()
            rows = [
                NewInbound(id, e.id, e.topic, {_POLLED: batch.name}, plain_dumps(e.payload).encode(), now)
                for e in batch.events
            ]
            for part in range(0, len(rows), 200):
                engine.store.commit(Commit(at=now, inbound=rows[part : part + 200])).result()
            channel.settle(batch, accepted=not batch.problems)
            taken += len(rows)
    return taken


def take_inbound(engine: Engine, row: InboundRow) -> list[StartedInstance]:
    """Starts what the kept event asks for. Taking it twice starts nothing twice; a failure is kept with its reason."""
    consumed = Along(consumed=Consumed(inbound=(row.id,)))
    try:
        events = _events(engine, row)
        wanted = [(e, w, s) for e in events for w, s in _listening(engine, row.connection, e.topic)]
        # With one start the event is consumed by the very commit that begins the instance.
        along = consumed if len(wanted) == 1 else NOTHING
        started = [_start(engine, row.connection, *one, along) for one in wanted]
    except TaktflowError as wrong:
        findings = "; ".join(f"{f.at} {f.code}" for f in getattr(wrong, "findings", ()))
        engine.store.settle_inbound(row.id, "failed", error=f"{wrong.code}: {wrong} {findings}".strip()).result()
        log.warning("inbound event failed", connection=row.connection, event=row.event_id, code=wrong.code)
        return []
    if not wanted:
        engine.store.settle_inbound(row.id, "ignored").result()
    elif len(wanted) > 1 or started[0].existing:
        engine.store.commit(Commit(at=engine.now(), consumed=consumed.consumed)).result()
    return started


def _start(
    engine: Engine, connection: str, event: ChannelEvent, workflow: str, start: str, along: Along
) -> StartedInstance:
    return start_instance(
        engine,
        workflow,
        start=start,
        data=event.payload,
        caller=Caller(f"connection:{connection}"),
        start_key=f"{start}:{event.id}",
        along=along,
    )


def _events(engine: Engine, row: InboundRow) -> Sequence[ChannelEvent]:
    if _POLLED in row.headers:
        return [ChannelEvent(row.event_id, row.topic, plain_loads(row.body), row.headers)]
    channel = engine.published.channel(row.connection)
    return channel.events(RawRequest("POST", row.headers, {}, row.body, row.received_at))


def _listening(engine: Engine, connection: str, topic: str) -> list[tuple[str, str]]:
    found = []
    for id in engine.published.shelf.listed("workflow"):
        _, workflow = engine.published.workflow(id)
        found += [(id, s.id) for s in workflow.start if s.connection == connection and s.topic in (None, topic)]
    return found

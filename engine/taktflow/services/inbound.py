"""The ways in: a webhook is verified, kept raw and answered; its events are taken out of the kept body afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from taktflow.errors import Invalid, NotFound, Overloaded, TaktflowError, Unauthenticated
from taktflow.sdk import BodyUnreadable, ChannelEvent, RawRequest, RawResponse, SignatureWrong
from taktflow.services.advance import NOTHING, Along
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.services.foreign import read_events
from taktflow.services.start import StartedInstance, start_instance
from taktflow.store import AlreadyTaken, Commit, Consumed, InboundRow, NewInbound, StoreFailed
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
        # The sender learns nothing of our settings; whoever runs the server reads the reason here.
        log.warning("webhook to nobody", connection=connection, reason=str(missing))
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
        try:
            taken += _poll(engine, id)
        # The wall to channels: a folder that is gone must not keep the other channels from being polled.
        except Exception as broken:  # noqa: BLE001
            # A line and no traceback: it comes again every second until someone mends it.
            log.warning("channel not polled", connection=id, reason=f"{type(broken).__name__}: {broken}")
    return taken


def _poll(engine: Engine, id: str) -> int:
    _, connection = engine.published.connection(id)
    if connection.channel is None or not engine.catalog.channel(connection.channel).polled:
        return 0
    taken = 0
    channel = engine.published.channel(id)
    for batch in channel.poll():
        now = engine.now()
        rows = [
            NewInbound(id, e.id, e.topic, {_POLLED: batch.name}, plain_dumps(e.payload).encode(), now)
            for e in batch.events
        ]
        for part in range(0, len(rows), 200):
            engine.store.commit(Commit(at=now, inbound=rows[part : part + 200])).result()
        # What could be read of a file is taken; its channel writes the problems beside it.
        channel.settle(batch, accepted=bool(batch.events) or not batch.problems)
        taken += len(rows)
    return taken


def take_inbound(engine: Engine, row: InboundRow) -> list[StartedInstance]:
    """Starts everything the kept body asks for; what cannot be started is kept with the reasons.

    Taking it twice starts nothing twice. Raises Overloaded or StoreFailed when the database takes nothing now.
    """
    consumed = Consumed(inbound=(row.id,))
    wanted: list[tuple[ChannelEvent, str, str]] = []
    started: list[StartedInstance] = []
    problems: list[str] = []
    try:
        with _noted(problems):
            wanted = [(e, w, s) for e in _events(engine, row) for w, s in _listening(engine, row.connection, e.topic)]
        # With one start the event is consumed by the very commit that begins the instance.
        along = Along(consumed=consumed) if len(wanted) == 1 else NOTHING
        for one in wanted:
            with _noted(problems):
                started.append(_start(engine, row.connection, *one, along))
        if problems:
            engine.store.settle_inbound(row.id, "failed", error="\n".join(problems)).result()
            log.warning("inbound event failed", connection=row.connection, event_id=row.event_id, problems=problems)
        elif not wanted:
            engine.store.settle_inbound(row.id, "ignored").result()
        elif len(wanted) > 1 or started[0].existing:
            engine.store.commit(Commit(at=engine.now(), consumed=consumed)).result()
    except AlreadyTaken:
        log.info("inbound event taken elsewhere", connection=row.connection, event_id=row.event_id)
    return started


@contextmanager
def _noted(problems: list[str]) -> Iterator[None]:
    """Notes what is wrong with an event, so that the others beside it still start."""
    try:
        yield
    except (Overloaded, StoreFailed, AlreadyTaken):
        # The event is not at fault: it stays owed.
        raise
    except TaktflowError as wrong:
        findings = "; ".join(f"{f.at} {f.code}" for f in getattr(wrong, "findings", ()))
        problems.append(f"{wrong.code}: {wrong} {findings}".strip())
    except BodyUnreadable as wrong:
        problems.append(f"webhook.body: {wrong.reason}")


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
    return read_events(channel, RawRequest("POST", row.headers, {}, row.body, row.received_at))


def _listening(engine: Engine, connection: str, topic: str) -> list[tuple[str, str]]:
    found = []
    for id in engine.published.shelf.listed("workflow"):
        _, workflow = engine.published.workflow(id)
        found += [(id, s.id) for s in workflow.start if s.connection == connection and s.topic in (None, topic)]
    return found

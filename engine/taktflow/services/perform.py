"""Performs an effect: runs the node, commits its result and what follows from it, together."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Literal

import structlog

from taktflow.errors import Conflict, Invalid, NotFound, Overloaded, Refused
from taktflow.runtime.events import EffectDone, Fault
from taktflow.sdk import NodeError, Result, Text, Value
from taktflow.services.advance import Along, advance
from taktflow.services.engine import Engine
from taktflow.services.reading import StoredRecords
from taktflow.services.running import failure, run_effect, uncommitted, writes_of
from taktflow.services.systems import PublishedConnections
from taktflow.store import AlreadyTaken, ClaimedEffect, EffectOutcome, RecordExists, StaleRecord
from taktflow.texts import sentence

log = structlog.get_logger(__name__)

_LONGEST_PAUSE_S = 5.0
_RECORD_ATTEMPTS = 5


def perform(engine: Engine, claimed: ClaimedEffect) -> None:
    """Runs the claimed effect once and lets its instance know; a node that breaks is a failed attempt, never a raise.

    Raises StoreFailed or Overloaded when the database takes nothing now: the effect stays claimed and is taken up
    again by the sweep.
    """
    asked = claimed.perform
    began = time.perf_counter()
    ids = {"instance": claimed.instance, "node": asked.node, "effect": asked.key}
    with (
        structlog.contextvars.bound_contextvars(**ids),
        engine.tracing.span("effect", {**ids, "kind": asked.kind, "attempt": asked.attempt}) as span,
    ):
        result = _performed(engine, claimed)
        span.tell("result", result)
        if result == "failed":
            span.fail()
    engine.watch.effects.note((asked.kind, result), time.perf_counter() - began)


def _performed(engine: Engine, claimed: ClaimedEffect) -> Literal["done", "failed", "elsewhere"]:
    asked = claimed.perform
    if asked.idempotency == "none" and not engine.store.holds_effect(asked.key, claimed.epoch):
        # We were silent for so long that another executor has taken it up: a person may have been asked by now.
        log.warning("effect lost before it began")
        return "elsewhere"
    plan = engine.published.plan(engine.store.load_instance(claimed.instance).plan_id)
    connections = PublishedConnections(engine) if asked.idempotency in ("key", "none") else None
    try:
        result = run_effect(engine, plan, claimed.instance, asked, StoredRecords(engine), connections, engine.now())
    except NodeError as problem:
        _failed(engine, claimed, problem)
        return "failed"
    try:
        _stored(lambda: _tell(engine, claimed, result))
    except AlreadyTaken:
        # Someone else has told the outcome: a second attempt of ours, or the effect was dropped meanwhile.
        log.info("effect settled elsewhere")
        return "elsewhere"
    except Overloaded:
        raise
    except (Conflict, Invalid, NotFound, Refused) as refused:
        _failed(engine, claimed, uncommitted(refused))
        return "failed"
    return "done"


def _tell(engine: Engine, claimed: ClaimedEffect, result: Result) -> None:
    asked = claimed.perform
    for attempt in range(_RECORD_ATTEMPTS):
        try:
            writes = writes_of(engine, claimed.instance, asked, result)
            along = Along(
                finished=EffectOutcome(asked.key, "done", result.value, claimed.epoch, asked.attempt),
                writes=writes,
                alerts=[(alert, asked.node) for alert in result.alerts],
                by=f"instance:{claimed.instance}",
            )
            advance(engine, claimed.instance, EffectDone(engine.now(), asked.key, result.value, result.trace), along)
            return
        except (StaleRecord, RecordExists):
            # The record moved on since it was read. A write that named no revision is simply made anew.
            if attempt == _RECORD_ATTEMPTS - 1 or any(w.expected_rev is not None for w in result.writes):
                raise


def _stored(write: Callable[[], None]) -> None:
    """Writes, waiting while the writer's queue is full: the node has run, its outcome must not be lost."""
    pause = 0.01
    while True:
        try:
            write()
            return
        except Overloaded:
            if pause > _LONGEST_PAUSE_S:
                raise
            time.sleep(pause)
            pause *= 2


def settle_orphans(engine: Engine, dead: Collection[int] | None = None) -> int:
    """Takes up the effects that the executor runs ``dead`` (all others, for None) were performing; how many.

    What may be sent again is pending again. What must not be sent twice has an unknown outcome and asks a person.
    """
    again, doubtful = engine.store.requeue_orphans(engine.epoch, engine.now(), None if dead is None else sorted(dead))
    for orphan in doubtful:
        args = {"node": orphan.perform.node}
        text = Text(zh=sentence("effect.unknown", "zh", args), en=sentence("effect.unknown", "en", args))
        _failed(engine, orphan, NodeError("effect.unknown", text, unknown=True))
    return again + len(doubtful)


def _failed(engine: Engine, claimed: ClaimedEffect, problem: NodeError) -> None:
    asked = claimed.perform
    event = failure(asked, problem, engine.now())
    unknown = problem.unknown and asked.idempotency == "none"
    status: Literal["failed", "unknown"] = "unknown" if unknown else "failed"
    outcome = EffectOutcome(asked.key, status, _response(event.fault), claimed.epoch, asked.attempt)
    try:
        _stored(lambda: _discard(advance(engine, claimed.instance, event, Along(finished=outcome))))
    except AlreadyTaken:
        log.info("effect settled elsewhere", effect=asked.key)


def _discard(_advanced: object) -> None:
    return None


def _response(fault: Fault) -> Value:
    return {"code": fault.code, "zh": fault.zh, "en": fault.en, "details": fault.details}

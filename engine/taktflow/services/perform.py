"""Performs an effect: runs the node, commits its result and what follows from it, together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

import structlog

from taktflow.errors import Conflict, Invalid, NotFound, Overloaded, Refused, TaktflowError
from taktflow.runtime.effects import Perform
from taktflow.runtime.events import EffectDone, EffectFailed, Fault
from taktflow.sdk import NodeContext, NodeError, Result, Text, Value
from taktflow.services.advance import Along, advance
from taktflow.services.engine import Engine
from taktflow.services.foreign import crashed, invoked
from taktflow.services.reading import StoredRecords
from taktflow.services.records import row_write
from taktflow.services.systems import PublishedConnections
from taktflow.store import AlreadyTaken, ClaimedEffect, DuplicateValue, EffectOutcome, RecordExists, StaleRecord
from taktflow.texts import sentence
from taktflow.values import normal, plain

log = structlog.get_logger(__name__)

_LONGEST_PAUSE_S = 5.0
_CODES: Mapping[type[TaktflowError], str] = {
    RecordExists: "exists",
    DuplicateValue: "duplicate",
    StaleRecord: "stale",
    NotFound: "missing",
    Invalid: "invalid",
    Refused: "refused",
}


def perform(engine: Engine, claimed: ClaimedEffect) -> None:
    """Runs the claimed effect once and lets its instance know; a node that breaks is a failed attempt, never a raise.

    Raises StoreFailed or Overloaded when the database takes nothing now: the effect stays claimed and is taken up
    again by the sweep.
    """
    asked = claimed.perform
    try:
        result = _run(engine, claimed.instance, asked)
        value = normal(result.value)
    except NodeError as problem:
        _failed(engine, claimed, problem)
        return
    except TypeError as wrong:
        _failed(engine, claimed, crashed(asked.kind, str(wrong)))
        return
    try:
        _stored(lambda: _tell(engine, claimed, result, value))
    except AlreadyTaken:
        # Someone else has told the outcome: a second attempt of ours, or the effect was dropped meanwhile.
        log.info("effect settled elsewhere", effect=asked.key)
    except Overloaded:
        raise
    except (Conflict, Invalid, NotFound, Refused) as refused:
        _failed(engine, claimed, _uncommitted(refused))


def _tell(engine: Engine, claimed: ClaimedEffect, result: Result, value: Value) -> None:
    asked, who = claimed.perform, f"instance:{claimed.instance}"
    advance(
        engine,
        claimed.instance,
        EffectDone(engine.now(), asked.key, value, result.trace),
        Along(
            finished=EffectOutcome(asked.key, "done", value, claimed.epoch),
            writes=[row_write(engine, w, by=who, source=asked.node) for w in result.writes],
            alerts=[(alert, asked.node) for alert in result.alerts],
            by=who,
        ),
    )


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


def settle_orphans(engine: Engine) -> int:
    """Takes up the effects that an earlier process was performing when it ended; how many there were.

    What may be sent again is pending again. What must not be sent twice has an unknown outcome and asks a person.
    """
    again, doubtful = engine.store.requeue_orphans(engine.epoch, engine.now())
    for orphan in doubtful:
        args = {"node": orphan.perform.node}
        text = Text(zh=sentence("effect.unknown", "zh", args), en=sentence("effect.unknown", "en", args))
        _failed(engine, orphan, NodeError("effect.unknown", text, unknown=True))
    return again + len(doubtful)


def _uncommitted(refused: TaktflowError) -> NodeError:
    code = next((c for kind, c in _CODES.items() if isinstance(refused, kind)), "conflict")
    findings = getattr(refused, "findings", ())
    details = [{"code": f.code, "at": f.at, "args": plain(dict(f.args))} for f in findings]
    return NodeError(code, Text(zh=refused.message("zh"), en=refused.message("en")), details=details or None)


def _run(engine: Engine, instance: str, asked: Perform) -> Result:
    node = engine.catalog.node(asked.kind)
    library = engine.published.plan(_plan_of(engine, instance)).library
    context = NodeContext(
        instance=instance,
        node=asked.node,
        key=asked.key,
        now=engine.now(),
        zone=engine.published.zone,
        scope={},
        library=library,
        records=StoredRecords(engine),
        connections=PublishedConnections(engine) if asked.idempotency in ("key", "none") else None,
        business_key=asked.business_key,
        attempt=asked.attempt,
        timeout_s=asked.timeout_s,
    )
    return invoked(node, node.Config.model_validate(asked.config), context)


def _plan_of(engine: Engine, instance: str) -> str:
    loaded = engine.store.load_instance(instance)
    if loaded is None:
        raise NodeError("instance.unknown", f"the instance {instance} is gone")
    return loaded.plan_id


def _failed(engine: Engine, claimed: ClaimedEffect, problem: NodeError) -> None:
    asked = claimed.perform
    fault = Fault(problem.code, problem.text.zh, problem.text.en, _details(problem.details))
    status: Literal["unknown", "failed"] = "unknown" if problem.unknown and asked.idempotency == "none" else "failed"
    outcome = EffectOutcome(asked.key, status, _response(fault), claimed.epoch)
    event = EffectFailed(engine.now(), asked.key, fault, problem.retryable, problem.unknown)
    try:
        _stored(lambda: _discard(advance(engine, claimed.instance, event, Along(finished=outcome))))
    except AlreadyTaken:
        log.info("effect settled elsewhere", effect=asked.key)


def _discard(_advanced: object) -> None:
    return None


def _details(details: Any) -> Value:
    try:
        return normal(details)
    except TypeError:
        return repr(details)[:1000]


def _response(fault: Fault) -> Value:
    return {"code": fault.code, "zh": fault.zh, "en": fault.en, "details": fault.details}

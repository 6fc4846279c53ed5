"""Performs an effect: runs the node, commits its result and what follows from it, together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from taktflow.values import normal, plain

log = structlog.get_logger(__name__)

__all__ = ["perform"]
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
        writes = [row_write(engine, w, by=f"instance:{claimed.instance}", source=asked.node) for w in result.writes]
        advance(
            engine,
            claimed.instance,
            EffectDone(engine.now(), asked.key, value, result.trace),
            Along(
                finished=EffectOutcome(asked.key, "done", value, claimed.epoch),
                writes=writes,
                alerts=[(alert, asked.node) for alert in result.alerts],
                by=f"instance:{claimed.instance}",
            ),
        )
    except AlreadyTaken:
        # Someone else has told the outcome: a second attempt of ours, or the effect was dropped meanwhile.
        log.info("effect settled elsewhere", effect=asked.key)
    except Overloaded:
        raise
    except (Conflict, Invalid, NotFound, Refused) as refused:
        _failed(engine, claimed, _uncommitted(refused))


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
    status = "unknown" if problem.unknown and asked.idempotency == "none" else "failed"
    try:
        advance(
            engine,
            claimed.instance,
            EffectFailed(engine.now(), asked.key, fault, problem.retryable, problem.unknown),
            Along(
                finished=EffectOutcome(
                    asked.key, "unknown" if status == "unknown" else "failed", _response(fault), claimed.epoch
                )
            ),
        )
    except AlreadyTaken:
        log.info("effect settled elsewhere", effect=asked.key)


def _details(details: Any) -> Value:
    try:
        return normal(details)
    except TypeError:
        return repr(details)[:1000]


def _response(fault: Fault) -> Value:
    return {"code": fault.code, "zh": fault.zh, "en": fault.en, "details": fault.details}

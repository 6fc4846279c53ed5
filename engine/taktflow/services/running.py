"""Runs the node behind an effect and prepares what its result changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from taktflow.errors import Invalid, NotFound, Refused, TaktflowError
from taktflow.runtime.effects import Perform
from taktflow.runtime.events import EffectFailed, Fault
from taktflow.runtime.plan import Plan
from taktflow.sdk import Connections, NodeContext, NodeError, RecordReader, Result, Text
from taktflow.services.engine import Engine
from taktflow.services.foreign import configured, invoked
from taktflow.services.records import row_writes
from taktflow.store import DuplicateValue, RecordExists, RowWrite, StaleRecord
from taktflow.values import plain

_CODES: Mapping[type[TaktflowError], str] = {
    RecordExists: "exists",
    DuplicateValue: "duplicate",
    StaleRecord: "stale",
    NotFound: "missing",
    Invalid: "invalid",
    Refused: "refused",
}


def run_effect(
    engine: Engine,
    plan: Plan,
    instance: str,
    asked: Perform,
    records: RecordReader,
    connections: Connections | None,
    now: datetime,
) -> Result:
    """What the node gives back; raises NodeError, or StoreFailed when the database is away while it reads."""
    node = engine.catalog.node(asked.kind)
    context = NodeContext(
        instance=instance,
        node=asked.node,
        key=asked.key,
        now=now,
        zone=plan.zone,
        scope={},
        library=plan.library,
        records=records,
        connections=connections,
        business_key=asked.business_key,
        attempt=asked.attempt,
        timeout_s=asked.timeout_s,
    )
    return invoked(node, configured(node, asked.config, asked.node), context)


def writes_of(engine: Engine, instance: str, asked: Perform, result: Result) -> list[RowWrite]:
    """The result's record writes as the store takes them; raises what :func:`row_write` raises."""
    return row_writes(engine, result.writes, by=f"instance:{instance}", source=asked.node)


def uncommitted(refused: TaktflowError) -> NodeError:
    """Why a result could not be kept, as the error its workflow can route by: exists, duplicate, stale, missing ..."""
    code = next((c for kind, c in _CODES.items() if isinstance(refused, kind)), "conflict")
    findings = getattr(refused, "findings", ())
    details = [{"code": f.code, "at": f.at, "args": plain(dict(f.args))} for f in findings]
    return NodeError(code, Text(zh=refused.message("zh"), en=refused.message("en")), details=details or None)


def failure(asked: Perform, problem: NodeError, now: datetime) -> EffectFailed:
    """The event of a failed attempt."""
    fault = Fault(problem.code, problem.text.zh, problem.text.en, problem.details)
    return EffectFailed(now, asked.key, fault, problem.retryable, problem.unknown, asked.attempt)

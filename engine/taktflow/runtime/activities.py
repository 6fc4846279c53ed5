"""Vocabulary nodes: pure ones run here and now, others are owed as effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from taktflow.definitions.workflow import Activity, Backoff
from taktflow.runtime.effects import Perform, Retry
from taktflow.runtime.events import EffectDone, EffectFailed, Fault
from taktflow.runtime.plan import ActivityPlan, NodePlan
from taktflow.runtime.segment import Segment, fault, with_path
from taktflow.runtime.state import Token
from taktflow.sdk import NodeConfig, NodeContext, NodeError
from taktflow.values import Value, YearsMonths, normal, parse_duration, shown


def enter(segment: Segment, token: Token, node: NodePlan) -> None:
    """Runs or requests the activity at which ``token`` arrives."""
    plan = node.activity
    assert plan is not None and isinstance(node.model, Activity)
    try:
        if plan.node.idempotency == "pure":
            _run(segment, token, node, plan, node.model)
        else:
            request(segment, token, node, plan)
    except NodeError as problem:
        segment.fail(token, Fault(problem.code, problem.text.zh, problem.text.en, problem.details))


def _run(segment: Segment, token: Token, node: NodePlan, plan: ActivityPlan, model: Activity) -> None:
    if plan.each is None:
        value, trace = _run_once(segment, node, plan, segment.scope(token))
        segment.assign(token, model.out, value)
        segment.record("ran", node.id, **_facts(model, value, trace))
    else:
        _run_each(segment, token, node, plan, model)
    segment.leave(token)


def _facts(model: Activity, value: Value, trace: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if model.out is not None:
        facts["out"] = model.out
        facts["value"] = value
    if trace is not None:
        facts["trace"] = trace
    return facts


def _run_once(segment: Segment, node: NodePlan, plan: ActivityPlan, scope: Mapping[str, Value]) -> tuple[Value, Any]:
    config: NodeConfig
    if plan.fixed is not None:
        config = plan.fixed
    else:
        config = segment.plan.configure(plan.node, plan.config(scope, segment.clock), node.id)
    result = segment.plan.invoke(
        plan.node,
        config,
        NodeContext(
            instance=segment.state.instance,
            node=node.id,
            key="",
            now=segment.at,
            zone=segment.plan.zone,
            scope=scope,
            library=segment.plan.library,
            by=segment.state.by,
        ),
    )
    return result.value, result.trace


def _run_each(segment: Segment, token: Token, node: NodePlan, plan: ActivityPlan, model: Activity) -> None:
    """Runs once an item. An ``out`` that begins with the item's name changes the item and so the list."""
    assert plan.each is not None
    base = segment.scope(token)
    items = plan.each.evaluate(base, segment.clock)
    if not isinstance(items, list):
        raise NodeError("each.no_list", fault("each.no_list", node=node.id, text=plan.each.text).en)
    name = model.item or "item"
    head, _, rest = (model.out or "").partition(".")
    changed, values, traces = [], [], []
    for index, item in enumerate(items):
        scope = {**base, name: item, "index": normal(index + 1)}
        value, trace = _run_once(segment, node, plan, scope)
        values.append(value)
        traces.append(trace)
        if head == name:
            changed.append(_with(item, rest, value))
    if head == name:
        segment.assign(token, plan.each.text.replace(" ", ""), changed)
    else:
        segment.assign(token, model.out, values)
    segment.record("ran", node.id, **_facts(model, values, traces if any(t is not None for t in traces) else None))


def _with(item: Value, rest: str, value: Value) -> Value:
    return with_path(item, rest.split("."), value) if rest else value


def request(segment: Segment, token: Token, node: NodePlan, plan: ActivityPlan, key: str | None = None) -> None:
    """Owes the activity as an effect; with ``key`` it is the same effect once more, with settings computed anew."""
    scope = segment.scope(token)
    config = plan.config(scope, segment.clock)
    segment.plan.configure(plan.node, config, node.id)
    business = plan.business_key.evaluate(scope, segment.clock) if plan.business_key else None
    if plan.business_key is not None and business is None:
        segment.fail(token, fault("idempotency.none", node=node.id, text=plan.business_key.text))
        return
    key = key or segment.name(node.id)
    perform = Perform(
        key=key,
        node=node.id,
        kind=plan.node.kind,
        idempotency=plan.node.idempotency,
        config=config,
        business_key=_key_text(business) if business is not None else key,
        attempt=1,
        not_before=segment.at,
        timeout_s=plan.timeout_s,
    )
    segment.owe(perform)
    segment.park(token, {"on": "effect", "key": key, "attempt": 1, "business_key": perform.business_key})
    segment.record("requested", node.id, effect=key, config=config)


def _key_text(value: Value) -> str:
    return value if isinstance(value, str) else shown(value)


def done(segment: Segment, token: Token, event: EffectDone) -> None:
    """The effect came back with a value."""
    node = segment.plan.nodes[token.node]
    assert isinstance(node.model, Activity)
    segment.assign(token, node.model.out, event.value)
    segment.record("done", node.id, effect=event.key, **_facts(node.model, event.value, event.trace))
    segment.leave(replace(token, wait=None))


def failed(segment: Segment, token: Token, event: EffectFailed) -> None:
    """An attempt failed: try again later, take the error route, or stop for a person."""
    node = segment.plan.nodes[token.node]
    model, plan, wait = node.model, node.activity, token.wait
    assert isinstance(model, Activity) and plan is not None and wait is not None
    attempt = int(wait["attempt"])
    if event.attempt not in (None, attempt):
        return
    segment.record(
        "failed",
        node.id,
        effect=event.key,
        attempt=attempt,
        code=event.fault.code,
        message={
            "zh": event.fault.zh,
            "en": event.fault.en,
        },
    )
    if event.unknown and plan.node.idempotency == "none":
        segment.incident(
            token, fault("effect.unknown", event.fault.details, node=node.id), stage="effect", effect=event.key
        )
        return
    if event.retryable and attempt <= model.retry.max:
        segment.owe(Retry(event.key, attempt + 1, segment.at + pause(model.retry, attempt)))
        segment.park(token, {**wait, "attempt": attempt + 1})
        return
    segment.fail(token, event.fault, stage="effect", effect=event.key)


def pause(backoff: Backoff, attempt: int) -> timedelta:
    """How long to wait after the failed ``attempt`` (from 1)."""
    first, longest = parse_duration(backoff.first), parse_duration(backoff.longest)
    if isinstance(first, YearsMonths) or isinstance(longest, YearsMonths):
        return timedelta(days=30)
    return min(first * float(backoff.factor) ** (attempt - 1), longest)

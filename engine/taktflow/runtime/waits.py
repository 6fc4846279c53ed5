"""Waits: for a span of time, a moment, a message, or whichever of several comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from taktflow.definitions.workflow import Trigger, Wait
from taktflow.runtime.effects import DropTimer, SetTimer, Subscribe, Unsubscribe
from taktflow.runtime.events import MessageArrived
from taktflow.runtime.plan import NodePlan
from taktflow.runtime.segment import Segment, fault
from taktflow.runtime.state import Token
from taktflow.values import Value, shown

ONLY = "only"
"""The name of the trigger of a wait without ``any``."""


def enter(segment: Segment, token: Token, node: NodePlan) -> None:
    """Sets every timer and subscription of the wait."""
    model = node.model
    assert isinstance(model, Wait)
    wait: dict[str, Any] = {"on": "wait", "timers": {}, "subscriptions": {}}
    scope = segment.scope(token)
    for name, trigger in _triggers(model).items():
        part = f"any.{name}." if model.any else ""
        if trigger.message is not None:
            program = node.programs.get(f"{part}key")
            key = segment.state.key if program is None else program(scope, segment.clock)
            if key is None or key == "":
                segment.fail(token, fault("wait.key", node=node.id, message=trigger.message))
                return
            id = segment.name(node.id)
            wait["subscriptions"][name] = id
            segment.owe(Subscribe(id, trigger.message, key if isinstance(key, str) else shown(key)))
        else:
            due = _moment(segment, node, trigger, f"{part}until", scope)
            if due is None:
                segment.fail(token, fault("wait.moment", node=node.id))
                return
            timer = segment.name(node.id)
            wait["timers"][name] = timer
            segment.owe(SetTimer(timer, due))
    segment.park(token, wait)
    segment.record("waiting", node.id)


def _triggers(model: Wait) -> dict[str, Trigger]:
    if model.any:
        return dict(model.any)
    return {ONLY: Trigger(after=model.after, until=model.until, message=model.message, key=model.key, out=model.out)}


def _moment(segment: Segment, node: NodePlan, trigger: Trigger, part: str, scope: dict[str, Value]) -> datetime | None:
    if trigger.after is not None:
        return segment.plan.due(trigger.after, segment.at, scope)
    until = node.parts[part].evaluate(scope, segment.clock)
    return until if isinstance(until, datetime) else None


def timer_fired(segment: Segment, token: Token, name: str) -> None:
    """Time came first."""
    _over(segment, token, name)


def message_arrived(segment: Segment, token: Token, name: str, event: MessageArrived) -> None:
    """A message came first; its payload goes where the trigger says."""
    node = segment.plan.nodes[token.node]
    assert isinstance(node.model, Wait)
    segment.assign(token, _triggers(node.model)[name].out, event.payload)
    _over(segment, token, name, message=event.message)


def _over(segment: Segment, token: Token, name: str, **facts: Any) -> None:
    node = segment.plan.nodes[token.node]
    wait = token.wait
    assert isinstance(node.model, Wait) and wait is not None
    for other, timer in wait["timers"].items():
        if other != name:
            segment.owe(DropTimer(timer))
    for other, subscription in wait["subscriptions"].items():
        if other != name:
            segment.owe(Unsubscribe(subscription))
    segment.record("came", node.id, **({"outcome": name} if name != ONLY else {}), **facts)
    segment.leave(replace(token, wait=None), name, tuple(node.model.any))

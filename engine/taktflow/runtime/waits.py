"""Waits: for time, a message, a broadcast or a condition, or whichever of several comes first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from taktflow.definitions.triggers import Trigger
from taktflow.definitions.workflow import Wait
from taktflow.runtime import triggers
from taktflow.runtime.events import MessageArrived
from taktflow.runtime.plan import NodePlan
from taktflow.runtime.segment import Segment
from taktflow.runtime.state import Token

ONLY = "only"
"""The name of the trigger of a wait without ``any``."""


def enter(segment: Segment, token: Token, node: NodePlan) -> None:
    """Sets every timer and subscription of the wait."""
    model = node.model
    assert isinstance(model, Wait)
    try:
        asked = triggers.armed(segment, token, node, triggers_of(model), "any." if model.any else "")
    except triggers.Unusable as wrong:
        segment.fail(token, wrong.fault)
        return
    segment.park(token, {"on": "wait", **asked})
    segment.record("waiting", node.id)


def triggers_of(model: Wait) -> dict[str, Trigger]:
    """What ends the wait, by name."""
    if model.any:
        return dict(model.any)
    asked = Trigger(
        after=model.after,
        until=model.until,
        message=model.message,
        key=model.key,
        broadcast=model.broadcast,
        when=model.when,
        out=model.out,
    )
    return {ONLY: asked}


def came(segment: Segment, token: Token, name: str) -> None:
    """Time, or a condition, came first."""
    _over(segment, token, name)


def message_arrived(segment: Segment, token: Token, name: str, event: MessageArrived) -> None:
    """A message or broadcast came first; its payload goes where the trigger says."""
    node = segment.plan.nodes[token.node]
    assert isinstance(node.model, Wait)
    segment.assign(token, triggers_of(node.model)[name].out, event.payload)
    _over(segment, token, name, message=event.message)


def _over(segment: Segment, token: Token, name: str, **facts: Any) -> None:
    node = segment.plan.nodes[token.node]
    wait = token.wait
    assert isinstance(node.model, Wait) and wait is not None
    triggers.disarm(segment, wait, but=name)
    segment.record("came", node.id, **({"outcome": name} if name != ONLY else {}), **facts)
    segment.leave(replace(token, wait=None), name, tuple(node.model.any))

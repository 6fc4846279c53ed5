"""Boundary events and locks: what a node holds for as long as a token stands at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from taktflow.definitions.triggers import Boundary
from taktflow.definitions.workflow import Interruptible
from taktflow.runtime import triggers
from taktflow.runtime.effects import AskLock
from taktflow.runtime.plan import NodePlan
from taktflow.runtime.segment import Segment, fault
from taktflow.runtime.state import Token
from taktflow.values import Value, shown


def stand(segment: Segment, token: Token, node: NodePlan) -> Token | None:
    """Arms the node's events and asks for its lock; None while it waits for the lock, or when the path failed."""
    model = node.model
    assert isinstance(model, Interruptible)
    try:
        guard = triggers.armed(segment, token, node, model.events, "events.")
    except triggers.Unusable as wrong:
        segment.fail(token, wrong.fault)
        return None
    token = replace(token, guard=guard)
    segment.state.tokens[token.id] = token
    if model.lock is None:
        return token
    name = node.programs["lock"](segment.scope(token), segment.clock)
    if name is None or name == "":
        segment.fail(token, fault("lock.name", node=node.id))
        return None
    lock = segment.name(node.id)
    thing = name if isinstance(name, str) else shown(name)
    segment.owe(AskLock(lock, thing, node.id))
    segment.park(replace(token, guard={**guard, "lock": lock}), {"on": "lock", "lock": lock, "name": thing})
    segment.record("queued", node.id, lock=thing)
    return None


def granted(segment: Segment, token: Token) -> None:
    """The lock is held: the token enters its node."""
    assert token.wait is not None
    segment.record("locked", token.node, lock=token.wait["name"])
    segment.wake(token)


def happen(segment: Segment, token: Token, name: str, payload: Value = None, **facts: Any) -> None:
    """The boundary event ``name`` of the node at which ``token`` stands."""
    node = segment.plan.nodes[token.node]
    assert isinstance(node.model, Interruptible) and token.guard is not None
    event = node.model.events[name]
    segment.assign(token, event.out, payload)
    segment.record("happened", node.id, event=name, to=event.to, interrupts=event.interrupt, **facts)
    if event.interrupt:
        _interrupt(segment, token, name, event)
    else:
        _beside(segment, token, node, name, event)


def _interrupt(segment: Segment, token: Token, name: str, event: Boundary) -> None:
    assert token.guard is not None
    triggers.disarm(segment, token.guard, but=name)
    left = {k: v for k, v in token.guard.items() if k == "lock"}
    held = replace(token, guard=left or None)
    segment.state.tokens[token.id] = held
    segment.give_up(held, "interrupted")
    segment.go(held, event.to)


def _beside(segment: Segment, token: Token, node: NodePlan, name: str, event: Boundary) -> None:
    guard = _again(segment, token, node, name, event) if event.every else _without(segment, token, name)
    segment.state.tokens[token.id] = replace(token, guard=guard)
    id = segment.number()
    segment.state.tokens[id] = Token(id, node.id, token.frame)
    segment.go(segment.state.tokens[id], event.to)


def _again(segment: Segment, token: Token, node: NodePlan, name: str, event: Boundary) -> Mapping[str, Any]:
    """The guard with the event armed once more; a broadcast and an escalation go on by themselves."""
    assert token.guard is not None
    if name in token.guard.get("broadcasts", ()) or event.escalation is not None:
        return token.guard
    once_more = triggers.armed(segment, token, node, {name: event}, "events.")
    return {
        **token.guard,
        "timers": {**token.guard["timers"], **once_more["timers"]},
        "subscriptions": {**token.guard["subscriptions"], **once_more["subscriptions"]},
    }


def _without(segment: Segment, token: Token, name: str) -> Mapping[str, Any]:
    assert token.guard is not None
    if name in token.guard.get("broadcasts", ()):
        triggers.disarm(segment, {k: {name: v[name]} for k, v in token.guard.items() if k == "subscriptions"})
    gone = {kind: {n: id for n, id in token.guard[kind].items() if n != name} for kind in ("timers", "subscriptions")}
    lists = {
        kind: [n for n in token.guard[kind] if n != name]
        for kind in ("conditions", "broadcasts")
        if kind in token.guard
    }
    return {**token.guard, **gone, **lists, "past": [*token.guard.get("past", ()), name]}


def escalate(segment: Segment, token: Token, name: str, payload: Value) -> bool:
    """Tells the nearest node around ``token`` that listens for ``name``; whether the token is still there."""
    frame = segment.state.frames[token.frame]
    while frame.owner is not None:
        owner = segment.state.tokens[frame.owner]
        model = segment.plan.nodes[owner.node].model
        for event, about in (model.events if isinstance(model, Interruptible) else {}).items():
            if about.escalation == name and owner.guard is not None and event not in owner.guard.get("past", ()):
                happen(segment, owner, event, payload, escalation=name)
                return token.id in segment.state.tokens
        frame = segment.state.frames[owner.frame]
    segment.record("unheard", token.node, escalation=name)
    return True

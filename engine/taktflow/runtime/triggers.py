"""Triggers: what a wait or a boundary event asks of the world, by name, and how it is taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from taktflow.definitions.triggers import Trigger
from taktflow.runtime.effects import DropTimer, Hear, SetTimer, Subscribe, Unsubscribe
from taktflow.runtime.plan import NodePlan
from taktflow.runtime.segment import Segment, fault
from taktflow.runtime.state import Token
from taktflow.values import Value, shown

Armed: TypeAlias = Mapping[str, Any]
"""``timers`` and ``subscriptions`` by the trigger's name, ``conditions`` that are looked at, ``broadcasts`` heard."""


class Unusable(Exception):
    """A trigger has no key or no moment; ``fault`` says which."""

    def __init__(self, problem: Any) -> None:
        super().__init__(problem.code)
        self.fault = problem


def armed(segment: Segment, token: Token, node: NodePlan, triggers: Mapping[str, Trigger], part: str) -> dict[str, Any]:
    """Asks for every one of ``triggers``; Unusable when one cannot come. ``part`` is their place in the node."""
    found: dict[str, Any] = {"timers": {}, "subscriptions": {}}
    scope = segment.scope(token)
    wanted = [(name, trigger, f"{part}{name}." if part else "") for name, trigger in triggers.items()]
    # All keys and moments come before the first effect: half a wait would wait for ever.
    keys = {n: _key(segment, node, t, f"{at}key", scope) for n, t, at in wanted if t.message is not None}
    moments = {n: _moment(segment, node, t, f"{at}until", scope) for n, t, at in wanted if _timed(t)}
    for name, trigger, _ in wanted:
        if trigger.message is not None:
            _subscribe(segment, node, found, name, trigger.message, keys[name])
        elif trigger.broadcast is not None:
            _hear(segment, node, found, name, trigger.broadcast)
        elif trigger.when is not None:
            found.setdefault("conditions", []).append(name)
        elif name in moments:
            timer = segment.name(node.id)
            found["timers"][name] = timer
            segment.owe(SetTimer(timer, moments[name]))
    return found


def _timed(trigger: Trigger) -> bool:
    return trigger.after is not None or trigger.until is not None


def _key(segment: Segment, node: NodePlan, trigger: Trigger, part: str, scope: Mapping[str, Value]) -> str:
    program = node.programs.get(part)
    key = segment.state.key if program is None else program(scope, segment.clock)
    if key is None or key == "":
        raise Unusable(fault("wait.key", node=node.id, message=trigger.message))
    return key if isinstance(key, str) else shown(key)


def _moment(segment: Segment, node: NodePlan, trigger: Trigger, part: str, scope: Mapping[str, Value]) -> datetime:
    if trigger.after is not None:
        return segment.plan.due(trigger.after, segment.at, scope)
    until = node.parts[part].evaluate(scope, segment.clock)
    if not isinstance(until, datetime):
        raise Unusable(fault("wait.moment", node=node.id))
    return until


def _subscribe(segment: Segment, node: NodePlan, found: dict[str, Any], name: str, message: str, key: str) -> None:
    id = segment.name(node.id)
    found["subscriptions"][name] = id
    segment.owe(Subscribe(id, message, key))


def _hear(segment: Segment, node: NodePlan, found: dict[str, Any], name: str, broadcast: str) -> None:
    id = segment.name(node.id)
    found["subscriptions"][name] = id
    # A broadcast goes on being heard until it is unsubscribed, a message's subscription is gone with the message.
    found.setdefault("broadcasts", []).append(name)
    segment.owe(Hear(id, broadcast))


def disarm(segment: Segment, asked: Armed, but: str | None = None) -> None:
    """Takes back everything in ``asked`` except what came, the trigger ``but``."""
    for name, timer in (asked.get("timers") or {}).items():
        if name != but:
            segment.owe(DropTimer(timer))
    for name, subscription in (asked.get("subscriptions") or {}).items():
        if name != but or name in asked.get("broadcasts", ()):
            segment.owe(Unsubscribe(subscription))


def named(asked: Armed | None, kind: str, id: str) -> str | None:
    """The trigger in ``asked`` whose timer or subscription is ``id``."""
    entries: Mapping[str, str] = (asked or {}).get(kind) or {}
    return next((name for name, known in entries.items() if known == id), None)


def conditions(segment: Segment) -> Iterator[tuple[Token, str, bool]]:
    """Every condition that is looked at and holds now: its token, its trigger's name, and whether it guards a node."""
    state = segment.state
    watching = [
        t
        for t in state.tokens.values()
        if (t.wait is not None and t.wait.get("conditions")) or (t.guard is not None and t.guard.get("conditions"))
    ]
    if not watching:
        return
    at = sorted({t.node for t in state.tokens.values()})
    for token in watching:
        node = segment.plan.nodes[token.node]
        scope = segment.scope(token)
        scope["instance"] = {**scope["instance"], "at": at}
        for guards, asked in ((False, token.wait), (True, token.guard)):
            for name in (asked or {}).get("conditions", ()):
                if _condition(node, name, guards).evaluate(scope, segment.clock) is True:
                    yield token, name, guards


def _condition(node: NodePlan, name: str, guards: bool) -> Any:
    if guards:
        return node.parts[f"events.{name}.when"]
    return node.parts.get(f"any.{name}.when") or node.parts["when"]

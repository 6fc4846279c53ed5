"""Moves an instance to another version of its workflow, node by node, or says why it cannot go there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias

from taktflow.definitions.triggers import Trigger
from taktflow.definitions.workflow import Approval, Interruptible, UserTask, Wait
from taktflow.runtime import people, triggers
from taktflow.runtime.decide import Decision, finish
from taktflow.runtime.effects import FreeLock
from taktflow.runtime.plan import NodePlan, Plan
from taktflow.runtime.segment import Segment
from taktflow.runtime.state import Done, Frame, State, Token
from taktflow.runtime.waits import triggers_of
from taktflow.values import Value

NodeMap: TypeAlias = Mapping[str, str]
"""Nodes of the old version that have another id in the new one."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a token cannot move. ``kind`` tells whether a person can choose another node for it."""

    kind: Literal["choice", "cannot"]
    code: str
    node: str
    args: Mapping[str, Value]


def obstacles(state: State, old: Plan, new: Plan, nodes: NodeMap) -> list[Obstacle]:
    """Everything that keeps the instance from moving from ``old`` to ``new``; none when it can."""
    found: dict[tuple[str, str], Obstacle] = {}
    for token in state.tokens.values():
        for one in _of_token(state, token, old, new, nodes):
            found.setdefault((one.code, one.node), one)
    return list(found.values())


def _target(node: str, new: Plan, nodes: NodeMap) -> str | None:
    target = nodes.get(node, node)
    return target if target in new.nodes else None


def _of_token(state: State, token: Token, old: Plan, new: Plan, nodes: NodeMap) -> Iterator[Obstacle]:
    target = _target(token.node, new, nodes)
    if target is None:
        yield Obstacle("choice", "migrate.gone", token.node, {"node": token.node})
        return
    args = {"node": token.node, "target": target}
    if new.nodes[target].level != _level(state, token, new, nodes):
        yield Obstacle("choice", "migrate.level", token.node, args)
    if token.wait is None:
        return
    before, after = old.nodes[token.node], new.nodes[target]
    if token.wait["on"] not in ("arrival", "lock") and _kind(before) != _kind(after):
        kinds = {"old": _kind(before), "new": _kind(after)}
        yield Obstacle("cannot", "migrate.kind", token.node, {**args, **kinds})
    elif token.wait["on"] in ("join", "arrival") and _edge(token, before, after, old, nodes) is None:
        yield Obstacle("cannot", "migrate.edge", token.node, args)


def _kind(node: NodePlan) -> str:
    return str(node.model.type)


def _level(state: State, token: Token, new: Plan, nodes: NodeMap) -> str:
    """The node in which the token lives in the new version."""
    owner = state.frames[token.frame].owner
    if owner is None:
        return ""
    around = state.tokens[owner]
    if around.wait is not None and around.wait["on"] == "compensate":
        # What takes a step back stands where the step stood.
        return new.nodes[_target(token.node, new, nodes) or token.node].level
    return _target(around.node, new, nodes) or ""


def _edge(token: Token, before: NodePlan, after: NodePlan, old: Plan, nodes: NodeMap) -> int | None:
    """The edge in the new version by which the token came to its join."""
    assert token.wait is not None
    index = int(token.wait["edge"])
    source = next((e.source for n in old.nodes.values() for e in n.edges if _leads(e, index, before, n)), None)
    if source is None:
        return -1 if index == -1 else None
    return after.entries.get(nodes.get(source, source))


def _leads(edge: Any, index: int, to: NodePlan, source: NodePlan) -> bool:
    return bool(edge.index == index and edge.target == to.id and source.level == to.level)


def migrate(state: State, old: Plan, new: Plan, nodes: NodeMap, at: datetime, by: str) -> Decision:
    """The instance in the version ``new``; it must have no obstacles.

    Timers, subscriptions and tasks that mean the same stay as they are; what a node no longer waits for is taken back,
    what it waits for besides is asked, and a task whose form or outcomes changed is opened anew.
    """
    moved = _moved(state.copy(), old, new, nodes)
    segment = Segment(new, moved, at)
    segment.record("migrated", "", by=by, old=old.version, new=new.version, nodes=dict(nodes))
    for token in list(moved.tokens.values()):
        before = old.nodes[state.tokens[token.id].node]
        if token.id in moved.tokens:
            _adapted(segment, moved.tokens[token.id], before)
    return finish(segment)


def _moved(state: State, old: Plan, new: Plan, nodes: NodeMap) -> State:
    """``state`` with every node by its new id."""

    def named(node: str) -> str:
        return nodes.get(node, node)

    for token in list(state.tokens.values()):
        wait = token.wait
        if wait is not None and wait["on"] in ("join", "arrival"):
            target = named(token.node)
            wait = {**wait, "edge": _edge(token, old.nodes[token.node], new.nodes[target], old, nodes)}
        elif wait is not None and wait["on"] == "compensate":
            wait = {**wait, "left": [[named(node), variables] for node, variables in wait["left"]]}
        state.tokens[token.id] = replace(token, node=named(token.node), wait=wait)
    for frame in list(state.frames.values()):
        state.frames[frame.id] = replace(frame, done=tuple(_done(frame, new, nodes)))
    state.joins = {f"{named(key.rpartition('/')[0])}/{key.rpartition('/')[2]}": n for key, n in state.joins.items()}
    state.visits = {named(node): n for node, n in state.visits.items()}
    return state


def _done(frame: Frame, new: Plan, nodes: NodeMap) -> Iterator[Done]:
    """What can still be taken back: steps whose node is there and still says how."""
    for step in frame.done:
        node = nodes.get(step.node, step.node)
        if node in new.nodes and new.nodes[node].undo is not None:
            yield replace(step, node=node, inside=tuple(nodes.get(n, n) for n in step.inside))


def _adapted(segment: Segment, token: Token, before: NodePlan) -> None:
    after = segment.plan.nodes[token.node]
    model, was = after.model, before.model
    if isinstance(model, Interruptible) and isinstance(was, Interruptible):
        token = _guarded(segment, token, after, was)
    wait = token.wait
    if wait is None:
        return
    if wait["on"] == "wait" and isinstance(model, Wait) and isinstance(was, Wait):
        asked = _rearmed(
            segment, token, after, wait, (triggers_of(was), triggers_of(model)), "any." if model.any else ""
        )
        segment.park(token, {"on": "wait", **asked})
    elif wait["on"] in ("task", "approval") and _asks_otherwise(model, was):
        segment.give_up(token, "migrated")
        people.enter(segment, replace(token, wait=None), after)


def _asks_otherwise(model: object, was: object) -> bool:
    if isinstance(model, UserTask) and isinstance(was, UserTask):
        return (model.form, model.outcomes) != (was.form, was.outcomes)
    return (
        isinstance(model, Approval) and isinstance(was, Approval) and (model.form, model.rule) != (was.form, was.rule)
    )


def _guarded(segment: Segment, token: Token, after: NodePlan, was: Interruptible) -> Token:
    """The token with the boundary events of the new version. A lock that is held stays; a new one is not asked for."""
    model = after.model
    assert isinstance(model, Interruptible)
    if token.wait is None or not (token.guard or model.events):
        return token
    held = dict(token.guard or {})
    past = held.get("past", ())
    versions = [{n: e for n, e in events.items() if n not in past} for events in (was.events, model.events)]
    guard = _rearmed(segment, token, after, held, (versions[0], versions[1]), "events.")
    guard |= {key: held[key] for key in ("lock", "past") if key in held}
    if "lock" in guard and model.lock is None:
        segment.owe(FreeLock(guard.pop("lock")))
        if token.wait["on"] == "lock":
            return segment.wake(replace(token, guard=guard))
    moved = replace(token, guard=guard)
    segment.state.tokens[token.id] = moved
    return moved


_WHERE_TO = {"to", "interrupt", "every", "out"}
"""What of a trigger is read only when it happens."""


def _asked(trigger: Trigger) -> object:
    """What the trigger asks of the world."""
    return trigger.model_dump(exclude=_WHERE_TO)


def _rearmed(
    segment: Segment,
    token: Token,
    node: NodePlan,
    asked: Mapping[str, Any],
    versions: tuple[Mapping[str, Trigger], Mapping[str, Trigger]],
    part: str,
) -> dict[str, Any]:
    """``asked`` after what changed between two versions of its triggers."""
    old, new = versions
    same = {name for name in new if name in old and _asked(old[name]) == _asked(new[name])}

    def split(kind: str, *, keep: bool) -> dict[str, str]:
        return {n: id for n, id in (asked.get(kind) or {}).items() if (n in same) is keep}

    triggers.disarm(segment, {kind: split(kind, keep=False) for kind in ("timers", "subscriptions")})
    more = triggers.armed(segment, token, node, {n: t for n, t in new.items() if n not in same}, part)
    found: dict[str, Any] = {kind: {**split(kind, keep=True), **more[kind]} for kind in ("timers", "subscriptions")}
    for kind in ("conditions", "broadcasts"):
        if names := [*(n for n in asked.get(kind, ()) if n in same), *more.get(kind, ())]:
            found[kind] = names
    return found

"""Scopes: a part of the flow with an inside of its own, and what tells, ends or undoes parts of the flow."""

from __future__ import annotations

from dataclasses import replace

from taktflow.definitions.workflow import Broadcast, Cancel, Compensate, Escalate, Scope
from taktflow.runtime import guards
from taktflow.runtime.effects import Announce
from taktflow.runtime.plan import NodePlan
from taktflow.runtime.segment import Segment
from taktflow.runtime.state import Frame, Token
from taktflow.values import Value


def enter(segment: Segment, token: Token, node: NodePlan) -> None:
    """Opens the inside with its own variables."""
    assert isinstance(node.model, Scope)
    program = node.programs.get("vars")
    variables = program(segment.scope(token), segment.clock) if program else {}
    frame = Frame(segment.number(), token.frame, token.id, variables)
    segment.state.frames[frame.id] = frame
    segment.park(token, {"on": "scope", "outcome": None})
    segment.record("opened", node.id)
    segment.put(segment.plan.entry[node.id], frame.id)


def done(segment: Segment, token: Token, frame: Frame) -> None:
    """The last path inside is over: the scope is left by its outcome."""
    wait = token.wait
    assert wait is not None
    node = segment.plan.nodes[token.node]
    assert isinstance(node.model, Scope)
    segment.drop_frame(frame)
    segment.record("closed", node.id, **({"outcome": wait["outcome"]} if wait["outcome"] else {}))
    segment.leave(replace(token, wait=None), wait["outcome"], outcomes(node.model))


def outcomes(scope: Scope) -> tuple[str, ...]:
    """The outcomes that the ends inside ``scope`` declare."""
    found = [outcome for n in scope.nodes.values() if (outcome := getattr(n, "outcome", None)) and n.type == "end"]
    return tuple(dict.fromkeys(found))


def cancel(segment: Segment, token: Token, node: NodePlan) -> None:
    """Ends the paths at the named nodes of this level."""
    assert isinstance(node.model, Cancel)
    ended = [
        t for t in segment.state.tokens.values() if t.frame == token.frame and t.node in node.model.nodes and t != token
    ]
    for other in ended:
        segment.withdraw(other, "cancel")
    segment.record("withdrew", node.id, nodes=[t.node for t in ended])
    segment.leave(token)


def broadcast(segment: Segment, token: Token, node: NodePlan) -> None:
    """Tells every instance that listens now."""
    assert isinstance(node.model, Broadcast)
    payload = _payload(segment, token, node)
    segment.owe(Announce(segment.name(node.id), node.model.name, payload))
    segment.record("announced", node.id, broadcast=node.model.name, payload=payload)
    segment.leave(token)


def escalate(segment: Segment, token: Token, node: NodePlan) -> None:
    """Tells the nearest node around; goes on unless that ended this path."""
    assert isinstance(node.model, Escalate)
    if guards.escalate(segment, token, node.model.name, _payload(segment, token, node)):
        segment.leave(token)


def _payload(segment: Segment, token: Token, node: NodePlan) -> Value:
    program = node.programs.get("data")
    return program(segment.scope(token), segment.clock) if program else {}


def compensate(segment: Segment, token: Token, node: NodePlan) -> None:
    """Begins to take back what was done on this level, the newest first."""
    model = node.model
    assert isinstance(model, Compensate)
    frame = segment.state.frames[token.frame]
    back = [d for d in frame.done if not model.of or {d.node, *d.inside} & set(model.of)]
    segment.state.frames[frame.id] = replace(frame, done=tuple(d for d in frame.done if d not in back))
    segment.record("compensating", node.id, steps=[d.node for d in reversed(back)])
    left = [[d.node, d.variables] for d in reversed(back)]
    _undo_next(segment, segment.park(token, {"on": "compensate", "left": left}))


def undone(segment: Segment, token: Token, frame: Frame) -> None:
    """One step is taken back: the one before it is next."""
    segment.drop_frame(frame)
    _undo_next(segment, token)


def _undo_next(segment: Segment, token: Token) -> None:
    assert token.wait is not None
    left = list(token.wait["left"])
    if not left:
        segment.leave(replace(token, wait=None))
        return
    step, variables = left.pop(0)
    handler = getattr(segment.plan.nodes[step].model, "undo", None)
    assert handler is not None
    segment.park(token, {"on": "compensate", "left": left})
    frame = Frame(segment.number(), token.frame, token.id, variables)
    segment.state.frames[frame.id] = frame
    segment.record("undoing", step, by=handler)
    segment.put(handler, frame.id)

"""Joins, forks and branches: where paths part and meet."""

from __future__ import annotations

from dataclasses import replace

from taktflow.definitions.workflow import Branch, FirstN, Join
from taktflow.runtime.arrivals import may_come
from taktflow.runtime.plan import EdgePlan, NodePlan
from taktflow.runtime.segment import Segment, fault
from taktflow.runtime.state import Token


def branch(segment: Segment, token: Token, node: NodePlan) -> None:
    """Takes the first edge that holds, or every one that does."""
    assert isinstance(node.model, Branch)
    if node.model.mode == "exclusive":
        edge = segment.first_edge(node, segment.scope(token))
        if edge is None:
            segment.incident(token, fault("edge.none", node=node.id), stage="leave")
            return
        segment.record("chose", node.id, to=edge.target)
        segment.move(token, edge)
        return
    scope = segment.scope(token)
    taken = [e for e in node.edges if e.when is not None and e.when.evaluate(scope, segment.clock) is True]
    taken = taken or [e for e in node.edges if e.when is None]
    if not taken:
        segment.incident(token, fault("edge.none", node=node.id), stage="leave")
        return
    segment.record("chose", node.id, to=[e.target for e in taken])
    split(segment, token, taken)


def fork(segment: Segment, token: Token, node: NodePlan) -> None:
    """Goes on along every edge."""
    segment.record("forked", node.id, to=[e.target for e in node.edges])
    split(segment, token, list(node.edges))


def split(segment: Segment, token: Token, edges: list[EdgePlan]) -> None:
    """One token becomes one an edge; the first keeps its id."""
    if not edges:
        segment.consume(token)
        return
    for edge in edges[1:]:
        id = segment.number()
        segment.state.tokens[id] = Token(id, edge.target, token.frame)
        segment.arrive(id, edge.target, edge.index)
    segment.move(token, edges[0])


def join(segment: Segment, token: Token, node: NodePlan) -> None:
    """Counts an arrival and goes on when enough have come."""
    model = node.model
    assert isinstance(model, Join)
    edge = token.wait["edge"] if token.wait is not None else -1
    parked = segment.park(token, {"on": "join", "edge": edge})
    if isinstance(model.mode, FirstN):
        _first(segment, parked, node, model.mode)
    elif model.mode == "all":
        _all(segment, parked, node)
    # "active" is settled when nothing else can run: see settle().


def _waiting(segment: Segment, node: str, frame: int) -> list[Token]:
    return [
        t
        for t in segment.state.tokens.values()
        if t.node == node and t.frame == frame and t.wait is not None and t.wait["on"] == "join"
    ]


def _edges(tokens: list[Token]) -> set[int]:
    return {int(t.wait["edge"]) for t in tokens if t.wait is not None}


def _all(segment: Segment, token: Token, node: NodePlan) -> None:
    by_edge: dict[int, Token] = {}
    for one in _waiting(segment, node.id, token.frame):
        assert one.wait is not None
        by_edge.setdefault(int(one.wait["edge"]), one)
    if node.incoming <= by_edge.keys():
        used = [by_edge[e] for e in node.incoming]
        _fire(segment, token if token in used else used[0], used, node)


def _fire(segment: Segment, going: Token, used: list[Token], node: NodePlan) -> None:
    for one in used:
        if one.id != going.id:
            segment.state.tokens.pop(one.id, None)
    segment.record("joined", node.id, arrived=len(used))
    segment.leave(replace(going, wait=None))


def _first(segment: Segment, token: Token, node: NodePlan, mode: FirstN) -> None:
    key = f"{node.id}/{token.frame}"
    count = dict(segment.state.joins.get(key, {"arrived": 0, "fired": 0}))
    count["arrived"] += 1
    segment.state.joins[key] = count
    last = count["arrived"] >= len(node.incoming)
    if count["fired"]:
        segment.record("late", node.id)
        if last:
            del segment.state.joins[key]
        segment.consume(token)
        return
    if count["arrived"] < mode.first:
        return
    count["fired"] = 1
    if last or mode.rest == "cancel":
        del segment.state.joins[key]
    if mode.rest == "cancel":
        _cancel_rest(segment, token, node)
    _fire(segment, token, _waiting(segment, node.id, token.frame), node)


def _cancel_rest(segment: Segment, token: Token, node: NodePlan) -> None:
    """Withdraws the paths that could still come to the join."""
    arrived = _edges(_waiting(segment, node.id, token.frame))
    for other in list(segment.state.tokens.values()):
        if other.frame != token.frame or _apart(other):
            continue
        # One that stands at the join's door has come too late as well.
        coming = other.ready if other.node == node.id else may_come(node.reach, other.node, arrived)
        if coming:
            segment.withdraw(other, "join.first")
            segment.record("withdrawn", other.node)


def settle(segment: Segment) -> bool:
    """Fires the active joins that no other path can reach any more; False when there is none."""
    waiting = [t for t in segment.state.tokens.values() if t.wait is not None and t.wait["on"] == "join"]
    for token in waiting:
        node = segment.plan.nodes[token.node]
        assert isinstance(node.model, Join)
        if node.model.mode != "active":
            continue
        mates = _waiting(segment, node.id, token.frame)
        arrived = _edges(mates)
        others = [
            t for t in segment.state.tokens.values() if t.frame == token.frame and t not in mates and not _apart(t)
        ]
        if not any(may_come(node.reach, t.node, arrived) for t in others):
            _fire(segment, token, mates, node)
            return True
    return False


def _apart(token: Token) -> bool:
    """Whether the token only minds items for which the flow does not wait: it comes nowhere any more."""
    return token.wait is not None and bool(token.wait.get("apart"))


def stuck(segment: Segment) -> list[Token]:
    """Tokens at joins when nothing else lives in their frame: they would wait for ever."""
    frames: dict[int, list[Token]] = {}
    for token in segment.state.tokens.values():
        frames.setdefault(token.frame, []).append(token)
    return [
        tokens[0] for tokens in frames.values() if all(t.wait is not None and t.wait["on"] == "join" for t in tokens)
    ]

"""For-each: an inner flow once an item, in parallel or in turn, perhaps ended early."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from taktflow.definitions.triggers import Opened, Trigger
from taktflow.definitions.workflow import ForEach
from taktflow.runtime import triggers
from taktflow.runtime.events import MessageArrived
from taktflow.runtime.plan import NodePlan
from taktflow.runtime.segment import Segment, fault
from taktflow.runtime.state import Frame, Token
from taktflow.values import Value, normal


def enter(segment: Segment, token: Token, node: NodePlan) -> None:
    """Starts the first items; an empty list is done at once."""
    model = node.model
    assert isinstance(model, ForEach)
    items = node.parts["over"].evaluate(segment.scope(token), segment.clock)
    if not isinstance(items, list):
        segment.fail(token, fault("each.no_list", node=node.id, text=model.over))
        return
    wait: dict[str, Any] = {"on": "foreach", "items": items, "begun": 0, "done": 0, "results": [None] * len(items)}
    if model.open is not None:
        try:
            wait |= {**triggers.armed(segment, token, node, _messages(model.open), ""), "open": True}
        except triggers.Unusable as wrong:
            segment.fail(token, wrong.fault)
            return
    segment.record("items", node.id, total=len(items))
    parked = segment.park(token, wait if model.wait else {**wait, "apart": True})
    if not model.wait:
        # The items go on by themselves; the flow goes on at once with a token of its own.
        segment.leave(segment.put(node.id, token.frame), done=False)
    _go_on(segment, parked, node, model)


def _messages(opened: Opened) -> dict[str, Trigger]:
    return {"add": Trigger(message=opened.add, key=opened.key), "close": Trigger(message=opened.close, key=opened.key)}


def told(segment: Segment, token: Token, name: str, event: MessageArrived) -> None:
    """One more item for a for-each that is open, or that no more will come."""
    node, wait = segment.plan.nodes[token.node], token.wait
    assert isinstance(node.model, ForEach) and node.model.open is not None and wait is not None
    if name == "close":
        triggers.disarm(segment, wait, but="close")
        parked = segment.park(token, {**wait, "open": False, "timers": {}, "subscriptions": {}})
        segment.record("complete", node.id, total=len(wait["items"]))
    else:
        once_more = triggers.armed(segment, token, node, {"add": _messages(node.model.open)["add"]}, "")
        subscriptions = {**wait["subscriptions"], **once_more["subscriptions"]}
        items, results = [*wait["items"], event.payload], [*wait["results"], None]
        parked = segment.park(token, {**wait, "items": items, "results": results, "subscriptions": subscriptions})
        segment.record("added", node.id, index=len(items))
    _go_on(segment, parked, node, node.model)


def _go_on(segment: Segment, token: Token, node: NodePlan, model: ForEach) -> None:
    """Begins what may begin, or finishes when all is done and nothing can be added."""
    assert token.wait is not None
    if int(token.wait["done"]) < len(token.wait["items"]) or token.wait.get("open"):
        _begin(segment, token, node, model)
    else:
        _finish(segment, token, node, model)


def _begin(segment: Segment, token: Token, node: NodePlan, model: ForEach) -> None:
    """Begins as many items as may run at the same time."""
    wait = token.wait
    assert wait is not None
    at_once = 1 if model.mode == "sequential" else model.at_once
    begun, total = int(wait["begun"]), len(wait["items"])
    while begun < total and begun - int(wait["done"]) < at_once:
        frame = Frame(
            segment.number(),
            token.frame,
            token.id,
            {model.item: wait["items"][begun], "index": normal(begun + 1)},
            begun,
        )
        segment.state.frames[frame.id] = frame
        segment.put(segment.plan.entry[node.id], frame.id)
        begun += 1
    segment.park(token, {**wait, "begun": begun})


def item_done(segment: Segment, frame: Frame) -> None:
    """The last token of an item's frame is gone: collect, begin the next, or finish."""
    assert frame.owner is not None
    token = segment.state.tokens.get(frame.owner)
    if token is None or token.wait is None or token.wait["on"] != "foreach":
        return
    node = segment.plan.nodes[token.node]
    model, wait = node.model, token.wait
    assert isinstance(model, ForEach)
    results = list(wait["results"])
    results[frame.index] = _collected(segment, node, model, token, frame)
    segment.drop_frame(frame)
    done = int(wait["done"]) + 1
    parked = segment.park(token, {**wait, "results": results, "done": done})
    segment.record("item", node.id, index=frame.index + 1)
    if _enough(segment, node, parked, done, results):
        _finish(segment, parked, node, model)
    else:
        _go_on(segment, parked, node, model)


def _collected(segment: Segment, node: NodePlan, model: ForEach, token: Token, frame: Frame) -> Value:
    if "collect" not in node.parts:
        return frame.variables.get(model.item)
    scope = segment.scope(Token(token.id, token.node, frame.id))
    return node.parts["collect"].evaluate(scope, segment.clock)


def _enough(segment: Segment, node: NodePlan, token: Token, done: int, results: list[Any]) -> bool:
    if "complete_when" not in node.parts:
        return False
    extra = {"done": normal(done), "total": normal(len(results)), "results": [r for r in results if r is not None]}
    return node.parts["complete_when"].evaluate(segment.scope(token, extra), segment.clock) is True


def _finish(segment: Segment, token: Token, node: NodePlan, model: ForEach) -> None:
    assert token.wait is not None
    results = token.wait["results"]
    early = int(token.wait["done"]) < len(results)
    if early or token.wait.get("open"):
        segment.give_up(token, "foreach.complete")
    segment.assign(token, model.out, [r for r in results if r is not None] if early else results)
    segment.record("collected", node.id, done=int(token.wait["done"]), total=len(results))
    if model.wait:
        segment.leave(replace(token, wait=None))
    else:
        segment.over(token)

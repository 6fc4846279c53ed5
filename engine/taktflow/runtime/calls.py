"""Calls: another workflow as a child whose end comes back as an event."""

from __future__ import annotations

from dataclasses import replace

from taktflow.definitions.workflow import Call
from taktflow.runtime.effects import StartChild
from taktflow.runtime.events import ChildEnded
from taktflow.runtime.plan import NodePlan
from taktflow.runtime.segment import Segment, fault
from taktflow.runtime.state import Token
from taktflow.values import Value

DEEPEST = 50
"""Calls inside calls after which a workflow that calls itself is taken to go on for ever."""


def enter(segment: Segment, token: Token, node: NodePlan) -> None:
    """Owes the child; its id is this instance's with a number, so that a repeat is the same child."""
    model = node.model
    assert isinstance(model, Call)
    if segment.state.depth >= DEEPEST:
        segment.fail(token, fault("call.depth", node=node.id, most=DEEPEST))
        return
    program = node.programs.get("data")
    variables = program(segment.scope(token), segment.clock) if program else {}
    child = f"{segment.state.instance}.{segment.number()}"
    ref = segment.plan.pins.get(f"workflow:{model.ref}", model.ref)
    segment.owe(StartChild(child, ref, variables, token.id, segment.state.depth + 1))
    segment.park(token, {"on": "call", "child": child})
    segment.record("called", node.id, child=child, workflow=ref)


def ended(segment: Segment, token: Token, event: ChildEnded) -> None:
    """The child is over; a cancelled one is a fault."""
    node = segment.plan.nodes[token.node]
    model = node.model
    assert isinstance(model, Call)
    if event.fault is not None:
        segment.fail(replace(token, wait=None), event.fault)
        return
    value: Value = event.value
    if "collect" in node.parts:
        value = node.parts["collect"].evaluate(value if isinstance(value, dict) else {}, segment.clock)
    segment.assign(token, model.out, value)
    segment.record("returned", node.id, child=event.child, outcome=event.outcome)
    segment.leave(replace(token, wait=None))

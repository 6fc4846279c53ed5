"""What an operator may do to a running instance: move, skip, repeat and end paths, stop it for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from taktflow.definitions.workflow import Approval, Scope, Start, UserTask, Wait
from taktflow.errors import Refused
from taktflow.runtime.effects import FreeEffects, HoldEffects
from taktflow.runtime.events import Change, Event, Held, ModifyRequested, SuspendRequested, event_data
from taktflow.runtime.people import APPROVAL_OUTCOMES
from taktflow.runtime.segment import Segment
from taktflow.runtime.state import ROOT, State, Token


def modify(segment: Segment, event: ModifyRequested) -> None:
    """Makes every change in turn; Refused, and nothing is kept, when one of them cannot be made."""
    for change in event.changes:
        _change(segment, change)
    told = [{"action": c.action, "token": c.token, "node": c.node} for c in event.changes]
    segment.record("modified", "", by=event.by, why=event.why, changes=told)


def _change(segment: Segment, change: Change) -> None:
    if change.action == "begin":
        _reachable(segment, change.node, "")
        segment.put(str(change.node), ROOT)
        return
    token = segment.state.tokens.get(change.token if change.token is not None else -1)
    if token is None:
        raise Refused("modify.token", token=change.token)
    level = segment.plan.nodes[token.node].level
    if change.action == "move":
        _reachable(segment, change.node, level)
    segment.give_up(token, "modified")
    free = replace(token, wait=None)
    segment.state.tokens[token.id] = free
    match change.action:
        case "move":
            segment.go(free, str(change.node))
        case "skip":
            _skip(segment, free, change.node)
        case "repeat":
            segment.wake(free)
        case "end":
            segment.over(free)
        case _:
            assert_never(change.action)


def _skip(segment: Segment, token: Token, outcome: str | None) -> None:
    """Leaves the node as if it were done; where its edges ask for an outcome, the operator names it."""
    model = segment.plan.nodes[token.node].model
    outcomes: tuple[str, ...] = ()
    if isinstance(model, UserTask):
        outcomes = model.outcomes
    elif isinstance(model, Approval):
        outcomes = APPROVAL_OUTCOMES
    elif isinstance(model, Wait):
        outcomes = tuple(model.any)
    if outcome is not None and not isinstance(model, Scope) and outcome not in outcomes:
        raise Refused("task.outcome", outcome=outcome, outcomes=", ".join(outcomes) or "-")
    segment.leave(token, outcome, outcomes, done=False)


def _reachable(segment: Segment, node: str | None, level: str) -> None:
    found = segment.plan.nodes.get(node or "")
    if found is None or isinstance(found.model, Start):
        raise Refused("modify.node", node=node or "-")
    if found.level != level:
        raise Refused("modify.level", node=node)


def suspend(segment: Segment, event: SuspendRequested) -> None:
    """From now on nothing runs; what comes in is kept."""
    if segment.state.held is not None:
        raise Refused("instance.suspended", id=segment.state.instance)
    segment.record("suspended", "", by=event.by, why=event.why)
    segment.state.held = ()
    segment.owe(HoldEffects())
    segment.queue.clear()


def resume(segment: Segment, by: str) -> tuple[Mapping[str, object], ...]:
    """What came in meanwhile, in its order; from now on everything runs again."""
    held = segment.state.held
    if held is None:
        raise Refused("instance.not_suspended", id=segment.state.instance)
    segment.state.held = None
    segment.record("resumed", "", by=by)
    segment.owe(FreeEffects())
    segment.queue.extend(t.id for t in segment.state.tokens.values() if t.ready)
    return held


def hold(state: State, event: Event) -> None:
    """Keeps what came in for a suspended instance; a person hears that it is."""
    if isinstance(event, Held):
        assert state.held is not None
        state.held = (*state.held, event_data(event))
    else:
        raise Refused("instance.suspended", id=state.instance)

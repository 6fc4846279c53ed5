"""The interpreter: ``decide(plan, state, event) -> Decision``, pure. No clock, no I/O, no randomness."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, assert_never

from taktflow.definitions.workflow import (
    Activity,
    Approval,
    Branch,
    Broadcast,
    Call,
    Cancel,
    Compensate,
    End,
    Escalate,
    ForEach,
    Fork,
    Join,
    Scope,
    Start,
    UserTask,
    Wait,
)
from taktflow.errors import Invalid, NotFound, Refused
from taktflow.runtime import (
    activities,
    calls,
    guards,
    incidents,
    incoming,
    joins,
    loops,
    operators,
    people,
    scopes,
    waits,
)
from taktflow.runtime.effects import Effect, EndInstance
from taktflow.runtime.events import (
    CancelRequested,
    ChildEnded,
    Continue,
    EffectDone,
    EffectFailed,
    Event,
    IncidentResolved,
    LockGranted,
    MessageArrived,
    ModifyRequested,
    ResumeRequested,
    Started,
    SuspendRequested,
    TaskDecided,
    TimerFired,
    held_event,
)
from taktflow.runtime.plan import NodePlan, Plan
from taktflow.runtime.segment import Segment, fault
from taktflow.runtime.state import ROOT, Frame, State, Token
from taktflow.values import Json, Value, shown

NODES_A_SEGMENT = 100
ENDLESS = 100_000
"""Nodes run without any event from outside after which a loop is taken to be endless."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an event leads to. ``records`` are the journal's step records; the effects are owed with the state."""

    state: State
    records: list[dict[str, Json]]
    effects: list[Effect]

    @property
    def more(self) -> bool:
        """Whether the segment was cut for its size, so that a Continue must follow."""
        return self.state.status == "running" and self.state.ready


def begin(
    plan: Plan,
    instance: str,
    event: Started,
    *,
    nodes: int = NODES_A_SEGMENT,
    stop: Callable[[], bool] = lambda: False,
) -> Decision:
    """The first decision of a new instance."""
    state = State(
        instance=instance,
        workflow=plan.workflow,
        key=_key(plan, event.variables, event.at),
        by=event.by,
        started_at=event.at,
        parent=event.parent,
        depth=event.depth,
        frames={ROOT: Frame(ROOT, None, None, dict(event.variables))},
    )
    return decide(plan, state, event, nodes=nodes, stop=stop)


def decide(
    plan: Plan,
    state: State,
    event: Event,
    *,
    nodes: int = NODES_A_SEGMENT,
    stop: Callable[[], bool] = lambda: False,
) -> Decision:
    """What ``event`` leads to in ``state``, which is not changed.

    Runs on through what needs nothing from outside, at most ``nodes`` nodes or until ``stop()``; where the cut falls
    changes the number of commits, never the outcome. An event that nothing waits for (a late timer, a second result of
    one effect) changes nothing. Raises Refused or NotFound for a person's act that is not allowed.
    """
    segment = Segment(plan, state.copy(), event.at)
    segment.on_frame_done = lambda frame: _frame_done(segment, frame)
    if segment.state.status == "running" and segment.state.held is not None and _must_wait(event):
        operators.hold(segment.state, event)
        segment.record("kept", "", event=type(event).__name__)
    elif segment.state.status == "running":
        if not isinstance(event, Continue):
            segment.state.pure_steps = 0
        _apply(segment, event)
        _run(segment, nodes, stop)
        if not segment.state.key and plan.key is not None:
            # What came in may become the declared record only after a few nodes.
            segment.state.key = _key(plan, segment.state.variables, event.at)
    else:
        _refuse_late(segment.state.instance, event)
    return Decision(segment.state, segment.records, segment.effects)


def finish(segment: Segment) -> Decision:
    """What a segment that was begun elsewhere comes to, after everything that is ready now has run."""
    segment.on_frame_done = lambda frame: _frame_done(segment, frame)
    _run(segment, NODES_A_SEGMENT, lambda: False)
    return Decision(segment.state, segment.records, segment.effects)


def _must_wait(event: Event) -> bool:
    return not isinstance(event, CancelRequested | ResumeRequested | SuspendRequested | Continue)


def _refuse_late(instance: str, event: Event) -> None:
    """A person must hear that their act came too late; what the engine tells by itself is simply late."""
    match event:
        case TaskDecided():
            raise Refused("task.over", task=event.task)
        case ModifyRequested() | SuspendRequested() | ResumeRequested():
            raise Refused("instance.over", id=instance)
        case IncidentResolved():
            raise NotFound("incident.over", incident=event.incident)
        case _:
            return


def _key(plan: Plan, variables: Mapping[str, Value], at: datetime) -> str:
    value = plan.key.evaluate(variables, plan.clock(at)) if plan.key is not None else None
    return value if isinstance(value, str) else "" if value is None else shown(value)


def _apply(segment: Segment, event: Event) -> None:  # noqa: C901  # One flat match, closed by assert_never.
    match event:
        case Started():
            start = segment.plan.nodes[event.start]
            segment.record("started", event.start, by=event.by, variables=dict(event.variables))
            segment.leave(segment.put(start.id))
            segment.queue = _once(segment)
        case EffectDone() | EffectFailed():
            incoming.effect(segment, event)
        case TimerFired():
            incoming.timer(segment, event)
        case MessageArrived():
            incoming.message(segment, event)
        case LockGranted():
            token = incoming.waiting(segment, "lock", "lock", event.lock)
            if token is not None:
                guards.granted(segment, token)
        case TaskDecided():
            people.decided(segment, _task_token(segment, event.task), event)
        case ChildEnded():
            token = incoming.waiting(segment, "call", "child", event.child)
            if token is not None:
                calls.ended(segment, token, event)
        case IncidentResolved():
            _settled(segment, event)
        case CancelRequested():
            _cancel(segment, event)
        case ModifyRequested():
            operators.modify(segment, event)
        case SuspendRequested():
            operators.suspend(segment, event)
        case ResumeRequested():
            for kept in operators.resume(segment, event.by):
                _apply(segment, held_event(kept))
        case Continue():
            pass
        case _:
            assert_never(event)


def _once(segment: Segment) -> Any:
    # The start token is queued by put() and again by its first move.
    return type(segment.queue)(dict.fromkeys(segment.queue))


def _task_token(segment: Segment, task: str) -> Token:
    token = incoming.waiting(segment, "task", "task", task) or incoming.waiting(segment, "approval", "task", task)
    if token is None:
        raise Refused("task.over", task=task)
    return token


def _settled(segment: Segment, event: IncidentResolved) -> None:
    token = incoming.waiting(segment, "incident", "incident", event.incident)
    if token is None:
        raise NotFound("incident.over", incident=event.incident)
    incidents.settled(segment, token, event)


def _cancel(segment: Segment, event: CancelRequested) -> None:
    _withdraw_all(segment, event.why)
    segment.record("cancelled", "", by=event.by, why=event.why)
    _end(segment, "cancelled")


def _withdraw_all(segment: Segment, why: str) -> None:
    for token in [t for t in segment.state.tokens.values() if t.frame == ROOT]:
        segment.withdraw(token, why)
    segment.queue.clear()


def _end(segment: Segment, status: str) -> None:
    state = segment.state
    state.status = "cancelled" if status == "cancelled" else "ended"
    segment.record(state.status, "", outcome=state.outcome)
    value: Value = dict(state.variables)
    segment.owe(EndInstance(state.status, state.outcome, value, state.parent))


def _frame_done(segment: Segment, frame: Frame) -> None:
    if frame.owner is None:
        if segment.state.status == "running":
            _end(segment, "ended")
        return
    owner = segment.state.tokens.get(frame.owner)
    match owner.wait["on"] if owner is not None and owner.wait is not None else None:
        case "foreach":
            loops.item_done(segment, frame)
        case "scope" if owner is not None:
            scopes.done(segment, owner, frame)
        case "compensate" if owner is not None:
            scopes.undone(segment, owner, frame)
        case _:
            pass


def _run(segment: Segment, nodes: int, stop: Callable[[], bool]) -> None:
    ran = 0
    while segment.state.status == "running":
        if not segment.queue:
            if joins.settle(segment) or incoming.come_true(segment):
                continue
            _report_stuck(segment)
            return
        if ran >= nodes or (ran and stop()):
            return
        token = segment.state.tokens.get(segment.queue.popleft())
        if token is None or not token.ready:
            continue
        ran += 1
        _enter(segment, token, segment.plan.nodes[token.node])


def _report_stuck(segment: Segment) -> None:
    for token in joins.stuck(segment):
        segment.incident(token, fault("join.stuck", node=token.node), stage="leave")


def _enter(segment: Segment, token: Token, node: NodePlan) -> None:
    segment.state.pure_steps += 1
    if segment.state.pure_steps > ENDLESS or (token.guard is None and not _may_visit(segment, node)):
        segment.incident(replace(token, wait=None), fault("loop.endless", node=node.id), stage="enter")
        return
    try:
        here: Token | None = token
        if node.guarded and token.guard is None:
            here = guards.stand(segment, token, node)
        if here is not None:
            _enter_node(segment, here, node)
    except Invalid as wrong:
        # A computed setting that has no usable value (a span, an expression over its limits) stops this path only.
        problem = fault(wrong.code, None, **wrong.args_)
        segment.fail(replace(segment.state.tokens.get(token.id, token), wait=None), problem)


def _may_visit(segment: Segment, node: NodePlan) -> bool:
    most = getattr(node.model, "max_visits", None)
    if most is None:
        return True
    visits = segment.state.visits.get(node.id, 0) + 1
    segment.state.visits[node.id] = visits
    return visits <= int(most)


def _enter_node(segment: Segment, token: Token, node: NodePlan) -> None:  # noqa: C901  # One flat match.
    match node.model:
        case Activity():
            activities.enter(segment, token, node)
        case Branch():
            joins.branch(segment, token, node)
        case Fork():
            joins.fork(segment, token, node)
        case Join():
            joins.join(segment, token, node)
        case Wait():
            waits.enter(segment, token, node)
        case UserTask() | Approval():
            people.enter(segment, token, node)
        case ForEach():
            loops.enter(segment, token, node)
        case Scope():
            scopes.enter(segment, token, node)
        case Call():
            calls.enter(segment, token, node)
        case Compensate():
            scopes.compensate(segment, token, node)
        case Cancel():
            scopes.cancel(segment, token, node)
        case Broadcast():
            scopes.broadcast(segment, token, node)
        case Escalate():
            scopes.escalate(segment, token, node)
        case End():
            _reach_end(segment, token, node.model)
        case Start():
            segment.leave(token)
        case _:
            assert_never(node.model)


def _reach_end(segment: Segment, token: Token, model: End) -> None:
    if model.outcome is not None:
        _outcome(segment, token, model.outcome)
    segment.record("reached", token.node, **({"outcome": model.outcome} if model.outcome else {}))
    if not model.terminate:
        segment.consume(token)
        return
    for other in [t for t in segment.state.tokens.values() if t.frame == token.frame and t.id != token.id]:
        segment.withdraw(other, "end.terminate")
    segment.consume(token)


def _outcome(segment: Segment, token: Token, outcome: str) -> None:
    """The outcome of the scope around the end, or of the instance."""
    owner = segment.state.frames[token.frame].owner
    around = segment.state.tokens[owner] if owner is not None else None
    if around is not None and around.wait is not None and around.wait["on"] == "scope":
        segment.park(around, {**around.wait, "outcome": outcome})
    else:
        segment.state.outcome = outcome

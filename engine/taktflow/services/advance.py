"""Load, decide, commit: the one way an instance's state changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import assert_never

from taktflow.errors import Overloaded
from taktflow.runtime.decide import NODES_A_SEGMENT, Decision, begin, decide
from taktflow.runtime.effects import Effect, Perform, RaiseIncident
from taktflow.runtime.events import Continue, Event, Started
from taktflow.runtime.plan import Plan
from taktflow.runtime.state import State, loads_state
from taktflow.sdk import Alert
from taktflow.services.engine import Engine
from taktflow.services.inline import Gathered, Pace, gathered
from taktflow.store import (
    AuditEntry,
    ClaimedEffect,
    Commit,
    CommitResult,
    Consumed,
    DuplicateValue,
    EffectOutcome,
    InstanceUpdate,
    LoadedInstance,
    NewInbound,
    NewInstance,
    RecordExists,
    RowWrite,
    StaleInstance,
    StaleRecord,
)
from taktflow.values import dumps

SEGMENT_NATIVES = 50
"""Own-database nodes run within one segment."""
VOLATILE_NODES = 10_000
"""Nodes kept in memory alone at most: the journal of one commit must have an end."""
SEGMENT_S = 0.02
"""Seconds after which a segment is cut, so that one long instance does not hold up the others."""
_ATTEMPTS = 20
_RECORDS_MOVED = (RecordExists, DuplicateValue, StaleRecord)


@dataclass(frozen=True)
class Along:
    """What is committed together with a decision."""

    finished: EffectOutcome | None = None
    consumed: Consumed = field(default_factory=Consumed)
    writes: Sequence[RowWrite] = ()
    alerts: Sequence[tuple[Alert, str]] = ()
    audit: Sequence[AuditEntry] = ()
    inbound: Sequence[NewInbound] = ()
    by: str = ""


NOTHING = Along()


@dataclass(frozen=True)
class Advanced:
    """Where an instance stands after a commit."""

    id: str
    state: State
    effects: Sequence[Effect] = field(default_factory=tuple)
    rev: int = 0


def advance(engine: Engine, instance: str, event: Callable[[State], Event] | Event, along: Along = NOTHING) -> Advanced:
    """Lets ``event`` happen to ``instance`` and commits everything it leads to; goes on until nothing more is ready.

    Raises NotFound; Refused or NotFound from the decision; Conflict and Stale from ``along`` (nothing is kept then).
    An instance that is over takes no event, but ``along`` is still committed.
    """
    with engine.stripe(instance):
        done = _once(engine, instance, event, along)
        return _gone_on(engine, done)


def _gone_on(engine: Engine, done: Advanced) -> Advanced:
    while done.state.status == "running" and done.state.ready:
        try:
            done = _once(engine, done.id, Continue(engine.now()), NOTHING)
        except Overloaded:
            # What the caller asked for is kept already, so a refusal would be wrong: an executor goes on later.
            break
    return done


def _once(engine: Engine, instance: str, event: Callable[[State], Event] | Event, along: Along) -> Advanced:
    inline = True
    for attempt in range(_ATTEMPTS):
        loaded = engine.store.load_instance(instance)
        plan = engine.published.plan(loaded.plan_id)
        state = loads_state(loaded.state)
        happening = event(state) if callable(event) else event
        pace = pace_of(plan, happening)
        decision = decide(plan, state, happening, nodes=pace.nodes, stop=pace.stop)
        batch = _carried_on(engine, plan, decision, pace, inline, along)
        try:
            result = engine.store.commit(_update(engine, plan, loaded, batch, happening, along)).result()
        except StaleInstance:
            # Another process was faster: look again. The pause grows so that two do not chase each other.
            time.sleep(0.001 * attempt)
            continue
        except _RECORDS_MOVED:
            if not batch.writes:
                raise
            # A record moved on under this segment: let the executor do those nodes one by one, with their errors.
            inline = False
            continue
        _hand_over(engine, instance, batch, result, plan)
        return Advanced(instance, batch.state, batch.effects, result.rev)
    raise StaleInstance(instance)


@dataclass(frozen=True)
class Moved:
    """A decision that another plan made, by which the instance goes on from now."""

    decision: Decision
    plan_id: str
    plan: Plan


def move(engine: Engine, instance: str, moved: Callable[[State, Plan], Moved], along: Along) -> Advanced:
    """Lets ``moved`` put the instance on another plan, commits that, and goes on until nothing more is ready."""
    with engine.stripe(instance):
        for attempt in range(_ATTEMPTS):
            loaded = engine.store.load_instance(instance)
            state = loads_state(loaded.state)
            new = moved(state, engine.published.plan(loaded.plan_id))
            batch = Gathered(new.decision.state, new.decision.records, new.decision.effects)
            commit = _update(engine, new.plan, loaded, batch, Continue(engine.now()), along)
            assert isinstance(commit.instance, InstanceUpdate)
            placed = replace(commit.instance, plan_id=new.plan_id, version=new.plan.version)
            try:
                result = engine.store.commit(replace(commit, instance=placed)).result()
            except StaleInstance:
                time.sleep(0.001 * attempt)
                continue
            _hand_over(engine, instance, batch, result, new.plan)
            return _gone_on(engine, Advanced(instance, batch.state, batch.effects, result.rev))
        raise StaleInstance(instance)


def _carried_on(engine: Engine, plan: Plan, decision: Decision, pace: Pace, inline: bool, along: Along) -> Gathered:
    if inline:
        return gathered(engine, plan, decision, pace, along.writes)
    return Gathered(decision.state, decision.records, decision.effects)


def pace_of(plan: Plan, event: Event) -> Pace:
    """How far a commit for ``event`` reaches in the durability of the workflow."""
    match plan.durability:
        case "strict":
            # What an event completes is kept alone; each node that follows has a Continue of its own.
            return Pace(int(isinstance(event, Continue)), after=0, natives=1, stop=lambda: False)
        case "volatile":
            return Pace(VOLATILE_NODES, after=VOLATILE_NODES, natives=VOLATILE_NODES, stop=lambda: False)
        case "segment" | "relaxed":
            return Pace(NODES_A_SEGMENT, NODES_A_SEGMENT, SEGMENT_NATIVES, _after(SEGMENT_S))
        case _:
            assert_never(plan.durability)


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def start(
    engine: Engine, plan_id: str, plan: Plan, id: str, event: Started, start_key: str | None, along: Along = NOTHING
) -> Advanced:
    """Begins an instance; raises AlreadyStarted when ``start_key`` or ``id`` has one."""
    pace = pace_of(plan, event)
    for inline in (True, False):
        decision = begin(plan, id, event, nodes=pace.nodes, stop=pace.stop)
        batch = _carried_on(engine, plan, decision, pace, inline, along)
        try:
            result = engine.store.commit(_first(engine, plan_id, plan, batch, event, start_key, along)).result()
        except _RECORDS_MOVED:
            if not batch.writes:
                raise
            continue
        break
    _hand_over(engine, id, batch, result, plan)
    with engine.stripe(id):
        return _gone_on(engine, Advanced(id, batch.state, batch.effects, result.rev))


def _first(
    engine: Engine, plan_id: str, plan: Plan, batch: Gathered, event: Started, start_key: str | None, along: Along
) -> Commit:
    state = batch.state
    new = NewInstance(
        id=state.instance,
        plan_id=plan_id,
        workflow=plan.workflow,
        version=plan.version,
        business_key=state.key,
        state=state.dumps(),
        started_at=event.at,
        by=event.by,
        status=state.status,
        outcome=state.outcome,
        runnable=batch.more,
        ended_at=event.at if state.status != "running" else None,
        start_key=start_key,
        parent_id=event.parent[0] if event.parent else None,
        parent_token=event.parent[1] if event.parent else None,
        priority=_priority(plan, state, event),
    )
    return Commit(
        # Not the event's moment: native nodes have run since, and what they owe is due now.
        at=engine.now(),
        instance=new,
        journal=dumps(batch.records),
        effects=batch.effects,
        consumed=along.consumed,
        writes=[*along.writes, *batch.writes],
        alerts=[*along.alerts, *batch.alerts],
        audit=along.audit,
        inbound=along.inbound,
        by=along.by or event.by,
        relaxed=_relaxed(plan, along),
        driven=True,
        claim=engine.epoch if engine.take else None,
    )


def _update(engine: Engine, plan: Plan, loaded: LoadedInstance, batch: Gathered, event: Event, along: Along) -> Commit:
    state = batch.state
    changed = bool(batch.records or batch.effects) or isinstance(event, Continue)
    over = state.status != "running"
    update = InstanceUpdate(
        id=loaded.id,
        workflow=loaded.workflow,
        rev=loaded.rev,
        seq=loaded.seq,
        state=state.dumps(),
        status=shown_status(state),
        was=loaded.status,
        outcome=state.outcome,
        runnable=batch.more,
        ended_at=event.at if over else None,
        business_key=state.key or None,
        priority=_priority(plan, state, event),
    )
    return Commit(
        at=engine.now(),
        instance=update if changed else None,
        journal=dumps(batch.records) if changed else None,
        effects=batch.effects,
        finished=along.finished,
        consumed=along.consumed,
        # A result nobody waits for any more must leave no trace in the records either.
        writes=[*along.writes, *batch.writes] if changed else (),
        alerts=[*along.alerts, *batch.alerts] if changed else (),
        audit=along.audit,
        by=along.by,
        relaxed=_relaxed(plan, along),
        driven=True,
        claim=engine.epoch if engine.take and changed else None,
    )


def _count(engine: Engine, batch: Gathered, result: CommitResult, plan: Plan) -> None:
    watch = engine.watch
    if result.rev == 1:
        watch.started.add(plan.workflow)
    if result.rev and batch.state.status != "running":
        watch.ended.add((plan.workflow, batch.state.status))
    for effect in batch.effects:
        if isinstance(effect, RaiseIncident):
            watch.incidents.add(effect.fault.code)


def _relaxed(plan: Plan, along: Along) -> bool:
    # What a person did is on the disk when they hear so, whatever the workflow is content with.
    return plan.durability == "relaxed" and not along.audit


def shown_status(state: State) -> str:
    """The status that lists show: an instance that is stopped for a while is suspended."""
    return "suspended" if state.status == "running" and state.held is not None else state.status


def _priority(plan: Plan, state: State, event: Event) -> int:
    if plan.priority is None:
        return 0
    value = plan.priority.evaluate(state.variables, plan.clock(event.at))
    return int(value) if isinstance(value, Decimal) and abs(value) < 1_000_000 else 0


def _hand_over(engine: Engine, instance: str, batch: Gathered, result: CommitResult, plan: Plan) -> None:
    _count(engine, batch, result, plan)
    if not engine.take or not result.claimed:
        return
    claimed = frozenset(result.claimed)
    priority = _priority(plan, batch.state, Continue(engine.now())) if plan.priority else 0
    found = [
        (priority, ClaimedEffect(instance, e, engine.epoch))
        for e in batch.effects
        if isinstance(e, Perform) and e.key in claimed
    ]
    engine.take[0](found)

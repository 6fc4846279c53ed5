"""Load, decide, commit: the one way an instance's state changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from taktflow.runtime.decide import Decision, begin, decide
from taktflow.runtime.effects import Effect, Perform
from taktflow.runtime.events import Continue, Event, Started
from taktflow.runtime.plan import Plan
from taktflow.runtime.state import State, loads_state
from taktflow.sdk import Alert
from taktflow.services.engine import Engine
from taktflow.services.inline import Gathered, gathered
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
        while done.state.status == "running" and done.state.ready:
            done = _once(engine, instance, Continue(engine.now()), NOTHING)
        return done


def _once(engine: Engine, instance: str, event: Callable[[State], Event] | Event, along: Along) -> Advanced:
    inline = True
    for attempt in range(_ATTEMPTS):
        loaded = engine.store.load_instance(instance)
        plan = engine.published.plan(loaded.plan_id)
        state = loads_state(loaded.state)
        happening = event(state) if callable(event) else event
        stop = _after(SEGMENT_S)
        batch = _carried_on(engine, plan, decide(plan, state, happening, stop=stop), stop, inline, along)
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
            done = Advanced(instance, batch.state, batch.effects, result.rev)
            while done.state.status == "running" and done.state.ready:
                done = _once(engine, instance, Continue(engine.now()), NOTHING)
            return done
        raise StaleInstance(instance)


def _carried_on(
    engine: Engine, plan: Plan, decision: Decision, stop: Callable[[], bool], inline: bool, along: Along
) -> Gathered:
    if inline:
        return gathered(engine, plan, decision, stop, along.writes)
    return Gathered(decision.state, decision.records, decision.effects)


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def start(
    engine: Engine, plan_id: str, plan: Plan, id: str, event: Started, start_key: str | None, along: Along = NOTHING
) -> Advanced:
    """Begins an instance; raises AlreadyStarted when ``start_key`` or ``id`` has one."""
    stop = _after(SEGMENT_S)
    for inline in (True, False):
        batch = _carried_on(engine, plan, begin(plan, id, event, stop=stop), stop, inline, along)
        try:
            result = engine.store.commit(_first(engine, plan_id, plan, batch, event, start_key, along)).result()
        except _RECORDS_MOVED:
            if not batch.writes:
                raise
            continue
        break
    _hand_over(engine, id, batch, result, plan)
    done = Advanced(id, batch.state, batch.effects, result.rev)
    with engine.stripe(id):
        while done.state.status == "running" and done.state.ready:
            done = _once(engine, id, Continue(engine.now()), NOTHING)
    return done


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
        claim=engine.epoch if engine.take and changed else None,
    )


def shown_status(state: State) -> str:
    """The status that lists show: an instance that is stopped for a while is suspended."""
    return "suspended" if state.status == "running" and state.held is not None else state.status


def _priority(plan: Plan, state: State, event: Event) -> int:
    if plan.priority is None:
        return 0
    value = plan.priority.evaluate(state.variables, plan.clock(event.at))
    return int(value) if isinstance(value, Decimal) and abs(value) < 1_000_000 else 0


def _hand_over(engine: Engine, instance: str, batch: Gathered, result: CommitResult, plan: Plan) -> None:
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

"""What the engine tells instances by itself: timers, messages, and children that start, end or are cancelled."""

from __future__ import annotations

from contextlib import suppress

from taktflow.errors import NotFound, TaktflowError
from taktflow.runtime.events import (
    CancelRequested,
    ChildEnded,
    Continue,
    Event,
    Fault,
    LockGranted,
    MessageArrived,
    Started,
    TimerFired,
)
from taktflow.services.advance import Along, advance
from taktflow.services.advance import start as start_plan
from taktflow.services.engine import Engine
from taktflow.store import AlreadyStarted, AlreadyTaken, Commit, Consumed, SignalRow, TimerRow
from taktflow.texts import sentence


def fire(engine: Engine, timer: TimerRow) -> None:
    """Lets a due timer fire, exactly once."""
    try:
        advance(
            engine,
            timer.instance,
            TimerFired(engine.now(), timer.timer),
            Along(consumed=Consumed(timers=(timer.timer,))),
        )
    except AlreadyTaken:
        return


def run_on(engine: Engine, instance: str) -> None:
    """Goes on with an instance whose last segment was cut for its size."""
    advance(engine, instance, Continue(engine.now()))


def deliver(engine: Engine, signal: SignalRow) -> None:
    """Lets ``signal`` happen to its instance, exactly once."""
    along = Along(consumed=Consumed(signals=(signal.id,)))
    try:
        if signal.kind == "start_child":
            _start_child(engine, signal, along)
        else:
            advance(engine, signal.instance, _event(engine, signal), along)
    except AlreadyTaken:
        return
    except (AlreadyStarted, NotFound) as over:
        if isinstance(over, NotFound) and over.code != "store.instance.missing":
            # Only a definition is missing: what is told waits until it is back, it is not thrown away.
            raise
        with suppress(AlreadyTaken):
            engine.store.commit(Commit(at=engine.now(), consumed=along.consumed)).result()


def _start_child(engine: Engine, signal: SignalRow, along: Along) -> None:
    given = signal.event
    try:
        plan_id, plan = engine.published.plan_to_start(given["ref"])
    except TaktflowError as unusable:
        # The caller must not wait for a child that cannot be: it takes its error route, or stops for a person.
        fault = Fault(unusable.code, unusable.message("zh"), unusable.message("en"))
        advance(engine, given["parent"], ChildEnded(engine.now(), signal.instance, None, None, fault), along)
        return
    start = next(iter(plan.nodes))
    parent = (given["parent"], int(given["token"]))
    depth = int(given.get("depth", 1))
    event = Started(engine.now(), f"instance:{given['parent']}", start, given["variables"], parent, depth)
    start_plan(engine, plan_id, plan, signal.instance, event, None, along)


def _event(engine: Engine, signal: SignalRow) -> Event:
    now, given = engine.now(), signal.event
    match signal.kind:
        case "child_ended":
            return ChildEnded(now, given["child"], given["outcome"], given["value"], _child_fault(given))
        case "lock":
            return LockGranted(now, given["lock"])
        case "message" | "broadcast":
            return MessageArrived(now, given["subscription"], given["message"], given["payload"], given["by"])
        case _:
            return CancelRequested(now, f"instance:{given.get('parent', '')}", given.get("why", ""))


def _child_fault(given: object) -> Fault | None:
    assert isinstance(given, dict)
    if given["status"] != "cancelled":
        return None
    args = {"child": given["child"]}
    return Fault("child.cancelled", sentence("child.cancelled", "zh", args), sentence("child.cancelled", "en", args))

"""Where instances stand against what is kept for them: whoever waits is waited for, and nothing is kept for nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tools.history.journal import Anomaly, Past

Row: TypeAlias = Sequence[Any]
_OWED = ("pending", "running", "held")


@dataclass
class Kept:
    """The rows beside the instances, by instance."""

    effects: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Instance and status by key."""
    timers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    ears: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Subscriptions and listeners."""
    signals: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = field(default_factory=lambda: defaultdict(list))
    """What each is still to be told: kind, subject, event."""
    tasks: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Open ones."""
    locks: dict[str, dict[str, bool]] = field(default_factory=lambda: defaultdict(dict))
    """Each place in a queue with whether it holds the thing."""
    incidents: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Open ones."""
    statuses: dict[str, str] = field(default_factory=dict)
    """Of every instance."""


@dataclass
class Wanted:
    """What the tokens of one instance wait for and hold."""

    effects: set[str] = field(default_factory=set)
    timers: set[str] = field(default_factory=set)
    ears: set[str] = field(default_factory=set)
    tasks: set[str] = field(default_factory=set)
    children: set[str] = field(default_factory=set)
    waiting_locks: set[str] = field(default_factory=set)
    locks: set[str] = field(default_factory=set)
    incidents: set[str] = field(default_factory=set)
    troubled: set[str] = field(default_factory=set)
    """Effects that stopped for a person."""
    ready: bool = False


def wanted(state: Mapping[str, Any]) -> Wanted:
    """What ``state`` says."""
    found = Wanted()
    for token in state["tokens"]:
        wait, guard = token[3], token[5] if len(token) > 5 else None
        for asked in (wait, guard):
            found.timers |= set(((asked or {}).get("timers") or {}).values())
            found.ears |= set(((asked or {}).get("subscriptions") or {}).values())
        if guard and "lock" in guard:
            found.locks.add(guard["lock"])
        if wait is None or wait["on"] == "arrival":
            found.ready = True
            continue
        match wait["on"]:
            case "effect":
                found.effects.add(wait["key"])
            case "task" | "approval":
                found.tasks.add(wait["task"])
            case "call":
                found.children.add(wait["child"])
            case "lock":
                found.waiting_locks.add(wait["lock"])
            case "incident":
                found.incidents.add(wait["incident"])
                found.troubled |= {wait["effect"]} if wait.get("effect") else set()
    return found


def standing(id: str, status: str, runnable: bool, state: Mapping[str, Any], kept: Kept) -> Iterator[Anomaly]:
    """What is wrong with where the instance ``id`` stands."""
    asked = wanted(state)
    if state["status"] != ("running" if status == "suspended" else status):
        yield Anomaly("status", id, f"the row says {status}, the state {state['status']}")
    if status in ("ended", "cancelled"):
        yield from _over(id, state, kept)
        return
    if not state["tokens"]:
        yield Anomaly("stuck", id, "it runs, but nowhere")
    if asked.ready and not runnable and state.get("held") is None:
        yield Anomaly("stuck", id, "it could go on, but nobody is told to")
    held = {value for event in state.get("held") or () for value in event.values() if isinstance(value, str)}
    yield from _lost(id, asked, held, kept)
    yield from _surplus(id, asked, kept)


def _lost(id: str, asked: Wanted, held: set[str], kept: Kept) -> Iterator[Anomaly]:
    """What the instance waits for and nobody will give it; ``held`` is what came while it was suspended."""
    told = kept.signals.get(id, [])
    owed = {k for k in asked.effects if kept.effects.get(k, ("", ""))[1] in _OWED}
    matched = {subject for kind, subject, _ in told if kind == "message"}
    granted = {event["lock"] for kind, _, event in told if kind == "lock"}
    coming = {event["child"] for kind, _, event in told if kind == "child_ended"}
    living = {
        child
        for child in asked.children
        if kept.statuses.get(child) in ("running", "suspended")
        or any(kind == "start_child" for kind, _, _ in kept.signals.get(child, ()))
    }
    queued = {lock for lock, has in kept.locks.get(id, {}).items() if not has}
    for kind, missing in {
        "effect": asked.effects - owed,
        "timer": asked.timers - kept.timers.get(id, set()),
        "subscription": asked.ears - kept.ears.get(id, set()) - matched,
        "task": asked.tasks - kept.tasks.get(id, set()),
        "child": asked.children - living - coming,
        "lock": asked.waiting_locks - queued - granted,
        "held lock": asked.locks - kept.locks.get(id, {}).keys(),
        "incident": asked.incidents - kept.incidents.get(id, set()),
    }.items():
        yield from (Anomaly("lost", id, f"it waits for {kind} {one}") for one in sorted(missing - held))


def _surplus(id: str, asked: Wanted, kept: Kept) -> Iterator[Anomaly]:
    """What is kept for the instance though it does not wait for it."""
    for kind, left in {
        "timer": kept.timers.get(id, set()) - asked.timers,
        "subscription": kept.ears.get(id, set()) - asked.ears,
        "task": kept.tasks.get(id, set()) - asked.tasks,
        "lock": kept.locks.get(id, {}).keys() - asked.locks,
        "incident": kept.incidents.get(id, set()) - asked.incidents,
    }.items():
        yield from (Anomaly("surplus", id, f"{kind} {one} is kept for nobody") for one in sorted(left))


def _over(id: str, state: Mapping[str, Any], kept: Kept) -> Iterator[Anomaly]:
    if state["tokens"]:
        yield Anomaly("status", id, f"it is over, but stands at {[t[1] for t in state['tokens']]}")
    yield from _surplus(id, Wanted(), kept)


def owed_by_nobody(kept: Kept, standings: Mapping[str, Wanted]) -> Iterator[Anomaly]:
    """Effects that will be performed though no token waits for them."""
    for key, (instance, status) in kept.effects.items():
        asked = standings.get(instance)
        if status in _OWED and (asked is None or key not in asked.effects | asked.troubled):
            yield Anomaly("surplus", instance, f"effect {key} is {status}, but nothing waits for it")


def ledger(past: Past, kept: Kept, held: bool) -> Iterator[Anomaly]:
    """The effects of one instance, as the journal and the rows tell them."""
    for key in sorted(past.done):
        status = kept.effects.get(key, ("", "done"))[1]
        if status != "done" and not past.by_hand:
            yield Anomaly("effect", past.instance, f"{key} is done in the journal, its row says {status}")
    if held:
        return
    for key in sorted(past.attempts.keys() - past.done):
        if kept.effects.get(key, ("", ""))[1] == "done":
            yield Anomaly("effect", past.instance, f"{key} is done, but the instance never heard of it")

"""Finds what the database owes and hands it to a crew: one round, whoever asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from taktflow.executor.crew import FIRST_REST_S, URGENT, Crew
from taktflow.services.engine import Engine
from taktflow.services.inbound import take_inbound
from taktflow.services.signals import deliver, fire, run_on
from taktflow.store import Store

_BATCH = 256
_LONGEST_PAUSE_S = 5.0
_SHORTEST_PAUSE_S = 0.005


@dataclass(frozen=True)
class Found:
    """What one round came to: how many jobs, and whether more may be due than it took."""

    jobs: int
    more: bool


def find(engine: Engine, crew: Crew, room: int | None = None, most: int = _BATCH) -> Found:
    """Hands ``crew`` what is due: at most ``most`` of each kind, and no more than ``room`` effects.

    Without ``room`` the crew gets a stock that keeps it busy for a while, as suits who need not share.
    """
    store = engine.store
    now = engine.now()
    jobs = 0
    for signal in store.pending_signals(most):
        jobs += crew.add(f"signal:{signal.id}", URGENT, partial(deliver, engine, signal))
    for timer in store.due_timers(now, most):
        jobs += crew.add(f"timer:{timer.instance}:{timer.timer}", URGENT, partial(fire, engine, timer))
    for row in store.pending_inbound(now, most):
        jobs += crew.add(f"inbound:{row.id}", URGENT, partial(take_inbound, engine, row))
    for instance in store.ready_instances(most):
        jobs += crew.add(f"ready:{instance}", URGENT, partial(run_on, engine, instance))
    crew.forget_rests()
    wanted = min(4 * crew.size + most - crew.waiting if room is None else room, most)
    if wanted <= 0:
        return Found(jobs, more=True)
    claimed = store.claim_effects(wanted, now, engine.epoch)
    crew.taken([(0, effect) for effect in claimed])
    return Found(jobs + len(claimed), more=jobs >= most or len(claimed) == wanted)


def anything_due(store: Store, now: datetime) -> bool:
    """Whether something waits to be done that nobody has taken."""
    due = store.next_due()
    return (due is not None and due <= now) or bool(store.pending_signals(1)) or bool(store.ready_instances(1))


def pause_s(engine: Engine, resting: bool) -> float:
    """Seconds until the next moment that is known to be due; what rests is due all the time, so it sets a least."""
    due = engine.store.next_due()
    if due is None:
        return _LONGEST_PAUSE_S
    least = FIRST_REST_S / 2 if resting else _SHORTEST_PAUSE_S
    return min(_LONGEST_PAUSE_S, max(least, (due - engine.now()).total_seconds()))

"""Finds what the database owes and hands it to a crew: one round, whoever asks for it."""

from __future__ import annotations

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


def find(engine: Engine, crew: Crew, most: int = _BATCH) -> int:
    """Hands ``crew`` what is due, at most ``most`` of each kind and no more effects than it has room for; how many."""
    store = engine.store
    now = engine.now()
    found = 0
    for signal in store.pending_signals(most):
        found += crew.add(f"signal:{signal.id}", URGENT, partial(deliver, engine, signal))
    for timer in store.due_timers(now, most):
        found += crew.add(f"timer:{timer.instance}:{timer.timer}", URGENT, partial(fire, engine, timer))
    for row in store.pending_inbound(now, most):
        found += crew.add(f"inbound:{row.id}", URGENT, partial(take_inbound, engine, row))
    for instance in store.ready_instances(most):
        found += crew.add(f"ready:{instance}", URGENT, partial(run_on, engine, instance))
    crew.forget_rests()
    room = 4 * crew.size + most - crew.waiting
    if room > 0:
        claimed = store.claim_effects(min(room, most), now, engine.epoch)
        crew.taken([(0, effect) for effect in claimed])
        found += len(claimed)
    return found


def anything_due(store: Store, now: datetime) -> bool:
    """Whether something waits to be done that nobody has taken."""
    due = store.next_due()
    return (
        (due is not None and due <= now)
        or bool(store.pending_signals(1))
        or bool(store.ready_instances(1))
        or bool(store.pending_inbound(now, 1))
    )


def pause_s(engine: Engine, resting: bool) -> float:
    """Seconds until the next moment that is known to be due; what rests is due all the time, so it sets a least."""
    due = engine.store.next_due()
    if due is None:
        return _LONGEST_PAUSE_S
    least = FIRST_REST_S / 2 if resting else _SHORTEST_PAUSE_S
    return min(_LONGEST_PAUSE_S, max(least, (due - engine.now()).total_seconds()))

"""Finds what the database owes and hands it to a crew: one round, whoever asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, TypeVar

from taktflow.executor.crew import FIRST_REST_S, URGENT, Crew
from taktflow.services.engine import Engine
from taktflow.services.inbound import take_inbound
from taktflow.services.signals import deliver, fire, run_on

T = TypeVar("T")
_BATCH = 256
_LONGEST_PAUSE_S = 5.0
_SHORTEST_PAUSE_S = 0.005


@dataclass(frozen=True)
class Found:
    """What one round came to: how many jobs, and whether more may be due than it took."""

    jobs: int
    more: bool


@dataclass(frozen=True)
class Share:
    """What one of several processes takes: no more than it has ``room`` for, out of the oldest by ``chance``.

    Only effects are claimed. Were everybody to take the oldest of the rest, all would do the same work, and all but one
    in vain.
    """

    room: int
    window: int
    chance: Random

    def of(self, due: Sequence[T]) -> Sequence[T]:
        """Its part of what is ``due``."""
        return due if len(due) <= self.room else self.chance.sample(due, max(0, self.room))


def find(engine: Engine, crew: Crew, share: Share | None = None) -> Found:
    """Hands ``crew`` what is due; without ``share`` all of it, and a stock of effects that lasts for a while."""
    store = engine.store
    now = engine.now()
    crew.forget_rests()
    if not store.anything_waits(now):
        return Found(0, more=False)
    window = share.window if share is not None else _BATCH
    due: list[tuple[str, Callable[[], Any]]] = [
        *((f"signal:{s.id}", partial(deliver, engine, s)) for s in store.pending_signals(window)),
        *((f"timer:{t.instance}:{t.timer}", partial(fire, engine, t)) for t in store.due_timers(now, window)),
        *((f"inbound:{r.id}", partial(take_inbound, engine, r)) for r in store.pending_inbound(now, window)),
        *((f"ready:{i}", partial(run_on, engine, i)) for i in store.ready_instances(window)),
    ]
    ours = due if share is None else share.of(due)
    jobs = sum(crew.add(key, URGENT, run) for key, run in ours)
    wanted = min(4 * crew.size + _BATCH - crew.waiting if share is None else share.room - jobs, window)
    claimed = store.claim_effects(wanted, now, engine.epoch) if wanted > 0 else []
    crew.taken([(0, effect) for effect in claimed])
    return Found(jobs + len(claimed), more=len(ours) < len(due) or len(claimed) >= wanted)


def pause_s(engine: Engine, resting: bool) -> float:
    """Seconds until the next moment that is known to be due; what rests is due all the time, so it sets a least."""
    due = engine.store.next_due()
    if due is None:
        return _LONGEST_PAUSE_S
    least = FIRST_REST_S / 2 if resting else _SHORTEST_PAUSE_S
    return min(_LONGEST_PAUSE_S, max(least, (due - engine.now()).total_seconds()))

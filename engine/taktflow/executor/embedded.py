"""The embedded executor: threads in the server that perform effects and keep time. Calls services, nothing else."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from taktflow.errors import TaktflowError
from taktflow.executor.ownership import DataLock
from taktflow.services.engine import Engine
from taktflow.services.inbound import poll_channels, take_inbound
from taktflow.services.perform import perform, settle_orphans
from taktflow.services.schedules import start_scheduled
from taktflow.services.signals import deliver, fire, run_on
from taktflow.store import ClaimedEffect, Notice

log = structlog.get_logger(__name__)
_URGENT = 1_000_000
"""The queue's priority of what instances wait for themselves: timers, signals, incoming events."""
_BATCH = 256
_POLL_S = 1.0
_FIRST_REST_S = 0.5
_LONGEST_REST_S = 60.0
_SWEEP = timedelta(seconds=5)
_SILENCE = timedelta(seconds=20)


@dataclass(frozen=True)
class _Rest:
    """Work that broke is left alone until ``until`` (monotonic), each time for longer."""

    until: float
    length_s: float


@dataclass(order=True)
class _Job:
    priority: int
    number: int
    key: str = field(compare=False)
    run: Callable[[], Any] = field(compare=False)


class EmbeddedExecutor:
    """Performs what the database owes. ``start`` returns at once; ``stop`` lets running work finish."""

    def __init__(self, engine: Engine, threads: int | None = None) -> None:
        self._engine = engine
        self._size = threads or engine.settings.executor_threads
        self._queue: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._flight: set[str] = set()
        self._resting: dict[str, _Rest] = {}
        self._looking = False
        """Whether the pump may hold work that the database calls taken and that is not in flight yet."""
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._idle = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._scheduled_to: datetime | None = None
        self._swept_at: datetime | None = None
        self._dropped: set[str] = set()
        path = engine.store.address.path
        self._data_lock = DataLock(path) if path is not None else None

    def start(self) -> None:
        """Takes over what an earlier process left, then begins to work.

        On SQLite there is one executor at a time (Refused for a second one), so that whatever is under way is an
        earlier process's. On a server, work is taken over from executors that have not been heard of for a while.
        """
        if self._data_lock is not None:
            self._data_lock.acquire()
        self._sweep()
        self._engine.take.append(self._taken)
        self._engine.store.listen(self._heard)
        self._threads = [
            threading.Thread(target=self._work, name=f"taktflow-work-{n}", daemon=True) for n in range(self._size)
        ]
        self._threads.append(threading.Thread(target=self._pump, name="taktflow-pump", daemon=True))
        self._threads.append(threading.Thread(target=self._poll, name="taktflow-poll", daemon=True))
        for thread in self._threads:
            thread.start()
        self._bell.set()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Takes nothing new and waits for what runs; what is not begun is given back, and stays owed."""
        self._stopping.set()
        self._bell.set()
        for _ in range(self._size):
            self._queue.put(_Job(-2 * _URGENT, next(self._numbers), "", lambda: None))
        for thread in self._threads:
            thread.join(timeout_s)
        self._engine.take.clear()
        self._give_back()
        if self._data_lock is not None:
            self._data_lock.release()

    def _give_back(self) -> None:
        """Lets other executors have at once what this one took and did not begin."""
        left = []
        with suppress(queue.Empty):
            while True:
                kind, _, key = self._queue.get_nowait().key.partition(":")
                if kind == "effect":
                    left.append(key.rpartition(":")[0])
        if not left:
            return
        try:
            self._engine.store.release_effects(left, self._engine.now(), self._engine.epoch)
        except TaktflowError as away:
            log.warning("effects not given back", code=away.code, reason=str(away))

    def wait_idle(self, timeout_s: float) -> bool:
        """Waits until nothing is due any more; False when that takes longer than ``timeout_s``."""
        with self._idle:
            return self._idle.wait_for(self._nothing_due, timeout_s)

    def _nothing_due(self) -> bool:
        store, now = self._engine.store, self._engine.now()
        with self._lock:
            if self._flight or self._looking:
                return False
        due = store.next_due()
        return (
            not store.pending_signals(1)
            and not store.ready_instances(1)
            and not store.pending_inbound(now, 1)
            and (due is None or due > now)
        )

    # -- finding work ---------------------------------------------------------------------------------------------

    def _heard(self, notices: Sequence[Notice]) -> None:
        if any(n.work - {"tasks", "alerts"} for n in notices):
            self._bell.set()

    def _taken(self, claimed: Sequence[tuple[int, ClaimedEffect]]) -> None:
        for priority, effect in claimed:
            self._add_effect(effect, priority)

    def _pump(self) -> None:
        while not self._stopping.is_set():
            try:
                self._bell.wait(self._pause())
                self._bell.clear()
                self._looking = True
                self._round()
            except Exception:  # The database may be away for a while: the next round asks again.
                log.exception("pump round failed")
                self._stopping.wait(1.0)
            finally:
                self._looking = False
                with self._idle:
                    self._idle.notify_all()

    def _pause(self) -> float:
        due = self._engine.store.next_due()
        if due is None:
            return 5.0
        # What rests is due all the time.
        least = _FIRST_REST_S / 2 if self._resting else 0.005
        return min(5.0, max(least, (due - self._engine.now()).total_seconds()))

    def _round(self) -> None:
        engine, store = self._engine, self._engine.store
        now = engine.now()
        for signal in store.pending_signals(_BATCH):
            self._add(f"signal:{signal.id}", _URGENT, partial(deliver, engine, signal))
        for timer in store.due_timers(now, _BATCH):
            self._add(f"timer:{timer.instance}:{timer.timer}", _URGENT, partial(fire, engine, timer))
        for row in store.pending_inbound(now, _BATCH):
            self._add(f"inbound:{row.id}", _URGENT, partial(take_inbound, engine, row))
        for instance in store.ready_instances(_BATCH):
            self._add(f"ready:{instance}", _URGENT, partial(run_on, engine, instance))
        self._forget_rests()
        room = 4 * self._size + _BATCH - self._queue.qsize()
        if room > 0:
            for effect in store.claim_effects(min(room, _BATCH), now, engine.epoch):
                self._add_effect(effect, 0)

    def _forget_rests(self) -> None:
        """Lets go of rests that ended long ago: their work is gone, done by someone else."""
        now = time.monotonic()
        with self._lock:
            self._resting = {k: r for k, r in self._resting.items() if now < r.until + r.length_s}

    def _poll(self) -> None:
        """Looks into folders and fires schedules; both may be slow and must not hold up the pump."""
        engine = self._engine
        while not self._stopping.wait(_POLL_S):
            for look in (
                engine.published.refresh_if_changed,
                self._sweep,
                self._schedule,
                partial(poll_channels, engine),
            ):
                try:
                    look()
                except Exception:  # The database may be away for a while: look again next time.
                    log.exception("poll failed")

    def _schedule(self) -> None:
        now = self._engine.now()
        start_scheduled(self._engine, self._scheduled_to or now - timedelta(days=1), now)
        self._scheduled_to = now

    def _sweep(self) -> None:
        """Tells that this executor lives, and frees what dead ones hold."""
        now = self._engine.now()
        if self._swept_at is not None and now - self._swept_at < _SWEEP:
            return
        engine = self._engine
        engine.store.heartbeat(engine.epoch, now)
        if self._data_lock is None:
            settle_orphans(engine, alive_since=now - _SILENCE)
        elif self._swept_at is None:
            settle_orphans(engine)
        with self._lock:
            dropped, self._dropped = self._dropped, set()
        if dropped:
            engine.store.release_effects(sorted(dropped), now, engine.epoch)
        self._swept_at = now

    # -- doing it -------------------------------------------------------------------------------------------------

    def _add_effect(self, effect: ClaimedEffect, priority: int) -> None:
        key = f"effect:{effect.perform.key}:{effect.perform.attempt}"
        self._add(key, priority, partial(self._perform, effect))

    def _perform(self, effect: ClaimedEffect) -> None:
        try:
            perform(self._engine, effect)
        except Exception:
            # The database took nothing: give the effect back later, unless it must never be sent twice.
            if effect.perform.idempotency != "none":
                with self._lock:
                    self._dropped.add(effect.perform.key)
            raise

    def _add(self, key: str, priority: int, run: Callable[[], Any]) -> None:
        with self._lock:
            rest = self._resting.get(key)
            if key in self._flight or (rest is not None and time.monotonic() < rest.until):
                return
            self._flight.add(key)
        self._queue.put(_Job(-priority, next(self._numbers), key, run))

    def _rest(self, key: str, broke: bool) -> None:
        """Work that broke would break again at once: it rests, and longer each time, while the rest goes on."""
        with self._lock:
            before = self._resting.pop(key, None)
            # An effect is given back by the sweep, which is rest enough.
            if broke and not key.startswith("effect:"):
                length_s = min(_LONGEST_REST_S, before.length_s * 2) if before else _FIRST_REST_S
                self._resting[key] = _Rest(time.monotonic() + length_s, length_s)

    def _work(self) -> None:
        while True:
            job = self._queue.get()
            if self._stopping.is_set():
                self._queue.put(job)
                return
            broke = True
            try:
                job.run()
                broke = False
            except TaktflowError as known:
                log.warning("work failed", job=job.key, code=known.code, reason=str(known))
            except Exception:  # One broken job must not take the thread with it; its rows stay owed.
                log.exception("work broke", job=job.key)
            finally:
                self._rest(job.key, broke)
                with self._lock:
                    self._flight.discard(job.key)
                    quiet = not self._flight
                if quiet:
                    self._bell.set()
                    with self._idle:
                        self._idle.notify_all()

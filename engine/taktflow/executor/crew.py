"""Threads that do what is owed, the most urgent first; embedded or Celery, whoever finds work hands it to them."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from taktflow.errors import TaktflowError
from taktflow.services.engine import Engine
from taktflow.services.perform import perform
from taktflow.store import ClaimedEffect

log = structlog.get_logger(__name__)
URGENT = 1_000_000
"""The queue's priority of what instances wait for themselves: timers, signals, incoming events."""
FIRST_REST_S = 0.5
_LONGEST_REST_S = 60.0


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


class Crew:
    """``size`` threads. ``calm`` is called, in one of them, whenever nothing is under way any more.

    A job is known by its key: while it is under way, or rests since it broke, the same one is not taken again.
    """

    def __init__(self, engine: Engine, size: int, calm: Callable[[], None]) -> None:
        self._engine = engine
        self.size = size
        self._calm = calm
        self._queue: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._flight: set[str] = set()
        self._resting: dict[str, _Rest] = {}
        self._lock = threading.Lock()
        self._quiet = threading.Condition()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._dropped: set[str] = set()
        self._unheard: set[str] = set()
        self._done = 0

    def start(self) -> None:
        """Begins to work, on what commits of this process claim, too."""
        self._engine.take.append(self.taken)
        self._threads = [
            threading.Thread(target=self._work, name=f"taktflow-work-{n}", daemon=True) for n in range(self.size)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float) -> None:
        """Takes nothing new and waits for what runs; what is not begun is given back, and stays owed."""
        self._stopping.set()
        for _ in range(self.size):
            self._queue.put(_Job(-2 * URGENT, next(self._numbers), "", lambda: None))
        for thread in self._threads:
            thread.join(timeout_s)
        self._engine.take.clear()
        self._give_back()

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        with self._lock:
            return bool(self._flight)

    @property
    def load(self) -> int:
        """How many jobs are under way, begun or not."""
        with self._lock:
            return len(self._flight)

    @property
    def done(self) -> int:
        """How many jobs have ended since the start."""
        return self._done

    @property
    def resting(self) -> bool:
        """Whether work that broke waits to be tried again."""
        with self._lock:
            return bool(self._resting)

    @property
    def waiting(self) -> int:
        """How many jobs no thread has begun."""
        return self._queue.qsize()

    def await_quiet(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Waits for a moment in which ``holds()``, asked whenever no job waits; False after ``timeout_s``."""
        with self._quiet:
            return self._quiet.wait_for(holds, timeout_s)

    def tell_quiet(self) -> None:
        """Lets those who wait ask again."""
        with self._quiet:
            self._quiet.notify_all()

    # -- taking ---------------------------------------------------------------------------------------------------

    def taken(self, claimed: Sequence[tuple[int, ClaimedEffect]]) -> None:
        """Takes effects that are claimed for this process, each with its priority."""
        for priority, effect in claimed:
            key = f"effect:{effect.perform.key}:{effect.perform.attempt}"
            self.add(key, priority, partial(self._perform, effect))

    def add(self, key: str, priority: int, run: Callable[[], Any]) -> bool:
        """Takes the job; False when it is under way or rests."""
        with self._lock:
            rest = self._resting.get(key)
            if key in self._flight or (rest is not None and time.monotonic() < rest.until):
                return False
            self._flight.add(key)
        self._queue.put(_Job(-priority, next(self._numbers), key, run))
        return True

    def forget_rests(self) -> None:
        """Lets go of rests that ended long ago: their work is gone, done by someone else."""
        now = time.monotonic()
        with self._lock:
            self._resting = {k: r for k, r in self._resting.items() if now < r.until + r.length_s}

    # -- giving back ----------------------------------------------------------------------------------------------

    def give_back_dropped(self) -> None:
        """Lets the effects whose outcome the database did not take be performed again, and those it took unheard."""
        with self._lock:
            dropped, self._dropped = self._dropped, set()
        dropped |= self._strays()
        if dropped:
            self._engine.store.release_effects(sorted(dropped), self._engine.now(), self._engine.epoch)

    def _strays(self) -> set[str]:
        """What this process holds and knows nothing of: the commit that took it was kept, but nobody heard so.

        Only what was a stray at the last look, too: what is taken right now is not under way yet.
        """
        held = set(self._engine.store.held_effects(self._engine.epoch))
        with self._lock:
            known = {key.partition(":")[2].rpartition(":")[0] for key in self._flight if key.startswith("effect:")}
        before, self._unheard = self._unheard, held - known
        return before & self._unheard

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

    # -- doing ----------------------------------------------------------------------------------------------------

    def _perform(self, effect: ClaimedEffect) -> None:
        try:
            perform(self._engine, effect)
        except Exception:
            # The database took nothing: give the effect back later, unless it must never be sent twice.
            if effect.perform.idempotency != "none":
                with self._lock:
                    self._dropped.add(effect.perform.key)
            raise

    def _rest(self, key: str, broke: bool) -> None:
        """Work that broke would break again at once: it rests, and longer each time, while the rest goes on."""
        with self._lock:
            before = self._resting.pop(key, None)
            # An effect is given back by the sweep, which is rest enough.
            if broke and not key.startswith("effect:"):
                length_s = min(_LONGEST_REST_S, before.length_s * 2) if before else FIRST_REST_S
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
                    self._done += 1
                    quiet = not self._flight
                if quiet:
                    self._calm()
                if quiet or self._queue.empty():
                    self.tell_quiet()

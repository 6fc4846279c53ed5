"""One worker process: for each ticket it takes what is due in batches until there is nothing left for it to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from random import Random

from taktflow.executor.crew import Crew
from taktflow.executor.finding import Found, Share, find
from taktflow.executor.ringing import Bell, Ringing
from taktflow.executor.upkeep import Upkeep
from taktflow.services.engine import Engine
from taktflow.store import Notice

MOST_CLAIMED = 50
"""Effects taken with one claim, and the most that one process holds."""
_AHEAD_S = 0.1
"""No more is held than is done in this time, so that long effects are left to others."""
_SHORTEST_REST_S = 0.05
_LONGEST_REST_S = 1.0


class Shift:
    """A process's crew, its upkeep and its bell. :meth:`work` is one ticket; tickets come one after another.

    After ``longest_s`` a ticket takes no more work and only finishes what it has; another one goes on.
    """

    def __init__(self, engine: Engine, bell: Bell, longest_s: float) -> None:
        self._engine = engine
        self._longest_s = longest_s
        self._turn = threading.Lock()
        """Held by whoever looks for work."""
        self._heard = threading.Event()
        self._chance = Random(engine.epoch)  # noqa: S311 - it spreads work, it hides nothing
        self._crew = Crew(engine, engine.settings.executor_threads, lambda: None)
        self._upkeep = Upkeep(engine, self._crew.give_back_dropped, doors=False)
        self._ringing = Ringing(engine, bell, self._alone, self._turn.locked)
        self._deaf: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begins to keep watch; works when a ticket comes."""
        self._upkeep.start()
        self._deaf = self._engine.store.listen(self._listen)
        self._crew.start()
        self._ringing.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Lets running work finish; what is not begun is given back."""
        self._deaf()
        self._ringing.stop(timeout_s)
        self._upkeep.stop(timeout_s)
        self._crew.stop(timeout_s)
        self._upkeep.leave()

    def work(self) -> None:
        """Does what is due until nothing is, then waits for what it began."""
        with self._turn:
            self._until_nothing_is_due()

    def _alone(self) -> None:
        """Works without a ticket: none came in time, and this process is not at work already."""
        if self._turn.acquire(blocking=False):
            try:
                self._until_nothing_is_due()
            finally:
                self._turn.release()

    def _until_nothing_is_due(self) -> None:
        begun, done = time.monotonic(), self._crew.done
        rest_s = _SHORTEST_REST_S
        while time.monotonic() - begun < self._longest_s:
            busy = self._crew.busy
            self._heard.clear()
            most = self._most(self._crew.done - done, time.monotonic() - begun)
            found = find(self._engine, self._crew, Share(most - self._crew.load, MOST_CLAIMED, self._chance))
            if found.jobs:
                rest_s = _SHORTEST_REST_S
            elif not busy and not self._heard.is_set():
                return
            self._wait(found, most, rest_s)
            rest_s = min(_LONGEST_REST_S, rest_s * 2)
        self._ringing.call()
        while self._crew.busy:
            self._crew.await_quiet(lambda: not self._crew.busy, _LONGEST_REST_S)

    def _most(self, done: int, elapsed_s: float) -> int:
        """How many jobs may be under way here: one a thread, and more while they are short."""
        pace = done / elapsed_s if elapsed_s > 0 else 0.0
        return max(self._crew.size, min(MOST_CLAIMED, int(pace * _AHEAD_S)))

    def _wait(self, found: Found, most: int, rest_s: float) -> None:
        """Waits until looking again is worth it: there is room for more that is due, or nothing is under way."""
        crew = self._crew
        if found.more:
            # There is more than fits here: somebody else may be free.
            self._ringing.call()
            level = crew.size - 1 if most == crew.size else most // 2
            crew.await_quiet(lambda: crew.load <= level, _LONGEST_REST_S)
        else:
            # What others commit is not heard here, so even a crew that waits for long effects looks now and then.
            crew.await_quiet(lambda: self._heard.is_set() or not crew.busy, rest_s)

    def _listen(self, notices: Sequence[Notice]) -> None:
        if any(n.work - {"tasks", "alerts", "timers"} for n in notices):
            self._heard.set()

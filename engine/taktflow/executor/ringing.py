"""Calls workers when there is work: after commits that owe some, when a moment comes, again for what still waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from taktflow.executor.finding import pause_s
from taktflow.services.engine import Engine
from taktflow.store import Notice

log = structlog.get_logger(__name__)
_GAP_S = 0.02
_LOST_S = 15.0
_AWAY_S = 1.0
_LOOK_S = 5.0
_NOBODYS = frozenset(("tasks", "alerts"))
"""Work of people, not of workers."""


class Bell(Protocol):
    """What calls a worker. It belongs to the thread that rings."""

    def ring(self) -> bool:
        """Asks the broker for a worker; False when the broker is away."""

    def hang_up(self) -> None:
        """Lets the connection go; the next ring makes another."""


class Ringing:
    """A thread that rings ``bell`` for this process; rings that come close together are one.

    ``alone`` is called when ringing does not help: the broker is away, or what is due has waited for too long. A worker
    then does the work without having been called. ``busy`` says that this process looks for work by itself right now.
    """

    def __init__(
        self,
        engine: Engine,
        bell: Bell,
        alone: Callable[[], None] = lambda: None,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._engine = engine
        self._bell = bell
        self._alone = alone
        self._busy = busy
        self._owed = threading.Event()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._waits_since: float | None = None
        """Since when there has been something due at every look (monotonic)."""
        self._looked_at = 0.0
        self._thread = threading.Thread(target=self._watch, name="taktflow-bell", daemon=True)
        self._deaf: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begins to listen and to look; what is due already is rung for at once."""
        self._deaf = self._engine.store.listen(self._heard)
        self._thread.start()
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """Rings no more."""
        self._deaf()
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        self._bell.hang_up()

    def call(self) -> None:
        """Asks for another worker."""
        self._owed.set()
        self._wake.set()

    def _heard(self, notices: Sequence[Notice]) -> None:
        kinds = frozenset[str]().union(*(n.work for n in notices)) - _NOBODYS
        if kinds - {"timers"} and not self._busy():
            self.call()
        elif kinds:
            # A timer may be due before everything that is known so far.
            self._wake.set()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                self._wake.wait(pause_s(self._engine, resting=self._waits_since is not None))
                self._wake.clear()
                self._look()
            except Exception:  # The database may be away for a while: look again later.
                log.exception("look for due work failed")
                self._stopping.wait(_AWAY_S)

    def _look(self) -> None:
        if self._stopping.is_set():
            return
        owed = self._owed.is_set()
        self._owed.clear()
        now = time.monotonic()
        if not owed or now - self._looked_at > _LOOK_S:
            self._looked_at = now
            if self._engine.store.anything_waits(self._engine.now()):
                owed = True
                self._waits_since = self._waits_since or now
            else:
                self._waits_since = None
        if not owed:
            return
        if not self._bell.ring():
            self._alone()
            self._owed.set()
            self._stopping.wait(_AWAY_S)
            self._wake.set()
            return
        if self._waits_since is not None and now - self._waits_since > _LOST_S:
            self._waits_since = None
            log.warning("due work waits for a worker", seconds=_LOST_S)
            self._alone()
        self._stopping.wait(_GAP_S)

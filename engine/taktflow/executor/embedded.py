"""The embedded executor: threads in the server that perform effects and keep time. Calls services, nothing else."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import structlog

from taktflow.executor.crew import Crew
from taktflow.executor.finding import find, pause_s
from taktflow.executor.ownership import DataLock
from taktflow.executor.upkeep import Upkeep
from taktflow.services.engine import Engine
from taktflow.services.watching import Pulse
from taktflow.store import Notice

log = structlog.get_logger(__name__)


class EmbeddedExecutor:
    """Performs what the database owes. ``start`` returns at once; ``stop`` lets running work finish."""

    def __init__(self, engine: Engine, threads: int | None = None) -> None:
        self._engine = engine
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._looking = False
        """Whether the pump may hold work that the database calls taken and that is not in flight yet."""
        path = engine.store.address.path
        self._data_lock = DataLock(path) if path is not None else None
        self._crew = Crew(engine, threads or engine.settings.executor_threads, self._bell.set)
        self._upkeep = Upkeep(engine, self._crew.give_back_dropped, alone=path is not None)
        self._thread = threading.Thread(target=self._pump, name="taktflow-pump", daemon=True)
        self._pulse = Pulse(self._thread.is_alive)

    def start(self) -> None:
        """Takes over what an earlier process left, then begins to work.

        On SQLite there is one executor at a time (Refused for a second one), so that whatever is under way is an
        earlier process's. On a server, work is taken over from executors whose session is gone, or silent for long.
        """
        if self._data_lock is not None:
            self._data_lock.acquire()
        self._upkeep.start()
        self._engine.store.listen(self._heard)
        self._crew.start()
        self._thread.start()
        self._engine.watch.pulses.append(self._pulse)
        self._bell.set()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Takes nothing new and waits for what runs; what is not begun is given back, and stays owed."""
        self._stopping.set()
        if self._pulse in self._engine.watch.pulses:
            self._engine.watch.pulses.remove(self._pulse)
        self._bell.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        self._upkeep.stop(timeout_s)
        self._crew.stop(timeout_s)
        self._upkeep.leave()
        if self._data_lock is not None:
            self._data_lock.release()

    def wait_idle(self, timeout_s: float) -> bool:
        """Waits until nothing is due any more; False when that takes longer than ``timeout_s``."""
        return self._crew.await_quiet(self._nothing_due, timeout_s)

    def _nothing_due(self) -> bool:
        # The crew first: what it still does may make work.
        if self._crew.busy or self._looking:
            return False
        return not self._engine.store.anything_waits(self._engine.now())

    def _heard(self, notices: Sequence[Notice]) -> None:
        if any(n.work - {"tasks", "alerts"} for n in notices):
            self._bell.set()

    def _pump(self) -> None:
        while not self._stopping.is_set():
            self._pulse.beat()
            try:
                self._bell.wait(pause_s(self._engine, self._crew.resting))
                self._bell.clear()
                self._looking = True
                find(self._engine, self._crew)
            except Exception:  # The database may be away for a while: the next round asks again.
                log.exception("pump round failed")
                self._stopping.wait(1.0)
            finally:
                self._looking = False
                self._crew.tell_quiet()

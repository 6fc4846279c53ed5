"""A server's part where workers do the work: it calls them, and keeps watch as every node does."""

from __future__ import annotations

from taktflow.executor.ringing import Bell, Ringing
from taktflow.executor.upkeep import Upkeep
from taktflow.services.engine import Engine


class RemoteExecutor:
    """Stands where the embedded executor stands, and performs nothing itself."""

    def __init__(self, engine: Engine, bell: Bell) -> None:
        self._ringing = Ringing(engine, bell)
        self._upkeep = Upkeep(engine, lambda: None)

    def start(self) -> None:
        """Begins to call workers."""
        self._upkeep.start()
        self._ringing.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Calls no more; what is owed stays owed, and other nodes see to it."""
        self._ringing.stop(timeout_s)
        self._upkeep.stop(timeout_s)
        self._upkeep.leave()

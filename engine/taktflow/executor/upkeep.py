"""What every node does beside the work: tells that it lives, frees what dead ones hold, sees to clocks and folders."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from taktflow.services.engine import Engine
from taktflow.services.inbound import poll_channels
from taktflow.services.perform import settle_orphans
from taktflow.services.schedules import start_scheduled

log = structlog.get_logger(__name__)
_POLL_S = 1.0
_SWEEP = timedelta(seconds=5)
_SILENCE = timedelta(seconds=20)


class Upkeep:
    """A thread that looks every second, apart from the work since folders and schedules may be slow.

    ``alone`` says that no other process works on the database, so that whatever is under way at the first sweep is an
    earlier process's. ``also`` runs with each sweep. A node without ``doors`` polls no channels.
    """

    def __init__(self, engine: Engine, also: Callable[[], None], *, alone: bool = False, doors: bool = True) -> None:
        self._engine = engine
        self._also = also
        self._alone = alone
        self._doors = doors
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._scheduled_to: datetime | None = None
        self._swept_at: datetime | None = None

    def start(self) -> None:
        """Sweeps once, then begins to look."""
        self._sweep()
        self._thread = threading.Thread(target=self._poll, name="taktflow-poll", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Ends after the look that is under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _poll(self) -> None:
        engine = self._engine
        looks: list[Callable[[], object]] = [engine.published.refresh_if_changed, self._sweep, self._schedule]
        if self._doors:
            looks.append(partial(poll_channels, engine))
        while not self._stopping.wait(_POLL_S):
            for look in looks:
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
        engine, now = self._engine, self._engine.now()
        if self._swept_at is not None and now - self._swept_at < _SWEEP:
            return
        engine.store.heartbeat(engine.epoch, now)
        if not self._alone:
            settle_orphans(engine, alive_since=now - _SILENCE)
        elif self._swept_at is None:
            settle_orphans(engine)
        self._also()
        self._swept_at = now

"""What every node does beside the work: shows that it lives, frees what dead ones hold, sees to clocks and folders."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from taktflow.executor.ownership import take_over
from taktflow.services.engine import Engine
from taktflow.services.inbound import poll_channels
from taktflow.services.jobs import JobWork
from taktflow.services.retention import Retention
from taktflow.services.schedules import ScheduleWork

log = structlog.get_logger(__name__)
_POLL_S = 1.0
_WORKERS_POLL_S = 3.0
_SWEEP = timedelta(seconds=5)
_MONTHS = timedelta(hours=1)
_READ_S = 2.5


class Upkeep:
    """A thread that looks every few seconds, apart from the work since folders and schedules may be slow.

    ``alone`` says that no other process works on the database, so that whatever is under way at the first sweep is an
    earlier process's. ``also`` runs with each sweep. A node without ``doors`` polls no channels, and looks less often.
    """

    def __init__(self, engine: Engine, also: Callable[[], None], *, alone: bool = False, doors: bool = True) -> None:
        self._engine = engine
        self._also = also
        self._alone = alone
        self._doors = doors
        # Of workers there may be many, and what they look for here is somebody else's, too.
        self._every_s = _POLL_S if doors else _WORKERS_POLL_S
        self._stopping = threading.Event()
        self._presence = engine.store.presence(engine.epoch, self._bereaved)
        self._thread: threading.Thread | None = None
        self._swept_at: datetime | None = None
        self._months_at: datetime | None = None
        self._read_at = 0.0

    def start(self) -> None:
        """Shows that this executor lives and takes over what dead ones left, then begins to look."""
        if self._presence is not None:
            self._presence.start()
        self._sweep()
        self._thread = threading.Thread(target=self._poll, name="taktflow-poll", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Ends after the look that is under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def leave(self) -> None:
        """Lets others see that this executor is gone; call it last, once nothing of it works any more."""
        if self._presence is not None:
            self._presence.stop()

    def _poll(self) -> None:
        engine = self._engine
        looks: list[Callable[[], object]] = [
            self._definitions,
            self._sweep,
            self._months,
            ScheduleWork(engine).look,
        ]
        if self._doors:
            looks += [partial(poll_channels, engine), Retention(engine).look]
        looks.append(JobWork(engine, alone=self._alone).look)
        while not self._stopping.wait(self._every_s):
            for look in looks:
                try:
                    look()
                except Exception:  # The database may be away for a while: look again next time.
                    log.exception("poll failed")

    def _definitions(self) -> None:
        """Sees what other processes published; seldom enough that a database full of idle servers rests."""
        now = time.monotonic()
        if now - self._read_at >= _READ_S:
            self._read_at = now
            self._engine.published.refresh_if_changed()

    def _months(self) -> None:
        """Sees that the journal has tables for the months to come."""
        now = self._engine.now()
        if self._months_at is None or now - self._months_at >= _MONTHS:
            self._engine.store.keep_months(now)
            self._months_at = now

    def _bereaved(self) -> None:
        """Another executor has just died."""
        try:
            take_over(self._engine, self._stopping.wait)
        except Exception:  # The next sweep looks again.
            log.exception("taking over failed")

    def _sweep(self) -> None:
        """Frees what dead executors hold."""
        engine, now = self._engine, self._engine.now()
        if self._swept_at is not None and now - self._swept_at < _SWEEP:
            return
        if not self._alone or self._swept_at is None:
            take_over(engine, self._stopping.wait)
        self._also()
        self._swept_at = now

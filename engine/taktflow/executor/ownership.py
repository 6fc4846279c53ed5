"""Who may work on what: one executor a SQLite file, and on a server the work of the dead goes to the living."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import structlog

from taktflow.errors import Refused
from taktflow.services.engine import Engine
from taktflow.services.perform import settle_orphans

if os.name == "posix":
    import fcntl

log = structlog.get_logger(__name__)
SILENCE = timedelta(seconds=20)
"""A run that has not renewed its lease for so long has lost what it holds, though its process may exist."""
GRACE_S = 0.4
"""How long a lock must be gone before its run is taken for dead: one whose session was cut holds it again by then."""


def take_over(engine: Engine, pause: Callable[[float], object]) -> int:
    """Takes up what dead executor runs held; how many effects. ``pause`` lets so many seconds pass.

    Nothing rests on being right: whoever was wrongly taken for dead finds its claims gone when it tells its outcomes.
    """
    lost = engine.store.lost_runs(engine.epoch, SILENCE)
    dead = lost.silent
    if lost.gone:
        pause(GRACE_S)
        again = engine.store.lost_runs(engine.epoch, SILENCE)
        dead = again.silent | (lost.gone & again.gone)
    if not dead:
        return 0
    taken = settle_orphans(engine, dead)
    engine.watch.taken_over.add("runs", len(dead))
    engine.watch.taken_over.add("effects", taken)
    log.warning("work taken over", runs=sorted(dead), effects=taken)
    return taken


class DataLock:
    """The operating system's lock on a database file; it ends with the process, however that ends."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._file: int | None = None

    def acquire(self) -> None:
        """Takes the lock; raises Refused when another process holds it."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        if os.name == "posix":
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as held:
                os.close(file)
                raise Refused("executor.taken", database=str(self._path.with_suffix(""))) from held
        self._file = file

    def release(self) -> None:
        """Lets another process have it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

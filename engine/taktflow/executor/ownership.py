"""Keeps two embedded executors off one SQLite file: the second would take the first one's work for orphaned."""

from __future__ import annotations

import os
from pathlib import Path

from taktflow.errors import Refused

if os.name == "posix":
    import fcntl


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

"""SQLite: a file in write-ahead mode, fully synchronous, written by one connection and read by others."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from taktflow.errors import Invalid
from taktflow.store.failures import StoreFailed
from taktflow.store.transaction import Each, Params, Row

BUSY_MS = 30_000
_PAGES_BETWEEN_CHECKPOINTS = 2_000
_WAL_KEPT_BYTES = 64 * 1024 * 1024


def connect(path: Path) -> sqlite3.Connection:
    """A connection that leaves transactions to its owner; any one thread at a time may use it."""
    found = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    found.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    return found


def writing(path: Path) -> SqliteConnection:
    """The connection for the writer: every commit is on the disk before it returns."""
    found = connect(path)
    found.execute("PRAGMA journal_mode=WAL")
    found.execute("PRAGMA synchronous=FULL")
    found.execute(f"PRAGMA wal_autocheckpoint={_PAGES_BETWEEN_CHECKPOINTS}")
    found.execute(f"PRAGMA journal_size_limit={_WAL_KEPT_BYTES}")
    return SqliteConnection(found)


def reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    found = connect(path)
    found.execute("PRAGMA query_only=1")
    return found


class SqliteConnection:
    """The writer's connection; statements run at once, so nothing is ever pending."""

    skip_locked = ""
    clock = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw
        self.written = 0
        self.lost = False
        self._relaxed = False

    def run(self, sql: str, params: Params = ()) -> None:
        self.written += 1
        self._execute(sql, params)

    def expect(self, sql: str, params: Params, otherwise: Callable[[], Exception]) -> None:
        if self._execute(sql, params).rowcount == 0:
            raise otherwise()
        self.written += 1

    def each(self, what: Each, params: Params, otherwise: Callable[[], Exception] | None = None) -> None:
        if self._execute(what.one, params).rowcount == 0 and otherwise is not None:
            raise otherwise()
        self.written += 1

    def rows(self, sql: str, params: Params = ()) -> list[Row]:
        self.written += not sql.startswith("SELECT")
        return self._execute(sql, params).fetchall()

    def count(self, sql: str, params: Params = ()) -> int:
        self.written += 1
        return self._execute(sql, params).rowcount

    def _execute(self, sql: str, params: Params = ()) -> sqlite3.Cursor:
        for value in params:
            # SQLite would keep it, PostgreSQL refuses it: an order must not depend on the database.
            if value.__class__ is str and "\0" in value:
                raise sqlite3.DataError("text holds a NUL character")
        return self._raw.execute(sql, params)

    def lock(self, *name: str) -> None:
        """Nothing to do: BEGIN IMMEDIATE keeps every other process out already."""

    def begin(self, *, relaxed: bool = False) -> None:
        if relaxed is not self._relaxed:
            # Between transactions this holds for the next ones only: a full commit syncs the whole log, and with it
            # every relaxed one before.
            self._raw.execute("PRAGMA synchronous=NORMAL" if relaxed else "PRAGMA synchronous=FULL")
            self._relaxed = relaxed
        self._raw.execute("BEGIN IMMEDIATE")

    def flush(self) -> None:
        """Nothing is pending."""

    def commit(self) -> None:
        self._raw.execute("COMMIT")

    def rollback(self) -> None:
        if self._raw.in_transaction:
            self._raw.execute("ROLLBACK")

    def savepoint(self) -> None:
        self._raw.execute("SAVEPOINT item")

    def release(self) -> None:
        self._raw.execute("RELEASE item")

    def rollback_to(self) -> None:
        self._raw.execute("ROLLBACK TO item")
        self._raw.execute("RELEASE item")

    def close(self) -> None:
        self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._raw.close()

    def meaning(self, error: Exception) -> Exception:
        match error:
            case UnicodeEncodeError() | OverflowError() | sqlite3.DataError() | sqlite3.InterfaceError():
                return Invalid("store.unstorable", reason=str(error))
            case sqlite3.Error():
                return StoreFailed(str(error))
            case _:
                return error

    def passing(self, error: Exception) -> bool:
        return False

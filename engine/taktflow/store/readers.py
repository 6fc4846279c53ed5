"""A few connections that only read, shared by all threads."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from queue import Empty, LifoQueue
from typing import Any, Protocol

from taktflow.store.failures import StoreFailed
from taktflow.store.transaction import Row

MOST_KEPT = 8


class Reader(Protocol):
    """One connection that reads."""

    def rows(self, sql: str, params: Sequence[Any]) -> list[Row]: ...
    def close(self) -> None: ...


class ReaderLost(Exception):
    """The connection broke; another one may do."""


class SqliteReader:
    """Reads a SQLite file while the writer writes."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def rows(self, sql: str, params: Sequence[Any]) -> list[Row]:
        try:
            return self._raw.execute(sql, params).fetchall()
        except sqlite3.Error as error:
            raise StoreFailed(str(error)) from error

    def close(self) -> None:
        self._raw.close()


class Readers:
    """Hands a connection to whoever reads and keeps up to ``MOST_KEPT`` of them open."""

    def __init__(self, connect: Callable[[], Reader]) -> None:
        self._connect = connect
        self._idle: LifoQueue[Reader] = LifoQueue()
        self._closed = False

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """The rows of a query written with ``?``."""
        try:
            return self._ask(self._borrow(), sql, params)
        except ReaderLost:
            # An idle connection may have died long ago; one fresh attempt tells whether the server did.
            self.close_idle()
        try:
            return self._ask(self._connect(), sql, params)
        except ReaderLost as error:
            raise StoreFailed(str(error)) from error

    def close(self) -> None:
        """Ends every idle connection; one in use ends when it comes back."""
        self._closed = True
        self.close_idle()

    def close_idle(self) -> None:
        """Ends the idle connections, so that the next ones are fresh."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _ask(self, reader: Reader, sql: str, params: Sequence[Any]) -> list[Row]:
        try:
            found = reader.rows(sql, params)
        except BaseException:
            reader.close()
            raise
        if self._closed or self._idle.qsize() >= MOST_KEPT:
            reader.close()
        else:
            self._idle.put(reader)
        return found

    def _borrow(self) -> Reader:
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._connect()

"""PostgreSQL: a whole batch goes out in one pipeline with its commit, like statements as one over arrays of rows.

Whether such a statement touched every row is asked of the server itself: it fails where a row is missing, so that the
commit behind it does not happen and nobody here need wait to allow it.
"""

from __future__ import annotations

import select
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, LiteralString

import psycopg

from taktflow.errors import Invalid
from taktflow.store.failures import StoreFailed
from taktflow.store.readers import ReaderLost
from taktflow.store.runs import SERVER_CLOCK
from taktflow.store.transaction import Each, NotKept, Params, Row

_CONNECT_TIMEOUT_S = 10
_WORTH_ARRAYS = 4
"""From so many rows on one statement over arrays costs less than one for each row in the same pipeline (measured)."""


@cache
def _spelled(sql: str) -> str:
    """The driver's spelling of a statement written with ``?``."""
    return sql.replace("?", "%s")


@cache
def _checked(sql: str) -> str:
    """``sql``, which fails on the server unless it touches as many rows as the last parameter says."""
    return f"WITH done AS ({sql} RETURNING 1) SELECT 1 / (count(*) = ?)::int FROM done"  # noqa: S608 - our own statements only


@cache
def _many(what: Each, needed: bool) -> str:
    """The driver's spelling of ``what`` for many rows. Arrays go out in binary: as text each letter is looked at."""
    spelled = what.many.replace("?", "%b")
    return _spelled(_checked(spelled)) if needed else spelled


def connect(dsn: str) -> psycopg.Connection[Row]:
    """A connection that leaves transactions to its owner; StoreFailed when the server does not answer."""
    try:
        found = psycopg.connect(
            dsn,
            autocommit=True,
            connect_timeout=_CONNECT_TIMEOUT_S,
            prepare_threshold=2,
            application_name="taktflow",
            # A network that swallows everything must not hold a thread longer than a lease lasts.
            keepalives_idle=5,
            keepalives_interval=3,
            keepalives_count=3,
            tcp_user_timeout=15_000,
        )
    except psycopg.OperationalError as error:
        raise ServerUnreachable(str(error)) from error
    found.prepared_max = 400
    return found


class ServerUnreachable(Exception):
    """No connection could be made; a later try may succeed."""


def writing(dsn: str) -> PostgresConnection:
    """The connection for the writer."""
    return PostgresConnection(connect(dsn))


def reading(dsn: str) -> PostgresReader:
    """A connection that reads."""
    try:
        return PostgresReader(connect(dsn))
    except ServerUnreachable as error:
        raise StoreFailed(str(error)) from error


class PostgresConnection:
    """The writer's connection. Statements are sent ahead; their outcome is known at the next question or flush."""

    skip_locked = " FOR UPDATE SKIP LOCKED"
    clock = SERVER_CLOCK

    def __init__(self, raw: psycopg.Connection[Row]) -> None:
        self._raw = raw
        self._mode = raw.pipeline()
        self._pipeline = self._mode.__enter__()
        self._cursors: defaultdict[str, list[psycopg.Cursor[Row]]] = defaultdict(list)
        """Cursors by statement: one that has run its statement before knows how to send the values of the next."""
        self._used: defaultdict[str, int] = defaultdict(int)
        self._expected: list[tuple[psycopg.Cursor[Row], Callable[[], Exception]]] = []
        self._waiting: dict[tuple[Each, bool], list[Params]] = {}
        """Rows by the statement they will go out with, and whether each must be touched."""
        self._touched: set[tuple[object, ...]] = set()
        self._apart = False
        """Inside a savepoint each expectation is met at once, so that the reason is found before what follows fails."""
        self._forgotten = False
        """Whether the server does not know a statement that this side believes to be prepared."""
        self.written = 0
        self.sent = 0
        """Statements sent so far, for whoever measures."""
        self.trips = 0
        """How often this side has waited for the other."""

    @property
    def lost(self) -> bool:
        return self._raw.closed or self._raw.broken

    def each(self, what: Each, params: Params, otherwise: Callable[[], Exception] | None = None) -> None:
        if self._apart:
            # Alone, so that its own reason comes out.
            if otherwise is None:
                self.run(what.one, params)
            else:
                self.expect(what.one, params, otherwise)
            return
        self.written += 1
        row = (what.table, *(params[place] for place in what.key))
        if what.key and row in self._touched:
            self._send_waiting()
        self._touched.add(row)
        self._waiting.setdefault((what, otherwise is not None), []).append(params)

    def run(self, sql: str, params: Params = ()) -> None:
        self.written += 1
        self._send(sql, params, 0)

    def expect(self, sql: str, params: Params, otherwise: Callable[[], Exception]) -> None:
        self.written += 1
        # Its outcome is looked at later, so until then no other statement may use its cursor.
        self._used[sql] += 1
        self._expected.append((self._send(sql, params, self._used[sql]), otherwise))
        if self._apart:
            self.flush()

    def rows(self, sql: str, params: Params = ()) -> list[Row]:
        self.written += 1
        cursor = self._send(sql, params, 0)
        self._sync()
        return cursor.fetchall()

    def count(self, sql: str, params: Params = ()) -> int:
        self.written += 1
        cursor = self._send(sql, params, 0)
        self._sync()
        return cursor.rowcount

    def lock(self, *name: str) -> None:
        # Two processes would otherwise pass each other between looking and writing: neither sees the other's row yet.
        key = zlib.crc32("\0".join(name).encode()) - 2**31
        self.run("SELECT pg_advisory_xact_lock(?, ?)", (0x7461, key))

    def begin(self, *, relaxed: bool = False) -> None:
        if select.select([self._raw.fileno()], [], [], 0)[0]:
            # Nothing was asked, so what can be read is most likely the end: better known before the commit is sent.
            self._say("SELECT 1")
            self._sync()
        self._say("BEGIN")
        if relaxed:
            self._say("SET LOCAL synchronous_commit = off")

    def flush(self) -> None:
        self._send_waiting()
        if not self._expected and not self._apart:
            # What fails unseen fails the commit.
            return
        self._sync()
        expected, self._expected = self._expected, []
        self._used.clear()
        for cursor, otherwise in expected:
            if cursor.rowcount == 0:
                raise otherwise()

    def commit(self) -> None:
        end: psycopg.Cursor[Row] | None = None
        try:
            # Sending it may already tell of what failed before it: then it undoes the transaction on the server.
            end = self._say("COMMIT")
            self._sync()
        except psycopg.Error as error:
            if end is not None and end.statusmessage == "COMMIT":
                # It was kept before the session ended; whoever writes next notices that it did.
                return
            if _ends_session(error):
                # The server's goodbye can be read before the socket is closed; whether it kept the batch is unknown.
                self._raw.close()
            if self.lost:
                raise
            raise NotKept from error
        self._used.clear()
        if end.statusmessage != "COMMIT":
            raise NotKept from StoreFailed(f"the server answered {end.statusmessage}")

    def rollback(self) -> None:
        self._settle()
        self._apart = False
        if self._forgotten:
            # What prepared it was skipped after a failure; this side would call it in vain for ever.
            self._raw.close()
            return
        self._say("ROLLBACK")
        self._sync()

    def savepoint(self) -> None:
        self._say("SAVEPOINT item")
        self._apart = True

    def release(self) -> None:
        self._say("RELEASE item")
        self._apart = False

    def rollback_to(self) -> None:
        self._settle()
        self._say("ROLLBACK TO item")
        self.release()

    def close(self) -> None:
        if not self.lost:
            self._mode.__exit__(None, None, None)
        self._raw.close()

    def meaning(self, error: Exception) -> Exception:
        match error:
            case UnicodeEncodeError() | OverflowError() | psycopg.DataError():
                return Invalid("store.unstorable", reason=str(error))
            case psycopg.Error() | ServerUnreachable():
                return StoreFailed(str(error))
            case _:
                return error

    def passing(self, error: Exception) -> bool:
        return isinstance(
            error,
            psycopg.errors.DeadlockDetected
            | psycopg.errors.SerializationFailure
            | psycopg.errors.InvalidSqlStatementName,
        )

    def _send(self, sql: str, params: Params, place: int) -> psycopg.Cursor[Row]:
        if self._waiting:
            self._send_waiting()
        self.sent += 1
        cursors = self._cursors[sql]
        while len(cursors) <= place:
            cursors.append(self._raw.cursor())
        return cursors[place].execute(_spelled(sql), params)

    def _send_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        self._touched.clear()
        for (what, needed), rows in waiting.items():
            if what.ordered and len(rows) > 1:
                rows.sort(key=lambda row: [row[place] for place in what.key])
            if len(rows) >= _WORTH_ARRAYS:
                arrays: list[Any] = [list(column) for column in zip(*rows, strict=True)]
                self._send(_many(what, needed), (*arrays, len(rows)) if needed else arrays, 0)
                continue
            for row in rows:
                if needed:
                    self._send(_checked(what.one), (*row, 1), 0)
                else:
                    self._send(what.one, row, 0)

    def _say(self, sql: LiteralString) -> psycopg.Cursor[Row]:
        self.sent += 1
        return self._raw.execute(sql)

    def _sync(self) -> None:
        self.trips += 1
        try:
            self._pipeline.sync()
        except psycopg.errors.InvalidSqlStatementName:
            self._forgotten = True
            raise

    def _settle(self) -> None:
        """Forgets what was sent; what failed of it is reported once more and known already."""
        self._waiting.clear()
        self._touched.clear()
        self._expected.clear()
        self._used.clear()
        with suppress(psycopg.Error):
            self._sync()


def _ends_session(error: psycopg.Error) -> bool:
    """Whether the server ended the session rather than the statement: classes 08 and 57P of its error codes."""
    return (error.sqlstate or "").startswith(("08", "57P"))


class PostgresReader:
    """Reads what is committed."""

    def __init__(self, raw: psycopg.Connection[Row]) -> None:
        self._raw = raw

    def rows(self, sql: str, params: Sequence[Any]) -> list[Row]:
        try:
            return self._raw.execute(_spelled(sql), params).fetchall()
        except psycopg.OperationalError as error:
            if self._raw.closed or self._raw.broken:
                raise ReaderLost(str(error)) from error
            raise StoreFailed(str(error)) from error
        except psycopg.Error as error:
            raise StoreFailed(str(error)) from error

    def close(self) -> None:
        self._raw.close()

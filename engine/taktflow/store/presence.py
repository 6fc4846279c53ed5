"""Shows on a PostgreSQL server that a process lives: a lock that ends with its session, however the process ends.

Each executor run holds an advisory lock on its epoch, on a connection of its own. Beside it a second connection waits
for the lock of one other run, the next in a ring by epoch: when that run dies, the server hands the lock over at once,
with nobody asking again and again. A process that is stopped or cut off may keep its lock; the lease that it no longer
renews tells of it. Neither goes through the writer: a full queue must not look like death.
"""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress

import psycopg

from taktflow.store.failures import StoreFailed
from taktflow.store.postgres import ServerUnreachable, connect
from taktflow.store.runs import PRESENCE, PRESENT, SERVER_CLOCK
from taktflow.store.transaction import Row

_WATCH_S = 10
_AGAIN_S = 0.1
_RENEW_S = 5
_RENEW = f"UPDATE executor SET heartbeat_at = {SERVER_CLOCK} WHERE epoch = %s"  # noqa: S608 - our own clock
_PATIENCE_S = 30.0
_log = logging.getLogger(__name__)


class Presence:
    """Two threads for the run ``epoch``.

    ``bereaved`` is called, in one of them, when another run has died, or seems to: its session may only have been cut,
    and then it holds its lock again in a moment.
    """

    def __init__(self, dsn: str, epoch: int, bereaved: Callable[[], None]) -> None:
        self._dsn = dsn
        self._epoch = epoch
        self._bereaved = bereaved
        self._stopping = threading.Event()
        self._waiting: psycopg.Connection[Row] | None = None
        self._held = threading.Event()
        self._threads = [
            threading.Thread(target=self._forever, args=(act,), name=f"taktflow-{name}", daemon=True)
            for name, act in (("presence", self._keep), ("watch", self._watch))
        ]

    def start(self) -> None:
        """Returns once the lock is held, so that nothing is claimed before it shows; StoreFailed when that fails."""
        self._ended, self._end = os.pipe()
        for thread in self._threads:
            thread.start()
        if not self._held.wait(_PATIENCE_S):
            raise StoreFailed("no session could be opened to show that this executor lives")

    def stop(self) -> None:
        """Lets the lock go; a second time it changes nothing."""
        again = self._stopping.is_set()
        self._stopping.set()
        if again or self._threads[0].ident is None:
            return
        os.write(self._end, b"x")
        for thread in self._threads:
            while thread.is_alive():
                # What it waits for on the server may begin only after it was told to stop: ask until it has heard.
                if (waiting := self._waiting) is not None:
                    with suppress(psycopg.Error):
                        waiting.cancel_safe(timeout=1.0)
                thread.join(0.05)
        os.close(self._end)
        os.close(self._ended)

    def _forever(self, act: Callable[[psycopg.Connection[Row]], None]) -> None:
        """``act`` on a connection, and on another one when that is lost."""
        while not self._stopping.is_set():
            try:
                with connect(self._dsn) as connection:
                    act(connection)
            except (psycopg.Error, ServerUnreachable, OSError) as lost:
                if not self._stopping.wait(_AGAIN_S):
                    _log.info("a session that shows or watches executors was lost: %s", lost)

    def _keep(self, connection: psycopg.Connection[Row]) -> None:
        connection.execute("SELECT pg_advisory_lock(%s, %s)", (PRESENCE, self._epoch))
        while not self._stopping.is_set():
            connection.execute(_RENEW.encode(), (self._epoch,))
            self._held.set()
            # An idle session is silent: what can be read before the time is its end, or a remark.
            select.select([connection.fileno(), self._ended], [], [], _RENEW_S)

    def _watch(self, connection: psycopg.Connection[Row]) -> None:
        connection.execute(f"SET lock_timeout = '{_WATCH_S}s'".encode())
        self._waiting = connection
        while not self._stopping.is_set():
            peer = self._next_in_ring(connection)
            if peer is None:
                self._stopping.wait(_WATCH_S)
            elif self._outlived(connection, peer) and not self._stopping.is_set():
                self._bereaved()

    def _outlived(self, connection: psycopg.Connection[Row], peer: int) -> bool:
        """Whether ``peer`` gave its lock up while we waited for it."""
        try:
            connection.execute("SELECT pg_advisory_lock_shared(%s, %s)", (PRESENCE, peer))
        except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
            return False
        connection.execute("SELECT pg_advisory_unlock_shared(%s, %s)", (PRESENCE, peer))
        return True

    def _present(self, connection: psycopg.Connection[Row]) -> set[int]:
        return {int(row[0]) for row in connection.execute(PRESENT.encode()).fetchall()}

    def _next_in_ring(self, connection: psycopg.Connection[Row]) -> int | None:
        others = self._present(connection) - {self._epoch}
        return min((o for o in others if o > self._epoch), default=min(others, default=None))

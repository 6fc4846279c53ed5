"""The one writer: drains its queue into one transaction, so that one trip to the disk serves many callers."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from taktflow.errors import TaktflowError
from taktflow.store.failures import StoreBusy, StoreFailed
from taktflow.store.rows import Notice
from taktflow.store.transaction import Connection, Transaction

T = TypeVar("T")
Change: TypeAlias = Callable[[Transaction], tuple[T, Notice | None]]
"""Writes something and tells what came of it. It may be run again after a rollback, so it keeps nothing of its own."""

MOST_ITEMS = 512
MOST_BYTES = 1_000_000
_TRIES = 5
_FIRST_PAUSE_S = 0.05
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Item(Generic[T]):
    change: Change[T]
    future: Future[T]
    weight: int


@dataclass(slots=True)
class _Outcome:
    item: _Item[Any]
    value: Any = None
    notice: Notice | None = None
    error: Exception | None = None


class _Apart(Exception):
    """The batch must be run again with a savepoint for each item."""


class Writer:
    """One thread with one connection. At most ``limit`` changes wait; more are refused with StoreBusy."""

    def __init__(
        self, connect: Callable[[], Connection], limit: int, announce: Callable[[Sequence[Notice]], None]
    ) -> None:
        self._connect = connect
        self._connection: Connection | None = connect()
        self._limit = limit
        self._announce = announce
        self._queue: deque[_Item[Any]] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="taktflow-writer", daemon=True)
        self._thread.start()

    def submit(self, change: Change[T], weight: int = 200) -> Future[T]:
        """Queues ``change`` of about ``weight`` bytes; the future is done once it is on the disk."""
        future: Future[T] = Future()
        item = _Item(change, future, weight)
        with self._wake:
            if self._closing:
                raise TaktflowError("store.closed")
            if len(self._queue) >= self._limit:
                raise StoreBusy
            self._queue.append(item)
            self._wake.notify()
        return future

    @property
    def waiting(self) -> int:
        """How many changes wait."""
        return len(self._queue)

    def close(self) -> None:
        """Writes what waits, then ends."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _serve(self) -> None:
        while batch := self._next_batch():
            begun = [item for item in batch if item.future.set_running_or_notify_cancel()]
            if begun:
                self._settle(self._write(begun))
        if self._connection is not None:
            self._discard(self._connection)

    def _next_batch(self) -> list[_Item[Any]]:
        """What waits, oldest first and bounded; empty when the writer shall end."""
        with self._wake:
            while not self._queue and not self._closing:
                self._wake.wait()
            batch: list[_Item[Any]] = []
            weight = 0
            while self._queue and len(batch) < MOST_ITEMS and weight < MOST_BYTES:
                batch.append(self._queue.popleft())
                weight += batch[-1].weight
            return batch

    def _settle(self, outcomes: list[_Outcome]) -> None:
        notices = []
        for outcome in outcomes:
            if outcome.error is not None:
                outcome.item.future.set_exception(outcome.error)
            else:
                outcome.item.future.set_result(outcome.value)
                if outcome.notice is not None:
                    notices.append(outcome.notice)
        if notices:
            self._announce(notices)

    def _write(self, batch: list[_Item[Any]]) -> list[_Outcome]:
        """Writes ``batch`` whole; when something in it fails, once more with each item on its own."""
        apart = False
        failure: Exception = StoreFailed("not reached")
        for attempt in range(_TRIES):
            if attempt > 1:
                time.sleep(_FIRST_PAUSE_S * 2**attempt)
            try:
                return self._attempt(batch, apart)
            except _Apart:
                apart = True
            except StoreFailed as unknown:
                return [_Outcome(item, error=unknown) for item in batch]
            except Exception as error:  # noqa: BLE001 - the writer outlives whatever a database driver raises
                failure = error
                if not self._may_pass(error):
                    break
        return [_Outcome(item, error=self._meaning(failure)) for item in batch]

    def _attempt(self, batch: list[_Item[Any]], apart: bool) -> list[_Outcome]:
        db = self._reached()
        try:
            db.begin()
            outcomes = [self._one_apart(db, item) if apart else self._one(db, item) for item in batch]
            if not apart:
                self._flush(db)
        except BaseException:
            self._give_up(db)
            raise
        self._commit(db)
        return outcomes

    def _one(self, db: Connection, item: _Item[Any]) -> _Outcome:
        before = db.written
        try:
            value, notice = item.change(db)
        except Exception as error:
            if db.lost or db.passing(error):
                raise
            if db.written == before:
                # It changed nothing before it was refused, so its neighbours need no second run.
                return _Outcome(item, error=self._meaning(error))
            raise _Apart from error
        return _Outcome(item, value, notice)

    def _one_apart(self, db: Connection, item: _Item[Any]) -> _Outcome:
        db.savepoint()
        try:
            value, notice = item.change(db)
            db.flush()
        except Exception as error:
            if db.lost or db.passing(error):
                raise
            db.rollback_to()
            return _Outcome(item, error=self._meaning(error))
        db.release()
        return _Outcome(item, value, notice)

    def _flush(self, db: Connection) -> None:
        try:
            db.flush()
        except Exception as error:
            if db.lost or db.passing(error):
                raise
            raise _Apart from error

    def _commit(self, db: Connection) -> None:
        try:
            db.commit()
        except Exception as error:
            lost = db.lost
            self._give_up(db)
            raise StoreFailed(str(error), unknown=lost) from error

    def _give_up(self, db: Connection) -> None:
        """Leaves the transaction; a connection that cannot even do that is thrown away."""
        try:
            if not db.lost:
                db.rollback()
        except Exception:  # noqa: BLE001 - whatever the driver raises, the answer is a new connection
            self._connection = None
        if db.lost:
            self._connection = None
        if self._connection is None:
            self._discard(db)

    def _discard(self, db: Connection) -> None:
        try:
            db.close()
        except Exception:  # noqa: BLE001 - it is broken already
            _log.info("the connection to the database was lost")

    def _reached(self) -> Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _may_pass(self, error: Exception) -> bool:
        return self._connection is None or self._connection.passing(error)

    def _meaning(self, error: Exception) -> Exception:
        return self._connection.meaning(error) if self._connection is not None else StoreFailed(str(error))

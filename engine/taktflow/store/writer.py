"""The one writer: drains its queue into one transaction, so that one trip to the disk serves many callers.

Whoever waits for a change and finds nobody writing writes the queue at once, in its own thread; that spares two changes
of thread, which cost more than the write. The writer's own thread takes what nobody waits for and what comes meanwhile.
"""

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
from taktflow.store.tally import SECONDS, SIZES, Tally
from taktflow.store.transaction import Connection, NotKept, Transaction

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
    relaxed: bool


@dataclass(slots=True)
class _Outcome:
    item: _Item[Any]
    value: Any = None
    notice: Notice | None = None
    error: Exception | None = None


class _Apart(Exception):
    """The batch must be run again with a savepoint for each item."""


class Kept(Future[T]):
    """A change on its way to the disk; who asks for its result helps to write it."""

    def __init__(self, help: Callable[[], None]) -> None:
        super().__init__()
        self._help = help

    def result(self, timeout: float | None = None) -> T:
        if not self.done():
            self._help()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        if not self.done():
            self._help()
        return super().exception(timeout)


class Writer:
    """One connection and one queue. At most ``limit`` changes wait; more are refused with StoreBusy.

    ``announce`` is called in the writer's own thread, after the changes it tells of are kept.
    """

    def __init__(
        self, connect: Callable[[], Connection], limit: int, announce: Callable[[Sequence[Notice]], None]
    ) -> None:
        self._connect = connect
        self._connection: Connection | None = connect()
        self._limit = limit
        self._announce = announce
        self._queue: deque[_Item[Any]] = deque()
        self._news: deque[Notice] = deque()
        self._turn = threading.Lock()
        """Held by whoever writes."""
        self._wake = threading.Condition()
        self._closing = False
        self.sizes: Tally[str] = Tally(SIZES)
        """Changes by batch, under ``durable`` or ``relaxed``."""
        self.seconds: Tally[str] = Tally(SECONDS)
        self._thread = threading.Thread(target=self._serve, name="taktflow-writer", daemon=True)
        self._thread.start()

    def submit(self, change: Change[T], weight: int = 200, *, relaxed: bool = False) -> Future[T]:
        """Queues ``change`` of about ``weight`` bytes; the future is done once it is on the disk.

        A ``relaxed`` one with none but its like in its batch is only handed to the operating system.
        """
        future: Kept[T] = Kept(self._help)
        item = _Item(change, future, weight, relaxed)
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
        while self._awake():
            with self._turn:
                self._write_next()
            self._tell()
        with self._turn:
            if self._connection is not None:
                self._discard(self._connection)
                self._connection = None

    def _awake(self) -> bool:
        """Sleeps until there is something to do; False when all is done and the writer shall end."""
        with self._wake:
            while not (self._queue or self._news or self._closing):
                self._wake.wait()
            return bool(self._queue or self._news)

    def _help(self) -> None:
        if self._turn.acquire(blocking=False):
            try:
                self._write_next()
            finally:
                self._turn.release()

    def _write_next(self) -> None:
        """Writes one batch of what waits, oldest first."""
        begun = [item for item in self._next_batch() if item.future.set_running_or_notify_cancel()]
        if not begun:
            return
        began = time.perf_counter()
        try:
            outcomes = self._write(begun)
        except BaseException as stopped:
            # A helper's thread may be interrupted from outside; the others whose changes it held must hear of it.
            for item in begun:
                item.future.set_exception(StoreFailed(repr(stopped), unknown=True))
            raise
        kind = "relaxed" if all(item.relaxed for item in begun) else "durable"
        self.sizes.note(kind, len(begun))
        self.seconds.note(kind, time.perf_counter() - began)
        self._settle(outcomes)

    def _tell(self) -> None:
        notices = []
        while self._news:
            notices.append(self._news.popleft())
        if notices:
            self._announce(notices)

    def _next_batch(self) -> list[_Item[Any]]:
        batch: list[_Item[Any]] = []
        weight = 0
        with self._wake:
            while self._queue and len(batch) < MOST_ITEMS and weight < MOST_BYTES:
                batch.append(self._queue.popleft())
                weight += batch[-1].weight
        return batch

    def _settle(self, outcomes: list[_Outcome]) -> None:
        for outcome in outcomes:
            if outcome.error is not None:
                outcome.item.future.set_exception(outcome.error)
            else:
                outcome.item.future.set_result(outcome.value)
        news = [o.notice for o in outcomes if o.error is None and o.notice is not None]
        if news:
            with self._wake:
                self._news.extend(news)
                self._wake.notify()

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
                if attempt == 0 and self._connection is not None:
                    # Whoever locked us out needs a moment, or we would meet it again at the same place.
                    time.sleep(_FIRST_PAUSE_S)
        return [_Outcome(item, error=self._meaning(failure)) for item in batch]

    def _attempt(self, batch: list[_Item[Any]], apart: bool) -> list[_Outcome]:
        db = self._reached()
        try:
            db.begin(relaxed=all(item.relaxed for item in batch))
            outcomes = [self._one_apart(db, item) if apart else self._one(db, item) for item in batch]
            if not apart:
                self._flush(db)
        except BaseException:
            self._give_up(db)
            raise
        self._commit(db, apart)
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

    def _commit(self, db: Connection, apart: bool) -> None:
        try:
            db.commit()
        except NotKept as refused:
            self._give_up(db)
            cause = refused.__cause__
            assert isinstance(cause, Exception)
            if apart or db.passing(cause):
                raise cause from refused
            raise _Apart from cause
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

"""What was committed, told to open pages as server-sent events.

The store tells of every commit from its writer's thread; the hub hands it over to the event loop once for many
commits, keeps the last ones for readers who come back, and gives each reader a bounded queue. A reader who missed
something, or reads too slowly, is told ``reset``: load the lists again.
"""

from __future__ import annotations

import asyncio
import secrets as randomness
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from taktflow.store import Notice
from taktflow.values import plain_dumps

KEPT = 2_000
QUEUE = 500
HEARTBEAT_S = 15.0
MOST_READERS = 500


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it goes out; ``n`` counts from 1 within this run of the server."""

    n: int
    instance: str
    rev: int
    status: str
    workflow: str


@dataclass(eq=False, slots=True)
class _Reader:
    waiting: asyncio.Queue[Told | None] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    missed: bool = False


class Hub:
    """Spreads notices to readers. ``told`` may be called by any thread, all else belongs to the event loop."""

    def __init__(self, heartbeat_s: float = HEARTBEAT_S) -> None:
        self.run = randomness.token_hex(4)
        self._heartbeat_s = heartbeat_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = Lock()
        self._fresh: dict[str, Notice] = {}
        self._scheduled = False
        self._last = 0
        self._kept: deque[Told] = deque(maxlen=KEPT)
        self._readers: set[_Reader] = set()
        self._closed = False
        self.commits = 0
        """How many commits were told since the start."""

    def open(self) -> None:
        """Binds the hub to the running event loop."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Ends every stream; called on the loop when the server is told to stop."""
        self._closed = True
        for reader in self._readers:
            _put(reader, None)

    def close_soon(self) -> None:
        """:meth:`close`, for a signal handler or another thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.close)

    @property
    def readers(self) -> int:
        """How many streams are open."""
        return len(self._readers)

    @property
    def full(self) -> bool:
        """Whether no more streams are opened."""
        return self._closed or len(self._readers) >= MOST_READERS

    def told(self, notices: Sequence[Notice]) -> None:
        """Takes what was committed; of several commits to one instance the last counts."""
        self.commits += len(notices)
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        with self._lock:
            for notice in notices:
                if notice.instance is not None:
                    self._fresh.pop(notice.instance, None)
                    self._fresh[notice.instance] = notice
            if self._scheduled or not self._fresh:
                return
            self._scheduled = True
        try:
            loop.call_soon_threadsafe(self._spread)
        except RuntimeError:
            # The loop closed between the question and the call: nobody is left to be told.
            return

    def _spread(self) -> None:
        with self._lock:
            fresh, self._fresh, self._scheduled = self._fresh, {}, False
        for notice in fresh.values():
            assert notice.instance is not None
            self._last += 1
            told = Told(self._last, notice.instance, notice.rev, notice.status, notice.workflow)
            self._kept.append(told)
            for reader in self._readers:
                _put(reader, told)

    async def stream(
        self, last_event_id: str | None, still_welcome: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[bytes]:
        """The bytes of one reader's stream, from behind ``last_event_id`` on.

        At each heartbeat ``still_welcome`` is asked, so that a session that ended ends its streams too.
        """
        reader = _Reader()
        missed, earlier = self._since(last_event_id)
        if self.full:
            return
        self._readers.add(reader)
        try:
            yield format_sse_event(comment="open", retry=2_000)
            if missed:
                yield self._reset()
            for told in earlier:
                yield self._bytes(told)
            async for chunk in self._following(reader, still_welcome):
                yield chunk
        finally:
            self._readers.discard(reader)

    async def _following(self, reader: _Reader, still_welcome: Callable[[], Awaitable[bool]]) -> AsyncIterator[bytes]:
        while not self._closed:
            try:
                told = await asyncio.wait_for(reader.waiting.get(), self._heartbeat_s)
            except TimeoutError:
                if not await still_welcome():
                    return
                yield KEEPALIVE_COMMENT
                continue
            if told is None:
                return
            if reader.missed:
                reader.missed = False
                while not reader.waiting.empty():
                    reader.waiting.get_nowait()
                yield self._reset()
                continue
            yield self._bytes(told)

    def _since(self, last_event_id: str | None) -> tuple[bool, Sequence[Told]]:
        """Whether a reader who saw ``last_event_id`` missed something for good, and what they missed otherwise."""
        if not last_event_id:
            return False, ()
        run, _, number = last_event_id.partition("-")
        if run != self.run or not (number.isascii() and number.isdigit()):
            return True, ()
        seen = int(number[:18])
        first_kept = self._kept[0].n if self._kept else self._last + 1
        if seen + 1 < first_kept or seen > self._last:
            return True, ()
        return False, [t for t in self._kept if t.n > seen]

    def _bytes(self, told: Told) -> bytes:
        data = {"id": told.instance, "rev": told.rev, "status": told.status, "workflow": told.workflow}
        return format_sse_event(event="instance", data_str=plain_dumps(data), id=f"{self.run}-{told.n}")

    def _reset(self) -> bytes:
        return format_sse_event(event="reset", data_str="{}", id=f"{self.run}-{self._last}")


def _put(reader: _Reader, told: Told | None) -> None:
    if reader.waiting.full():
        reader.waiting.get_nowait()
        reader.missed = True
    reader.waiting.put_nowait(told)

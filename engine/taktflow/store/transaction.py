"""What a change may do to the open transaction, the same on every database. SQL is written with ``?``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

Params: TypeAlias = Sequence[Any]
Row: TypeAlias = tuple[Any, ...]


class Transaction(Protocol):
    """One transaction being written.

    ``run`` and ``expect`` may be sent later, in order; ``rows`` and ``count`` wait for their answer, so they cost a
    round trip on a database server.
    """

    @property
    def skip_locked(self) -> str:
        """What to append to a SELECT that claims rows, so that several processes share the work."""

    @property
    def clock(self) -> str:
        """The database's own time in SQL, in microseconds since 1970: the clocks of several machines differ."""

    def run(self, sql: str, params: Params = ()) -> None:
        """Executes a statement whose result does not matter."""

    def expect(self, sql: str, params: Params, otherwise: Callable[[], Exception]) -> None:
        """Executes a statement that must touch a row; else the change fails with what ``otherwise`` gives."""

    def rows(self, sql: str, params: Params = ()) -> list[Row]:
        """The rows that a statement gives back."""

    def count(self, sql: str, params: Params = ()) -> int:
        """How many rows a statement touched."""

    def lock(self, *name: str) -> None:
        """Keeps other processes out of what ``name`` names until the transaction ends."""


class Connection(Transaction, Protocol):
    """The writer's one connection."""

    @property
    def written(self) -> int:
        """Statements executed so far that may have changed something."""

    @property
    def lost(self) -> bool:
        """Whether the database is no longer reachable through this connection."""

    def begin(self) -> None: ...
    def flush(self) -> None:
        """Waits for everything sent; raises what went wrong."""

    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def savepoint(self) -> None: ...
    def release(self) -> None: ...
    def rollback_to(self) -> None: ...
    def close(self) -> None: ...
    def meaning(self, error: Exception) -> Exception:
        """``error`` of the driver as one of ours; anything else as it is."""

    def passing(self, error: Exception) -> bool:
        """Whether the same batch may succeed when it is simply tried again, such as after a deadlock."""

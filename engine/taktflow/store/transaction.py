"""What a change may do to the open transaction, the same on every database. SQL is written with ``?``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Params: TypeAlias = Sequence[Any]
Row: TypeAlias = tuple[Any, ...]


class NotKept(Exception):
    """The transaction did not commit, for the reason that is its cause: nothing of it is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Each:
    """A statement on one row of ``table`` that a server may be given for many rows at once.

    ``many`` is the same with arrays in place of values, one for each parameter. ``key`` tells which parameters name the
    row: statements on different rows may pass each other. With ``ordered`` the rows go by their keys, so that two
    processes that touch the same ones wait for each other instead of locking each other out.
    """

    table: str
    one: str
    many: str
    key: Sequence[int] = ()
    ordered: bool = False


class Transaction(Protocol):
    """One transaction being written.

    ``each`` may be sent later, past other ``each`` on other rows; ``run`` and ``expect`` may be sent later, in order;
    ``rows`` and ``count`` wait for their answer, so they cost a round trip on a database server.
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

    def each(self, what: Each, params: Params, otherwise: Callable[[], Exception] | None = None) -> None:
        """Executes ``what`` for a row; with ``otherwise`` it must touch it, else the change fails with that."""

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

    def begin(self, *, relaxed: bool = False) -> None:
        """Begins; a power cut may take a ``relaxed`` transaction as long as nothing durable was committed after it."""

    def flush(self) -> None:
        """Sends everything; raises what is known to have gone wrong."""

    def commit(self) -> None:
        """Keeps everything; NotKept when a statement failed that had not been waited for."""

    def rollback(self) -> None: ...
    def savepoint(self) -> None: ...
    def release(self) -> None: ...
    def rollback_to(self) -> None: ...
    def close(self) -> None: ...
    def meaning(self, error: Exception) -> Exception:
        """``error`` of the driver as one of ours; anything else as it is."""

    def passing(self, error: Exception) -> bool:
        """Whether the same batch may succeed when it is simply tried again, such as after a deadlock."""

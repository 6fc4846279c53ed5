"""Picks the database's own way of writing and reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from taktflow.store import sqlite
from taktflow.store.address import Address
from taktflow.store.readers import Reader, SqliteReader
from taktflow.store.transaction import Connection


def writer_connection(address: Address) -> Connection:
    """A new connection for the writer."""
    if address.path is not None:
        return sqlite.writing(address.path)
    from taktflow.store import postgres

    return postgres.writing(address.dsn)


def reader(address: Address) -> Reader:
    """A new connection that reads."""
    if address.path is not None:
        return SqliteReader(sqlite.reading(address.path))
    from taktflow.store import postgres

    return postgres.reading(address.dsn)


class Presence(Protocol):
    """Shows that a process lives."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


def presence(address: Address, epoch: int, bereaved: Callable[[], None]) -> Presence | None:
    """The presence of the run ``epoch`` on a server; a file has one process, which the lock beside it tells."""
    if address.path is not None:
        return None
    from taktflow.store.presence import Presence as OnServer

    return OnServer(address.dsn, epoch, bereaved)


def keep_months(address: Address, now: datetime) -> tuple[Sequence[str], Sequence[str]]:
    """The journal's months made and dropped on a server; a file keeps one journal."""
    if address.path is not None:
        return (), ()
    from taktflow.store import months

    return months.keep_months(address.dsn, now)

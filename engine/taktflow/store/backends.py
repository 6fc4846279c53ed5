"""Picks the database's own way of writing and reading."""

from __future__ import annotations

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

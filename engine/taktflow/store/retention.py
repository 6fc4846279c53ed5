"""What is old: read whole, so that it can be put elsewhere, and then removed. Records and their history stay."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from taktflow.store.address import Address
from taktflow.store.apply.alerts import note_audit
from taktflow.store.columns import Moment
from taktflow.store.commit import AuditEntry
from taktflow.store.moments import micros, moment
from taktflow.store.readers import Readers
from taktflow.store.tables import metadata
from taktflow.store.transaction import Row, Transaction
from taktflow.values import Json, plain_dumps

T = TypeVar("T")
_PARTS: Sequence[tuple[str, str]] = (
    ("journal", "instance_id"),
    ("effect", "instance_id"),
    ("incident", "instance_id"),
    ("user_task", "instance_id"),
    ("alert", "instance_id"),
    ("timer", "instance_id"),
    ("subscription", "instance_id"),
    ("listener", "instance_id"),
    ("lock_queue", "instance_id"),
    ("signal_inbox", "instance_id"),
)
"""Tables of an instance's own rows."""
_OF_PARTS: Sequence[tuple[str, str, str]] = (
    ("task_candidate", "task_id", "user_task"),
    ("alert_recipient", "alert_id", "alert"),
)
_JSON = frozenset({"state", "batch", "request", "response", "details", "event", "who", "exclude", "outcomes", "shown"})
_MORE_JSON = frozenset({"data", "decisions"})
"""Columns that hold JSON text, which is kept as it stands."""
_ENDED = """SELECT id, started_at, ended_at, workflow, business_key, status FROM instance WHERE
 (started_at > ? OR (started_at = ? AND id > ?)) AND started_at < ? AND ended_at < ?
 AND status IN ('ended', 'cancelled')
 AND NOT EXISTS (SELECT 1 FROM effect e WHERE e.instance_id = instance.id
  AND e.status IN ('pending', 'running', 'held'))
 AND NOT EXISTS (SELECT 1 FROM instance p WHERE p.id = instance.parent_id AND p.status IN ('running', 'suspended'))
 ORDER BY started_at, id LIMIT ?"""
_EMPTY = """UPDATE inbound SET body = ?, headers = '{}' WHERE id IN (SELECT id FROM inbound WHERE id > ?
 AND status IN ('done', 'ignored', 'dropped') AND received_at < ? ORDER BY id LIMIT ?) RETURNING id"""
_FORGET = """DELETE FROM message WHERE id IN (SELECT id FROM message WHERE expires_at < ? AND status <> 'waiting'
 ORDER BY expires_at LIMIT ?)"""
_ARCHIVE_LOCK = 0x7461_6173
_SHORT_BUSY_MS = 100
_PAGES_A_TIME = 2_000


@dataclass(frozen=True, slots=True)
class Over:
    """An instance that ended long ago."""

    id: str
    started_at: datetime
    ended_at: datetime
    workflow: str
    key: str
    status: str


class Retention:
    """Finds and removes what is old, a little at a time."""

    def __init__(
        self, address: Address, readers: Readers, write: Callable[[Callable[[Transaction], Any]], Any]
    ) -> None:
        self._address = address
        self._readers = readers
        self._write = write

    def over(self, before: datetime, limit: int, after: tuple[datetime, str] | None = None) -> list[Over]:
        """Instances that ended before ``before`` and owe nothing, oldest start first, from ``after`` (start and id).

        One whose caller still runs is left, since the caller's page shows it.
        """
        start, id = (micros(after[0]), after[1]) if after else (-1, "")
        end = micros(before)
        rows = self._readers.rows(_ENDED, (start, start, id, end, end, limit))
        return [Over(r[0], moment(r[1]), moment(r[2]), r[3], r[4], r[5]) for r in rows]

    def lines(self, ids: Sequence[str]) -> list[str]:
        """Each instance with all its rows as one JSON text, in the order of ``ids``; what is gone is left out."""
        parts = {table: self._rows(table, column, ids) for table, column in _PARTS}
        for table, column, owner in _OF_PARTS:
            parts[table] = self._rows_of(table, column, owner, ids)
        whole = self._rows("instance", "id", ids)
        return [
            "{"
            + ",".join(
                [f'"instance":{whole[id][0]}', *(f'"{t}":[{",".join(found[id])}]' for t, found in parts.items())]
            )
            + "}"
            for id in ids
            if id in whole
        ]

    def present(self, ids: Sequence[str]) -> list[str]:
        """Which of ``ids`` are kept here."""
        sql = f"SELECT id FROM instance WHERE id IN ({_marks(ids)})"  # noqa: S608 - question marks only
        return [str(r[0]) for r in self._readers.rows(sql, ids)] if ids else []

    def remove(self, ids: Sequence[str], audit: AuditEntry) -> int:
        """Deletes those of ``ids`` that are over, with all their rows; how many."""

        def act(tx: Transaction) -> int:
            sql = f"SELECT id FROM instance WHERE status IN ('ended', 'cancelled') AND id IN ({_marks(ids)})"  # noqa: S608
            gone = [r[0] for r in tx.rows(sql, ids)]
            if not gone:
                return 0
            marks = _marks(gone)
            for table, column, owner in _OF_PARTS:
                tx.run(
                    f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM {owner} WHERE instance_id IN ({marks}))",  # noqa: S608
                    gone,
                )
            for table, column in (*_PARTS, ("instance", "id")):
                tx.run(f"DELETE FROM {table} WHERE {column} IN ({marks})", gone)  # noqa: S608 - our own names
            note_audit(tx, audit)
            return len(gone)

        return int(self._write(act).result())

    def forget_messages(self, before: datetime, limit: int) -> int:
        """Deletes messages that were taken or given up and expired before ``before``."""
        return int(self._write(lambda tx: tx.count(_FORGET, (micros(before), limit))).result())

    def empty_inbound(self, before: datetime, limit: int, after: int) -> int | None:
        """Drops the bodies of settled raw events received before ``before`` from id ``after`` on; the last id, if any.

        The row stays, so that an event that is sent once more is still known.
        """
        found = self._write(lambda tx: tx.rows(_EMPTY, (b"", after, micros(before), limit))).result()
        return max((int(r[0]) for r in found), default=None)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether no other process archives from this database, for as long as the context lasts."""
        if self._address.path is not None:
            # The lock on the archive's folder is enough: the file and the folder are on one machine.
            yield True
            return
        from taktflow.store import postgres

        with closing(postgres.connect(self._address.dsn)) as session:
            yield bool(session.execute("SELECT pg_try_advisory_lock(%s)", (_ARCHIVE_LOCK,)).fetchall()[0][0])

    def tidy(self) -> None:
        """On SQLite: moves the log into the file and cuts it off, and gives freed pages back; never waits for long."""
        if self._address.path is None:
            return
        with closing(sqlite3.connect(self._address.path, isolation_level=None)) as file:
            # Whoever is busy comes first: the next round tries again.
            file.execute(f"PRAGMA busy_timeout={_SHORT_BUSY_MS}")
            try:
                # As a script, since execute would stop after the first page.
                file.executescript(f"PRAGMA incremental_vacuum({_PAGES_A_TIME})")
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.OperationalError:
                return

    def _rows(self, table: str, column: str, ids: Sequence[str]) -> Mapping[str, list[str]]:
        where = f"t.{column} IN ({_marks(ids)})"
        return self._shown(table, f"SELECT {_columns(table)}, t.{column} FROM {table} t WHERE {where}", ids)  # noqa: S608

    def _rows_of(self, table: str, column: str, owner: str, ids: Sequence[str]) -> Mapping[str, list[str]]:
        sql = f"""SELECT {_columns(table)}, o.instance_id FROM {table} t JOIN {owner} o ON o.id = t.{column}
 WHERE o.instance_id IN ({_marks(ids)})"""  # noqa: S608 - our own names
        return self._shown(table, sql, ids)

    def _shown(self, table: str, sql: str, ids: Sequence[str]) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {id: [] for id in ids} if table != "instance" else {}
        order = ", ".join(f"t.{c.name}" for c in metadata.tables[table].primary_key.columns)
        for *values, id in self._readers.rows(f"{sql} ORDER BY {order}", ids):
            found.setdefault(str(id), []).append(_object(table, tuple(values)))
        return found


def _columns(table: str) -> str:
    return ", ".join(f't."{c.name}"' for c in metadata.tables[table].columns)


def _object(table: str, values: Row) -> str:
    parts = []
    for column, value in zip(metadata.tables[table].columns, values, strict=True):
        shown: Json = value
        if value is not None and isinstance(column.type, Moment):
            shown = moment(value).isoformat()
        json = value is not None and column.name in _JSON | _MORE_JSON and isinstance(value, str)
        parts.append(f'"{column.name}":{value if json else plain_dumps(shown)}')
    return "{" + ",".join(parts) + "}"


def _marks(ids: Sequence[str]) -> str:
    return ", ".join("?" * len(ids))

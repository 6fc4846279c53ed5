"""The journal's months on PostgreSQL: tables made ahead of time, and dropped whole once nothing in them is needed.

A month whose instances are all gone (retention archives and deletes them) costs one DROP instead of a long DELETE and
its vacuum. Rows whose moment has no table of its own go to ``journal_other``, so that a clock that runs wrong stops
nobody.
"""

from __future__ import annotations

from datetime import datetime

import psycopg
from psycopg import sql

from taktflow.store.failures import StoreFailed
from taktflow.store.moments import MONTHS_AHEAD, micros, month_name, month_start
from taktflow.store.postgres import ServerUnreachable, connect
from taktflow.store.transaction import Row

_LOCK = 0x7463
_PARTS = """SELECT c.relname::text, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits h
 JOIN pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = 'journal'::regclass"""


def keep_months(dsn: str, now: datetime) -> tuple[list[str], list[str]]:
    """Makes the tables of the coming months and drops past ones that nothing needs; gives back both lists of names.

    Another process that is at it already, or a lock that is not had at once, leaves it for the next time.
    """
    try:
        with connect(dsn) as connection:
            if connection.execute("SELECT pg_try_advisory_lock(%s, 0)", (_LOCK,)).fetchone() != (True,):
                return [], []
            connection.execute("SET lock_timeout = '2s'")
            return _make(connection, now), _drop(connection, now)
    except psycopg.errors.LockNotAvailable:
        return [], []
    except (psycopg.Error, ServerUnreachable) as error:
        raise StoreFailed(str(error)) from error


def _make(connection: psycopg.Connection[Row], now: datetime) -> list[str]:
    parts = {name for name, _ in connection.execute(_PARTS).fetchall()}
    made = []
    for ahead in range(MONTHS_AHEAD + 1):
        first, after = month_start(now, ahead), month_start(now, ahead + 1)
        name = month_name(first)
        if name in parts or _covered(connection, micros(first)):
            continue
        bounds = {
            "name": sql.Identifier(name),
            "first": sql.Literal(micros(first)),
            "after": sql.Literal(micros(after)),
        }
        with connection.transaction():
            for statement in _NEW_MONTH:
                connection.execute(sql.SQL(statement).format(**bounds))
        made.append(name)
    return made


_NEW_MONTH = (
    "CREATE TABLE {name} (LIKE journal INCLUDING DEFAULTS)",
    # Rows of the month may have come before its table, by a clock that was ahead.
    "WITH moved AS (DELETE FROM journal_other WHERE at >= {first} AND at < {after} RETURNING *)"
    " INSERT INTO {name} SELECT * FROM moved",
    "ALTER TABLE journal ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({after})",
)


def _covered(connection: psycopg.Connection[Row], moment: int) -> bool:
    """Whether a table of wider bounds (the one from before there were months) takes rows of ``moment``."""
    return any(
        moment < _bound(bounds) for name, bounds in connection.execute(_PARTS).fetchall() if "MINVALUE" in bounds
    )


def _bound(bounds: str) -> int:
    """Where ``FOR VALUES FROM (a) TO ('b')`` ends."""
    return int(bounds.rpartition("(")[2].strip("')"))


def _drop(connection: psycopg.Connection[Row], now: datetime) -> list[str]:
    """Drops each past month in which no instance that still exists has a row."""
    dropped = []
    for name, bounds in connection.execute(_PARTS).fetchall():
        if bounds == "DEFAULT" or _bound(bounds) > micros(month_start(now, -1)):
            continue
        part = sql.Identifier(name)
        needed = sql.SQL(
            "SELECT 1 FROM {part} AS j WHERE EXISTS (SELECT 1 FROM instance AS i WHERE i.id = j.instance_id) LIMIT 1"
        )
        if connection.execute(needed.format(part=part)).fetchone() is None:
            connection.execute(sql.SQL("DROP TABLE {part}").format(part=part))
            dropped.append(name)
    return dropped

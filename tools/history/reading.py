"""Reads a whole database in one transaction and compares its parts with one another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, create_engine, text

from taktflow.store.address import parse_address
from tools.history.journal import Anomaly, Past, taken_more_than_once
from tools.history.standing import Kept, Wanted, ledger, owed_by_nobody, standing, wanted


@dataclass(frozen=True)
class History:
    """What was read, and what cannot be."""

    instances: int
    commits: int
    effects: int
    records: int
    anomalies: tuple[Anomaly, ...]

    def __str__(self) -> str:
        read = f"instances={self.instances} commits={self.commits} effects={self.effects} records={self.records}"
        return f"{read} anomalies={len(self.anomalies)}"


def read_history(url: str) -> History:
    """The history kept at ``url``. The database may be in use: one moment of it is read."""
    address = parse_address(url)
    engine = create_engine(address.url)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(
                "BEGIN" if address.path is not None else "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
            )
            return _read(connection)
    finally:
        engine.dispose()


def _read(connection: Connection) -> History:
    kept = _kept(connection)
    pasts = _pasts(connection)
    anomalies: list[Anomaly] = []
    standings: dict[str, Wanted] = {}
    for id, status, runnable, rev, seq, raw in _rows(
        connection, "SELECT id, status, runnable, rev, seq, state FROM instance"
    ):
        past, state = pasts.get(id, Past(id)), json.loads(raw)
        if status in ("running", "suspended"):
            standings[id] = wanted(state)
        anomalies += past.anomalies()
        anomalies += _counted(past, int(rev), int(seq), status)
        anomalies += standing(id, status, bool(runnable), state, kept)
        anomalies += ledger(past, kept, state.get("held") is not None)
    anomalies += [Anomaly("journal", id, "it has no instance") for id in pasts.keys() - kept.statuses.keys()]
    anomalies += owed_by_nobody(kept, standings)
    anomalies += _messages(connection, pasts, kept)
    anomalies += _children(connection, pasts, kept)
    anomalies += _queues(connection)
    changed, wrong = _records(connection)
    commits = sum(len(p.seqs) for p in pasts.values())
    return History(len(kept.statuses), commits, len(kept.effects), changed, (*anomalies, *wrong))


def _rows(connection: Connection, sql: str) -> Iterable[Any]:
    return connection.execute(text(sql))


def _kept(connection: Connection) -> Kept:
    kept = Kept()
    kept.statuses = dict(tuple(row) for row in _rows(connection, "SELECT id, status FROM instance"))
    for key, instance, status in _rows(connection, "SELECT key, instance_id, status FROM effect"):
        kept.effects[key] = (instance, status)
    for instance, timer in _rows(connection, "SELECT instance_id, timer FROM timer"):
        kept.timers[instance].add(timer)
    for table in ("subscription", "listener"):
        for instance, id in _rows(connection, f"SELECT instance_id, id FROM {table}"):  # noqa: S608 - our own names
            kept.ears[instance].add(id)
    for instance, kind, subject, event in _rows(
        connection, "SELECT instance_id, kind, subject, event FROM signal_inbox ORDER BY id"
    ):
        kept.signals[instance].append((kind, subject, json.loads(event)))
    for instance, id in _rows(connection, "SELECT instance_id, id FROM user_task WHERE status = 'open'"):
        kept.tasks[instance].add(id)
    for instance, id, granted in _rows(connection, "SELECT instance_id, id, granted_at FROM lock_queue"):
        kept.locks[instance][id] = granted is not None
    for instance, id in _rows(connection, "SELECT instance_id, id FROM incident WHERE status = 'open'"):
        kept.incidents[instance].add(id)
    return kept


def _pasts(connection: Connection) -> dict[str, Past]:
    pasts: dict[str, Past] = {}
    rows = _rows(connection, "SELECT instance_id, seq, batch FROM journal ORDER BY instance_id, seq")
    for instance, batches in groupby(rows, key=lambda row: row[0]):
        past = pasts[instance] = Past(instance)
        for _, seq, batch in batches:
            past.take(int(seq), json.loads(batch))
    return pasts


def _counted(past: Past, rev: int, seq: int, status: str) -> Iterator[Anomaly]:
    """Each commit of an instance is one revision and one row of its journal."""
    if seq != len(past.seqs):
        yield Anomaly("gap", past.instance, f"its journal has {len(past.seqs)} rows, it counts {seq}")
    if rev != seq:
        yield Anomaly("revision", past.instance, f"revision {rev} with {seq} rows")
    told = past.over or status if status in ("running", "suspended") else past.over
    if told != status:
        yield Anomaly("status", past.instance, f"it is {status}, its journal says {told or 'nothing of an end'}")


def _messages(connection: Connection, pasts: dict[str, Past], kept: Kept) -> Iterator[Anomaly]:
    taken = dict(tuple(r) for r in _rows(connection, "SELECT id, taken_by FROM message WHERE status = 'taken'"))
    known = frozenset(id for (id,) in _rows(connection, "SELECT id FROM message"))
    yield from taken_more_than_once(pasts.values(), known)
    for past in pasts.values():
        for message in past.consumed.keys() & known:
            if taken.get(message) != past.instance:
                yield Anomaly("message", message, f"taken by {taken.get(message)}, but {past.instance} went on with it")
    under_way = {event["message"] for told in kept.signals.values() for kind, _, event in told if kind == "message"}
    for message, instance in taken.items():
        past = pasts.get(instance, Past(instance))
        # An open for-each and a suspended instance do not tell which message it was.
        silent = past.seen["added"] + past.seen["complete"] + past.seen["kept"]
        if not past.consumed[message] and message not in under_way and not silent:
            yield Anomaly("lost", message, f"taken by {instance}, which never heard of it")


def _children(connection: Connection, pasts: dict[str, Past], kept: Kept) -> Iterator[Anomaly]:
    for child, parent in _rows(connection, "SELECT id, parent_id FROM instance WHERE parent_id IS NOT NULL"):
        if child not in pasts.get(parent, Past(parent)).called:
            yield Anomaly("child", child, f"{parent} never called it")
        elif pasts[parent].called[child] and kept.statuses[child] != "ended":
            yield Anomaly("child", child, f"{parent} went on, but it is {kept.statuses[child]}")


def _queues(connection: Connection) -> Iterator[Anomaly]:
    """The first in a queue has the thing, and nobody else."""
    rows = _rows(connection, "SELECT name, id, granted_at FROM lock_queue ORDER BY name, n")
    for name, places in groupby(rows, key=lambda row: row[0]):
        has = [granted is not None for _, _, granted in places]
        if has != [True] + [False] * (len(has) - 1):
            yield Anomaly("lock", name, f"its queue from the first: {has}")


def _records(connection: Connection) -> tuple[int, list[Anomaly]]:
    """How many records there are, and those whose history is not one change a revision."""
    sql = """SELECT r.entity, r.id, r.rev, count(c.rev), min(c.rev), max(c.rev) FROM record r
     LEFT JOIN record_change c ON c.entity = r.entity AND c.record_id = r.id GROUP BY r.entity, r.id, r.rev"""
    found = list(_rows(connection, sql))
    return len(found), [
        Anomaly("record", f"{entity}/{id}", f"revision {rev} with {count} changes, {first} to {last}")
        for entity, id, rev, count, first, last in found
        if not (first == 1 and rev == count == last)
    ]

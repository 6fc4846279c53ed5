"""Records: the row, its indexed and unique values, its history."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial

from taktflow.errors import NotFound
from taktflow.store.commit import RowWrite
from taktflow.store.failures import DuplicateValue, RecordExists, StaleRecord
from taktflow.store.sortable import IndexValue, sortable
from taktflow.store.transaction import Transaction
from taktflow.values import dumps

_CREATE = """INSERT INTO record (entity, id, rev, fields, created_at, changed_at) VALUES (?, ?, 1, ?, ?, ?)
 ON CONFLICT (entity, id) DO NOTHING"""
_UPSERT = """INSERT INTO record (entity, id, rev, fields, created_at, changed_at) VALUES (?, ?, 1, ?, ?, ?)
 ON CONFLICT (entity, id) DO UPDATE SET rev = record.rev + 1, fields = excluded.fields,
 changed_at = excluded.changed_at RETURNING rev"""
_UPDATE = "UPDATE record SET rev = rev + 1, fields = ?, changed_at = ? WHERE entity = ? AND id = ?"
_INDEX = "INSERT INTO record_index (entity, record_id, field, n, value) VALUES (?, ?, ?, ?, ?)"
_UNIQUE = """INSERT INTO record_unique (entity, constraint_name, value, record_id) VALUES (?, ?, ?, ?)
 ON CONFLICT DO NOTHING"""
_CHANGE = """INSERT INTO record_change (entity, record_id, rev, at, "by", source, why, changes)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_LONGEST_KEY = 512


def write_record(tx: Transaction, write: RowWrite, at: int) -> int:
    """Applies one change and gives back the record's new revision."""
    rev = _write_row(tx, write, at)
    if write.unique is not None:
        _keep_unique(tx, write, write.unique, fresh=rev == 1)
    if write.index is not None:
        keep_index(tx, write.entity, write.id, write.index, fresh=rev == 1)
    tx.run(_CHANGE, (write.entity, write.id, rev, at, write.by, write.source, write.why, write.changes))
    return rev


def _write_row(tx: Transaction, write: RowWrite, at: int) -> int:
    place = (write.entity, write.id)
    if write.op == "create" or (write.op == "upsert" and write.expected_rev == 0):
        tx.expect(_CREATE, (*place, write.fields, at, at), lambda: RecordExists(*place))
        return 1
    if write.expected_rev is not None:
        params = (write.fields, at, *place, write.expected_rev)
        tx.expect(_UPDATE + " AND rev = ?", params, lambda: _why_not(tx, write))
        return write.expected_rev + 1
    if write.op == "upsert":
        return int(tx.rows(_UPSERT, (*place, write.fields, at, at))[0][0])
    found = tx.rows(_UPDATE + " RETURNING rev", (write.fields, at, *place))
    if not found:
        raise _missing(write)
    return int(found[0][0])


def _why_not(tx: Transaction, write: RowWrite) -> Exception:
    found = tx.rows("SELECT rev FROM record WHERE entity = ? AND id = ?", (write.entity, write.id))
    return StaleRecord(write.entity, write.id, write.expected_rev or 0) if found else _missing(write)


def _missing(write: RowWrite) -> NotFound:
    return NotFound("store.record.missing", entity=write.entity, id=write.id)


def keep_index(
    tx: Transaction,
    entity: str,
    id: str,
    index: Mapping[str, IndexValue | Sequence[IndexValue]],
    *,
    fresh: bool = False,
) -> None:
    """Replaces the record's indexed values; absent ones are kept as such, so that sorting finds every record."""
    if not fresh:
        tx.run("DELETE FROM record_index WHERE entity = ? AND record_id = ?", (entity, id))
    for field, value in index.items():
        for n, one in enumerate(_each(value)):
            tx.run(_INDEX, (entity, id, field, n, sortable(one)))


def _each(value: IndexValue | Sequence[IndexValue]) -> Sequence[IndexValue]:
    if isinstance(value, list | tuple):
        return list(dict.fromkeys(value)) or [None]
    return [value]  # type: ignore[list-item]  # a str is a Sequence to mypy, but one value to us


def _keep_unique(
    tx: Transaction, write: RowWrite, unique: Mapping[str, Sequence[IndexValue] | None], *, fresh: bool
) -> None:
    if not fresh:
        tx.run("DELETE FROM record_unique WHERE entity = ? AND record_id = ?", (write.entity, write.id))
    for name, values in unique.items():
        if values is None or any(v is None for v in values):
            continue
        params = (write.entity, name, unique_key(values), write.id)
        tx.expect(_UNIQUE, params, partial(DuplicateValue, write.entity, write.id, name))


def unique_key(values: Sequence[IndexValue]) -> str:
    """Several values as one text that only the same values give."""
    text = dumps([sortable(v) for v in values])
    return text if len(text) <= _LONGEST_KEY else hashlib.sha256(text.encode()).hexdigest()

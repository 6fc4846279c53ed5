"""Instances and journals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from taktflow.runtime.effects import CloseIncident, Effect, RaiseIncident
from taktflow.store.commit import Commit, InstanceUpdate, NewInstance
from taktflow.store.failures import AlreadyStarted, StaleInstance
from taktflow.store.moments import micros, micros_or_none
from taktflow.store.transaction import Transaction

_INSERT = """INSERT INTO instance (id, plan_id, workflow, version, business_key, start_key, status, outcome, runnable,
 priority, incidents, rev, seq, state, started_at, changed_at, ended_at, "by", parent_id, parent_token)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_JOURNAL = "INSERT INTO journal (instance_id, seq, at, batch) VALUES (?, ?, ?, ?)"


def keep_instance(tx: Transaction, commit: Commit) -> tuple[int, int]:
    """Writes the instance and its journal row; gives back its new revision and journal length."""
    match commit.instance:
        case None:
            return 0, 0
        case NewInstance() as new:
            rev, seq = _begin(tx, commit, new)
        case InstanceUpdate() as update:
            rev, seq = _go_on(tx, commit, update)
    if commit.journal is not None:
        tx.run(_JOURNAL, (commit.instance.id, seq, micros(commit.at), commit.journal))
    return rev, seq


def _begin(tx: Transaction, commit: Commit, new: NewInstance) -> tuple[int, int]:
    seq = int(commit.journal is not None)
    params = (
        new.id,
        new.plan_id,
        new.workflow,
        new.version,
        new.business_key,
        new.start_key,
        new.status,
        new.outcome,
        new.runnable,
        new.priority,
        _troubles(commit.effects),
        seq,
        new.state,
        micros(new.started_at),
        micros(commit.at),
        micros_or_none(new.ended_at),
        new.by,
        new.parent_id,
        new.parent_token,
    )
    tx.expect(_INSERT, params, lambda: AlreadyStarted(_holder(tx, new)))
    return 1, seq


def _holder(tx: Transaction, new: NewInstance) -> str:
    found = tx.rows("SELECT id FROM instance WHERE workflow = ? AND start_key = ?", (new.workflow, new.start_key))
    return str(found[0][0]) if found else new.id


def _go_on(tx: Transaction, commit: Commit, update: InstanceUpdate) -> tuple[int, int]:
    rev, seq = update.rev + 1, update.seq + (commit.journal is not None)
    values: dict[str, object] = {
        "rev": rev,
        "seq": seq,
        "state": update.state,
        "runnable": update.runnable,
        "changed_at": micros(commit.at),
    }
    # SQLite rewrites the index of every column that a statement names, changed or not: name what changes.
    if update.status != update.was:
        values |= {"status": update.status, "outcome": update.outcome, "ended_at": micros_or_none(update.ended_at)}
    for name in ("business_key", "priority", "plan_id", "version"):
        if (value := getattr(update, name)) is not None:
            values[name] = value
    troubles = _troubles(commit.effects)
    sql = _update(tuple(values), troubled=bool(troubles))
    params = (*values.values(), *((troubles,) if troubles else ()), update.id, update.rev)
    tx.expect(sql, params, lambda: StaleInstance(update.id))
    return rev, seq


@cache
def _update(columns: tuple[str, ...], *, troubled: bool) -> str:
    changes = ", ".join(f"{c} = ?" for c in columns) + (", incidents = incidents + ?" if troubled else "")
    return f"UPDATE instance SET {changes} WHERE id = ? AND rev = ?"  # noqa: S608 - our own column names only


def _troubles(effects: Sequence[Effect]) -> int:
    return sum(isinstance(e, RaiseIncident) - isinstance(e, CloseIncident) for e in effects)

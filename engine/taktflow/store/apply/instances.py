"""Instances and journals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from taktflow.runtime.effects import CloseIncident, Effect, RaiseIncident
from taktflow.store.commit import Commit, InstanceUpdate, NewInstance
from taktflow.store.failures import AlreadyStarted, StaleInstance
from taktflow.store.moments import micros, micros_or_none
from taktflow.store.transaction import Each, Transaction

_TEXTS = frozenset(
    ("id", "plan_id", "workflow", "business_key", "start_key", "status", "outcome", "state", "by", "parent_id")
)
_FIRST = (
    *("id", "plan_id", "workflow", "version", "business_key", "start_key", "status", "outcome", "runnable"),
    *("priority", "incidents", "rev", "seq", "state", "started_at", "changed_at", "ended_at", "by"),
    *("parent_id", "parent_token"),
)
_NAMES = ", ".join(f'"{name}"' for name in _FIRST)


def _array(column: str) -> str:
    """The placeholder for many values of ``column``."""
    return "?::text[]" if column in _TEXTS else "?::boolean[]" if column == "runnable" else "?::bigint[]"


_INSERT = Each(
    "instance",
    f"INSERT INTO instance ({_NAMES}) VALUES ({', '.join('?' * len(_FIRST))}) ON CONFLICT DO NOTHING",  # noqa: S608 - our own column names only
    f"INSERT INTO instance ({_NAMES}) SELECT * FROM unnest({', '.join(map(_array, _FIRST))}) ON CONFLICT DO NOTHING",  # noqa: S608
    key=(0,),
)
_JOURNAL = Each(
    "journal",
    "INSERT INTO journal (instance_id, seq, at, batch) VALUES (?, ?, ?, ?)",
    """INSERT INTO journal (instance_id, seq, at, batch)
 SELECT * FROM unnest(?::text[], ?::bigint[], ?::bigint[], ?::text[])""",
    key=(0, 1),
)


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
        tx.each(_JOURNAL, (commit.instance.id, seq, micros(commit.at), commit.journal))
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
        1,
        seq,
        new.state,
        micros(new.started_at),
        micros(commit.at),
        micros_or_none(new.ended_at),
        new.by,
        new.parent_id,
        new.parent_token,
    )
    tx.each(_INSERT, params, lambda: AlreadyStarted(_holder(tx, new)))
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
    if troubles:
        values["incidents"] = troubles
    tx.each(_update(tuple(values)), (*values.values(), update.id, update.rev), lambda: StaleInstance(update.id))
    return rev, seq


@cache
def _update(columns: tuple[str, ...]) -> Each:
    """Sets ``columns``, but adds to the number of incidents."""
    changes = ", ".join(f"{c} = {'incidents + ' if c == 'incidents' else ''}?" for c in columns)
    news = ", ".join(
        f"{c} = {'i.incidents + ' if c == 'incidents' else ''}n.n{place}" for place, c in enumerate(columns)
    )
    names = ", ".join(f"n{place}" for place in range(len(columns)))
    arrays = ", ".join(map(_array, (*columns, "id", "rev")))
    return Each(
        "instance",
        f"UPDATE instance SET {changes} WHERE id = ? AND rev = ?",  # noqa: S608 - our own column names only
        f"UPDATE instance AS i SET {news} FROM unnest({arrays}) AS n({names}, id, was)"  # noqa: S608
        " WHERE i.id = n.id AND i.rev = n.was",
        key=(len(columns),),
        ordered=True,
    )


def _troubles(effects: Sequence[Effect]) -> int:
    return sum(isinstance(e, RaiseIncident) - isinstance(e, CloseIncident) for e in effects)

"""Work for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from taktflow.runtime.effects import ChangeTask, CloseTask, OpenTask
from taktflow.store.moments import micros, micros_or_none
from taktflow.store.transaction import Transaction
from taktflow.values import dumps

_OPEN = """INSERT INTO user_task (id, instance_id, workflow, node, kind, title, status, who, exclude, outcomes, form,
 shown, due, escalated, opened_at) VALUES (?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?)"""
_CHANGE = """UPDATE user_task SET who = ?, exclude = ?, decisions = coalesce(?, decisions), escalated = escalated OR ?
 WHERE id = ?"""
_CLOSE = """UPDATE user_task SET status = ?, outcome = ?, decided_by = ?, data = ?, closed_at = ?
 WHERE id = ? AND status = 'open'"""
_CANDIDATE = "INSERT INTO task_candidate (task_id, principal, excluded) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"


def open_task(tx: Transaction, instance: str, workflow: str, task: OpenTask, at: datetime) -> None:
    """Puts the task into the inboxes of those who may do it."""
    params = (
        task.task,
        instance,
        workflow,
        task.node,
        task.kind,
        dumps(task.title),
        dumps(task.who),
        dumps(task.exclude),
        dumps(task.outcomes),
        task.form,
        dumps(task.shown),
        micros_or_none(task.due),
        False,
        micros(at),
    )
    tx.run(_OPEN, params)
    _candidates(tx, task.task, task.who, task.exclude)


def change_task(tx: Transaction, task: ChangeTask) -> None:
    """Moves the task to other inboxes; decisions of None stay what they were."""
    decisions = None if task.decisions is None else dumps(task.decisions)
    tx.run(_CHANGE, (dumps(task.who), dumps(task.exclude), decisions, task.escalated, task.task))
    tx.run("DELETE FROM task_candidate WHERE task_id = ?", (task.task,))
    _candidates(tx, task.task, task.who, task.exclude)


def close_task(tx: Transaction, task: CloseTask, at: datetime) -> None:
    """Ends the task; its candidates stay, so that they still find what was done."""
    status = "withdrawn" if task.outcome is None else "done"
    tx.run(_CLOSE, (status, task.outcome, task.by, dumps(task.data), micros(at), task.task))


def _candidates(tx: Transaction, task: str, who: Sequence[str], exclude: Sequence[str]) -> None:
    for principal in who:
        tx.run(_CANDIDATE, (task, principal, False))
    for user in exclude:
        tx.run(_CANDIDATE, (task, f"user:{user}", True))

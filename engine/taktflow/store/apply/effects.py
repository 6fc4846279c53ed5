"""What decisions owe the world, each kind as rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from taktflow.runtime.effects import (
    Announce,
    AskLock,
    CancelChild,
    ChangeTask,
    CloseIncident,
    CloseTask,
    DropEffect,
    DropTimer,
    EndInstance,
    FreeEffects,
    FreeLock,
    Hear,
    HoldEffects,
    OpenTask,
    Perform,
    RaiseIncident,
    Retry,
    SetTimer,
    StartChild,
    Subscribe,
    Tell,
    Unsubscribe,
)
from taktflow.store.apply.alerts import tell
from taktflow.store.apply.locks import ask, free
from taktflow.store.apply.messages import announce, hear, subscribe, unsubscribe
from taktflow.store.apply.signals import signal
from taktflow.store.apply.tasks import change_task, close_task, open_task
from taktflow.store.causes import cause
from taktflow.store.commit import EffectOutcome
from taktflow.store.failures import AlreadyTaken
from taktflow.store.moments import micros
from taktflow.store.transaction import Each, Transaction
from taktflow.values import dumps


@dataclass(slots=True)
class Owner:
    """The instance that owes, the moment, and what the commit has made so far."""

    instance: str
    workflow: str
    at: datetime
    claim: int | None = None
    claimed: list[str] = field(default_factory=list)
    woken: set[str] = field(default_factory=set)


_OWED = "key, instance_id, node, kind, idempotency, status, attempts, next_at, epoch, request, changed_at"
_OWED_AGAIN = """ ON CONFLICT (key) DO UPDATE SET status = excluded.status,
 attempts = excluded.attempts, next_at = excluded.next_at, epoch = excluded.epoch, request = excluded.request,
 changed_at = excluded.changed_at"""
_PERFORM = Each(
    "effect",
    f"INSERT INTO effect ({_OWED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?){_OWED_AGAIN}",  # noqa: S608 - constants only
    f"""INSERT INTO effect ({_OWED}) SELECT * FROM unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
 ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::text[], ?::bigint[]){_OWED_AGAIN}""",  # noqa: S608
    key=(0,),
    ordered=True,
)
_FINISH = Each(
    "effect",
    """UPDATE effect SET status = ?, response = ?, changed_at = ?
 WHERE key = ? AND epoch = ? AND status = 'running' AND attempts = coalesce(?, attempts)""",
    """UPDATE effect AS e SET status = n.status, response = n.response, changed_at = n.at
 FROM unnest(?::text[], ?::text[], ?::bigint[], ?::text[], ?::bigint[], ?::bigint[])
 AS n(status, response, at, key, epoch, attempt)
 WHERE e.key = n.key AND e.epoch = n.epoch AND e.status = 'running' AND e.attempts = coalesce(n.attempt, e.attempts)""",
    key=(3,),
    ordered=True,
)
_DROP = """UPDATE effect SET status = 'dropped', changed_at = ?
 WHERE key = ? AND status IN ('pending', 'held', 'running')"""
_HOLD = "UPDATE effect SET status = 'held', changed_at = ? WHERE instance_id = ? AND status = 'pending'"
_FREE = "UPDATE effect SET status = 'pending', changed_at = ? WHERE instance_id = ? AND status = 'held'"
_RETRY = "UPDATE effect SET status = 'pending', attempts = ?, next_at = ?, changed_at = ? WHERE key = ?"
_TIMER = """INSERT INTO timer (instance_id, timer, due) VALUES (?, ?, ?)
 ON CONFLICT (instance_id, timer) DO UPDATE SET due = excluded.due"""
_INCIDENT = """INSERT INTO incident (id, instance_id, workflow, node, code, zh, en, details, effect_key, status,
 opened_at, cause) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)"""
_CLOSE_INCIDENT = """UPDATE incident SET status = 'closed', how = ?, "by" = ?, closed_at = ?
 WHERE id = ? AND status = 'open'"""


def owe(tx: Transaction, owner: Owner, effect: Any) -> None:
    """Writes one effect's rows."""
    WAYS[type(effect)](tx, owner, effect)


def finish(tx: Transaction, outcome: EffectOutcome, at: datetime) -> None:
    """Marks the effect as ended; AlreadyTaken when this attempt is no longer held under the outcome's epoch."""
    params: tuple[Any, ...] = (outcome.status, dumps(outcome.response), micros(at), outcome.key)
    if outcome.epoch is None:
        tx.run("UPDATE effect SET status = ?, response = ?, changed_at = ? WHERE key = ?", params)
        return
    tx.each(_FINISH, (*params, outcome.epoch, outcome.attempt), lambda: AlreadyTaken("effect", outcome.key))


def _perform(tx: Transaction, owner: Owner, effect: Perform) -> None:
    now = micros(owner.at)
    next_at = micros(effect.not_before)
    # What must never be sent twice is not claimed ahead: a crash before its start would look like one during it.
    ours = owner.claim if next_at <= now and effect.idempotency != "none" else None
    request = {"config": effect.config, "business_key": effect.business_key, "timeout_s": effect.timeout_s}
    params = (
        effect.key,
        owner.instance,
        effect.node,
        effect.kind,
        effect.idempotency,
        "pending" if ours is None else "running",
        effect.attempt,
        next_at,
        ours,
        dumps(request),
        now,
    )
    tx.each(_PERFORM, params)
    if ours is None:
        owner.woken.add("effects")
    else:
        owner.claimed.append(effect.key)


def _retry(tx: Transaction, owner: Owner, effect: Retry) -> None:
    # Always by the sweep: its moment lies ahead, and its settings are those of the stored attempt.
    params = (effect.attempt, micros(effect.not_before), micros(owner.at), effect.key)
    tx.run(_RETRY, params)
    owner.woken.add("effects")


def _drop_effect(tx: Transaction, owner: Owner, effect: DropEffect) -> None:
    tx.run(_DROP, (micros(owner.at), effect.key))


def _hold_effects(tx: Transaction, owner: Owner, _: HoldEffects) -> None:
    tx.run(_HOLD, (micros(owner.at), owner.instance))


def _free_effects(tx: Transaction, owner: Owner, _: FreeEffects) -> None:
    tx.run(_FREE, (micros(owner.at), owner.instance))
    owner.woken.add("effects")


def _set_timer(tx: Transaction, owner: Owner, effect: SetTimer) -> None:
    tx.run(_TIMER, (owner.instance, effect.timer, micros(effect.due)))
    owner.woken.add("timers")


def _drop_timer(tx: Transaction, owner: Owner, effect: DropTimer) -> None:
    tx.run("DELETE FROM timer WHERE instance_id = ? AND timer = ?", (owner.instance, effect.timer))


def _open_task(tx: Transaction, owner: Owner, effect: OpenTask) -> None:
    open_task(tx, owner.instance, owner.workflow, effect, owner.at)
    owner.woken.add("tasks")


def _change_task(tx: Transaction, owner: Owner, effect: ChangeTask) -> None:
    change_task(tx, effect)
    owner.woken.add("tasks")


def _close_task(tx: Transaction, owner: Owner, effect: CloseTask) -> None:
    close_task(tx, effect, owner.at)
    owner.woken.add("tasks")


def _subscribe(tx: Transaction, owner: Owner, effect: Subscribe) -> None:
    if subscribe(tx, owner.instance, effect, owner.at):
        owner.woken.add("signals")


def _unsubscribe(tx: Transaction, owner: Owner, effect: Unsubscribe) -> None:
    if unsubscribe(tx, owner.instance, effect.subscription, owner.at):
        owner.woken.add("signals")


def _hear(tx: Transaction, owner: Owner, effect: Hear) -> None:
    hear(tx, owner.instance, effect)


def _announce(tx: Transaction, owner: Owner, effect: Announce) -> None:
    if announce(tx, effect, owner.at):
        owner.woken.add("signals")


def _ask_lock(tx: Transaction, owner: Owner, effect: AskLock) -> None:
    if ask(tx, owner.instance, effect, owner.at):
        owner.woken.add("signals")


def _free_lock(tx: Transaction, owner: Owner, effect: FreeLock) -> None:
    if free(tx, owner.instance, effect.lock, owner.at):
        owner.woken.add("signals")


def _start_child(tx: Transaction, owner: Owner, effect: StartChild) -> None:
    event = {"ref": effect.ref, "variables": effect.variables, "parent": owner.instance, "token": effect.token}
    event["depth"] = effect.depth
    signal(tx, effect.child, "start_child", event, owner.at)
    owner.woken.add("signals")


def _cancel_child(tx: Transaction, owner: Owner, effect: CancelChild) -> None:
    if tx.count("DELETE FROM signal_inbox WHERE instance_id = ? AND kind = 'start_child'", (effect.child,)):
        # It has not begun and now never will. Told both, it might hear of its end before its start.
        return
    signal(tx, effect.child, "cancel_child", {"why": effect.why, "parent": owner.instance}, owner.at)
    owner.woken.add("signals")


def _raise_incident(tx: Transaction, owner: Owner, effect: RaiseIncident) -> None:
    fault = effect.fault
    params = (
        effect.incident,
        owner.instance,
        owner.workflow,
        effect.node,
        fault.code,
        fault.zh,
        fault.en,
        dumps(fault.details),
        effect.effect,
        micros(owner.at),
        cause(owner.workflow, effect.node, fault.code, fault.en),
    )
    tx.run(_INCIDENT, params)


def _close_incident(tx: Transaction, owner: Owner, effect: CloseIncident) -> None:
    tx.run(_CLOSE_INCIDENT, (effect.how, effect.by, micros(owner.at), effect.incident))


def _tell(tx: Transaction, owner: Owner, effect: Tell) -> None:
    tell(tx, effect.alert, owner.instance, "", owner.at)
    owner.woken.add("alerts")


def _end(tx: Transaction, owner: Owner, effect: EndInstance) -> None:
    if effect.parent is None:
        return
    parent, token = effect.parent
    event = {
        "child": owner.instance,
        "token": token,
        "status": effect.status,
        "outcome": effect.outcome,
        "value": effect.value,
    }
    signal(tx, parent, "child_ended", event, owner.at)
    owner.woken.add("signals")


WAYS: Mapping[type[Any], Callable[[Transaction, Owner, Any], None]] = {
    Perform: _perform,
    Retry: _retry,
    DropEffect: _drop_effect,
    HoldEffects: _hold_effects,
    FreeEffects: _free_effects,
    SetTimer: _set_timer,
    DropTimer: _drop_timer,
    OpenTask: _open_task,
    ChangeTask: _change_task,
    CloseTask: _close_task,
    Subscribe: _subscribe,
    Unsubscribe: _unsubscribe,
    Hear: _hear,
    Announce: _announce,
    AskLock: _ask_lock,
    FreeLock: _free_lock,
    StartChild: _start_child,
    CancelChild: _cancel_child,
    RaiseIncident: _raise_incident,
    CloseIncident: _close_incident,
    Tell: _tell,
    EndInstance: _end,
}
"""How each kind of effect becomes rows."""

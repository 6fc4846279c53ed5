"""Schedules: what is declared, who fires a moment, how an operator stops one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from taktflow.store.commit import ScheduleFire
from taktflow.store.failures import AlreadyTaken
from taktflow.store.moments import micros, micros_or_none
from taktflow.store.transaction import Row, Transaction
from taktflow.values import Text

_IN_FORCE = "SELECT max(version) FROM definition WHERE kind = ? AND id = ? AND status = 'published'"
_KNOWN = """SELECT start, version, cron, zone, calendar, on_holiday, catch_up, paused_at, retired_at
 FROM schedule WHERE workflow = ?"""
_DECLARE = """INSERT INTO schedule (workflow, start, version, cron, zone, calendar, on_holiday, catch_up, next_at)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_CHANGE = """UPDATE schedule SET version = ?, cron = ?, zone = ?, calendar = ?, on_holiday = ?, catch_up = ?,
 next_at = ?, retired_at = NULL, code = NULL, zh = NULL, en = NULL WHERE workflow = ? AND start = ?"""
_KEEP = "UPDATE schedule SET version = ?, catch_up = ? WHERE workflow = ? AND start = ?"
_RETIRE = """UPDATE schedule SET retired_at = ?, next_at = NULL, paused_at = NULL, paused_by = NULL, why = NULL
 WHERE workflow = ? AND start = ?"""
_TAKE = """UPDATE schedule SET next_at = ?, last_at = ?, fired_at = ?, last_instance = ?, code = NULL, zh = NULL,
 en = NULL WHERE workflow = ? AND start = ? AND version = ? AND next_at = ?"""
_LEAVE_OUT = "UPDATE schedule SET next_at = ? WHERE workflow = ? AND start = ? AND version = ? AND next_at = ?"
_FAIL = """UPDATE schedule SET next_at = ?, code = ?, zh = ?, en = ?
 WHERE workflow = ? AND start = ? AND version = ? AND next_at = ?"""
_BY_HAND = """UPDATE schedule SET fired_at = ?, last_instance = ?, code = NULL, zh = NULL, en = NULL
 WHERE workflow = ? AND start = ?"""
_PAUSE = """UPDATE schedule SET paused_at = ?, paused_by = ?, why = ?, next_at = NULL
 WHERE workflow = ? AND start = ? AND paused_at IS NULL AND retired_at IS NULL"""
_RESUME = """UPDATE schedule SET paused_at = NULL, paused_by = NULL, why = NULL, next_at = ?
 WHERE workflow = ? AND start = ? AND version = ? AND paused_at IS NOT NULL AND retired_at IS NULL"""


@dataclass(frozen=True, slots=True)
class ScheduleRule:
    """When a schedule recurs; ``calendar`` names its version, ``catch_up`` is latest, none or the most, as ``all:100``.

    ``first_at`` is its first moment since it was published, ``next_at`` the first one from now on.
    """

    cron: str
    zone: str
    calendar: str | None
    on_holiday: str
    catch_up: str
    first_at: datetime | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeclaredSchedules:
    """The schedules of a workflow, by start; ``version`` is None when nothing of it is in force.

    ``calendars`` are the versions in force of those that rules use and name without a version.
    """

    workflow: str
    version: int | None
    rules: Mapping[str, ScheduleRule]
    calendars: Mapping[str, int]


def declare(tx: Transaction, declared: DeclaredSchedules, at: datetime) -> bool:
    """Makes the rows as declared; False, and nothing done, when something newer is in force than the caller knows."""
    tx.lock("schedule", declared.workflow)
    calendars = [("calendar", id, version) for id, version in declared.calendars.items()]
    for kind, id, version in (("workflow", declared.workflow, declared.version), *calendars):
        if tx.rows(_IN_FORCE, (kind, id))[0][0] != version:
            return False
    known = {row[0]: row[1:] for row in tx.rows(_KNOWN, (declared.workflow,))}
    for start, rule in declared.rules.items():
        _declare(tx, declared, start, rule, known.get(start))
    for start in known.keys() - declared.rules.keys():
        if known[start][-1] is None:
            tx.run(_RETIRE, (micros(at), declared.workflow, start))
    return True


def _declare(tx: Transaction, declared: DeclaredSchedules, start: str, rule: ScheduleRule, known: Row | None) -> None:
    recurs = (rule.cron, rule.zone, rule.calendar, rule.on_holiday)
    facts = (declared.version, *recurs, rule.catch_up)
    if known is None:
        tx.run(_DECLARE, (declared.workflow, start, *facts, micros_or_none(rule.first_at)))
        return
    *before, paused_at, retired_at = known
    if tuple(before[1:5]) != recurs or retired_at is not None:
        next_at = None if paused_at is not None else micros_or_none(rule.next_at)
        tx.run(_CHANGE, (*facts, next_at, declared.workflow, start))
    elif tuple(before) != facts:
        # It recurs as before, so what was missed stays missed.
        tx.run(_KEEP, (declared.version, rule.catch_up, declared.workflow, start))


def take(tx: Transaction, fire: ScheduleFire, instance: str | None, at: datetime) -> None:
    """Takes a moment for ``instance``; AlreadyTaken when somebody fired it, or the schedule has changed."""
    done = (micros_or_none(fire.next_at), micros(fire.moment), micros(at), instance)
    taken = AlreadyTaken("schedule", f"{fire.workflow}/{fire.start}")
    tx.expect(_TAKE, (*done, *_place(fire)), lambda: taken)


def give_up(tx: Transaction, fire: ScheduleFire, code: str | None, text: Text | None) -> bool:
    """Goes on behind a moment without an instance, noting why where something is wrong; False when it was taken."""
    next_at = micros_or_none(fire.next_at)
    if code is None or text is None:
        return bool(tx.count(_LEAVE_OUT, (next_at, *_place(fire))))
    return bool(tx.count(_FAIL, (next_at, code, text.zh, text.en, *_place(fire))))


def note_by_hand(tx: Transaction, workflow: str, start: str, instance: str, at: datetime) -> None:
    """Notes an instance that a person started by the schedule; its next moment stays as it is."""
    tx.run(_BY_HAND, (micros(at), instance, workflow, start))


def pause(tx: Transaction, workflow: str, start: str, by: str, why: str, at: datetime) -> bool:
    """Stops the schedule; False when it is stopped already, or retired."""
    return bool(tx.count(_PAUSE, (micros(at), by, why, workflow, start)))


def resume(tx: Transaction, workflow: str, start: str, version: int, next_at: datetime | None) -> bool:
    """Lets the schedule go on at ``next_at``; False when it is not stopped, or another version declares it now."""
    return bool(tx.count(_RESUME, (micros_or_none(next_at), workflow, start, version)))


def _place(fire: ScheduleFire) -> tuple[str, str, int, int]:
    return fire.workflow, fire.start, fire.version, micros(fire.due)

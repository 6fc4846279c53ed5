"""Schedules: what is due, and what operators see and do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from taktflow.definitions.workflow import OnHoliday
from taktflow.store.apply.alerts import note_audit
from taktflow.store.apply.schedules import DeclaredSchedules, declare, give_up, note_by_hand, pause, resume
from taktflow.store.commit import AuditEntry, ScheduleFire
from taktflow.store.lists.filters import same
from taktflow.store.lists.paging import Order, Part
from taktflow.store.lists.room import Room
from taktflow.store.rows import Page
from taktflow.store.tables import metadata
from taktflow.store.transaction import Transaction
from taktflow.values import Text

_s = metadata.tables["schedule"].c


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A schedule. ``problem`` says why its last moment started nothing."""

    workflow: str
    start: str
    version: int
    cron: str
    zone: str
    calendar: str | None
    on_holiday: OnHoliday
    catch_up: str
    next_at: datetime | None
    last_at: datetime | None
    fired_at: datetime | None
    last_instance: str | None
    code: str | None
    problem: Text | None
    paused_at: datetime | None
    paused_by: str | None
    why: str | None
    retired_at: datetime | None

    @property
    def status(self) -> str:
        """active, paused or retired."""
        if self.retired_at is not None:
            return "retired"
        return "active" if self.paused_at is None else "paused"


class Schedules(Room):
    """Own order: by workflow and start."""

    # What there is

    def page(
        self, part: Part | None = None, *, workflow: str | None = None, status: str | None = None
    ) -> Page[ScheduleRow]:
        """Schedules; what is None does not matter."""
        query = select(*_s).where(*same(((_s.workflow, workflow),)), *_of_status(status))
        return self._asking.page(query, Order("id", (_s.workflow, _s.start)), part or Part(), _schedule)

    def find(self, workflow: str, start: str) -> ScheduleRow | None:
        """One schedule."""
        found = self._asking.rows(select(*_s).where(_s.workflow == workflow, _s.start == start))
        return _schedule(found[0]) if found else None

    def workflows(self) -> Sequence[str]:
        """Workflows with a schedule that is not retired."""
        query = select(_s.workflow).where(_s.retired_at.is_(None)).distinct().order_by(_s.workflow)
        return [row[0] for row in self._asking.rows(query)]

    def due(self, now: datetime, limit: int) -> Sequence[ScheduleRow]:
        """Schedules whose next moment has come, the longest due first."""
        query = select(*_s).where(_s.next_at <= now).order_by(_s.next_at).limit(limit)
        return [_schedule(row) for row in self._asking.rows(query)]

    def next_at(self) -> datetime | None:
        """When the next schedule is due; None when none ever is."""
        found: datetime | None = self._asking.rows(select(func.min(_s.next_at)).where(_s.next_at.is_not(None)))[0][0]
        return found

    # What becomes of it

    def declare(self, declared: DeclaredSchedules, at: datetime) -> bool:
        """Brings the rows of a workflow in line; False when something newer is in force than the caller knows."""
        return self._write(lambda tx: declare(tx, declared, at))

    def give_up(self, fire: ScheduleFire, code: str | None = None, text: Text | None = None) -> bool:
        """Goes on behind a moment for which nothing begins; False when somebody else took it."""
        return self._write(lambda tx: give_up(tx, fire, code, text))

    def note_by_hand(self, workflow: str, start: str, instance: str, at: datetime) -> None:
        """Notes what a person started by the schedule."""
        self._write(lambda tx: note_by_hand(tx, workflow, start, instance, at))

    def pause(self, workflow: str, start: str, why: str, audit: AuditEntry) -> bool:
        """Stops the schedule; False when it is stopped already, or retired."""

        def act(tx: Transaction) -> bool:
            done = pause(tx, workflow, start, audit.by, why, audit.at)
            if done:
                note_audit(tx, audit)
            return done

        return self._write(act)

    def resume(self, workflow: str, start: str, version: int, next_at: datetime | None, audit: AuditEntry) -> bool:
        """Lets the schedule go on; False when it is not stopped, or another version declares it now."""

        def act(tx: Transaction) -> bool:
            done = resume(tx, workflow, start, version, next_at)
            if done:
                note_audit(tx, audit)
            return done

        return self._write(act)


def _of_status(status: str | None) -> list[ColumnElement[bool]]:
    match status:
        case None:
            return []
        case "retired":
            return [_s.retired_at.is_not(None)]
        case _:
            stopped = _s.paused_at.is_not(None) if status == "paused" else _s.paused_at.is_(None)
            return [_s.retired_at.is_(None), stopped]


def _schedule(row: Row[Any]) -> ScheduleRow:
    r = row._mapping
    shown = {name: r[name] for name in ScheduleRow.__dataclass_fields__ if name != "problem"}
    return ScheduleRow(**shown, problem=None if r["en"] is None else Text(zh=r["zh"] or "", en=r["en"]))

"""Starts by schedule: any process may fire a moment; the commit that begins its instance takes it, so one does."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from taktflow.definitions.recurrence import Recurrence
from taktflow.errors import Overloaded, TaktflowError
from taktflow.services.advance import Along
from taktflow.services.caller import ENGINE
from taktflow.services.declared_schedules import in_force, keep_schedules, recurrence_of
from taktflow.services.engine import Engine
from taktflow.services.start import start_instance
from taktflow.store import AlreadyTaken, Consumed, ScheduleFire, ScheduleRow, StoreFailed
from taktflow.values import Json, Text

log = structlog.get_logger(__name__)
ON_TIME = timedelta(minutes=1)
"""A moment fired this late was not missed: it takes a server about that long to start anew."""
_AT_ONCE = 200
"""Schedules, and moments of one of them, that one look fires; the next look goes on."""
_ASK_S = 5.0


class ScheduleWork:
    """Keeps the schedules of one process going; :meth:`look` is called about every second.

    When nothing is due it asks the database only now and then, for what others have changed.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: Mapping[tuple[str, str], int] | None = None
        self._next_at: datetime | None = None
        self._asked_at = float("-inf")

    def look(self) -> None:
        """Brings schedules in line with what is in force, and fires what is due."""
        engine, now = self._engine, self._engine.now()
        current = in_force(engine)
        if current != self._kept:
            self._asked_at = float("-inf")
            if keep_schedules(engine):
                self._kept = current
        due = self._next_at is not None and self._next_at <= now
        if due or time.monotonic() - self._asked_at >= _ASK_S:
            self._asked_at = time.monotonic()
            fire_due(engine, now)
            self._next_at = engine.store.schedules.next_at()


def fire_due(engine: Engine, now: datetime) -> int:
    """Starts what is due at ``now``, and of what was missed as much as each schedule makes up for; how many started."""
    return sum(_catch_up(engine, row, now) for row in engine.store.schedules.due(now, _AT_ONCE))


def start_data(engine: Engine, row: ScheduleRow, moment: datetime) -> Json:
    """What an instance is told of the moment it stands for: the local time, where its start asks for it."""
    _, workflow = engine.published.workflow(f"{row.workflow}@{row.version}")
    asks = any(s.id == row.start and s.bind is not None for s in workflow.start)
    return moment.astimezone(ZoneInfo(row.zone)).isoformat() if asks else {}


def _catch_up(engine: Engine, row: ScheduleRow, now: datetime) -> int:
    due = row.next_at
    if due is None:
        return 0
    try:
        rule = recurrence_of(engine, row)
    except TaktflowError as gone:
        _give_up(engine, ScheduleFire(row.workflow, row.start, row.version, due, due, None), gone)
        return 0
    moments = _to_fire(rule, row, due, now)
    later = next(rule.after(now), None)
    if not moments:
        log.info("missed moments left out", workflow=row.workflow, start=row.start, since=due.isoformat())
        engine.store.schedules.give_up(ScheduleFire(row.workflow, row.start, row.version, due, due, later))
        return 0
    fired = 0
    for moment, following in zip(moments[:_AT_ONCE], [*moments[1:], later], strict=False):
        fire = ScheduleFire(row.workflow, row.start, row.version, due, moment, following)
        started = _fire(engine, row, fire)
        if started is None or following is None:
            return fired + bool(started)
        fired += started
        due = following
    return fired


def _to_fire(rule: Recurrence, row: ScheduleRow, due: datetime, now: datetime) -> list[datetime]:
    """What has come since ``due`` and is still to be started, by the schedule's policy."""
    policy, _, most = row.catch_up.partition(":")
    moments, more = rule.newest(due, now, int(most or 1))
    if more and policy == "all":
        log.warning("more moments missed than are made up for", workflow=row.workflow, start=row.start, most=most)
    return [m for m in moments if policy != "none" or now - m <= ON_TIME]


def _fire(engine: Engine, row: ScheduleRow, fire: ScheduleFire) -> bool | None:
    """Starts the instance of a moment; False when the moment is over without, None when it is no longer ours."""
    try:
        started = start_instance(
            engine,
            f"{fire.workflow}@{fire.version}",
            start=fire.start,
            data=start_data(engine, row, fire.moment),
            caller=ENGINE,
            start_key=f"{fire.start}:{fire.moment.isoformat()}",
            along=Along(consumed=Consumed(schedules=(fire,))),
        )
    except AlreadyTaken:
        return None
    except (Overloaded, StoreFailed) as busy:
        # The moment stays due.
        log.warning("scheduled start put off", workflow=fire.workflow, start=fire.start, code=busy.code)
        return None
    except TaktflowError as wrong:
        return _give_up(engine, fire, wrong)
    if started.existing:
        # Its instance is there, from before the schedule was a row or from another node that is just committing.
        return False if engine.store.schedules.give_up(fire) else None
    return True


def _give_up(engine: Engine, fire: ScheduleFire, wrong: TaktflowError) -> bool | None:
    log.error("scheduled start failed", workflow=fire.workflow, start=fire.start, code=wrong.code, reason=str(wrong))
    text = Text(wrong.message("zh"), wrong.message("en"))
    return False if engine.store.schedules.give_up(fire, wrong.code, text) else None

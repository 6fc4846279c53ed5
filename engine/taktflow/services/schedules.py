"""Starts by schedule: any process may fire, the start key keeps it to once."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from cronsim import CronSim

from taktflow.definitions.workflow import Start
from taktflow.errors import TaktflowError
from taktflow.services.caller import ENGINE
from taktflow.services.engine import Engine
from taktflow.services.start import start_instance

log = structlog.get_logger(__name__)


def start_scheduled(engine: Engine, after: datetime, now: datetime) -> int:
    """Starts what fell due between ``after`` and ``now``; of several missed moments only the last. How many started.

    What fell due before the workflow was first published is not made up for.
    """
    started = 0
    for id in engine.published.shelf.listed("workflow"):
        _, workflow = engine.published.workflow(id)
        for start in workflow.start:
            if start.type != "schedule" or not start.cron:
                continue
            moment = last_moment(start, engine.published.zone.key, after, now)
            if moment is not None and moment > _first_published(engine, id) and _start(engine, id, start, moment):
                started += 1
    return started


def last_moment(start: Start, zone: str, after: datetime, now: datetime) -> datetime | None:
    """The last moment of the start's schedule in ``(after, now]``, in its own time zone."""
    local = ZoneInfo(start.timezone or zone)
    found = None
    for moment in CronSim(start.cron or "", after.astimezone(local)):
        if moment > now:
            return found
        found = moment
    return found


def _first_published(engine: Engine, workflow: str) -> datetime:
    """Moments before this one are nobody's: nothing was declared for them."""
    versions = engine.store.definitions.versions("workflow", workflow)
    return min(v.published_at for v in versions if v.published_at is not None)


def _start(engine: Engine, workflow: str, start: Start, moment: datetime) -> bool:
    try:
        key = f"{start.id}:{moment.isoformat()}"
        return not start_instance(engine, workflow, start=start.id, data={}, caller=ENGINE, start_key=key).existing
    except TaktflowError as wrong:
        log.error("scheduled start failed", workflow=workflow, start=start.id, code=wrong.code, reason=str(wrong))
        return False

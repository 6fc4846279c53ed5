"""Moves what ended long ago out of the database into the archive, a batch at a time, and clears what is used up."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby

import structlog

from taktflow.errors import Refused
from taktflow.services.archive import Archive, Batch, Kept, month_file
from taktflow.services.engine import Engine
from taktflow.store import AuditEntry
from taktflow.store.retention import Over

log = structlog.get_logger(__name__)
BATCH = 100
"""Instances moved at once: one read, one file write and one commit, so that normal work hardly waits."""
_CALM = timedelta(minutes=10)
"""How long to rest when nothing old was left."""
_TIDY = timedelta(minutes=1)
_BUSY_SHARE = 4
"""Nothing is moved while the writer's queue is fuller than this part of its limit."""


def archive_of(engine: Engine) -> Archive:
    """The archive that the settings name."""
    settings = engine.settings
    return Archive(settings.archive or settings.var / "archive")


class Retention:
    """What a node does of it; :meth:`look` is called every second or so, by one thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._archive = archive_of(engine)
        self._rest_until: datetime | None = None
        self._tidied_at: datetime | None = None
        self._resumed = False
        self._place: tuple[datetime, str] | None = None
        self._inbound = 0

    def look(self) -> None:
        """One batch, if something is old and the database is not busy."""
        engine, now = self._engine, self._engine.now()
        if self._tidied_at is None or now - self._tidied_at >= _TIDY:
            self._tidied_at = now
            engine.store.expire_messages(now).result()
            engine.store.retention.tidy()
        days = engine.settings.retention_days
        resting = self._rest_until is not None and now < self._rest_until
        if days is None or resting or engine.store.waiting * _BUSY_SHARE > engine.settings.queue_limit:
            return
        try:
            moved = self.step(now - timedelta(days=days))
        except Refused:
            # Another process is at it, with the same settings.
            moved = 0
        if not moved:
            self._rest_until = now + _CALM
            self._place = None

    def step(self, before: datetime) -> int:
        """Moves one batch of what ended before ``before``, clears as much besides; how much was done.

        Raises Refused when another process archives.
        """
        archive, store = self._archive, self._engine.store
        with archive.locked(), store.retention.alone() as alone:
            if not alone:
                raise Refused("archive.busy", folder=str(archive.folder))
            if not self._resumed:
                self._resume(archive)
                self._resumed = True
            found = store.retention.over(before, BATCH, self._place)
            for file, group in groupby(sorted(found, key=lambda o: month_file(o.ended_at)), _file):
                self._move(archive, file, list(group))
            if found:
                self._place = (found[-1].started_at, found[-1].id)
        return len(found) + self._clear(before)

    def _move(self, archive: Archive, file: str, over: list[Over]) -> None:
        store, now = self._engine.store, self._engine.now()
        lines = store.retention.lines([one.id for one in over])
        assert len(lines) == len(over), "nobody else removes instances"
        kept = [Kept(o.id, o.workflow, o.key, o.status, o.ended_at.isoformat()) for o in over]
        batch = archive.append(file, lines, kept, now)
        self._remove(batch)

    def _resume(self, archive: Archive) -> None:
        """Removes what an earlier process had archived when it died."""
        last = archive.last()
        if last is not None and self._engine.store.retention.present([k.id for k in last.instances]):
            self._remove(last)

    def _remove(self, batch: Batch) -> None:
        details = {"file": batch.file, "instances": len(batch.instances), "sha256": batch.sha256}
        audit = AuditEntry(self._engine.now(), "engine", "instances.archived", f"archive:{batch.file}", details)
        gone = self._engine.store.retention.remove([k.id for k in batch.instances], audit)
        log.info("instances archived", file=batch.file, instances=gone)

    def _clear(self, before: datetime) -> int:
        store = self._engine.store
        forgotten = store.retention.forget_messages(before, BATCH)
        last = store.retention.empty_inbound(before, BATCH, self._inbound)
        if last is not None:
            self._inbound = last
        return forgotten + int(last is not None)


def _file(over: Over) -> str:
    return month_file(over.ended_at)

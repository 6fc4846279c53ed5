"""How much of everything there is, for a monitoring system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from taktflow.store.lists.room import Room
from taktflow.store.tables import metadata

_e = metadata.tables["effect"].c
_n = metadata.tables["incident"].c
_u = metadata.tables["user_task"].c
_b = metadata.tables["inbound"].c
_t = metadata.tables["timer"].c
_s = metadata.tables["signal_inbox"].c
_UNSETTLED = ("pending", "running")


@dataclass(frozen=True, slots=True)
class WaitingWork:
    """What is not settled yet. Settled rows are left out, since counting them would read all history."""

    effects: Mapping[str, int]
    open_incidents: int
    open_tasks: int
    pending_inbound: int
    incidents_by_code: Mapping[str, int]
    due_timers: int
    oldest: Mapping[str, datetime]
    """When the longest due timer and effect were due, and when the oldest untaken signal and raw event came; only
    what is due at all."""


class Figures(Room):
    """Counts over partial indexes, so that asking every few seconds costs little."""

    def waiting(self, now: datetime) -> WaitingWork:
        """What waits ``now``."""
        # One query for each status: only a condition of that form lets the database use its partial index.
        effects = {s: self._count(_e.key, _e.status == s) for s in _UNSETTLED}
        return WaitingWork(
            effects=effects,
            open_incidents=self._count(_n.id, _n.status == "open"),
            open_tasks=self._count(_u.id, _u.status == "open"),
            pending_inbound=self._count(_b.id, _b.status == "pending"),
            incidents_by_code={
                str(code): int(n)
                for code, n in self._asking.rows(
                    select(_n.code, func.count()).where(_n.status == "open").group_by(_n.code)
                )
            },
            due_timers=self._count(_t.timer, _t.due <= now),
            oldest={what: at for what, at in self._oldest() if at is not None and at <= now},
        )

    def _oldest(self) -> Iterator[tuple[str, datetime | None]]:
        questions = (
            ("timer", select(func.min(_t.due))),
            ("effect", select(func.min(_e.next_at)).where(_e.status == "pending")),
            ("inbound", select(func.min(_b.next_at)).where(_b.status == "pending")),
            # What is taken is gone, and the first id is the oldest; there is no index on the moment.
            ("signal", select(_s.at).order_by(_s.id).limit(1)),
        )
        for what, question in questions:
            rows = self._asking.rows(question)
            yield what, rows[0][0] if rows else None

    def _count(self, column: object, condition: object) -> int:
        found = self._asking.rows(select(func.count(column)).where(condition))  # type: ignore[arg-type]  # table columns
        return int(found[0][0])

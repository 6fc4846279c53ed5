"""How much of everything there is, for a monitoring system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from taktflow.store.lists.room import Room
from taktflow.store.tables import metadata

_e = metadata.tables["effect"].c
_n = metadata.tables["incident"].c
_u = metadata.tables["user_task"].c
_b = metadata.tables["inbound"].c
_UNSETTLED = ("pending", "running")


@dataclass(frozen=True, slots=True)
class WaitingWork:
    """What is not settled yet. Settled rows are left out, since counting them would read all history."""

    effects: Mapping[str, int]
    open_incidents: int
    open_tasks: int
    pending_inbound: int


class Figures(Room):
    """Counts over partial indexes, so that asking every few seconds costs little."""

    def waiting(self) -> WaitingWork:
        """What waits now."""
        # One query for each status: only a condition of that form lets the database use its partial index.
        effects = {s: self._count(_e.key, _e.status == s) for s in _UNSETTLED}
        return WaitingWork(
            effects=effects,
            open_incidents=self._count(_n.id, _n.status == "open"),
            open_tasks=self._count(_u.id, _u.status == "open"),
            pending_inbound=self._count(_b.id, _b.status == "pending"),
        )

    def _count(self, column: object, condition: object) -> int:
        found = self._asking.rows(select(func.count(column)).where(condition))  # type: ignore[arg-type]  # table columns
        return int(found[0][0])

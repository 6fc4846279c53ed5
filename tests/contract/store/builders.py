"""Small commits for store tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from taktflow.runtime.effects import Effect, Perform
from taktflow.store import Commit, InstanceUpdate, NewInstance, Store

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def later(**by: float) -> datetime:
    """A moment after NOW."""
    return NOW + timedelta(**by)


def started(id: str, *effects: Effect, **over: Any) -> Commit:
    """The first commit of an instance; keywords of NewInstance go to it, the others to the commit."""
    mine = {k: over.pop(k) for k in list(over) if k in NewInstance.__dataclass_fields__}
    facts: dict[str, Any] = {"workflow": "flow", "version": 1, "business_key": "", "state": "{}", "by": "ann"}
    new = NewInstance(id=id, plan_id="plan", **{**facts, "started_at": NOW, **mine})
    return Commit(**{"at": NOW, "instance": new, "journal": "[]", "effects": effects, **over})


def moved(id: str, rev: int, *effects: Effect, **over: Any) -> Commit:
    """The next commit of an instance whose every commit had a journal row."""
    mine = {k: over.pop(k) for k in list(over) if k in InstanceUpdate.__dataclass_fields__}
    update = InstanceUpdate(id=id, rev=rev, **{"workflow": "flow", "seq": rev, "state": f"{rev}", **mine})
    return Commit(**{"at": later(seconds=rev), "instance": update, "journal": "[]", "effects": effects, **over})


def perform(key: str, **over: Any) -> Perform:
    """An effect that is due now."""
    facts: dict[str, Any] = {
        "node": "call",
        "kind": "http.request",
        "idempotency": "key",
        "config": {},
        "business_key": key,
        "attempt": 1,
        "not_before": NOW,
    }
    return Perform(key=key, **{**facts, **over})


class Held:
    """Holds the writer back, so that everything submitted in the block is written as one batch."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._go = Event()

    def __enter__(self) -> None:
        begun = Event()

        def hold(_: object) -> tuple[None, None]:
            begun.set()
            self._go.wait(10)
            return None, None

        self._held = self._store.submit(hold)
        assert begun.wait(10)

    def __exit__(self, *_: object) -> None:
        self._go.set()
        self._held.result(10)

"""Runs own-database nodes within the segment: what they change is committed with the state that asked for it.

A native node touches the world only by what it returns, so it needs no commit of its own before it runs. It is left to
be performed after the commit when it reads records that this very segment has changed, or when it fails to fit in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from taktflow.errors import TaktflowError
from taktflow.runtime.decide import Decision, decide
from taktflow.runtime.effects import Effect, Perform
from taktflow.runtime.events import EffectDone, Event
from taktflow.runtime.plan import Plan
from taktflow.runtime.state import State
from taktflow.sdk import Alert, NodeError, Record, RecordReader
from taktflow.services.engine import Engine
from taktflow.services.foreign import Through
from taktflow.services.reading import StoredRecords
from taktflow.services.running import failure, run_effect, uncommitted, writes_of
from taktflow.store import RowWrite, StoreFailed
from taktflow.values import Json, Value


@dataclass(frozen=True, slots=True)
class Pace:
    """How far one commit reaches: ``nodes`` run by an event, ``natives`` among them, or until ``stop()``.

    ``after`` are the nodes run after each own-database node.
    """

    nodes: int
    after: int
    natives: int
    stop: Callable[[], bool]


class _TooEarly(Through):
    """The node would read records that are changed but not committed."""


@dataclass(frozen=True, slots=True)
class _Committed:
    """Reads records as they are committed; refuses once this segment has changes of its own."""

    stored: RecordReader
    changed: bool

    def read(self, entity: str, id: str) -> Record | None:
        if self.changed:
            raise _TooEarly
        return self.stored.read(entity, id)

    def find(
        self, entity: str, where: Mapping[str, Value], *, limit: int = 100, newest_first: bool = True
    ) -> Sequence[Record]:
        if self.changed:
            raise _TooEarly
        return self.stored.find(entity, where, limit=limit, newest_first=newest_first)


@dataclass(slots=True)
class Gathered:
    """A decision and all that native nodes added to it, to be committed together."""

    state: State
    records: list[dict[str, Json]]
    effects: list[Effect]
    writes: list[RowWrite] = field(default_factory=list)
    alerts: list[tuple[Alert, str]] = field(default_factory=list)

    @property
    def more(self) -> bool:
        """Whether the segment was cut for its size."""
        return self.state.status == "running" and self.state.ready


def gathered(engine: Engine, plan: Plan, decision: Decision, pace: Pace, before: Sequence[RowWrite] = ()) -> Gathered:
    """``decision`` carried on through its native nodes, until one must wait for the commit or the pace says so.

    ``before`` are the writes that are committed together with the decision already: no node reads past them.
    """
    batch = Gathered(decision.state, list(decision.records), list(decision.effects))
    left: set[str] = set()
    for _ in range(pace.natives):
        asked = _next_native(batch, left, engine)
        if asked is None or pace.stop():
            break
        event = _run(engine, plan, batch, asked, before)
        if event is None:
            left.add(asked.key)
            continue
        batch.effects.remove(asked)
        later = decide(plan, batch.state, event, nodes=pace.after, stop=pace.stop)
        batch.state = later.state
        batch.records += later.records
        batch.effects += later.effects
    return batch


def _next_native(batch: Gathered, left: set[str], engine: Engine) -> Perform | None:
    now = engine.now()
    for effect in batch.effects:
        if (
            isinstance(effect, Perform)
            and effect.idempotency == "native"
            and effect.key not in left
            and effect.not_before <= now
        ):
            return effect
    return None


def _run(engine: Engine, plan: Plan, batch: Gathered, asked: Perform, before: Sequence[RowWrite]) -> Event | None:
    """What came of the node; None when it must wait for the commit."""
    instance, now = batch.state.instance, engine.now()
    uncommitted_writes = [*before, *batch.writes]
    reader = _Committed(StoredRecords(engine), bool(uncommitted_writes))
    try:
        result = run_effect(engine, plan, instance, asked, reader, None, now)
        touched = {(w.entity, w.id) for w in uncommitted_writes}
        if any((w.entity, w.id) in touched for w in result.writes):
            return None
        writes = writes_of(engine, instance, asked, result)
    except _TooEarly:
        return None
    except NodeError as problem:
        # What may be tried again later needs a stored effect to try.
        return None if problem.retryable else failure(asked, problem, now)
    except StoreFailed:
        # The database is away: nothing of this segment can be kept, and whoever asked asks again.
        raise
    except TaktflowError as refused:
        return failure(asked, uncommitted(refused), now)
    batch.writes += writes
    batch.alerts += [(alert, asked.node) for alert in result.alerts]
    return EffectDone(now, asked.key, result.value, result.trace)

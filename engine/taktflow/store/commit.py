"""What one decision changes: all of it is kept, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from taktflow.runtime.effects import Effect
from taktflow.sdk import Alert
from taktflow.store.sortable import IndexValue
from taktflow.values import Json, Value


@dataclass(frozen=True, slots=True)
class NewInstance:
    """An instance that begins with this commit. A second one with ``start_key`` in ``workflow`` is AlreadyStarted."""

    id: str
    plan_id: str
    workflow: str
    version: int
    business_key: str
    state: str
    started_at: datetime
    by: str
    status: str = "running"
    outcome: str | None = None
    runnable: bool = False
    """Whether the engine must go on by itself (Continue), since the segment stopped for its size."""
    ended_at: datetime | None = None
    start_key: str | None = None
    parent_id: str | None = None
    parent_token: int | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class InstanceUpdate:
    """The next state of an instance that was loaded at ``rev`` and ``seq``; StaleInstance when it moved on."""

    id: str
    workflow: str
    rev: int
    seq: int
    state: str
    status: str = "running"
    """running, suspended, ended or cancelled."""
    outcome: str | None = None
    runnable: bool = False
    ended_at: datetime | None = None
    business_key: str | None = None
    """None keeps what is stored; so with ``priority``, ``plan_id`` and ``version``."""
    priority: int | None = None
    was: str = "running"
    """The status that is stored."""
    plan_id: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class EffectOutcome:
    """How the attempt at ``key`` ended. With ``epoch``, only the executor run that took it may tell (AlreadyTaken).

    With ``attempt`` it may tell of that attempt alone: one that was taken for lost must not end the one after it.
    """

    key: str
    status: Literal["done", "failed", "unknown"]
    response: Value = None
    epoch: int | None = None
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class ScheduleFire:
    """A moment of a schedule that is fired, and the next one. ``due`` is what is stored as next until then.

    Where missed moments are left out, ``due`` is earlier than ``moment``.
    """

    workflow: str
    start: str
    version: int
    due: datetime
    moment: datetime
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Consumed:
    """What the decision takes from the inboxes; AlreadyTaken when one of them is gone."""

    timers: Sequence[str] = ()
    signals: Sequence[int] = ()
    inbound: Sequence[int] = ()
    items: Sequence[tuple[str, int]] = ()
    """Items of jobs that this commit does, by job and number."""
    schedules: Sequence[ScheduleFire] = ()
    """Moments for which the commit begins its instance."""


@dataclass(frozen=True, slots=True)
class RowWrite:
    """One change of one record. ``index`` and ``unique`` hold all its declared values, absent ones as None.

    A sequence as an indexed value means each of its items. A unique value of None takes no place.
    """

    entity: str
    id: str
    op: Literal["create", "update", "upsert"]
    fields: str
    expected_rev: int | None = None
    index: Mapping[str, IndexValue | Sequence[IndexValue]] | None = None
    unique: Mapping[str, Sequence[IndexValue] | None] | None = None
    by: str = ""
    source: str = ""
    why: str = ""
    changes: str = "{}"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to which object."""

    at: datetime
    by: str
    action: str
    object: str
    details: Json = None


@dataclass(frozen=True, slots=True)
class NewInbound:
    """What a connection brought, as it came; ``event_id`` is the sender's or made from the body."""

    connection: str
    event_id: str
    topic: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to whichever instance waits for ``name`` with ``key``; ``id`` tells it from its like."""

    id: str
    name: str
    key: str
    payload: Value
    received_at: datetime
    expires_at: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything that one decision, or one act of a person, changes at the moment ``at``."""

    at: datetime
    instance: NewInstance | InstanceUpdate | None = None
    journal: str | None = None
    """The segment's step records as JSON; becomes the instance's next journal row."""
    effects: Sequence[Effect] = ()
    finished: EffectOutcome | None = None
    consumed: Consumed = Consumed()
    writes: Sequence[RowWrite] = ()
    alerts: Sequence[tuple[Alert, str]] = ()
    """Each alert with the node that sends it, ``""`` for none."""
    audit: Sequence[AuditEntry] = ()
    inbound: Sequence[NewInbound] = ()
    messages: Sequence[NewMessage] = ()
    by: str = ""
    relaxed: bool = False
    """Whether a power cut may take the commit while it is among the newest; never one that others build upon."""
    driven: bool = False
    """Whether the committer goes on with a runnable instance itself, so that nobody need be woken for it."""
    claim: int | None = None
    """An executor epoch that takes the effects due now with this very commit, except those that must never be sent
    twice; the keys come back in the result."""


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What the commit came to: the instance's new revision and journal length, and each written record's revision."""

    rev: int = 0
    seq: int = 0
    records: tuple[tuple[str, str, int], ...] = ()
    claimed: tuple[str, ...] = ()
    woken: frozenset[str] = frozenset()
    """Which kinds of work the commit made: effects, timers, signals, inbound, tasks, alerts, runnable."""

"""What the store hands out: one frozen row per noun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeAlias, TypeVar

from taktflow.runtime.effects import Perform
from taktflow.values import Json, Text, Value

T = TypeVar("T")
SignalKind: TypeAlias = Literal["start_child", "cancel_child", "child_ended", "message", "broadcast", "lock"]
Work: TypeAlias = Literal["effects", "timers", "signals", "inbound", "tasks", "alerts", "runnable", "jobs"]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. ``next`` asks for the page after it; ``total`` counts all up to a bound, then is None."""

    rows: tuple[T, ...]
    next: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something was committed: which instance stands where, and which kinds of work there are now."""

    instance: str | None
    rev: int
    status: str
    work: frozenset[str]
    workflow: str = ""


@dataclass(frozen=True, slots=True)
class LoadedInstance:
    """What deciding needs of an instance."""

    id: str
    plan_id: str
    workflow: str
    version: int
    status: str
    rev: int
    seq: int
    state: str


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """An instance as lists show it."""

    id: str
    plan_id: str
    workflow: str
    version: int
    business_key: str
    status: str
    outcome: str | None
    rev: int
    seq: int
    priority: int
    incidents: int
    started_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    by: str
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class JournalRow:
    """What one commit did: ``batch`` is the array of step records."""

    instance: str
    seq: int
    at: datetime
    batch: str


@dataclass(frozen=True, slots=True)
class ClaimedEffect:
    """An effect that this executor run holds under ``epoch`` and must now perform, or settle."""

    instance: str
    perform: Perform
    epoch: int


@dataclass(frozen=True, slots=True)
class EffectRow:
    """An effect as screens show it; ``request`` and ``response`` are JSON."""

    key: str
    instance: str
    node: str
    kind: str
    idempotency: str
    status: str
    attempts: int
    next_at: datetime
    request: str
    response: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class TimerRow:
    """A timer of an instance."""

    instance: str
    timer: str
    due: datetime


@dataclass(frozen=True, slots=True)
class SignalRow:
    """What the engine tells ``instance``.

    ``event`` holds, by kind: start_child ``ref variables parent token``; cancel_child ``why parent``; child_ended
    ``child token status outcome value``; message ``subscription message payload by``.
    """

    id: int
    instance: str
    kind: SignalKind
    event: Mapping[str, Value]
    at: datetime


@dataclass(frozen=True, slots=True)
class InboundRow:
    """One raw event from a connection."""

    id: int
    connection: str
    event_id: str
    topic: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    status: str
    attempts: int
    next_at: datetime
    error: str | None
    instance: str | None


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message that arrived."""

    id: str
    name: str
    key: str
    payload: Value
    by: str
    received_at: datetime
    expires_at: datetime
    status: str
    taken_by: str | None


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """What an instance waits for."""

    instance: str
    subscription: str
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class UserTaskRow:
    """Work for people."""

    id: str
    instance: str
    workflow: str
    business_key: str
    node: str
    kind: str
    title: Mapping[str, str]
    status: str
    who: tuple[str, ...]
    exclude: tuple[str, ...]
    outcomes: tuple[str, ...]
    form: str | None
    shown: Mapping[str, Value]
    due: datetime | None
    escalated: bool
    claimed_by: str | None
    outcome: str | None
    decided_by: str | None
    data: Mapping[str, Value] | None
    decisions: Json
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class LockRow:
    """A place in the queue for the thing ``name``; whoever was granted it has it."""

    name: str
    instance: str
    workflow: str
    key: str
    node: str
    asked_at: datetime
    granted_at: datetime | None


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """A path that waits for a person."""

    id: str
    instance: str
    workflow: str
    node: str
    code: str
    text: Text
    details: Json
    effect_key: str | None
    status: str
    how: str | None
    by: str | None
    opened_at: datetime
    closed_at: datetime | None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record; ``fields`` is JSON that ``values.loads`` reads."""

    entity: str
    id: str
    rev: int
    fields: str
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class RecordChangeRow:
    """One change of a record."""

    entity: str
    id: str
    rev: int
    at: datetime
    by: str
    source: str
    why: str
    changes: str


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert as one reader sees it."""

    id: int
    at: datetime
    instance: str | None
    node: str
    severity: str
    title: Text
    body: Text
    link: str
    cc: bool
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act of a person."""

    id: int
    at: datetime
    by: str
    action: str
    object: str
    details: Json


@dataclass(frozen=True, slots=True)
class DefinitionRow:
    """One version of a definition; 0 is the draft."""

    kind: str
    id: str
    version: int
    sha256: str
    status: str
    source: str
    document: str
    published_at: datetime | None
    changed_at: datetime
    by: str
    pack: str


@dataclass(frozen=True, slots=True)
class PlanRow:
    """What an instance pinned; ``pins`` is JSON."""

    id: str
    workflow: str
    version: int
    pins: str


@dataclass(frozen=True, slots=True)
class UserRow:
    """A person who can sign in."""

    name: str
    display: str
    password_hash: str
    active: bool
    language: str
    created_at: datetime
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A sign-in."""

    token_hash: str
    user: str
    created_at: datetime
    expires_at: datetime
    csrf: str


@dataclass(frozen=True, slots=True)
class ApiTokenRow:
    """A program's key, by its hash."""

    id: str
    hash: str
    user: str
    title: str
    created_at: datetime
    expires_at: datetime | None
    last_used: datetime | None
    revoked_at: datetime | None

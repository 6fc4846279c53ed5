"""What a decision owes the world. All of it is stored in the same commit as the state that owes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from taktflow.runtime.events import Fault
from taktflow.sdk import Alert, Idempotency
from taktflow.values import Json, Value


@dataclass(frozen=True, slots=True)
class Perform:
    """Run the node ``kind`` with ``config``; a second Perform of one ``key`` is its next attempt.

    ``not_before`` is the earliest moment.
    """

    key: str
    node: str
    kind: str
    idempotency: Idempotency
    config: Mapping[str, Value]
    business_key: str
    attempt: int
    not_before: datetime
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Run the stored effect ``key`` again, unchanged, as its ``attempt`` at the earliest at ``not_before``."""

    key: str
    attempt: int
    not_before: datetime


@dataclass(frozen=True, slots=True)
class DropEffect:
    """The effect ``key`` is no longer owed; when it is already under way its result will be ignored."""

    key: str


@dataclass(frozen=True, slots=True)
class HoldEffects:
    """Begin none of the instance's effects for now; one that is under way comes to its end."""


@dataclass(frozen=True, slots=True)
class FreeEffects:
    """Begin them again."""


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Fire ``timer`` at ``due``. Timer ids are unique within the instance."""

    timer: str
    due: datetime


@dataclass(frozen=True, slots=True)
class DropTimer:
    """``timer`` is no longer wanted."""

    timer: str


@dataclass(frozen=True, slots=True)
class OpenTask:
    """Work for people. ``who`` holds principals; ``exclude`` user names that may not do it.

    ``form`` is a pinned ``id@version``; ``shown`` pairs each FEEL text with its value now.
    """

    task: str
    node: str
    kind: str
    title: Mapping[str, str]
    who: tuple[str, ...]
    exclude: tuple[str, ...]
    outcomes: tuple[str, ...]
    form: str | None
    shown: Mapping[str, Value]
    due: datetime | None


@dataclass(frozen=True, slots=True)
class ChangeTask:
    """Other people may now do the task, or its decisions so far changed."""

    task: str
    who: tuple[str, ...]
    exclude: tuple[str, ...]
    decisions: Json = None
    escalated: bool = False


@dataclass(frozen=True, slots=True)
class CloseTask:
    """The task is over; ``outcome`` is None when it was withdrawn."""

    task: str
    outcome: str | None
    by: str
    data: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Wait for a message ``name`` whose key equals ``key``; one subscription takes one message."""

    subscription: str
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """``subscription`` takes no message any more."""

    subscription: str


@dataclass(frozen=True, slots=True)
class Hear:
    """Hear every broadcast ``name`` from now on, until Unsubscribe."""

    subscription: str
    name: str


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell every instance that hears ``name`` right now."""

    id: str
    name: str
    payload: Value


@dataclass(frozen=True, slots=True)
class AskLock:
    """Stand in the queue for the thing ``name``; being its holder comes back as LockGranted."""

    lock: str
    name: str
    node: str


@dataclass(frozen=True, slots=True)
class FreeLock:
    """Leave the queue, or give the thing to the next one in it."""

    lock: str


@dataclass(frozen=True, slots=True)
class StartChild:
    """Start the pinned workflow ``ref`` (``id@version``) as ``child``; its end comes back as ChildEnded."""

    child: str
    ref: str
    variables: Mapping[str, Value]
    token: int
    depth: int = 1
    """How many calls deep the child is."""


@dataclass(frozen=True, slots=True)
class CancelChild:
    """The called instance is no longer wanted."""

    child: str
    why: str


@dataclass(frozen=True, slots=True)
class RaiseIncident:
    """The path at ``node`` cannot go on without a person."""

    incident: str
    node: str
    fault: Fault
    effect: str | None = None


@dataclass(frozen=True, slots=True)
class CloseIncident:
    """The incident is settled; ``how`` is retry, skip or cancel."""

    incident: str
    how: str
    by: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell people something, such as an escalation."""

    alert: Alert


@dataclass(frozen=True, slots=True)
class EndInstance:
    """The instance is over. ``status`` is ended or cancelled; ``parent`` waits for it."""

    status: str
    outcome: str | None
    value: Value
    parent: tuple[str, int] | None


Effect: TypeAlias = (
    Perform
    | Retry
    | DropEffect
    | HoldEffects
    | FreeEffects
    | SetTimer
    | DropTimer
    | OpenTask
    | ChangeTask
    | CloseTask
    | Subscribe
    | Unsubscribe
    | Hear
    | Announce
    | AskLock
    | FreeLock
    | StartChild
    | CancelChild
    | RaiseIncident
    | CloseIncident
    | Tell
    | EndInstance
)

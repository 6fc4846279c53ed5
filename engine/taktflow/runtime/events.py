"""What can happen to an instance. Time, people and ids come in with the event, so that deciding stays pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal, TypeAlias

from taktflow.values import Json, Value


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something failed: a code to route by, the sentence in both languages, and what is known besides."""

    code: str
    zh: str
    en: str
    details: Json = None


@dataclass(frozen=True, slots=True)
class Started:
    """The instance begins at ``start`` with these variables."""

    at: datetime
    by: str
    start: str
    variables: Mapping[str, Value]
    parent: tuple[str, int] | None = None
    """The calling instance and its waiting token."""
    depth: int = 0
    """How many calls deep the instance is."""


@dataclass(frozen=True, slots=True)
class EffectDone:
    """The effect ``key`` was performed."""

    at: datetime
    key: str
    value: Value
    trace: Json = None


@dataclass(frozen=True, slots=True)
class EffectFailed:
    """One attempt at the effect ``key`` failed; with ``unknown`` it may have happened all the same.

    With ``attempt`` it is the failure of that attempt alone: told again, after the next one began, it changes nothing.
    """

    at: datetime
    key: str
    fault: Fault
    retryable: bool = False
    unknown: bool = False
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The moment of ``timer`` has come."""

    at: datetime
    timer: str


@dataclass(frozen=True, slots=True)
class MessageArrived:
    """A message, or a broadcast, matched ``subscription``."""

    at: datetime
    subscription: str
    message: str
    payload: Value
    by: str = ""


@dataclass(frozen=True, slots=True)
class LockGranted:
    """The instance now holds what ``lock`` asked for."""

    at: datetime
    lock: str


@dataclass(frozen=True, slots=True)
class TaskDecided:
    """``by``, who holds ``roles``, ends their part of a user task with ``outcome`` and the form's ``data``."""

    at: datetime
    task: str
    by: str
    roles: frozenset[str]
    outcome: str
    data: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class ChildEnded:
    """The called instance ``child`` ended; ``fault`` is set when it was cancelled."""

    at: datetime
    child: str
    outcome: str | None
    value: Value
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class IncidentResolved:
    """A person settles an incident: try again (after ``changes`` to variables, by path), or skip with ``value``.

    ``happened`` says that an effect of unknown outcome did happen, and gave ``value``.
    """

    at: datetime
    incident: str
    by: str
    action: Literal["retry", "skip", "happened"]
    changes: Mapping[str, Value] = field(default_factory=dict)
    value: Value = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of where an instance stands: what happens to ``token``, or a new path that begins at ``node``."""

    action: Literal["move", "skip", "repeat", "end", "begin"]
    token: int | None = None
    node: str | None = None


@dataclass(frozen=True, slots=True)
class ModifyRequested:
    """A person moves, skips, repeats or ends paths by hand, all of them or none."""

    at: datetime
    by: str
    why: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class SuspendRequested:
    """A person stops the instance for a while: nothing of it runs, what comes in is kept."""

    at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class ResumeRequested:
    """A person lets the instance go on with everything that came in meanwhile."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """A person, or the calling instance, ends the instance before its time."""

    at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on where the last segment stopped for its size."""

    at: datetime


Event: TypeAlias = (
    Started
    | EffectDone
    | EffectFailed
    | TimerFired
    | MessageArrived
    | LockGranted
    | TaskDecided
    | ChildEnded
    | IncidentResolved
    | CancelRequested
    | ModifyRequested
    | SuspendRequested
    | ResumeRequested
    | Continue
)


_HELD = (EffectDone, EffectFailed, TimerFired, MessageArrived, LockGranted, ChildEnded)
"""What may come in while an instance is suspended, and is kept until it goes on."""
Held: TypeAlias = EffectDone | EffectFailed | TimerFired | MessageArrived | LockGranted | ChildEnded


def event_data(event: Held) -> dict[str, Value]:
    """``event`` as the state keeps it."""
    return {"kind": type(event).__name__, **{f.name: _plain(getattr(event, f.name)) for f in fields(event)}}


def _plain(value: Any) -> Value:
    return {f.name: getattr(value, f.name) for f in fields(value)} if isinstance(value, Fault) else value


def held_event(data: Mapping[str, Value]) -> Held:
    """The event that :func:`event_data` wrote."""
    kind = next(k for k in _HELD if k.__name__ == data["kind"])
    given = {name: value for name, value in data.items() if name != "kind"}
    if given.get("fault") is not None:
        given["fault"] = Fault(**given["fault"])
    if given.get("attempt") is not None:
        given["attempt"] = int(given["attempt"])
    return kind(**given)

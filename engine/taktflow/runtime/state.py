"""The state of one instance: live tokens and variables, never its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from taktflow.values import Value, dumps, loads

Status: TypeAlias = Literal["running", "ended", "cancelled"]
ROOT = 0
"""The frame that holds the instance's variables."""


@dataclass(frozen=True, slots=True)
class Token:
    """A place where the instance is: at ``node``, ready to run it or waiting as ``wait`` says.

    ``wait`` is None for a ready token. Its ``on`` names what the token waits for: effect, wait, task, approval,
    foreach, scope, call, join, lock, compensate or incident; the other keys belong to that. A token that has just come
    to a join is ready, too: its wait is on ``arrival`` and keeps the edge it came by.
    """

    id: int
    node: str
    frame: int = ROOT
    wait: Mapping[str, Any] | None = None
    fault: Mapping[str, Any] | None = None
    """The error that routed the token here, visible to expressions as ``error``."""
    guard: Mapping[str, Any] | None = None
    """What the node holds as long as the token stands at it: its boundary events' timers and subscriptions, a lock."""

    @property
    def ready(self) -> bool:
        """Whether the token runs on without an event from outside."""
        return self.wait is None or self.wait["on"] == "arrival"


@dataclass(frozen=True, slots=True)
class Done:
    """A step that can be taken back: its node, the scopes around it, and the variables of the frames below the root."""

    node: str
    inside: tuple[str, ...]
    variables: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Frame:
    """The variables of the instance (root), of a scope or of one item of a for-each, owned by the token at it."""

    id: int
    parent: int | None
    owner: int | None
    variables: Mapping[str, Value]
    index: int = 0
    done: tuple[Done, ...] = ()
    """What was done in it and can be taken back, in its order."""


@dataclass(slots=True)
class State:
    """Everything deciding needs. Treated as immutable: :meth:`copy` first, and replace what it holds."""

    instance: str
    workflow: str
    key: str
    by: str
    started_at: datetime
    parent: tuple[str, int] | None = None
    status: Status = "running"
    outcome: str | None = None
    frames: dict[int, Frame] = field(default_factory=dict)
    tokens: dict[int, Token] = field(default_factory=dict)
    """Ready tokens stand in the order in which they run, so that a cut between two segments changes nothing."""
    joins: dict[str, dict[str, int]] = field(default_factory=dict)
    visits: dict[str, int] = field(default_factory=dict)
    next: int = 1
    pure_steps: int = 0
    """Nodes run since the last event from outside; bounds endless loops."""
    depth: int = 0
    """How many calls deep the instance is; bounds workflows that call themselves."""
    held: tuple[Mapping[str, Value], ...] | None = None
    """While the instance is suspended, what came in meanwhile; None while it is not."""

    @property
    def variables(self) -> Mapping[str, Value]:
        """The instance's variables."""
        return self.frames[ROOT].variables

    @property
    def ready(self) -> bool:
        """Whether a token can run on without an event from outside."""
        return self.held is None and any(t.ready for t in self.tokens.values())

    def copy(self) -> State:
        """A state that can be changed without touching this one."""
        return State(
            self.instance,
            self.workflow,
            self.key,
            self.by,
            self.started_at,
            self.parent,
            self.status,
            self.outcome,
            dict(self.frames),
            dict(self.tokens),
            {k: dict(v) for k, v in self.joins.items()},
            dict(self.visits),
            self.next,
            self.pure_steps,
            self.depth,
            self.held,
        )

    def dumps(self) -> str:
        """The snapshot's text; :func:`loads_state` reads it back."""
        return dumps(
            {
                "instance": self.instance,
                "workflow": self.workflow,
                "key": self.key,
                "by": self.by,
                "started_at": self.started_at,
                "parent": self.parent,
                "status": self.status,
                "outcome": self.outcome,
                "frames": [_frame(f) for f in self.frames.values()],
                "tokens": [_token(t) for t in self.tokens.values()],
                "joins": self.joins,
                "visits": self.visits,
                "next": self.next,
                "pure_steps": self.pure_steps,
                "depth": self.depth,
                **({"held": self.held} if self.held is not None else {}),
            }
        )


def loads_state(text: str) -> State:
    """The state that :meth:`State.dumps` wrote."""
    raw = loads(text)
    parent = raw["parent"]
    return State(
        raw["instance"],
        raw["workflow"],
        raw["key"],
        raw["by"],
        raw["started_at"],
        (parent[0], int(parent[1])) if parent else None,
        raw["status"],
        raw["outcome"],
        {int(f[0]): Frame(int(f[0]), _int(f[1]), _int(f[2]), f[3], int(f[4]), _done(f)) for f in raw["frames"]},
        {int(t[0]): Token(int(t[0]), t[1], int(t[2]), *t[3:]) for t in raw["tokens"]},
        {k: {e: int(n) for e, n in v.items()} for k, v in raw["joins"].items()},
        {k: int(n) for k, n in raw["visits"].items()},
        int(raw["next"]),
        int(raw["pure_steps"]),
        int(raw.get("depth", 0)),
        tuple(raw["held"]) if raw.get("held") is not None else None,
    )


def _frame(frame: Frame) -> list[Value]:
    text: list[Value] = [frame.id, frame.parent, frame.owner, frame.variables, frame.index]
    return [*text, [[d.node, d.inside, d.variables] for d in frame.done]] if frame.done else text


def _done(raw: list[Any]) -> tuple[Done, ...]:
    return tuple(Done(node, tuple(inside), variables) for node, inside, variables in (raw[5] if len(raw) > 5 else ()))


def _token(token: Token) -> list[Value]:
    text: list[Value] = [token.id, token.node, token.frame, token.wait, token.fault]
    return [*text, token.guard] if token.guard is not None else text


def _int(value: Any) -> int | None:
    return None if value is None else int(value)

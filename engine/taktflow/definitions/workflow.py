"""The workflow definition: starts, nodes and edges, nested only where a scope is meant."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag

from taktflow.definitions.envelope import (
    Also,
    Computed,
    DataField,
    Envelope,
    Feel,
    Flag,
    Model,
    Number,
    Open,
    Principal,
    Ref,
    Slug,
    Whole,
    Words,
)
from taktflow.definitions.triggers import Boundary, Lock, Opened, Span, Trigger

ErrorRoutes: TypeAlias = dict[str, Slug]
"""Error code (``timeout``, ``decision.none``; ``error`` is any) to the node that takes over."""


class Data(Model):
    """The variables of an instance and its business key."""

    entity: Slug | None = Field(None, description="The entity the main variable looks like.")
    name: Slug | None = Field(None, alias="as", description="The main variable's name; the entity's id when unset.")
    key: Feel | None = Field(None, description="The business key of an instance, for search and correlation.")
    vars: dict[Slug, DataField] = Field(default_factory=dict)


OnHoliday: TypeAlias = Literal["skip", "before", "after"]


class EveryMissed(Model):
    """Makes up for the newest ``all`` of the moments that were missed, in their order."""

    all: Whole = Field(ge=1, le=1000)


class Start(Model):
    """A way an instance begins.

    A message or webhook carries a payload bound to ``as``; without ``as`` the payload's keys are variables. A schedule
    gives the moment it stands for to ``as``.
    """

    id: Slug
    type: Literal["message", "webhook", "form", "schedule", "manual"]
    title: Words | None = None
    name: str | None = Field(None, description="The message's name.")
    connection: Slug | None = Field(None, description="The channel connection the event comes through.")
    topic: str | None = Field(None, description="Only events of this topic; any when unset.")
    bind: Slug | None = Field(None, alias="as", description="The variable that takes the payload.")
    dedupe: Feel | None = Field(None, description="A second start with the same value is dropped.")
    form: Ref | None = None
    public: Flag = Field(False, description="A form that needs no sign-in; rate limited.")
    who: tuple[Principal, ...] = Field((), description="Who may start it by form or hand; anyone signed in when empty.")
    cron: str | None = Field(None, description="Minute hour day month weekday.")
    timezone: str | None = Field(None, description="Of the cron; the calendar's when unset, else the plant's.")
    calendar: Ref | None = Field(None, description="Whose working days a schedule keeps to.")
    on_holiday: OnHoliday = Field("skip", description="Or the same time on the working day before or after.")
    catch_up: Literal["latest", "all", "none"] | EveryMissed = Field(
        "latest", description="Which missed moments are made up for; `all` means the newest 100 at most."
    )


class Backoff(Model):
    """How a failed effect is tried again: at most ``max`` times, waiting ``first`` and then ``factor`` times longer."""

    max: Whole = Field(3, ge=0, le=100)
    first: str = Field("PT2S", description="ISO 8601 duration.")
    factor: Number = Field(Decimal(2), ge=1, le=10)
    longest: str = Field("PT10M", description="ISO 8601 duration.")


class NodeBase(Model):
    """What every node may carry."""

    title: Words | None = None
    note: str | Words | None = None
    max_visits: Whole | None = Field(None, ge=1, le=100_000, description="How often the node may run in one instance.")


class Branch(NodeBase):
    """Takes the first edge whose condition holds (exclusive), or every such edge (inclusive)."""

    type: Literal["branch"]
    mode: Literal["exclusive", "inclusive"] = "exclusive"


class Fork(NodeBase):
    """Goes on along all edges at once."""

    type: Literal["fork"]


class FirstN(Model):
    """Goes on with the first ``first`` arrivals; the rest is cancelled or ignored."""

    first: Whole = Field(ge=1, le=1000)
    rest: Literal["ignore", "cancel"] = "ignore"


class Join(NodeBase):
    """Waits for all incoming edges, for those still active (after an inclusive branch), or for the first n."""

    type: Literal["join"]
    mode: Literal["all", "active"] | FirstN = "all"


class Interruptible(NodeBase):
    """What a node that waits may carry besides."""

    events: dict[Slug, Boundary] = Field(default_factory=dict, description="What may happen while the node waits.")
    lock: Lock | None = Field(None, description="Entered only with the lock, which is given back on leaving.")
    undo: Slug | None = Field(None, description="The node that takes back what this one did, see `compensate`.")


class Wait(Interruptible):
    """Waits for time, a message, a broadcast or a condition; with ``any``, for the first, whose name is the outcome."""

    type: Literal["wait"]
    after: Span | None = None
    until: Feel | None = None
    message: str | None = None
    key: Open = None
    broadcast: str | None = None
    when: Feel | None = None
    out: str | None = None
    any: dict[Slug, Trigger] = Field(default_factory=dict)


class Escalation(Model):
    """Who else may act, and is told, when the due moment passes by ``after``."""

    after: Span = "PT0S"
    to: tuple[Principal, ...] = Field(min_length=1)


Who: TypeAlias = tuple[Principal | Computed, ...]


class UserTask(Interruptible):
    """Work for a person: shows data, asks for a form, ends with one of its outcomes."""

    type: Literal["user_task"]
    who: Who = Field(min_length=1)
    form: Ref | None = None
    show: tuple[Feel, ...] = Field((), description="What the person sees beside the form.")
    outcomes: tuple[Slug, ...] = ("done",)
    four_eyes: Flag = Field(False, description="Whoever submitted the instance may not do it.")
    exclude: tuple[Computed, ...] = Field((), description="Further people who may not do it.")
    due: Span | None = None
    escalate: Escalation | None = None
    out: str | None = None
    on: ErrorRoutes = Field(default_factory=dict, description="`overdue` takes the work back when due.")


class ApprovalRule(Model):
    """How many must approve: any one, all named, at least n, or each in turn."""

    mode: Literal["any", "all", "at_least", "sequential"] = "any"
    n: Whole | None = Field(None, ge=1, le=100)


class Approval(Interruptible):
    """A decision by people; ends ``approved`` or ``rejected``."""

    type: Literal["approval"]
    who: Who = Field(min_length=1)
    rule: ApprovalRule = ApprovalRule()
    four_eyes: Flag = False
    exclude: tuple[Computed, ...] = ()
    form: Ref | None = None
    show: tuple[Feel, ...] = ()
    due: Span | None = None
    escalate: Escalation | None = None
    out: str | None = None
    on: ErrorRoutes = Field(default_factory=dict)


class ForEach(Interruptible):
    """Runs its inner flow once for each item, together or one after another."""

    type: Literal["foreach"]
    over: Feel
    item: Slug = Field(alias="as")
    mode: Literal["parallel", "sequential"] = "parallel"
    at_once: Whole = Field(100, ge=1, le=1000, description="How many items run at the same time.")
    complete_when: Feel | None = Field(None, description="Ends early; sees done, total and results.")
    wait: Flag = Field(True, description="Whether the flow waits for the items; otherwise it goes on at once.")
    open: Opened | None = Field(None, description="Items may be added while it runs, until it is closed.")
    collect: Feel | None = Field(None, description="What each item gives to `out`; the item itself when unset.")
    out: str | None = None
    on: ErrorRoutes = Field(default_factory=dict, description="Takes what fails inside and is caught nowhere there.")
    nodes: dict[Slug, Node]
    edges: tuple[Edge, ...] = ()


class Scope(Interruptible):
    """A part of the flow with an inside of its own, left as a whole: by its last path, an event or an error."""

    type: Literal["scope"]
    vars: dict[Slug, Open] = Field(default_factory=dict, description="Variables that only the inside sees.")
    on: ErrorRoutes = Field(default_factory=dict, description="Takes what fails inside and is caught nowhere there.")
    nodes: dict[Slug, Node]
    edges: tuple[Edge, ...] = ()


class Compensate(NodeBase):
    """Takes back what was done before it on its level, the newest first, by each node's ``undo``."""

    type: Literal["compensate"]
    of: tuple[Slug, ...] = Field((), description="Only these nodes, or what was done inside these scopes.")


class Cancel(NodeBase):
    """Ends the paths that stand at ``nodes`` of its level, then goes on."""

    type: Literal["cancel"]
    nodes: tuple[Slug, ...] = Field(min_length=1)


class Broadcast(NodeBase):
    """Tells every instance that waits for ``name`` right now."""

    type: Literal["broadcast"]
    name: str = Field(min_length=1, max_length=200)
    data: dict[Slug, Open] = Field(default_factory=dict, alias="with")


class Escalate(NodeBase):
    """Tells the nearest node around it that listens for ``name``, and goes on."""

    type: Literal["escalate"]
    name: Slug
    data: dict[Slug, Open] = Field(default_factory=dict, alias="with")


class Call(Interruptible):
    """Runs another workflow as a child and waits for its end."""

    type: Literal["call"]
    ref: Ref
    data: dict[Slug, Open] = Field(default_factory=dict, alias="with")
    collect: Feel | None = Field(None, description="What the child gives back, over its variables; all when unset.")
    out: str | None = None
    on: ErrorRoutes = Field(default_factory=dict)


class End(NodeBase):
    """Ends this path; the instance ends with the last path, or at once when ``terminate``."""

    type: Literal["end"]
    outcome: Slug | None = None
    terminate: Flag = False


GRAMMAR = (
    *("branch", "fork", "join", "wait", "user_task", "approval", "foreach", "scope", "call", "end"),
    *("compensate", "cancel", "broadcast", "escalate"),
)
"""The node types of the interpreter itself; every other one is an activity."""


class Activity(Interruptible):
    """Any node type a plug-in brings; its own settings stand beside these."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", json_schema_extra={"not": {"enum": list(GRAMMAR)}}
    )
    out: str | None = Field(None, description="Where the result goes, such as order.priority.")
    each: Feel | None = Field(None, description="Runs once for each item of this list (pure nodes).")
    item: Slug | None = Field(None, alias="as", description="The name of the item.")
    idempotency: Computed | None = Field(None, description="The business key sent to the other system.")
    retry: Backoff = Backoff()
    timeout: str | None = Field(None, description="ISO 8601 duration after which one attempt is given up.")
    on: ErrorRoutes = Field(default_factory=dict)

    @property
    def config(self) -> dict[str, Any]:
        """The node type's own settings, not yet computed."""
        return dict(self.model_extra or {})


def _tag(value: Any) -> str:
    type_ = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return type_ if type_ in GRAMMAR else "activity"


Node: TypeAlias = Annotated[
    Annotated[Branch, Tag("branch")]
    | Annotated[Fork, Tag("fork")]
    | Annotated[Join, Tag("join")]
    | Annotated[Wait, Tag("wait")]
    | Annotated[UserTask, Tag("user_task")]
    | Annotated[Approval, Tag("approval")]
    | Annotated[ForEach, Tag("foreach")]
    | Annotated[Scope, Tag("scope")]
    | Annotated[Compensate, Tag("compensate")]
    | Annotated[Cancel, Tag("cancel")]
    | Annotated[Broadcast, Tag("broadcast")]
    | Annotated[Escalate, Tag("escalate")]
    | Annotated[Call, Tag("call")]
    | Annotated[End, Tag("end")]
    | Annotated[Activity, Tag("activity")],
    Discriminator(_tag),
]


def _edge(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) == 2:
        return {"from": value[0], "to": value[1]}
    return value


class EdgeModel(Model):
    """A way from one node to another, taken when its condition holds.

    ``when`` sees the variables and, behind a node with outcomes, each outcome's name as true or false.
    """

    source: Slug = Field(alias="from")
    target: Slug = Field(alias="to")
    when: Feel | None = None
    otherwise: Flag = Field(False, alias="else")
    title: Words | None = None


_PAIR = {
    "type": "array",
    "items": {"type": "string", "pattern": r"^[a-z][a-z0-9_]{0,62}$"},
    "minItems": 2,
    "maxItems": 2,
    "description": "[from, to]",
}
Edge: TypeAlias = Annotated[EdgeModel, BeforeValidator(_edge), Also(_PAIR)]


Durability: TypeAlias = Literal["strict", "segment", "relaxed", "volatile"]
"""``strict``: after every node. ``segment``: before effects and waits, and now and then in a long run of nodes.
``relaxed``: the same, but a power cut may take the last moments. ``volatile``: only when it waits, owes an effect or
ends."""


class Workflow(Envelope):
    """A flow of work, interpreted by the engine."""

    kind: Literal["workflow"]
    data: Data = Data()
    start: tuple[Start, ...] = Field(min_length=1)
    nodes: dict[Slug, Node] = Field(min_length=1)
    edges: tuple[Edge, ...] = ()
    priority: Feel | None = Field(None, description="Which instance goes first; a larger number is more urgent.")
    durability: Durability = Field("segment", description="When what an instance has done is on the disk.")


Level: TypeAlias = ForEach | Scope
"""A node with a flow of its own inside."""


def routes_of(member: object) -> tuple[str, ...]:
    """Where a node goes on besides its edges: by an error, or by what happens while it waits."""
    errors: dict[str, str] = getattr(member, "on", {})
    events: dict[str, Boundary] = getattr(member, "events", {})
    return tuple(dict.fromkeys([*errors.values(), *(e.to for e in events.values())]))


ForEach.model_rebuild()
Scope.model_rebuild()
Workflow.model_rebuild()

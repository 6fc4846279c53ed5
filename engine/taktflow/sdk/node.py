"""The node contract: a stateless handler, typed configuration in, result and trace out.

A node type is found through the entry point group ``taktflow.nodes``; its class is everything the engine, the checker
and the designer know about it. ``Config`` is the only description of its settings: the form in the designer and the
JSON Schema come from it. Any setting may be written ``{$: "FEEL"}``; the engine evaluates it before ``run``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict

from taktflow.values import Json, Severity, Text, Value

Idempotency: TypeAlias = Literal["pure", "native", "key", "none"]
"""How a node may be repeated after a crash.

``pure`` reads nothing but its configuration, scope and library, and runs inside the segment. ``native`` touches only
our own database, through what it returns. ``key`` talks to the world with a stable key and may be sent again. ``none``
must never be sent twice: an unknown outcome becomes an incident that asks a person.
"""


class NodeConfig(BaseModel):
    """Base of every node's settings: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Refers:
    """Marks a setting that names a definition of ``kind``; the checker proves that it exists.

    >>> ref: Annotated[str, Refers("decision")]
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        found = handler(schema)
        found["x-ref"] = self.kind
        return found


class Expects:
    """Marks a text setting that is itself FEEL, such as a filter; the checker parses it."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        found = handler(schema)
        found["x-feel"] = True
        return found


class Template:
    """Marks a text setting in which ``{{ FEEL }}`` is replaced by the value it gives."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        found = handler(schema)
        found["x-template"] = True
        return found


class Titled:
    """Names a setting in both languages, for the generated form.

    >>> ref: Annotated[str, Titled("决策表", "Decision table")]
    """

    def __init__(self, zh: str, en: str) -> None:
        self.zh = zh
        self.en = en

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        found = handler(schema)
        found["title"] = self.en
        found["x-title"] = {"zh": self.zh, "en": self.en}
        return found


class NodeError(Exception):
    """The node could not do its work.

    ``code`` is what a workflow's ``on:`` routes by (``timeout``, ``unavailable``, ``rejected`` ...); ``retryable`` says
    that waiting may help; ``unknown`` says that the effect may have happened all the same.
    """

    def __init__(
        self,
        code: str,
        message: str | Text,
        *,
        retryable: bool = False,
        unknown: bool = False,
        details: Json = None,
    ) -> None:
        self.code = code
        self.text = message if isinstance(message, Text) else Text(zh=message, en=message)
        self.retryable = retryable
        self.unknown = unknown
        self.details = details
        super().__init__(f"{code}: {self.text.en}")


@dataclass(frozen=True, slots=True)
class RecordWrite:
    """One change of one record, applied in the same commit as the node's result.

    ``expected_rev`` makes the write fail with the error code ``stale`` when the record moved on; ``None`` writes upon
    whatever is there. ``why`` lands in the record's history.
    """

    entity: str
    op: Literal["create", "update", "upsert"]
    id: str
    fields: Mapping[str, Value]
    expected_rev: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """A message to people, stored with the result and then delivered.

    ``to`` and ``cc`` hold principals: ``role:planner`` or ``user:ann``. ``link`` is a path of this server.
    """

    to: Sequence[str]
    title: Text
    body: Text
    severity: Severity = "info"
    cc: Sequence[str] = ()
    link: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a node gives back: its value, own-database changes to commit with it, and why it came out so."""

    value: Value = None
    writes: Sequence[RecordWrite] = ()
    alerts: Sequence[Alert] = ()
    trace: Json = None


@dataclass(frozen=True, slots=True)
class Holds:
    """What a node's value looks like: a record of ``entity``, or a list of them when ``many``."""

    entity: str
    many: bool = False


class Decider(Protocol):
    """A published decision table or formula, pinned for the instance."""

    @property
    def version(self) -> int: ...

    def decide(self, scope: Mapping[str, Value], *, now: datetime, zone: tzinfo) -> Result:
        """The answer for ``scope``; NodeError ``decision.none`` or ``decision.ambiguous`` when there is none."""


class Library(Protocol):
    """The definitions that the instance has pinned."""

    def decision(self, ref: str) -> Decider: ...
    def formula(self, ref: str) -> Decider: ...


@dataclass(frozen=True, slots=True)
class Record:
    """One stored record as its reader sees it; ``rev`` counts its changes from 1."""

    entity: str
    id: str
    rev: int
    fields: Mapping[str, Value]
    changed_at: datetime


class RecordReader(Protocol):
    """Reads the order master and its neighbours."""

    def read(self, entity: str, id: str) -> Record | None: ...

    def find(
        self, entity: str, where: Mapping[str, Value], *, limit: int = 100, newest_first: bool = True
    ) -> Sequence[Record]:
        """Records whose indexed fields equal ``where``.

        A value may also be a :class:`taktflow.values.Range` (between) or a list (any of them).
        """


class Connections(Protocol):
    """The configured systems, by the id of their connection."""

    def read(
        self, connection: str, stream: str, query: Mapping[str, Value], *, timeout_s: float | None = None
    ) -> Value: ...

    def act(
        self, connection: str, action: str, data: Mapping[str, Value], *, key: str, timeout_s: float | None = None
    ) -> Value:
        """Performs ``action`` once for ``key``, however often it is sent."""


@dataclass(frozen=True, slots=True)
class NodeContext:
    """Where and when a node runs.

    ``key`` is the stable idempotency key of this very execution; ``business_key`` the one its author declared, else the
    same. ``scope`` holds the variables visible to the node; ``attempt`` counts from 1. ``records`` and ``connections``
    are absent for pure nodes.
    """

    instance: str
    node: str
    key: str
    now: datetime
    zone: tzinfo
    scope: Mapping[str, Value]
    library: Library
    records: RecordReader | None = None
    connections: Connections | None = None
    business_key: str = ""
    attempt: int = 1
    by: str = ""
    timeout_s: float | None = None
    facts: Mapping[str, Value] = field(default_factory=dict)


C = TypeVar("C", bound=NodeConfig)


class Node(ABC, Generic[C]):
    """One activity a workflow can use. Subclasses hold no state: one object serves every instance and thread."""

    kind: ClassVar[str]
    title: ClassVar[Text]
    note: ClassVar[Text] = Text("", "")
    idempotency: ClassVar[Idempotency] = "key"
    Config: ClassVar[type[NodeConfig]]
    errors: ClassVar[Mapping[str, Text]] = {}
    """The error codes a workflow may route by, each with its meaning."""

    def holds(self, config: Mapping[str, Any]) -> Holds | None:  # Most values look like no record.
        """What the value looks like under ``config`` as it is written (not yet computed); None when nobody can tell.

        Screens take titles and units of the value's fields from the entity.
        """

    @abstractmethod
    def run(self, config: C, context: NodeContext) -> Result:
        """Does the work once; raises :class:`NodeError` when it cannot be done."""

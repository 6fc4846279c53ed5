"""What the engine, the checker and the designer know of a plug-in, read from its class once it is loaded."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from taktflow.definitions.workflow import GRAMMAR
from taktflow.sdk import Channel, Connector, ConnectorConfig, Idempotency, Json, Node, NodeConfig, Text
from taktflow.sdk.schema import KIND, RESERVED

_IDEMPOTENCIES = ("pure", "native", "key", "none")


class Unfit(Exception):
    """The class breaks its contract; the message says how."""


@dataclass(frozen=True, slots=True)
class NodeType:
    """A node type: its handler and the JSON Schema of its settings."""

    kind: str
    title: Text
    note: Text
    idempotency: Idempotency
    config: type[NodeConfig]
    config_schema: Json
    errors: Mapping[str, Text]
    handler: Node[Any]


@dataclass(frozen=True, slots=True)
class ConnectorType:
    """A kind of system: the schemas of its settings, of a stream and of an action."""

    kind: str
    title: Text
    note: Text
    config_schema: Json
    stream_schema: Json
    action_schema: Json
    made_by: type[Connector[Any, Any, Any]]


@dataclass(frozen=True, slots=True)
class ChannelType:
    """A kind of way in: the schema of its settings."""

    kind: str
    title: Text
    note: Text
    config_schema: Json
    polled: bool
    made_by: type[Channel[Any]]


@dataclass(frozen=True, slots=True)
class Installed:
    """One line of the plug-ins page; ``error`` says why the plug-in cannot be used, in the words of what failed."""

    group: str
    kind: str
    distribution: str
    version: str
    target: str
    title: Text | None
    note: Text | None
    idempotency: Idempotency | None
    error: str


def describe_node(kind: str, made: Any) -> NodeType:
    """The node type that the class ``made`` is; raises Unfit."""
    _class_of(made, Node, kind)
    if kind in GRAMMAR:
        raise Unfit(f"{kind!r} is a word of the flow grammar; choose another kind")
    if made.idempotency not in _IDEMPOTENCIES:
        raise Unfit(f"idempotency {made.idempotency!r} is none of {', '.join(_IDEMPOTENCIES)}")
    schema = _schema(made, "Config", NodeConfig)
    taken = sorted(RESERVED & schema.get("properties", {}).keys())
    if taken:
        raise Unfit(f"the settings {', '.join(taken)} carry names that every node has; rename them")
    return NodeType(
        kind, made.title, made.note, made.idempotency, made.Config, schema, dict(made.errors), handler=made()
    )


def describe_connector(kind: str, made: Any) -> ConnectorType:
    """The connector that the class ``made`` is; raises Unfit."""
    _class_of(made, Connector, kind)
    config, stream, action = (_schema(made, name, ConnectorConfig) for name in ("Config", "Stream", "Action"))
    return ConnectorType(kind, made.title, _note(made), config, stream, action, made)


def describe_channel(kind: str, made: Any) -> ChannelType:
    """The channel that the class ``made`` is; raises Unfit."""
    _class_of(made, Channel, kind)
    return ChannelType(kind, made.title, _note(made), _schema(made, "Config", ConnectorConfig), made.polled, made)


def _class_of(made: Any, base: type, kind: str) -> None:
    if not _is_class(made, base):
        raise Unfit(f"{made!r} is no {base.__name__} class of taktflow.sdk")
    if inspect.isabstract(made):
        missing = ", ".join(sorted(made.__abstractmethods__))
        raise Unfit(f"{made.__name__} lacks {missing}")
    for needed in ("kind", "title", "Config"):
        if not hasattr(made, needed):
            raise Unfit(f"{made.__name__} lacks the attribute {needed}")
    if made.kind != kind:
        raise Unfit(f"the entry point is called {kind!r} but {made.__name__}.kind is {made.kind!r}; use one name")
    if not KIND.fullmatch(kind):
        raise Unfit(f"{kind!r} is no kind; use small letters, digits and dots, such as acme.weight")
    if not isinstance(made.title, Text) or not (made.title.zh and made.title.en):
        raise Unfit(f"{made.__name__}.title needs words in zh and in en")


def _is_class(made: Any, base: type) -> bool:
    return inspect.isclass(made) and issubclass(made, base)


def _schema(made: Any, name: str, base: type[BaseModel]) -> Json:
    model: Any = getattr(made, name, None)
    if not _is_class(model, base):
        raise Unfit(f"{made.__name__}.{name} is no {base.__name__}")
    return model.model_json_schema(by_alias=True)


def _note(made: Any) -> Text:
    note = getattr(made, "note", None)
    return note if isinstance(note, Text) else Text("", "")

"""What the checker must know of the installed node types, connectors and channels; the catalog answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from taktflow.values import Json, Text


class NodeKind(Protocol):
    """A node type: the JSON Schema of its settings, how it may be repeated, the errors it can be routed by."""

    @property
    def config_schema(self) -> Json: ...
    @property
    def idempotency(self) -> str: ...
    @property
    def errors(self) -> Mapping[str, Text]: ...


class ConnectorKind(Protocol):
    """A kind of system: the JSON Schemas of its settings, of one stream and of one action."""

    @property
    def config_schema(self) -> Json: ...
    @property
    def stream_schema(self) -> Json: ...
    @property
    def action_schema(self) -> Json: ...


class ChannelKind(Protocol):
    """A kind of way in: the JSON Schema of its settings."""

    @property
    def config_schema(self) -> Json: ...


class Vocabulary(Protocol):
    """What is installed, by kind; None for what is missing or broken."""

    def find_node(self, kind: str) -> NodeKind | None: ...
    def find_connector(self, kind: str) -> ConnectorKind | None: ...
    def find_channel(self, kind: str) -> ChannelKind | None: ...
    def node_kinds(self) -> Sequence[str]:
        """The installed node types, for saying what was probably meant."""

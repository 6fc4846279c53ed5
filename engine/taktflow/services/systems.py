"""Gives nodes the configured systems, by the id of their connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taktflow.definitions.kinds import Connection
from taktflow.errors import NotFound, TaktflowError
from taktflow.sdk import NodeError, Text, Value
from taktflow.services.engine import Engine


@dataclass(frozen=True, slots=True)
class PublishedConnections:
    """The sdk's Connections over what is published now; a moved system needs no new workflow."""

    engine: Engine

    def read(
        self, connection: str, stream: str, query: Mapping[str, Value], *, timeout_s: float | None = None
    ) -> Value:
        """What ``stream`` answers; NodeError ``connection`` when the connection is not usable."""
        connector, definition = _opened(self.engine, connection)
        model = _part(self.engine, definition, type(connector).Stream, definition.streams, stream, "connection.stream")
        return connector.read(model, query, timeout_s=timeout_s)

    def act(
        self, connection: str, action: str, data: Mapping[str, Value], *, key: str, timeout_s: float | None = None
    ) -> Value:
        """Performs ``action`` once for ``key``."""
        connector, definition = _opened(self.engine, connection)
        model = _part(self.engine, definition, type(connector).Action, definition.actions, action, "connection.action")
        return connector.act(model, data, key=key, timeout_s=timeout_s)


def _opened(engine: Engine, ref: str) -> tuple[Any, Connection]:
    try:
        return engine.published.connector(ref)
    except TaktflowError as wrong:
        raise _not_usable(wrong) from wrong


def _part(
    engine: Engine, connection: Connection, model: type[Any], parts: Mapping[str, Any], name: str, code: str
) -> Any:
    try:
        if name not in parts:
            raise NotFound(code, id=connection.id, name=name, known=", ".join(parts))
        return engine.published.filled(connection.id, model, parts[name])
    except TaktflowError as wrong:
        raise _not_usable(wrong) from wrong


def _not_usable(wrong: TaktflowError) -> NodeError:
    return NodeError("connection", Text(zh=wrong.message("zh"), en=wrong.message("en")))

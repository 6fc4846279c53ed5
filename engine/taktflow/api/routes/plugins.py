"""What is installed."""

from __future__ import annotations

from typing import Any, Literal

from taktflow.api.deps import Running
from taktflow.api.door import Door
from taktflow.api.guard import who
from taktflow.api.shapes import Document, Shape, Words
from taktflow.catalog.described import Installed
from taktflow.services.engine import Engine

door = Door("plugins")


class Plugin(Shape):
    """One announced plug-in. ``error`` says why it cannot be used; ``settings``, their JSON Schema, is null then."""

    group: Literal["nodes", "connectors", "channels"]
    kind: str
    distribution: str
    version: str
    title: Words | None = None
    note: Words | None = None
    idempotency: str | None = None
    error: str = ""
    settings: Document | None = None


@door.get("/api/plugins", who=who("admin", "analyst"))
def plugins(engine: Running) -> list[Plugin]:
    """List every node type, connector and channel, broken ones with their reason."""
    return [_shape(engine, one) for one in engine.catalog.listing()]


def _shape(engine: Engine, one: Installed) -> Plugin:
    group: Any = one.group.rpartition(".")[2]
    return Plugin(
        group=group,
        kind=one.kind,
        distribution=one.distribution,
        version=one.version,
        title=Words.of(one.title, one.kind) if one.title else None,
        note=Words.of(one.note, "") if one.note and one.note.en else None,
        idempotency=one.idempotency,
        error=one.error,
        settings=None if one.error else _settings(engine, group, one.kind),
    )


def _settings(engine: Engine, group: str, kind: str) -> Document | None:
    catalog = engine.catalog
    finders = {"nodes": catalog.find_node, "connectors": catalog.find_connector, "channels": catalog.find_channel}
    found = finders[group](kind)
    schema: Document | None = getattr(found, "config_schema", None)
    return schema

"""What a node's settings look like as a JSON Schema, measured for the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
"""How a node type is named: ``score``, ``record.create``."""

RESERVED = frozenset(
    {"type", "title", "note", "max_visits", "out", "each", "as", "idempotency", "retry", "timeout", "on"}
    | {"events", "lock", "undo"}
)
"""What every activity of a workflow may carry besides its settings; the engine reads these, the node never does."""

Schema = Mapping[str, Any]

_BRANCHES = ("anyOf", "oneOf", "allOf")


def settings_of(schema: Schema) -> list[tuple[str, Schema]]:
    """Every declared setting with its description, nested ones as ``rules.severity``."""
    return [
        (f"{owner}.{name}" if owner else name, about)
        for owner, part in _parts(schema)
        for name, about in part.get("properties", {}).items()
    ]


def open_objects(schema: Schema) -> list[str]:
    """The objects with declared settings that accept undeclared ones too."""
    return [
        owner or "Config"
        for owner, part in _parts(schema)
        if "properties" in part and part.get("additionalProperties") is not False
    ]


def depth(schema: Schema) -> int:
    """How deep settings nest: 1 for a flat form; 99 for a schema that contains itself."""
    return _depth(schema, schema, ())


def _parts(schema: Schema) -> Iterator[tuple[str, Schema]]:
    yield "", schema
    yield from schema.get("$defs", {}).items()


def _depth(part: Schema, root: Schema, seen: tuple[str, ...]) -> int:
    if "$ref" in part:
        name = str(part["$ref"]).rpartition("/")[2]
        return 99 if name in seen else _depth(root["$defs"][name], root, (*seen, name))
    inner: list[Any] = [b for key in _BRANCHES for b in part.get(key, ())]
    inner += [part[key] for key in ("items", "additionalProperties") if isinstance(part.get(key), Mapping)]
    found = max((_depth(p, root, seen) for p in inner), default=0)
    if "properties" in part:
        found = max(found, 1 + max((_depth(p, root, seen) for p in part["properties"].values()), default=0))
    return found

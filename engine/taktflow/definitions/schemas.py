"""The JSON Schemas (2020-12) of the declared language, generated from its models, for any editor."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from taktflow.definitions.checking.settings import relaxed
from taktflow.definitions.kinds import KINDS
from taktflow.values import Json

DIALECT = "https://json-schema.org/draft/2020-12/schema"
HOME = "https://taktflow.dev/schemas/v1/"


def schema_id(kind: str) -> str:
    """The address by which a document names the schema of ``kind``; ``definition`` is any kind."""
    return f"{HOME}{kind}.json"


def kind_schema(kind: str) -> Json:
    """The schema of one kind; ``KeyError`` for a kind there is not."""
    return deepcopy(_kind_schema(kind))


@cache
def _kind_schema(kind: str) -> Json:
    model = KINDS[kind]
    schema: dict[str, Any] = model.model_json_schema(by_alias=True)
    if "$ref" in schema:
        # A model that contains itself is put beside its parts; the document is one of them.
        name = schema.pop("$ref").rpartition("/")[2]
        schema = {**schema["$defs"][name], "$defs": schema["$defs"]}
    found: Json = _tidied({"$schema": DIALECT, "$id": schema_id(kind), **schema})
    return found


_NAMED = ("properties", "patternProperties", "$defs")
_KEYWORDS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}


def _tidied(value: Any, *, named: bool = False) -> Any:
    """``value`` with the bounds that pydantic leaves in its own words in those of JSON Schema.

    Defaults of whole parts are left out: each of their keys has its own. ``named``: the keys are names of parts.
    """
    if isinstance(value, list):
        return [_tidied(v) for v in value]
    if not isinstance(value, Mapping):
        return value
    if named:
        return {k: _tidied(v) for k, v in value.items()}
    kept = {k: v for k, v in value.items() if not (k == "default" and isinstance(v, Mapping))}
    if "patternProperties" in kept:
        # The names of a mapping's entries are checked by the models: no other ones are let through.
        kept.setdefault("additionalProperties", False)
    return {_KEYWORDS.get(k, k): _tidied(v, named=k in _NAMED) for k, v in kept.items()}


def definition_schema() -> Json:
    """The schema of a definition of any kind, told apart by ``kind``."""
    return {
        "$schema": DIALECT,
        "$id": schema_id("definition"),
        "title": "Definition",
        "type": "object",
        "properties": {"kind": {"enum": list(KINDS)}},
        "required": ["kind"],
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"$ref": f"{kind}.json"},
            }
            for kind in KINDS
        ],
    }


def all_schemas() -> Mapping[str, Json]:
    """Every published schema by its file name without ``.json``."""
    return {**{kind: kind_schema(kind) for kind in KINDS}, "definition": definition_schema()}


def workflow_schema(config_schemas: Mapping[str, Json]) -> Json:
    """The workflow schema that also knows the settings of the installed node types (``kind`` to config schema).

    Every setting may also be computed; an activity of another type stays open, as it would be loaded.
    """
    schema = kind_schema("workflow")
    parts = schema["$defs"]
    rules = []
    for kind, config in sorted(config_schemas.items()):
        loose = relaxed(config)
        for name, part in loose.pop("$defs", {}).items():
            parts[f"{kind}.{name}"] = _moved(part, kind)
        wanted = {k: _moved(v, kind) for k, v in loose.items() if k in ("properties", "required")}
        rules.append({"if": {"properties": {"type": {"const": kind}}, "required": ["type"]}, "then": wanted})
    parts["Activity"]["allOf"] = rules
    return schema


def _moved(value: Any, kind: str) -> Any:
    """``value`` with references to its own parts led to where these now stand."""
    if isinstance(value, Mapping):
        made = {k: _moved(v, kind) for k, v in value.items()}
        if isinstance(ref := value.get("$ref"), str) and ref.startswith("#/$defs/"):
            made["$ref"] = f"#/$defs/{kind}.{ref.removeprefix('#/$defs/')}"
        return made
    if isinstance(value, list):
        return [_moved(v, kind) for v in value]
    return value


def config_schema(schema: Json) -> Json:
    """A node type's config schema for editors of definitions: every setting may also be ``{$: FEEL}``."""
    return relaxed(schema)

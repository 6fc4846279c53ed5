"""Declared fields as a JSON Schema and a UI schema, so that any form is drawn from its description alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from taktflow.definitions.data import MAX_ITEMS, MAX_REFERENCE, form_fields, object_fields
from taktflow.definitions.envelope import DataField, Words
from taktflow.definitions.kinds import Entity, Form
from taktflow.definitions.schemas import DIALECT
from taktflow.values import Json, Language

Lookup: TypeAlias = Callable[[str], Sequence[tuple[str, str]] | None]
"""The records of an entity to choose from, as (key, title); None when there are too many or they may not be seen."""

_LONG_TEXT = 160
"""A text that may be longer gets several lines."""
_FORMATS = {"date": "date", "datetime": "date-time", "time": "time", "duration": "duration"}
_DEEPEST = 6


def form_schema(
    form: Form, entities: Mapping[str, Entity], language: Language, lookup: Lookup = lambda _: None
) -> tuple[Json, Json]:
    """The JSON Schema of a form's answer and the UI schema that draws it, in ``language``."""
    schema, ui = fields_schema(form_fields(form, entities), entities, language, lookup)
    schema = {"$schema": DIALECT, "title": form.title.text()[language], **schema}
    if (note := _words(form.note, language)) is not None:
        schema["description"] = note
    if form.submit is not None:
        ui["ui:submitButtonOptions"] = {"submitText": form.submit.text()[language]}
    return schema, ui


def fields_schema(
    fields: Mapping[str, DataField],
    entities: Mapping[str, Entity],
    language: Language,
    lookup: Lookup = lambda _: None,
    depth: int = 0,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same for any declared fields, such as an entity's."""
    properties: dict[str, Any] = {}
    ui: dict[str, Any] = {"ui:order": list(fields)}
    for name, declared in fields.items():
        properties[name], inner = _field(declared, name, entities, language, lookup, depth)
        if inner:
            ui[name] = inner
    required = [name for name, declared in fields.items() if declared.required]
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    return schema, ui


def _field(
    declared: DataField, name: str, entities: Mapping[str, Entity], language: Language, lookup: Lookup, depth: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    title = declared.title.text()[language] if declared.title else name
    if declared.unit:
        title = f"{title} ({declared.unit})"
    schema: dict[str, Any] = {"title": title}
    if (note := _words(declared.note, language)) is not None:
        schema["description"] = note
    if declared.default is not None:
        schema["default"] = declared.default
    ui: dict[str, Any] = {}
    match declared.type:
        case "number" | "integer":
            schema |= _number(declared)
        case "text" | "choice" | "reference":
            text, ui = _text(declared, language, lookup)
            schema |= text
        case "list" | "object":
            nested, ui = _nested(declared, entities, language, lookup, depth)
            schema |= nested
        case "boolean":
            schema["type"] = "boolean"
        case "any" | None:
            pass
        case moment:
            schema |= {"type": "string", "format": _FORMATS[moment]}
    return schema, ui


def _number(declared: DataField) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": declared.type}
    if declared.type == "number" and declared.scale is not None:
        schema["multipleOf"] = Decimal(1).scaleb(-declared.scale)
    if declared.min is not None:
        schema["minimum"] = declared.min
    if declared.max is not None:
        schema["maximum"] = declared.max
    return schema


def _text(declared: DataField, language: Language, lookup: Lookup) -> tuple[dict[str, Any], dict[str, Any]]:
    schema: dict[str, Any] = {"type": "string"}
    if declared.type == "choice":
        schema["oneOf"] = [
            {"const": c.value, "title": c.title.text()[language] if c.title else c.value} for c in declared.values
        ]
        return schema, {}
    if declared.required:
        schema["minLength"] = 1
    if declared.type == "reference":
        schema["maxLength"] = declared.max_length or MAX_REFERENCE
        schema["x-entity"] = declared.entity
        records = lookup(declared.entity) if declared.entity else None
        if records:
            schema["oneOf"] = [{"const": key, "title": title} for key, title in records]
        return schema, {}
    if declared.max_length is not None:
        schema["maxLength"] = declared.max_length
    if declared.pattern is not None:
        schema["pattern"] = f"^(?:{declared.pattern})$"
    long = declared.max_length is not None and declared.max_length > _LONG_TEXT and declared.pattern is None
    return schema, {"ui:widget": "textarea"} if long else {}


def _nested(
    declared: DataField, entities: Mapping[str, Entity], language: Language, lookup: Lookup, depth: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    if declared.type == "object":
        fields = object_fields(declared, entities) if depth < _DEEPEST else {}
        if not fields:
            return {"type": "object"}, {}
        return fields_schema(fields, entities, language, lookup, depth + 1)
    schema: dict[str, Any] = {"type": "array", "maxItems": MAX_ITEMS}
    if declared.required:
        schema["minItems"] = 1
    if declared.item is None:
        return schema, {}
    item, ui = _field(declared.item, "", entities, language, lookup, depth + 1)
    if declared.item.title is None:
        item.pop("title")
    schema["items"] = item
    return schema, {"items": ui} if ui else {}


def _words(note: str | Words | None, language: Language) -> str | None:
    return note.text()[language] if isinstance(note, Words) else note

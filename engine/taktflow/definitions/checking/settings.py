"""Settings held against the JSON Schema of a plug-in's model, while some of them are computed only at run time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

from taktflow.definitions.checking.world import Notes
from taktflow.definitions.misfits import nearest
from taktflow.definitions.places import pointed
from taktflow.values import Json, Pointer, shown


class _Later:
    """Stands for a value that is known only at run time: every rule holds for it."""


LATER = _Later()


def _unless_later(rule: Callable[..., Iterator[ValidationError]]) -> Callable[..., Iterator[ValidationError]]:
    def checked(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if instance is not LATER:
            yield from rule(validator, value, instance, schema) or ()

    return checked


_VALIDATOR: Any = extend(  # type: ignore[no-untyped-call]  # The stubs leave its parameters open.
    Draft202012Validator, {name: _unless_later(rule) for name, rule in Draft202012Validator.VALIDATORS.items()}
)


def misfit_settings(
    notes: Notes, schema: Json, settings: Json, at: Pointer, later: Callable[[Any, Pointer], bool]
) -> None:
    """Findings where ``settings`` do not fit ``schema``; values for which ``later`` holds are taken as they are."""
    prepared = _prepared(settings, later, at)
    errors = sorted(_VALIDATOR(schema).iter_errors(prepared), key=lambda e: [str(p) for p in e.absolute_path])
    # That a value is none of the choices says more than that it has another type than they have.
    chosen = {tuple(e.absolute_path) for e in errors if e.validator in ("enum", "const")}
    for error in errors:
        if error.validator != "type" or tuple(error.absolute_path) not in chosen:
            _note(notes, error, at)


def _prepared(value: Json, later: Callable[[Any, Pointer], bool], at: Pointer) -> Any:
    if later(value, at):
        return LATER
    if isinstance(value, Mapping):
        return {k: _prepared(v, later, at + pointed(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_prepared(v, later, f"{at}/{i}") for i, v in enumerate(value)]
    return value


_TYPES = {
    "string": "definition.type_text",
    "number": "definition.type_number",
    "integer": "definition.type_integer",
    "boolean": "definition.type_boolean",
    "object": "definition.type_mapping",
    "array": "definition.type_list",
}
_BOUNDS = {
    "minimum": "definition.number_low",
    "exclusiveMinimum": "definition.number_low",
    "maximum": "definition.number_high",
    "exclusiveMaximum": "definition.number_high",
    "minLength": "definition.text_short",
    "maxLength": "definition.text_long",
    "minItems": "definition.few",
    "maxItems": "definition.many",
}


def _note(notes: Notes, error: ValidationError, at: Pointer) -> None:
    if error.validator in ("anyOf", "oneOf") and error.context:
        error = _meant(error)
    here = at + pointed(*error.absolute_path)
    given = _given(error.instance)
    rule = str(error.validator)
    value: Any = error.validator_value
    if rule == "required":
        for key in [k for k in value if k not in _keys(error)]:
            notes.add("definition.missing", here, key=key)
    elif rule == "additionalProperties" and isinstance(error.schema, Mapping):
        _unknown_keys(notes, error, here)
    elif rule == "type" and isinstance(value, str) and value in _TYPES:
        notes.add(_TYPES[value], here, given=given)
    elif rule in ("enum", "const"):
        _choice(notes, here, error.instance, value if rule == "enum" else [value])
    elif rule == "pattern":
        notes.add("definition.pattern", here, given=given, pattern=value)
    elif rule in _BOUNDS:
        notes.add(_BOUNDS[rule], here, given=given, bound=str(value))
    else:
        notes.add("definition.value", here, given=given)


def _meant(error: ValidationError) -> ValidationError:
    """The complaint of the alternative that the author came nearest to; null is never what was meant."""
    context = [e for e in error.context or () if e.validator_value != "null"]
    found: ValidationError | None = best_match(context)
    if found is None or (found.validator == "type" and len({e.validator_value for e in context}) > 1):
        return error
    return found


def _unknown_keys(notes: Notes, error: ValidationError, here: Pointer) -> None:
    known = list(error.schema.get("properties", {})) if isinstance(error.schema, Mapping) else []
    for key in [k for k in _keys(error) if k not in known]:
        if near := nearest(str(key), known):
            notes.add("definition.key_near", here + pointed(key), key=key, near=near)
        else:
            notes.add("definition.key_unknown", here + pointed(key), key=key, known=", ".join(known))


def _keys(error: ValidationError) -> list[Any]:
    instance: Any = error.instance
    return list(instance)


def _choice(notes: Notes, here: Pointer, given: Any, allowed: Sequence[Any]) -> None:
    words = [shown(v) for v in allowed]
    if isinstance(given, str) and (near := nearest(given, words)):
        notes.add("definition.choice_near", here, given=given, near=near, allowed=", ".join(words))
    else:
        notes.add("definition.choice", here, given=_given(given), allowed=", ".join(words))


def _given(value: Any) -> str:
    if isinstance(value, dict | list):
        return "{...}" if isinstance(value, dict) else "[...]"
    text = shown(value)
    return text if len(text) <= 80 else text[:79] + "…"


@dataclass(frozen=True, slots=True)
class Marked:
    """A setting with the marks its model put on it: ``x-ref``, ``x-feel``, ``x-template``, ``format``, ``types``."""

    value: Json
    at: Pointer
    marks: Mapping[str, Any]


def marked(schema: Json, settings: Json, at: Pointer) -> Iterator[Marked]:
    """Every setting that ``schema`` describes, with the marks of all alternatives that may describe it."""
    yield from _marked(schema, schema, settings, at, 0)


def _marked(root: Json, schema: Json, value: Json, at: Pointer, depth: int) -> Iterator[Marked]:
    parts = list(_alternatives(root, schema, 0))
    marks: dict[str, Any] = {}
    for part in parts:
        marks.update({k: v for k, v in part.items() if k in ("x-ref", "x-feel", "x-template", "format")})
    types = {part["type"] for part in parts if isinstance(part.get("type"), str)}
    yield Marked(value, at, {**marks, "types": types})
    if depth > 20:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            for part in parts:
                below = part.get("properties", {}).get(key) or part.get("additionalProperties")
                if isinstance(below, Mapping):
                    yield from _marked(root, below, inner, at + pointed(key), depth + 1)
                    break
    elif isinstance(value, list | tuple):
        items = next((part["items"] for part in parts if isinstance(part.get("items"), Mapping)), None)
        for i, inner in enumerate(value) if items is not None else ():
            yield from _marked(root, items, inner, f"{at}/{i}", depth + 1)


def _alternatives(root: Json, schema: Json, depth: int) -> Iterator[Mapping[str, Any]]:
    """``schema`` and every part of it that may describe the same value."""
    if depth > 10 or not isinstance(schema, Mapping):
        return
    yield schema
    if isinstance(ref := schema.get("$ref"), str) and ref.startswith("#/$defs/"):
        yield from _alternatives(root, root.get("$defs", {}).get(ref.removeprefix("#/$defs/")), depth + 1)
    for key in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(key, ()):
            yield from _alternatives(root, part, depth + 1)


@lru_cache(maxsize=1)
def _computed_schema() -> Json:
    return {
        "title": "FEEL",
        "type": "object",
        "properties": {"$": {"type": "string", "minLength": 1, "maxLength": 4000, "x-feel": True}},
        "required": ["$"],
        "additionalProperties": False,
    }


def relaxed(schema: Json) -> Json:
    """``schema`` for editors of definitions, where every setting may also be written ``{$: FEEL}``."""
    made = _relaxed(schema)
    if isinstance(schema.get("$defs"), Mapping):
        made["$defs"] = {name: _relaxed(part) for name, part in schema["$defs"].items()}
    return made


def _relaxed(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    made = {k: v for k, v in schema.items() if k != "$defs"}
    for key in ("properties", "patternProperties"):
        if isinstance(named := schema.get(key), Mapping):
            made[key] = {name: _or_computed(part) for name, part in named.items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            made[key] = _or_computed(schema[key])
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            made[key] = [_relaxed(part) for part in schema[key]]
    return made


def _or_computed(part: Any) -> Json:
    inner = _relaxed(part)
    about = {k: inner.pop(k) for k in ("title", "description", "default") if isinstance(inner, dict) and k in inner}
    filled = [{"type": "string", "pattern": r"\{\{"}] if isinstance(part, Mapping) and part.get("x-template") else []
    return {**about, "anyOf": [inner, *filled, _computed_schema()]}

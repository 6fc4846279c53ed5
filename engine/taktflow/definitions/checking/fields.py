"""Declared data: the fields of entities, forms, workflow variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from taktflow.definitions.checking.world import Notes
from taktflow.definitions.data import PatternWrong, form_fields, matcher, read_value
from taktflow.definitions.envelope import DataField
from taktflow.definitions.kinds import Entity, Form
from taktflow.definitions.misfits import nearest
from taktflow.definitions.places import pointed
from taktflow.values import Pointer

_SCALARS = {"text", "number", "integer", "boolean", "date", "datetime", "time", "choice", "reference"}
_KEYS = {"text", "integer", "choice", "reference"}
_ONLY_FOR: Mapping[str, frozenset[str]] = {
    "values": frozenset({"choice"}),
    "scale": frozenset({"number"}),
    "unit": frozenset({"number", "integer"}),
    "min": frozenset({"number", "integer"}),
    "max": frozenset({"number", "integer"}),
    "max_length": frozenset({"text", "choice", "reference"}),
    "pattern": frozenset({"text"}),
    "item": frozenset({"list"}),
    "fields": frozenset({"object"}),
    "entity": frozenset({"reference", "object"}),
}


def check_fields(notes: Notes, fields: Mapping[str, DataField], at: Pointer) -> None:
    """Findings about declared fields, also nested ones."""
    for name, declared in fields.items():
        check_field(notes, declared, at + pointed(name))


def check_field(notes: Notes, declared: DataField, at: Pointer) -> None:
    """Findings about one declared field."""
    type_ = declared.type
    for key in sorted(declared.model_fields_set & _ONLY_FOR.keys()):
        if type_ is not None and type_ not in _ONLY_FOR[key]:
            notes.add(
                "field.misplaced", at + pointed(key), key=key, type=type_, types=", ".join(sorted(_ONLY_FOR[key]))
            )
    if type_ == "choice":
        _choices(notes, declared, at)
    if type_ == "reference" and declared.entity is None:
        notes.add("field.entity_missing", at)
    notes.ref("entity", declared.entity, at + "/entity")
    if declared.min is not None and declared.max is not None and declared.min > declared.max:
        notes.add("field.bounds", at, min=declared.min, max=declared.max)
    if declared.pattern is not None:
        try:
            matcher(declared.pattern)
        except PatternWrong:
            notes.add("field.pattern", at + "/pattern", pattern=declared.pattern)
    if declared.default is not None and type_ is not None:
        _, wrong = read_value(declared, declared.default, entities=notes.world.entities, where=at + "/default")
        notes.found += [replace(f, severity="error") for f in wrong]
    if declared.item is not None:
        check_field(notes, declared.item, at + "/item")
    check_fields(notes, declared.fields, at + "/fields")


def _choices(notes: Notes, declared: DataField, at: Pointer) -> None:
    if not declared.values:
        notes.add("field.choice_empty", at)
    seen: set[str] = set()
    for i, choice in enumerate(declared.values):
        if choice.value in seen:
            notes.add("field.choice_twice", f"{at}/values/{i}", value=choice.value)
        seen.add(choice.value)


def check_entity(notes: Notes, entity: Entity) -> None:
    """Findings about an entity: its fields, key, unique groups, index and who may read and write."""
    check_fields(notes, entity.fields, "/fields")
    key = _field(notes, entity, entity.key, "/key")
    if key is not None and key.type not in _KEYS:
        notes.add("entity.key_type", "/key", field=entity.key, type=key.type, types=", ".join(sorted(_KEYS)))
    for i, group in enumerate(entity.unique):
        for name in group.fields:
            _scalar(notes, entity, name, f"/unique/{i}")
    for i, name in enumerate(entity.index):
        _scalar(notes, entity, name, f"/index/{i}")
    for side in ("read", "write"):
        for i, who in enumerate(getattr(entity, side)):
            notes.principal(who, f"/{side}/{i}")


def _scalar(notes: Notes, entity: Entity, name: str, at: Pointer) -> None:
    declared = _field(notes, entity, name, at)
    if declared is not None and declared.type not in _SCALARS:
        notes.add("entity.index_type", at, field=name, type=declared.type)


def _field(notes: Notes, entity: Entity, name: str, at: Pointer) -> DataField | None:
    declared = entity.fields.get(name)
    if declared is None:
        field_known(notes, entity, name, at)
    return declared


def field_known(notes: Notes, entity: Entity, name: str, at: Pointer) -> bool:
    """Whether ``entity`` has the field ``name``; a finding otherwise."""
    if name in entity.fields:
        return True
    if near := nearest(name, entity.fields):
        notes.add("entity.field_near", at, field=name, entity=entity.id, near=near)
    else:
        notes.add("entity.field_unknown", at, field=name, entity=entity.id, known=", ".join(entity.fields))
    return False


def check_form(notes: Notes, form: Form) -> None:
    """Findings about a form; a field without a type must be one of its entity."""
    if not notes.ref("entity", form.entity, "/entity"):
        return
    entity = notes.world.find(Entity, form.entity) if form.entity else None
    for name, declared in form.fields.items():
        at = "/fields" + pointed(name)
        if declared.type is None and entity is None:
            notes.add("form.field_untyped", at, field=name)
        elif declared.type is None and entity is not None:
            field_known(notes, entity, name, at)
        check_field(notes, declared, at)
    for name, whole in form_fields(form, notes.world.entities).items():
        if whole.title is None:
            notes.add("form.title_missing", "/fields" + pointed(name), "warning", field=name)

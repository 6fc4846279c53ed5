"""One activity: its node type, its settings, what it refers to and what it computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taktflow.definitions.checking.fields import field_known
from taktflow.definitions.checking.scope import (
    LIST,
    PATH,
    Scope,
    computed_in,
    expression,
    fits,
    item_of,
    template,
)
from taktflow.definitions.checking.settings import Marked, marked, misfit_settings
from taktflow.definitions.checking.spans import duration
from taktflow.definitions.checking.world import Notes
from taktflow.definitions.data_types import cell_type, decision_type, formula_type
from taktflow.definitions.decision import Decision
from taktflow.definitions.formula import Formula
from taktflow.definitions.kinds import Connection, Entity
from taktflow.definitions.misfits import nearest
from taktflow.definitions.places import pointed
from taktflow.definitions.vocabulary import NodeKind
from taktflow.definitions.workflow import Activity
from taktflow.expressions import ANY, BOOLEAN, NUMBER, STRING, ContextOf, ExpressionInvalid, ListOf, Type, parse
from taktflow.values import Json, Pointer

ALWAYS_ROUTED = frozenset({"error", "timeout", "config", "each", "idempotency", "effect", "expressions"})
"""Error codes (or their first parts) that any activity may end with, whatever its type declares."""

COMMITTED = frozenset({"exists", "duplicate", "stale", "missing", "invalid", "refused"})
"""Error codes of a node whose writes to our own records cannot be committed."""


def check_activity(notes: Notes, activity: Activity, at: Pointer, scope: Scope) -> None:
    """Findings about an activity; of an unknown node type only the type is found."""
    kind = notes.world.vocabulary.find_node(activity.type)
    inner = item_scope(notes, activity, at, scope)
    if activity.idempotency is not None:
        expression(notes, activity.idempotency.feel, f"{at}/idempotency/$", scope, STRING, NUMBER)
    duration(notes, activity.timeout, f"{at}/timeout", months=False)
    duration(notes, activity.retry.first, f"{at}/retry/first", months=False)
    duration(notes, activity.retry.longest, f"{at}/retry/longest", months=False)
    if kind is None:
        _type_unknown(notes, activity.type, at)
        return
    if activity.each is not None and kind.idempotency != "pure":
        notes.add("each.not_pure", f"{at}/each", type=activity.type)
    known = {*kind.errors, *ALWAYS_ROUTED, *(COMMITTED if kind.idempotency == "native" else ())}
    for code in activity.on:
        if code not in known and code.partition(".")[0] not in {k.partition(".")[0] for k in known}:
            notes.add(
                "route.code_unknown", f"{at}/on" + pointed(code), "warning", code=code, known=", ".join(sorted(known))
            )
    _settings(notes, activity, kind, at, inner)


def item_scope(notes: Notes, activity: Activity, at: Pointer, scope: Scope) -> Scope:
    """The scope of one run: with ``each``, the item and its index are in sight."""
    if activity.each is None:
        if activity.item is not None:
            notes.add("each.missing", f"{at}/as", item=activity.item)
        return scope
    items = expression(notes, activity.each, f"{at}/each", scope, LIST)
    item = activity.item or "item"
    if activity.out is not None and activity.out.partition(".")[0] == item and not PATH.fullmatch(_bare(activity.each)):
        notes.add("each.no_path", f"{at}/out", item=item, each=activity.each)
    return scope.with_names(**{item: item_of(items), "index": NUMBER})


def _bare(text: str) -> str:
    return text.replace(" ", "")


def _type_unknown(notes: Notes, type_: str, at: Pointer) -> None:
    known = notes.world.vocabulary.node_kinds()
    if near := nearest(type_, known):
        notes.add("node.type_near", f"{at}/type", type=type_, near=near)
    else:
        notes.add("node.type_unknown", f"{at}/type", type=type_)


def _computed(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"$"} and isinstance(value["$"], str)


def _settings(notes: Notes, activity: Activity, kind: NodeKind, at: Pointer, scope: Scope) -> None:
    config, schema = activity.config, kind.config_schema
    found = list(marked(schema, config, at))
    filled = {m.at for m in found if m.marks.get("x-template") and "{{" in str(m.value)}
    misfit_settings(notes, schema, config, at, lambda value, where: _computed(value) or where in filled)
    typed: dict[Pointer, Marked] = {f"{m.at}/$": m for m in found if _computed(m.value)}
    extra = dict.fromkeys(_laid_over(config), ANY)
    for text, where in computed_in(config, at):
        type_ = expression(notes, text, where, scope)
        if where in typed:
            _fits(notes, type_, typed[where], where)
    named: dict[str, str] = {}
    for setting in found:
        if isinstance(setting.value, str):
            _text(notes, setting, scope)
            if ref := setting.marks.get("x-ref"):
                notes.ref(ref, setting.value, setting.at)
                named.setdefault(ref, setting.value)
    _named(notes, activity, named, at, scope.with_names(**extra))


def _laid_over(config: Mapping[str, Json]) -> list[str]:
    names = config.get("with")
    return [str(n) for n in names] if isinstance(names, Mapping) else []


_SCHEMA_TYPES: Mapping[str, tuple[Type, ...]] = {
    "string": (STRING,),
    "number": (NUMBER,),
    "integer": (NUMBER,),
    "boolean": (BOOLEAN,),
    "array": (LIST,),
    "object": (ContextOf({}, open=True),),
    "null": (),
}


def _fits(notes: Notes, type_: Type, setting: Marked, where: Pointer) -> None:
    """A finding when a computed setting cannot have the type that its model wants."""
    types: set[str] = setting.marks["types"]
    wanted = [t for name in types for t in _SCHEMA_TYPES.get(name, (ANY,))]
    if wanted and not any(fits(type_, t) for t in wanted):
        words = " / ".join(
            sorted("context" if n == "object" else "list" if n == "array" else n for n in types - {"null"})
        )
        notes.add("expression.type", where, expected=words, found=str(type_))


def _text(notes: Notes, setting: Marked, scope: Scope) -> None:
    assert isinstance(setting.value, str)
    if setting.marks.get("x-template"):
        template(notes, setting.value, setting.at, scope)
    if setting.marks.get("x-feel"):
        # What it will see is the node type's own affair; here it must only be readable.
        try:
            parse(setting.value)
        except ExpressionInvalid as wrong:
            for finding in wrong.findings:
                notes.add(finding.code, setting.at, "error", **{**finding.args})
    if setting.value.startswith("role:"):
        notes.principal(setting.value, setting.at)


def _named(notes: Notes, activity: Activity, named: Mapping[str, str], at: Pointer, scope: Scope) -> None:
    """Findings about what the definitions that the settings name need or do not have."""
    world, config = notes.world, activity.config
    if decision := world.find(Decision, named.get("decision", "")):
        for column in decision.inputs:
            _reads(notes, column.expr or column.id, cell_type(column.type), f"{at}/ref", scope, decision.id)
    if formula := world.find(Formula, named.get("formula", "")):
        for name, wanted in formula.inputs.items():
            _reads(notes, wanted.expr or name, cell_type(wanted.type), f"{at}/ref", scope, formula.id)
    if connection := world.find(Connection, named.get("connection", "")):
        _of_connection(notes, connection, config, at)
    if entity := world.find(Entity, named.get("entity", "")):
        for side in ("fields", "where"):
            given = config.get(side)
            for name in given if isinstance(given, Mapping) and not _computed(given) else ():
                field_known(notes, entity, str(name), f"{at}/{side}" + pointed(name))


def _reads(notes: Notes, text: str, wanted: Type, at: Pointer, scope: Scope, id: str) -> None:
    """A finding when what a table or formula reads is not there, or of another type."""
    try:
        parsed = parse(text)
    except ExpressionInvalid:
        # The definition itself has the finding.
        return
    type_, findings = parsed.infer(scope.types_for(parsed.names))
    if findings:
        notes.add("reference.input_missing", at, id=id, input=text)
    elif not fits(type_, wanted):
        notes.add("reference.input_type", at, id=id, input=text, expected=str(wanted), found=str(type_))


def _of_connection(notes: Notes, connection: Connection, config: Mapping[str, Json], at: Pointer) -> None:
    for key, known in (("stream", connection.streams), ("action", connection.actions)):
        name = config.get(key)
        if not isinstance(name, str) or name in known:
            continue
        if near := nearest(name, known):
            notes.add(f"reference.{key}_near", f"{at}/{key}", name=name, connection=connection.id, near=near)
        else:
            notes.add(f"reference.{key}_unknown", f"{at}/{key}", name=name, connection=connection.id)


def result_type(notes: Notes, activity: Activity) -> Type:
    """What the activity gives, as far as its settings tell."""
    ref = activity.config.get("ref")
    found: Type = ANY
    if isinstance(ref, str) and (kind := notes.world.vocabulary.find_node(activity.type)) is not None:
        refers = kind.config_schema.get("properties", {}).get("ref", {}).get("x-ref")
        if refers == "decision" and (decision := notes.world.find(Decision, ref)):
            found = decision_type(decision)
        elif refers == "formula" and (formula := notes.world.find(Formula, ref)):
            found = formula_type(formula)
    item = activity.item or "item"
    if activity.each is not None and (activity.out or "").partition(".")[0] != item:
        return ListOf(found)
    return found

"""What data is called: titles, units and choices of a workflow's variables and of what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from taktflow.api.shapes import Shape, Words
from taktflow.definitions.data import form_fields, object_fields
from taktflow.definitions.envelope import DataField
from taktflow.definitions.envelope import Words as DeclaredWords
from taktflow.definitions.kinds import Pack
from taktflow.definitions.workflow import Activity, Approval, ForEach, Scope, UserTask, Workflow
from taktflow.errors import NotFound
from taktflow.services.accounts import BUILT_IN_ROLES
from taktflow.services.engine import Engine

_PATH = re.compile(r"\s*\w+(\s*\.\s*\w+)*\s*")
_DEEPEST = 4
"""An object may look like an entity that holds objects like itself."""


class ChoiceView(Shape):
    """One value of a choice and what it is called."""

    value: str
    title: Words | None = None


class Reading(Shape):
    """How one piece of data reads. ``fields`` tell what an object, or each item of a list, holds."""

    key: str
    title: Words | None = None
    type: str
    unit: str | None = None
    scale: int | None = None
    values: list[ChoiceView] = Field(default_factory=list)
    fields: list[Reading] = Field(default_factory=list)


def reading_of(engine: Engine, key: str, declared: DataField, depth: int = 0) -> Reading:
    """``declared`` as screens show it, with everything inside."""
    choices = declared.values or (declared.item.values if declared.item else ())
    inside = _inside(engine, declared) if depth < _DEEPEST else {}
    return Reading(
        key=key,
        title=Words.of(declared.title, key) if declared.title else None,
        type=declared.type,
        unit=declared.unit,
        scale=declared.scale,
        values=[ChoiceView(value=c.value, title=Words.of(c.title, c.value) if c.title else None) for c in choices],
        fields=[reading_of(engine, name, field, depth + 1) for name, field in inside.items()],
    )


def main_variable(workflow: Workflow | None) -> str | None:
    """The variable that the workflow is about; None when it declares none."""
    if workflow is None or workflow.data.entity is None:
        return None
    return workflow.data.name or workflow.data.entity


def variable_fields(engine: Engine, workflow: Workflow | None) -> dict[str, DataField]:
    """What is known of each variable, the main one first: as declared, else by the start or node that writes it."""
    if workflow is None:
        return {}
    found: dict[str, DataField] = {}
    main = main_variable(workflow)
    if main is not None:
        found[main] = _like(engine, workflow.data.entity)
    for name, declared in [*workflow.data.vars.items(), *_filled(engine, workflow), *_written(engine, workflow)]:
        known = found.setdefault(name, declared)
        if known.type == "any" and known is not declared:
            # Declared only so that expressions may name it; whoever writes it says more.
            found[name] = declared.model_copy(update={"title": known.title or declared.title})
    return found


def role_words(engine: Engine) -> dict[str, Words]:
    """What roles are called: the built-in ones and those that packs declare."""
    found = {id: Words.of(title, id) for id, title in BUILT_IN_ROLES.items()}
    for _, pack in engine.published.shelf.listed("pack").values():
        if isinstance(pack, Pack):
            found |= {id: Words.of(role.title, id) for id, role in pack.roles.items()}
    return found


def data_at(engine: Engine, known: Mapping[str, DataField], expression: str) -> tuple[list[DataField], str]:
    """The fields along a path such as ``order.total``, and what of the path nothing is known of."""
    along: list[DataField] = []
    here: Mapping[str, DataField] = known
    parts = [part.strip() for part in expression.split(".")]
    for at, part in enumerate(parts):
        declared = here.get(part)
        if declared is None:
            return along, ".".join(parts[at:])
        along.append(declared)
        here = _inside(engine, declared) if declared.type == "object" else {}
    return along, ""


def label_of(engine: Engine, workflow: Workflow | None, expression: str) -> Words:
    """What ``order.total`` is called: its title, behind that of the variable when it is not the main one's.

    The expression itself when it is no path or nothing is known of its variable.
    """
    along, rest = data_at(engine, variable_fields(engine, workflow), expression)
    if not along or not _PATH.fullmatch(expression):
        return Words(zh=expression, en=expression)
    name, _, within = expression.partition(".")
    own = Words(zh=rest, en=rest) if rest else Words.of(along[-1].title, within or name)
    root = along[0].title
    if not within or root is None or name.strip() == main_variable(workflow):
        return own
    return Words(zh=f"{root.zh} · {own.zh}", en=f"{root.en} · {own.en}")


def reading_at(engine: Engine, workflow: Workflow | None, expression: str) -> Reading | None:
    """How the value of a shown expression reads; None when it is no path to anything declared."""
    along, rest = data_at(engine, variable_fields(engine, workflow), expression)
    return None if rest or not along else reading_of(engine, expression.rpartition(".")[2].strip(), along[-1])


def _inside(engine: Engine, declared: DataField) -> Mapping[str, DataField]:
    holder = declared.item if declared.type == "list" and declared.item is not None else declared
    return object_fields(holder, engine.published.entities()) if holder.type == "object" else {}


def _like(engine: Engine, entity: str | None, *, many: bool = False, title: DeclaredWords | None = None) -> DataField:
    found = engine.published.entities().get(entity) if entity else None
    one = DataField(type="object", entity=entity if found else None, title=title or (found.title if found else None))
    return DataField(type="list", title=one.title, item=one) if many else one


def _filled(engine: Engine, workflow: Workflow) -> Iterator[tuple[str, DataField]]:
    """Variables that hold a filled start form."""
    for start in workflow.start:
        if start.form and start.bind:
            yield start.bind, _filled_form(engine, start.form, start.title)


def _written(engine: Engine, workflow: Workflow) -> Iterator[tuple[str, DataField]]:
    """Variables that nodes write; what is written into a part of one says nothing of the whole."""
    for node in _nodes(workflow.nodes):
        out = getattr(node, "out", None)
        if not out or "." in out:
            continue
        match node:
            case UserTask() | Approval() if node.form:
                yield out, _filled_form(engine, node.form, node.title)
            case Activity():
                yield out, _result(engine, workflow, node)
            case _:
                yield out, DataField(type="any", title=node.title)


def _result(engine: Engine, workflow: Workflow, node: Activity) -> DataField:
    kind = engine.catalog.find_node(node.type)
    holds = kind.handler.holds(node.config) if kind is not None and node.each is None else None
    if holds is None:
        return DataField(type="any", title=node.title)
    # Another record of the main kind is told from the main one by what it was looked up for.
    own = node.title if holds.many or holds.entity == workflow.data.entity else None
    return _like(engine, holds.entity, many=holds.many, title=own)


def _filled_form(engine: Engine, ref: str, title: DeclaredWords | None) -> DataField:
    try:
        form = engine.published.form(ref)
    except NotFound:
        return DataField(type="any", title=title)
    return DataField(type="object", title=title or form.title, fields=form_fields(form, engine.published.entities()))


def _nodes(nodes: Mapping[str, Any]) -> Iterator[Any]:
    for node in nodes.values():
        yield node
        if isinstance(node, ForEach | Scope):
            yield from _nodes(node.nodes)

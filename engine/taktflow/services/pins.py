"""What a workflow uses and an instance pins: tables, formulas, forms, calendars and called workflows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from taktflow.definitions.triggers import Trigger, Work
from taktflow.definitions.workflow import (
    Activity,
    Approval,
    Call,
    ForEach,
    Interruptible,
    Scope,
    UserTask,
    Wait,
    Workflow,
)
from taktflow.errors import Invalid

Reference: TypeAlias = tuple[str, str]
"""Kind and reference text, such as ``("decision", "price@3")``."""

PINNED = ("decision", "formula", "form", "calendar", "workflow")
"""Kinds an instance keeps the version of. Entities and connections are used as they are published now."""


def references(workflow: Workflow, schema: Callable[[str], Mapping[str, Any]]) -> frozenset[Reference]:
    """Everything ``workflow`` names in its nodes and starts; ``schema`` gives a node type's config schema."""
    found = {("form", s.form) for s in workflow.start if s.form}
    for node in nodes(workflow.nodes):
        found.update(_of_node(node, schema))
    return frozenset((kind, ref) for kind, ref in found if kind in PINNED)


def nodes(members: Mapping[str, Any]) -> Iterator[Any]:
    """Every node of a workflow, those of inner flows too."""
    for node in members.values():
        yield node
        if isinstance(node, ForEach | Scope):
            yield from nodes(node.nodes)


def _of_node(node: Any, schema: Callable[[str], Mapping[str, Any]]) -> Iterator[Reference]:
    if isinstance(node, Interruptible):
        yield from _calendars(*(event.after for event in node.events.values()))
    match node:
        case Activity():
            for name, part in schema(node.type).get("properties", {}).items():
                kind, value = part.get("x-ref"), node.config.get(name)
                if kind and isinstance(value, str):
                    yield kind, value
        case UserTask() | Approval():
            if node.form:
                yield "form", node.form
            yield from _calendars(node.due, node.escalate.after if node.escalate else None)
        case Wait():
            yield from _calendars(node.after, *(t.after for t in node.any.values() if isinstance(t, Trigger)))
        case Call():
            yield "workflow", node.ref
        case _:
            return


def _calendars(*spans: object) -> Iterator[Reference]:
    for span in spans:
        if isinstance(span, Work):
            yield "calendar", span.calendar


def split_ref(ref: str) -> tuple[str, int | None]:
    """``price@3`` as its id and version; the version is None when it is left open."""
    id, _, version = ref.partition("@")
    if version and not version.isdigit():
        raise Invalid("ref.malformed", ref=ref)
    return id, int(version) if version else None

"""What nodes set: which names it brings into sight, and whether it fits what is declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from taktflow.definitions.checking.activity import result_type
from taktflow.definitions.checking.scope import LIST, PATH, Scope, assigned, fits
from taktflow.definitions.checking.world import Notes
from taktflow.definitions.data import form_fields
from taktflow.definitions.data_types import shape_of
from taktflow.definitions.kinds import Form
from taktflow.definitions.misfits import nearest
from taktflow.definitions.places import pointed
from taktflow.definitions.workflow import Activity, Approval, ForEach, Interruptible, Node, UserTask, Wait
from taktflow.definitions.workflow import Scope as ScopeNode
from taktflow.expressions import ANY, DATETIME, STRING, ContextOf, ListOf, Type
from taktflow.values import Pointer

RESERVED = frozenset({"instance", "error", "outcome"})
"""Names that the engine gives to expressions."""


class Out(NamedTuple):
    """One place that a node sets, where it says so, and the type of what it sets."""

    path: str
    at: Pointer
    type: Type


def with_outs(notes: Notes, nodes: Mapping[str, Node], at: Pointer, scope: Scope) -> Scope:
    """The scope with what the nodes of a level set; only a path into closed data may be a mistake."""
    types = dict(scope.types)
    outs = [out for id, node in nodes.items() for out in _outs(notes, node, f"{at}/nodes{pointed(id)}")]
    set_types: dict[str, set[Type]] = {}
    for out in outs:
        if not PATH.fullmatch(out.path):
            notes.add("out.form", out.at, path=out.path)
        elif out.path.partition(".")[0] in RESERVED:
            notes.add("out.reserved", out.at, path=out.path)
        else:
            set_types.setdefault(out.path, set()).add(out.type)
            _fitting(notes, scope.types, out)
    # A name that several nodes set may hold what any of them gives.
    for path, found in set_types.items():
        known = _fields_before(types, path)
        if not assigned(types, path, next(iter(found)) if len(found) == 1 else ANY):
            _undeclared(notes, path, known, [o.at for o in outs if o.path == path])
    return Scope(types, scope.open)


def _undeclared(notes: Notes, path: str, known: list[str], places: list[Pointer]) -> None:
    near = nearest(path.rpartition(".")[2], known)
    for at in places:
        if near:
            notes.add("out.near", at, "warning", path=path, near=near)
        else:
            notes.add("out.undeclared", at, "info", path=path)


def _fitting(notes: Notes, declared: Mapping[str, Type], out: Out) -> None:
    wanted = _type_at(declared, out.path)
    if not fits(out.type, wanted):
        notes.add("out.type", out.at, "warning", path=out.path, expected=str(wanted), found=str(out.type))


def _outs(notes: Notes, node: Node, at: Pointer) -> Iterator[Out]:
    for name, event in node.events.items() if isinstance(node, Interruptible) else ():
        if event.out:
            yield Out(event.out, f"{at}/events{pointed(name)}/out", ANY)
    if isinstance(node, ScopeNode):
        # What the inside of a scope sets is the flow's, but for the scope's own variables.
        inner = [o for id, n in node.nodes.items() for o in _outs(notes, n, f"{at}/nodes{pointed(id)}")]
        yield from (o for o in inner if o.path.partition(".")[0] not in node.vars)
        return
    yield from _own_outs(notes, node, at)


def _own_outs(notes: Notes, node: Node, at: Pointer) -> Iterator[Out]:
    if isinstance(node, Wait):
        if node.out:
            yield Out(node.out, f"{at}/out", ANY)
        for name, trigger in node.any.items():
            if trigger.out:
                yield Out(trigger.out, f"{at}/any{pointed(name)}/out", ANY)
        return
    path: str | None = getattr(node, "out", None)
    if path is None:
        return
    match node:
        case Activity():
            yield _of_activity(notes, node, path, f"{at}/out")
        case ForEach():
            yield Out(path, f"{at}/out", LIST)
        case UserTask() | Approval():
            yield Out(path, f"{at}/out", _answer(notes, node))
        case _:
            yield Out(path, f"{at}/out", ANY)


def _of_activity(notes: Notes, node: Activity, path: str, at: Pointer) -> Out:
    """What is set in the item of an ``each`` is set in every item of its list."""
    head, _, rest = path.partition(".")
    each = (node.each or "").replace(" ", "")
    if node.each is not None and head == (node.item or "item") and PATH.fullmatch(each):
        path = f"{each}.{rest}" if rest else each
    return Out(path, at, result_type(notes, node) if path != each else ANY)


def _answer(notes: Notes, task: UserTask | Approval) -> Type:
    """The form's fields and who decided what and when."""
    form = notes.world.find(Form, task.form) if task.form else None
    filled = shape_of(form_fields(form, notes.world.entities), notes.world.entities).fields if form else {}
    own: dict[str, Type] = {"outcome": STRING, "by": STRING, "at": DATETIME}
    if isinstance(task, Approval):
        own["decisions"] = LIST
    return ContextOf({**filled, **own}, open=form is None and task.form is not None)


def _type_at(types: Mapping[str, Type], path: str) -> Type:
    """The declared type of what stands at ``path``; anything when that is not declared."""
    here: Type = ContextOf(types)
    for name in path.split("."):
        while isinstance(here, ListOf):
            here = here.item
        here = here.fields.get(name, ANY) if isinstance(here, ContextOf) else ANY
    return here


def _fields_before(types: Mapping[str, Type], path: str) -> list[str]:
    """The known fields beside the last name of ``path``."""
    holder = path.rpartition(".")[0]
    here = _type_at(types, holder) if holder else ANY
    while isinstance(here, ListOf):
        here = here.item
    return list(here.fields) if isinstance(here, ContextOf) else []

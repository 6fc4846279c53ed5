"""Workflows: what is in sight where, and whether every part of every node makes sense there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taktflow.definitions.checking.activity import check_activity
from taktflow.definitions.checking.fields import check_fields
from taktflow.definitions.checking.outs import RESERVED, with_outs
from taktflow.definitions.checking.people import check_approval, check_user_task
from taktflow.definitions.checking.scope import (
    ERROR,
    INSTANCE,
    LIST,
    Scope,
    computed_in,
    expression,
    item_of,
)
from taktflow.definitions.checking.starts import check_starts, start_types
from taktflow.definitions.checking.waits import check_guard, check_wait, outcomes_of
from taktflow.definitions.checking.world import Notes
from taktflow.definitions.data_types import field_type, shape_of
from taktflow.definitions.envelope import Computed
from taktflow.definitions.kinds import Entity
from taktflow.definitions.misfits import nearest
from taktflow.definitions.places import pointed
from taktflow.definitions.workflow import (
    Activity,
    Approval,
    Broadcast,
    Call,
    Cancel,
    Compensate,
    EdgeModel,
    Escalate,
    ForEach,
    Interruptible,
    Node,
    UserTask,
    Wait,
    Workflow,
)
from taktflow.definitions.workflow import Scope as ScopeNode
from taktflow.expressions import ANY, BOOLEAN, NULL, NUMBER, STRING, Type
from taktflow.values import Pointer


def check_workflow(notes: Notes, workflow: Workflow) -> None:
    """Findings about everything in a workflow but its shape, which is judged by the token game."""
    data = workflow.data
    check_fields(notes, data.vars, "/data/vars")
    notes.ref("entity", data.entity, "/data/entity")
    base = base_scope(notes, workflow)
    check_starts(notes, workflow, base)
    if data.key is not None:
        expression(notes, data.key, "/data/key", base, STRING, NUMBER)
    if workflow.priority is not None:
        expression(notes, workflow.priority, "/priority", _seen(base), NUMBER)
    _level(notes, workflow.nodes, workflow.edges, "", _seen(base), starts=[s.id for s in workflow.start])


def base_scope(notes: Notes, workflow: Workflow) -> Scope:
    """The variables an instance has: declared ones, what its starts bring, and what its nodes set."""
    data = workflow.data
    types: dict[str, Type] = {}
    if data.entity is not None:
        entity = notes.world.find(Entity, data.entity)
        types[data.name or data.entity] = shape_of(entity.fields, notes.world.entities) if entity else ANY
    elif data.name is not None:
        types[data.name] = ANY
    for name, declared in data.vars.items():
        if name in RESERVED:
            notes.add("out.reserved", f"/data/vars/{name}", path=name)
        types[name] = field_type(declared, notes.world.entities)
    undeclared = not types
    for name, type_ in start_types(notes, workflow).items():
        types.setdefault(name, type_)
    free = undeclared and any(s.bind is None and s.form is None and s.type != "schedule" for s in workflow.start)
    return Scope(types, open=free)


def _seen(scope: Scope) -> Scope:
    return scope.with_names(instance=INSTANCE)


def _level(
    notes: Notes,
    nodes: Mapping[str, Node],
    edges: Sequence[EdgeModel],
    at: Pointer,
    scope: Scope,
    starts: Sequence[str] = (),
) -> None:
    scope = with_outs(notes, nodes, at, scope)
    routed = {target for n in nodes.values() for target in getattr(n, "on", {}).values()}

    def known(id: str, at: Pointer) -> None:
        if id not in nodes:
            _unknown_node(notes, id, list(nodes), at)

    scopes = {id: scope.with_names(error=ERROR) if id in routed else scope for id in nodes}
    for id, node in nodes.items():
        here = f"{at}/nodes{pointed(id)}"
        _routes(notes, node, nodes, here)
        if isinstance(node, Interruptible):
            check_guard(notes, node, known, here, scopes[id])
        for i, named in enumerate(_named(node)):
            known(named, f"{here}/{'of' if isinstance(node, Compensate) else 'nodes'}/{i}")
        _node(notes, node, here, scopes[id])
    for index, edge in enumerate(edges):
        _edge(notes, edge, nodes, starts, f"{at}/edges/{index}", scopes.get(edge.source, scope))


def _routes(notes: Notes, node: Node, nodes: Mapping[str, Node], at: Pointer) -> None:
    for code, target in getattr(node, "on", {}).items():
        if target not in nodes:
            _unknown_node(notes, target, list(nodes), f"{at}/on{pointed(code)}")


def _unknown_node(notes: Notes, id: str, known: Sequence[str], at: Pointer) -> None:
    if near := nearest(id, known):
        notes.add("edge.node_near", at, node=id, near=near)
    else:
        notes.add("edge.node_unknown", at, node=id)


def _edge(
    notes: Notes, edge: EdgeModel, nodes: Mapping[str, Node], starts: Sequence[str], at: Pointer, scope: Scope
) -> None:
    known = [*starts, *nodes]
    for end, id in (("from", edge.source), ("to", edge.target)):
        if id not in known:
            _unknown_node(notes, id, known, f"{at}/{end}")
    if edge.when is None:
        return
    outcomes = outcomes_of(nodes[edge.source]) if edge.source in nodes else ()
    names: dict[str, Type] = dict.fromkeys(outcomes, BOOLEAN)
    type_: Type = STRING if outcomes else NULL
    expression(notes, edge.when, f"{at}/when", scope.with_names(**{**names, "outcome": type_}), BOOLEAN)


def _node(notes: Notes, node: Node, at: Pointer, scope: Scope) -> None:
    match node:
        case Activity():
            check_activity(notes, node, at, scope)
        case UserTask():
            check_user_task(notes, node, at, scope)
        case Approval():
            check_approval(notes, node, at, scope)
        case Wait():
            check_wait(notes, node, at, scope)
        case ForEach():
            _foreach(notes, node, at, scope)
        case ScopeNode():
            _scope(notes, node, at, scope)
        case Broadcast() | Escalate():
            _data(notes, node.data, at, scope)
        case Call():
            _call(notes, node, at, scope)
        case _:
            return


def _named(node: Node) -> Sequence[str]:
    """The nodes of its level that a node speaks of."""
    return node.of if isinstance(node, Compensate) else node.nodes if isinstance(node, Cancel) else ()


def _data(notes: Notes, data: Mapping[str, object], at: Pointer, scope: Scope, key: str = "with") -> dict[str, Type]:
    """The types of values by name, computed ones checked."""
    found: dict[str, Type] = {}
    for name, value in data.items():
        here = f"{at}/{key}{pointed(name)}"
        if isinstance(value, Computed):
            found[name] = expression(notes, value.feel, f"{here}/$", scope)
            continue
        found[name] = ANY
        for text, where in computed_in(value, here):
            expression(notes, text, where, scope)
    return found


def _scope(notes: Notes, node: ScopeNode, at: Pointer, scope: Scope) -> None:
    for name in node.vars:
        if name in RESERVED:
            notes.add("out.reserved", f"{at}/vars/{name}", path=name)
    _level(notes, node.nodes, node.edges, at, scope.with_names(**_data(notes, node.vars, at, scope, "vars")))


def _foreach(notes: Notes, node: ForEach, at: Pointer, scope: Scope) -> None:
    items = expression(notes, node.over, f"{at}/over", scope, LIST)
    inner = scope.with_names(**{node.item: item_of(items), "index": NUMBER})
    if node.complete_when is not None:
        counted = scope.with_names(done=NUMBER, total=NUMBER, results=LIST)
        expression(notes, node.complete_when, f"{at}/complete_when", counted, BOOLEAN)
    if node.open is not None and isinstance(node.open.key, Computed):
        expression(notes, node.open.key.feel, f"{at}/open/key/$", scope, STRING, NUMBER)
    _level(notes, node.nodes, node.edges, at, inner)
    if node.collect is not None:
        quiet = Notes(notes.world)
        expression(notes, node.collect, f"{at}/collect", with_outs(quiet, node.nodes, at, inner))


def _call(notes: Notes, node: Call, at: Pointer, scope: Scope) -> None:
    notes.ref("workflow", node.ref, f"{at}/ref")
    child = notes.world.find(Workflow, node.ref)
    inner = base_scope(Notes(notes.world), child) if child else Scope(open=True)
    for name in node.data if not inner.open else ():
        if name not in inner.types:
            known = ", ".join(inner.types)
            notes.add("call.input_unknown", f"{at}/with{pointed(name)}", "warning", name=name, id=node.ref, known=known)
    _data(notes, node.data, at, scope)
    if node.collect is None:
        return
    nodes = child.nodes if child else {}
    expression(notes, node.collect, f"{at}/collect", with_outs(Notes(notes.world), nodes, "", inner))

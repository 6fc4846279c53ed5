"""The levels of a workflow as graphs: the flow itself, and the inner flow of every for-each and scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import networkx as nx

from taktflow.definitions.places import pointed
from taktflow.definitions.triggers import Boundary
from taktflow.definitions.workflow import (
    EdgeModel,
    End,
    ForEach,
    Interruptible,
    Node,
    Scope,
    Start,
    Workflow,
    routes_of,
)
from taktflow.values import Pointer

Member: TypeAlias = Node | Start


@dataclass(frozen=True, slots=True)
class Way:
    """An edge between known nodes of one level; ``index`` is its place in the level's list."""

    index: int
    edge: EdgeModel

    @property
    def source(self) -> str:
        return self.edge.source

    @property
    def target(self) -> str:
        return self.edge.target


@dataclass(frozen=True, slots=True)
class Level:
    """One level. ``graph`` holds edges, error routes and boundary events; unknown nodes are left to the checker.

    ``owner`` is the for-each or scope whose inside it is, ``""`` for the workflow itself.
    """

    at: Pointer
    owner: str
    starts: Mapping[str, Start]
    nodes: Mapping[str, Node]
    edges: Sequence[EdgeModel]
    out_of: Mapping[str, Sequence[Way]]
    into: Mapping[str, Sequence[Way]]
    graph: nx.DiGraph[str]

    def member(self, id: str) -> Member:
        """The start or node ``id``."""
        return self.starts[id] if id in self.starts else self.nodes[id]

    def place(self, id: str) -> Pointer:
        """Where ``id`` stands in the document."""
        if id in self.starts:
            return pointed("start", list(self.starts).index(id))
        return self.at + pointed("nodes", id)

    def leaving(self, id: str) -> Sequence[Way]:
        """The edges out of ``id``, in their order."""
        return self.out_of.get(id, ())

    def arriving(self, id: str) -> Sequence[Way]:
        """The edges into ``id``."""
        return self.into.get(id, ())

    def routes(self, id: str) -> Mapping[str, str]:
        """The error routes of ``id`` to nodes of this level."""
        found: Mapping[str, str] = getattr(self.member(id), "on", {})
        return {code: target for code, target in found.items() if target in self.nodes}

    def events(self, id: str) -> Mapping[str, Boundary]:
        """The boundary events of ``id`` that lead to nodes of this level."""
        member = self.member(id)
        found = member.events if isinstance(member, Interruptible) else {}
        return {name: event for name, event in found.items() if event.to in self.nodes}

    def handlers(self) -> set[str]:
        """The nodes that take back what another one did; no edge leads to them."""
        named = {n.undo for n in self.nodes.values() if isinstance(n, Interruptible) and n.undo is not None}
        return {id for id in named if id in self.nodes}

    def entries(self) -> list[str]:
        """Where the level begins: its starts, or the inner nodes that nothing leads to."""
        if not self.owner:
            return list(self.starts)
        return [id for id in self.nodes if self.graph.in_degree(id) == 0 and id not in self.handlers()]

    def ends(self) -> set[str]:
        """The nodes at which a path ends, declared or for want of an edge."""
        return {id for id, n in self.nodes.items() if isinstance(n, End) or not self.leaving(id)}


def levels(workflow: Workflow) -> Iterator[Level]:
    """Every level of ``workflow``, the outermost first."""
    yield from _level("", "", {s.id: s for s in workflow.start}, workflow.nodes, workflow.edges)


def _level(
    at: Pointer, owner: str, starts: Mapping[str, Start], nodes: Mapping[str, Node], edges: Sequence[EdgeModel]
) -> Iterator[Level]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from([*starts, *nodes])
    known = {*starts, *nodes}
    ways = [Way(i, e) for i, e in enumerate(edges) if e.source in known and e.target in nodes]
    graph.add_edges_from((w.source, w.target) for w in ways)
    out_of: dict[str, list[Way]] = defaultdict(list)
    into: dict[str, list[Way]] = defaultdict(list)
    for way in ways:
        out_of[way.source].append(way)
        into[way.target].append(way)
    for id, node in nodes.items():
        graph.add_edges_from((id, target) for target in routes_of(node) if target in nodes)
    yield Level(at, owner, starts, nodes, edges, out_of, into, graph)
    for id, node in nodes.items():
        if isinstance(node, ForEach | Scope):
            yield from _level(at + pointed("nodes", id), id, {}, node.nodes, node.edges)

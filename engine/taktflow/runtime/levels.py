"""The levels of a workflow as graphs: the flow itself, and the inner flow of every for-each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import networkx as nx

from taktflow.definitions.places import pointed
from taktflow.definitions.workflow import EdgeModel, End, ForEach, Node, Start, Workflow
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
    """One level. ``graph`` holds edges and error routes; edges that name unknown nodes are left to the checker."""

    at: Pointer
    foreach: str
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

    def entries(self) -> list[str]:
        """Where the level begins: its starts, or the nodes of a for-each that nothing leads to."""
        if not self.foreach:
            return list(self.starts)
        return [id for id in self.nodes if self.graph.in_degree(id) == 0]

    def ends(self) -> set[str]:
        """The nodes at which a path ends, declared or for want of an edge."""
        return {id for id, n in self.nodes.items() if isinstance(n, End) or not self.leaving(id)}


def levels(workflow: Workflow) -> Iterator[Level]:
    """Every level of ``workflow``, the outermost first."""
    yield from _level("", "", {s.id: s for s in workflow.start}, workflow.nodes, workflow.edges)


def _level(
    at: Pointer, foreach: str, starts: Mapping[str, Start], nodes: Mapping[str, Node], edges: Sequence[EdgeModel]
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
        graph.add_edges_from((id, target) for target in getattr(node, "on", {}).values() if target in nodes)
    yield Level(at, foreach, starts, nodes, edges, out_of, into, graph)
    for id, node in nodes.items():
        if isinstance(node, ForEach):
            yield from _level(at + pointed("nodes", id), id, {}, node.nodes, node.edges)

"""Who may still come to a join. The interpreter and the checker's token game ask the same question here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

import networkx as nx

Reach: TypeAlias = Mapping[int, frozenset[str]]
"""Each edge into a join to the nodes from which a token can come by it without passing through the join."""


def reach(graph: nx.DiGraph[str], join: str, ways: Iterable[tuple[int, str]]) -> Reach:
    """The reach of ``join``; ``ways`` are its edges' numbers with their sources, error routes included."""
    around = nx.subgraph_view(graph, filter_node=lambda node: node != join)
    found: dict[int, frozenset[str]] = {}
    for edge, source in ways:
        if source != join:
            found[edge] = found.get(edge, frozenset()) | {source} | nx.ancestors(around, source)
    return found


def may_come(reach: Reach, node: str, arrived: Collection[int]) -> bool:
    """Whether a token at ``node`` belongs to those for which a join waits at which the edges ``arrived`` have a token.

    Once every edge has one, nobody does. A token that could come by an edge that has one as well as by one that has
    none is on its way to another turn of a loop: the join fires without it, as the inclusive gateway of BPMN 2.0
    (13.4.3) does.
    """
    if reach.keys() <= set(arrived):
        return False
    edges = [edge for edge, nodes in reach.items() if node in nodes]
    return bool(edges) and len({edge in arrived for edge in edges}) == 1

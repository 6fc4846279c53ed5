"""What is wrong with the shape of a workflow, found without running it: the graph of each level and its token game."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import networkx as nx

from taktflow.definitions.places import pointed
from taktflow.definitions.workflow import (
    Approval,
    Branch,
    End,
    FirstN,
    Fork,
    Interruptible,
    Join,
    Scope,
    Start,
    UserTask,
    Wait,
    Workflow,
)
from taktflow.runtime.levels import Level, Way, levels
from taktflow.runtime.token_game import BUDGET, Move, Played, play
from taktflow.values import Finding

APPROVAL_OUTCOMES = ("approved", "rejected")


def shape_findings(workflow: Workflow, *, budget: int = BUDGET) -> list[Finding]:
    """Everything wrong with the shape of ``workflow``, at JSON pointers; lines are the caller's to add.

    ``budget`` bounds the markings the token game visits on each level; what is left out then is said so.
    """
    found = list(_ids(workflow))
    for level in levels(workflow):
        static = [*_edges(level), *_nodes(level), *_reach(level), *_cycles(level)]
        found += static
        if any(isinstance(n, Join | Fork) or _inclusive(n) or _parts_ways(n) for n in level.nodes.values()):
            found += _played(level, play(level, budget))
    return found


def _finding(code: str, at: str, severity: str = "error", **args: object) -> Finding:
    return Finding(code, at, args, severity)  # type: ignore[arg-type]  # The callers' literals.


def _inclusive(node: object) -> bool:
    return isinstance(node, Branch) and node.mode == "inclusive"


def _parts_ways(node: object) -> bool:
    """Whether a second path may begin at the node while it waits."""
    return isinstance(node, Interruptible) and any(not e.interrupt for e in node.events.values())


def _ids(workflow: Workflow) -> Iterator[Finding]:
    """Ids are unique in the whole workflow, because people and the journal name nodes by them."""
    seen: set[str] = set()
    for level in levels(workflow):
        named = [] if level.owner else [(pointed("start", i), s.id) for i, s in enumerate(workflow.start)]
        for at, id in [*named, *((level.at + pointed("nodes", id), id) for id in level.nodes)]:
            if id in seen:
                yield _finding("shape.id_twice", at, node=id)
            seen.add(id)


def _edges(level: Level) -> Iterator[Finding]:
    seen: dict[tuple[str, str, str | None], int] = {}
    for index, edge in enumerate(level.edges):
        at = level.at + pointed("edges", index)
        if edge.target in level.starts:
            yield _finding("shape.edge_into_start", at, source=edge.source, target=edge.target)
        key = (edge.source, edge.target, edge.when)
        if key in seen:
            yield _finding("shape.edge_twice", at, source=edge.source, target=edge.target, first=seen[key] + 1)
        seen.setdefault(key, index)
        if edge.when is not None and edge.otherwise:
            yield _finding("shape.else_when", at, source=edge.source, target=edge.target)


def _nodes(level: Level) -> Iterator[Finding]:
    for id in (*level.starts, *level.nodes):
        member, ways = level.member(id), level.leaving(id)
        if isinstance(member, Fork):
            yield from _fork(level, id, ways)
            continue
        if isinstance(member, Branch):
            yield from _branch(level, id, ways)
        else:
            yield from _ends(level, id, ways)
        if not _inclusive(member):
            yield from _one_way(level, id, ways)
        if isinstance(member, Join):
            yield from _join(level, id)


def _ends(level: Level, id: str, ways: Sequence[Way]) -> Iterator[Finding]:
    member, at = level.member(id), level.place(id)
    if id in level.handlers():
        if ways or level.arriving(id):
            yield _finding("shape.undo_connected", at, node=id)
    elif isinstance(member, End):
        if ways:
            yield _finding("shape.end_goes_on", at, node=id)
    elif not ways and isinstance(member, Start):
        yield _finding("shape.start_alone", at, node=id)
    elif not ways and not level.owner:
        yield _finding("shape.implicit_end", at, "warning", node=id)


def _fork(level: Level, id: str, ways: Sequence[Way]) -> Iterator[Finding]:
    if len(ways) < 2:
        yield _finding("shape.fork_single", level.place(id), "warning", node=id)
    for way in ways:
        if way.edge.when is not None or way.edge.otherwise:
            yield _finding("shape.fork_condition", level.at + pointed("edges", way.index), node=id, target=way.target)


def _branch(level: Level, id: str, ways: Sequence[Way]) -> Iterator[Finding]:
    if not ways:
        yield _finding("shape.branch_no_way", level.place(id), node=id)
    elif all(w.edge.when is not None for w in ways):
        yield _finding("shape.else_missing", level.place(id), "warning", node=id)
    elif all(w.edge.when is None for w in ways):
        yield _finding("shape.branch_no_condition", level.place(id), "warning", node=id)


def _one_way(level: Level, id: str, ways: Sequence[Way]) -> Iterator[Finding]:
    """A node that is no fork goes one way: the first edge whose condition holds, else the one without a condition."""
    free = [w for w in ways if w.edge.when is None]
    if len(free) > 1:
        at = level.at + pointed("edges", free[1].index)
        yield _finding("shape.several_ways", at, node=id, targets=", ".join(w.target for w in free))
    member = level.member(id)
    if ways and not free and not isinstance(member, Branch) and not _covered(member, ways):
        yield _finding("shape.else_missing", level.place(id), "warning", node=id)


def _covered(member: object, ways: Sequence[Way]) -> bool:
    """Whether the conditions name every outcome the node can have."""
    conditions = {w.edge.when.strip() for w in ways if w.edge.when is not None}
    match member:
        case UserTask():
            return set(member.outcomes) <= conditions
        case Approval():
            return set(APPROVAL_OUTCOMES) <= conditions
        case Wait():
            return bool(member.any) and set(member.any) <= conditions
        case Scope():
            ends = [n for n in member.nodes.values() if isinstance(n, End)]
            return bool(ends) and all(n.outcome for n in ends) and {n.outcome for n in ends} <= conditions
        case _:
            return False


def _join(level: Level, id: str) -> Iterator[Finding]:
    join, incoming = level.nodes[id], level.arriving(id)
    if len(incoming) < 2:
        yield _finding("shape.join_single", level.place(id), "warning", node=id, count=len(incoming))
    if isinstance(join, Join) and isinstance(join.mode, FirstN) and join.mode.first > len(incoming):
        yield _finding("shape.join_first", level.place(id), node=id, first=join.mode.first, count=len(incoming))


def _reach(level: Level) -> Iterator[Finding]:
    entries = level.entries()
    if level.owner and len(entries) != 1:
        at = level.at + pointed("nodes")
        if entries:
            yield _finding("shape.several_entries", at, foreach=level.owner, nodes=", ".join(entries))
        else:
            yield _finding("shape.no_entry", at, foreach=level.owner)
            return
    reached = set(entries).union(*(nx.descendants(level.graph, e) for e in entries))
    for id in level.nodes:
        if id not in reached and id not in level.handlers():
            yield _finding("shape.unreachable", level.place(id), node=id)
    ends = level.ends()
    leads_out = ends.union(*(nx.ancestors(level.graph, e) for e in ends))
    for id in level.nodes:
        if id in reached and id not in leads_out:
            yield _finding("shape.no_way_out", level.place(id), node=id)


def _cycles(level: Level) -> Iterator[Finding]:
    """Cycles in which nothing waits and nothing counts would turn for ever in one go."""
    guarded = {
        id for id, n in level.nodes.items() if isinstance(n, Wait | UserTask | Approval) or n.max_visits is not None
    }
    while True:
        bare = level.graph.subgraph(set(level.nodes) - guarded)
        rounds = [
            part
            for part in nx.strongly_connected_components(bare)
            if len(part) > 1 or any(bare.has_edge(id, id) for id in part)
        ]
        # A join of all paths waits each time round when one of them comes from outside or through something guarded.
        waiting = {id for part in rounds for id in part if _waits_for_others(level, id, part)}
        if not waiting:
            break
        guarded |= waiting
    for part in sorted(rounds, key=sorted):
        first = min(part, key=list(level.nodes).index)
        yield _finding("shape.cycle_unguarded", level.place(first), nodes=_round(bare, first))


def _waits_for_others(level: Level, id: str, part: set[str]) -> bool:
    node = level.nodes[id]
    return isinstance(node, Join) and node.mode == "all" and any(w.source not in part for w in level.arriving(id))


def _round(graph: nx.DiGraph[str], first: str) -> str:
    """A shortest way from ``first`` back to itself, as text."""
    rounds: list[list[str]] = []
    for after in graph.successors(first):
        if nx.has_path(graph, after, first):
            rounds.append([first, *nx.shortest_path(graph, after, first)])
    shortest: list[str] = min(rounds, key=lambda r: (len(r), r))
    return " → ".join(shortest)


def _played(level: Level, played: Played) -> Iterator[Finding]:
    joins = [id for id, n in level.nodes.items() if isinstance(n, Join)]
    if not played.complete:
        yield _finding("shape.incomplete", level.at or "", "info", foreach=level.owner or "-")
    for id in joins:
        if id not in played.stuck or any(f.code == "shape.join_first" for f in _join(level, id)):
            continue
        path, missing = played.stuck[id]
        sources = ", ".join(missing) or ", ".join(w.source for w in level.arriving(id))
        code = "shape.join_stuck" if id in played.fired or not played.complete else "shape.join_never"
        if not missing or (not _turns(level, id) and any(m.node == id for m in path)):
            code = "shape.join_left_over"
        yield _finding(code, level.place(id), node=id, missing=sources, path=told(path))
    yield from _growth(level, played)


def _growth(level: Level, played: Played) -> Iterator[Finding]:
    doubling = [g for g in played.growth if _same_round(level, g.nodes, g.path)]
    for growth in doubling or played.growth:
        code, severity = ("shape.growth", "error") if doubling else ("shape.growth_slow", "warning")
        nodes = ", ".join(growth.nodes)
        yield _finding(code, level.place(growth.nodes[0]), severity, nodes=nodes, path=told(growth.path))


def _turns(level: Level, id: str) -> bool:
    return any(nx.has_path(level.graph, after, id) for after in level.graph.successors(id))


def _same_round(level: Level, nodes: Sequence[str], path: Sequence[Move]) -> bool:
    """Whether what multiplies also feeds the round that multiplies it, so that it doubles each time."""
    forks = [m.node for m in path if len(m.to) > 1]
    return any(nx.has_path(level.graph, n, f) for n in nodes for f in forks)


_LONGEST_TOLD = 12


def told(path: Sequence[Move]) -> str:
    """A path in words: where it could have gone otherwise, or parted, which way it went."""
    steps = [m for m in path if m.choice or len(m.to) > 1] or [m for m in path if m.to]
    counted = Counter(steps)
    texts = [f"{m.node} → {' + '.join(m.to) or '∎'}" for m in dict.fromkeys(steps)]
    if len(texts) > _LONGEST_TOLD:
        texts = [*texts[: _LONGEST_TOLD - 1], "…", texts[-1]]
    again = any(n > 1 for n in counted.values())
    return "; ".join(texts) + (" ↻" if again else "")

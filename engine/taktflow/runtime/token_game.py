"""The token game on one level: every way its tokens can go, up to a bound, without running anything.

Tokens away from joins do not touch one another, so of all orders in which they could step only one is played; what
matters is which way each goes. A branch, the outcomes of a task and every error route are alternatives.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple, TypeAlias

import networkx as nx

from taktflow.definitions.workflow import Branch, Cancel, End, FirstN, Fork, Join
from taktflow.runtime.arrivals import Reach, may_come, reach
from taktflow.runtime.levels import Level, Way

BUDGET = 20_000
_SUBSETS = 6
"""An inclusive branch with more conditions is played with single conditions, pairs and all together."""

NO_EDGE = -1
LEAVING = -2
"""The edge of a token whose join has fired and which goes on next."""

Spot: TypeAlias = tuple[str, int]
"""A node, and for a token at a join the edge it came by."""


class Marking(NamedTuple):
    """Where tokens are and how far first-n joins have counted; hashable."""

    tokens: tuple[tuple[Spot, int], ...]
    counts: tuple[tuple[str, int, bool], ...]


class Move(NamedTuple):
    """A node that ran and where its token went; ``choice`` tells whether it had other ways."""

    node: str
    to: tuple[str, ...]
    choice: bool


@dataclass(frozen=True, slots=True)
class Growth:
    """Tokens that multiply: by the ``path``, those at ``nodes`` become more each time round."""

    nodes: tuple[str, ...]
    path: tuple[Move, ...]


@dataclass(slots=True)
class Played:
    """What the game showed. ``stuck`` maps a join to the shortest path to it and the edges that never came."""

    fired: set[str] = field(default_factory=set)
    stuck: dict[str, tuple[tuple[Move, ...], tuple[str, ...]]] = field(default_factory=dict)
    growth: list[Growth] = field(default_factory=list)
    complete: bool = True


@dataclass(slots=True)
class _Position:
    """A marking that can be changed while a move is made."""

    tokens: Counter[Spot]
    counts: dict[str, tuple[int, bool]]

    @classmethod
    def of(cls, marking: Marking) -> _Position:
        return cls(Counter(dict(marking.tokens)), {join: (n, fired) for join, n, fired in marking.counts})

    def frozen(self) -> Marking:
        tokens = tuple(sorted((spot, n) for spot, n in self.tokens.items() if n > 0))
        return Marking(tokens, tuple(sorted((join, n, fired) for join, (n, fired) in self.counts.items())))

    def take(self, spot: Spot, n: int = 1) -> None:
        self.tokens[spot] -= n


class Game:
    """The rules of play on ``level``, the same as the interpreter's."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.leaving: dict[str, Sequence[Way]] = {id: level.leaving(id) for id in level.graph}
        self.incoming: dict[str, tuple[int, ...]] = {
            id: tuple(w.index for w in level.arriving(id)) for id, n in level.nodes.items() if isinstance(n, Join)
        }
        self.reach: dict[str, Reach] = {join: self._reach(join) for join in self.incoming}
        self.order: Mapping[str, tuple[bool, int]] = _order(level)
        self.thinned = False

    def _reach(self, join: str) -> Reach:
        ways = [(w.index, w.source) for w in self.level.arriving(join)]
        ways += [
            (self._edge_between(id, join), id) for id in self.level.graph if join in self.level.routes(id).values()
        ]
        return reach(self.level.graph, join, ways)

    def first(self, entry: str) -> Marking:
        """One token at ``entry``."""
        return Marking((((entry, NO_EDGE), 1),), ())

    def next(self, marking: Marking) -> Iterator[tuple[Move, Marking]]:
        """What can follow ``marking``; nothing when all tokens are gone or stuck."""
        moving = [spot for spot, _ in marking.tokens if not self._parked(spot)]
        if moving:
            spot = min(moving, key=lambda s: self.order[s[0]])
            ways = list(self._ways(spot[0]))
            for targets in ways:
                yield self._step(marking, spot, targets, choice=len(ways) > 1)
            return
        for join in sorted({spot[0] for spot, _ in marking.tokens}):
            fired = self._fire(marking, join)
            if fired is not None:
                yield Move(join, (), choice=False), fired
                return

    def _parked(self, spot: Spot) -> bool:
        return spot[0] in self.incoming and spot[1] != LEAVING

    def _ways(self, id: str) -> Iterator[tuple[Way | str, ...]]:
        """The alternatives of a node: each is the edges (or error routes' targets) its token goes by together."""
        member, edges = self.level.member(id), self.leaving[id]
        if isinstance(member, End):
            yield ()
        elif isinstance(member, Fork):
            yield tuple(edges)
        elif isinstance(member, Branch) and member.mode == "inclusive":
            yield from self._subsets(edges)
        else:
            yield from self._single(id, edges)
        ended = [event.to for event in self.level.events(id).values() if event.interrupt]
        for target in dict.fromkeys([*self.level.routes(id).values(), *ended]):
            yield (target,)

    def _single(self, id: str, edges: Sequence[Way]) -> Iterator[tuple[Way | str, ...]]:
        """One edge, and beside it every choice of the events that begin a second path; each is played once."""
        beside = [event.to for event in self.level.events(id).values() if not event.interrupt]
        if len(beside) > _SUBSETS:
            self.thinned = True
            beside = beside[:_SUBSETS]
        ways: list[tuple[Way | str, ...]] = [(edge,) for edge in edges] or [()]
        for way in ways:
            for count in range(len(beside) + 1):
                yield from (way + more for more in combinations(beside, count))

    def _subsets(self, edges: Sequence[Way]) -> Iterator[tuple[Way, ...]]:
        conditional = [e for e in edges if e.edge.when is not None]
        sizes: list[int] = list(range(1, len(conditional) + 1))
        if len(conditional) > _SUBSETS:
            self.thinned = True
            sizes = [1, 2, len(conditional)]
        for size in sizes:
            yield from combinations(conditional, size)
        if rest := tuple(e for e in edges if e.edge.when is None):
            yield rest

    def _step(
        self, marking: Marking, spot: Spot, targets: tuple[Way | str, ...], *, choice: bool
    ) -> tuple[Move, Marking]:
        position = _Position.of(marking)
        position.take(spot)
        member = self.level.member(spot[0])
        if isinstance(member, End) and member.terminate:
            position.tokens.clear()
        if isinstance(member, Cancel):
            for gone in [s for s in position.tokens if s[0] in member.nodes]:
                del position.tokens[gone]
        names = []
        for target in targets:
            if isinstance(target, Way):
                names.append(target.target)
                self._arrive(position, target.target, target.index)
            else:
                names.append(target)
                self._arrive(position, target, self._edge_between(spot[0], target))
        return Move(spot[0], tuple(names), choice), position.frozen()

    def _edge_between(self, source: str, target: str) -> int:
        return next((w.index for w in self.leaving[source] if w.target == target), NO_EDGE)

    def _arrive(self, position: _Position, target: str, edge: int) -> None:
        member = self.level.member(target)
        if not isinstance(member, Join):
            position.tokens[target, NO_EDGE] += 1
            return
        if not isinstance(member.mode, FirstN):
            position.tokens[target, edge] += 1
            return
        arrived, fired = position.counts.get(target, (0, False))
        arrived += 1
        last = arrived >= len(self.incoming[target])
        position.counts[target] = (arrived, fired)
        if last:
            del position.counts[target]
        if not fired:
            position.tokens[target, edge] += 1
            if arrived >= member.mode.first:
                self._fire_first(position, target, member.mode, last)

    def _fire_first(self, position: _Position, join: str, mode: FirstN, last: bool) -> None:
        arrived = {spot[1] for spot, n in position.tokens.items() if spot[0] == join and n > 0}
        for spot in [s for s in position.tokens if s[0] == join]:
            del position.tokens[spot]
        if mode.rest == "cancel":
            position.counts.pop(join, None)
            for spot in [s for s in position.tokens if s[0] != join and may_come(self.reach[join], s[0], arrived)]:
                del position.tokens[spot]
        elif not last:
            position.counts[join] = (position.counts[join][0], True)
        position.tokens[join, LEAVING] += 1

    def _fire(self, marking: Marking, join: str) -> Marking | None:
        """The marking after ``join`` has fired; None when it cannot yet."""
        member = self.level.member(join)
        assert isinstance(member, Join)
        here = {spot: n for spot, n in marking.tokens if spot[0] == join}
        position = _Position.of(marking)
        if member.mode == "all":
            if any((join, edge) not in here for edge in self.incoming[join]):
                return None
            for edge in self.incoming[join]:
                position.take((join, edge))
        elif member.mode == "active":
            if self._awaited(marking, join, {edge for _, edge in here}):
                return None
            for spot, n in here.items():
                position.take(spot, n)
        else:
            return None
        position.tokens[join, LEAVING] += 1
        return position.frozen()

    def _awaited(self, marking: Marking, join: str, arrived: set[int]) -> bool:
        return any(may_come(self.reach[join], spot[0], arrived) for spot, _ in marking.tokens if spot[0] != join)

    def stuck(self, marking: Marking) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The joins at which tokens wait for ever, with the sources of the edges that did not come."""
        if not all(self._parked(spot) for spot, _ in marking.tokens):
            return
        for join in sorted({spot[0] for spot, _ in marking.tokens}):
            came = {spot[1] for spot, _ in marking.tokens if spot[0] == join}
            yield join, tuple(w.source for w in self.level.arriving(join) if w.index not in came)


def _order(level: Level) -> dict[str, tuple[bool, int]]:
    """Who steps first. Tokens in a cycle do, so that what a cycle sends out piles up where it can.

    Else whoever has come farthest does, so that choices meet again before the next ones are made.
    """
    graph = level.graph
    turning = {id for part in nx.strongly_connected_components(graph) if len(part) > 1 for id in part}
    deepest_first = list(dict.fromkeys(id for e in level.entries() for id in nx.dfs_postorder_nodes(graph, e)))
    rank = {id: i for i, id in enumerate(deepest_first)}
    return {id: (id not in turning, rank.get(id, len(rank))) for id in graph}


@dataclass(slots=True)
class _Explored:
    """Every marking seen, with the one before it and the move between them."""

    before: dict[Marking, tuple[Marking, Move] | None] = field(default_factory=dict)

    def path(self, marking: Marking) -> tuple[Move, ...]:
        moves = []
        while (step := self.before[marking]) is not None:
            marking, move = step
            moves.append(move)
        return tuple(reversed(moves))

    def pumped(self, marking: Marking) -> tuple[Marking, tuple[Move, ...]] | None:
        """An earlier marking on the way that ``marking`` holds and more, and the moves since."""
        now, total = dict(marking.tokens), _total(marking)
        moves: list[Move] = []
        here = marking
        while (step := self.before[here]) is not None and len(moves) < _LAP:
            here, move = step
            moves.append(move)
            fewer = _total(here) < total and here.counts == marking.counts
            if fewer and all(now.get(spot, 0) >= n for spot, n in here.tokens):
                return here, tuple(reversed(moves))
        return None


_LAP = 300
"""The longest round in which multiplying tokens are looked for."""


def _total(marking: Marking) -> int:
    return sum(n for _, n in marking.tokens)


def play(level: Level, budget: int = BUDGET) -> Played:
    """Every way the tokens of ``level`` can go from each of its entries, up to ``budget`` markings together."""
    game, played = Game(level), Played()
    guarded = {id for id in level.nodes if level.nodes[id].max_visits is not None}
    for entry in level.entries():
        explored = _Explored()
        first = game.first(entry)
        explored.before[first] = None
        queue = deque([first])
        while queue:
            marking = queue.popleft()
            played.fired |= {spot[0] for spot, _ in marking.tokens if spot[1] == LEAVING}
            if budget <= 0:
                played.complete = False
                return played
            budget -= 1
            followed = False
            for move, after in game.next(marking):
                followed = True
                if after in explored.before:
                    continue
                explored.before[after] = (marking, move)
                if len(move.to) > 1 and (pump := explored.pumped(after)) is not None:
                    _grown(played, pump, after, guarded)
                    continue
                queue.append(after)
            if not followed:
                for join, missing in game.stuck(marking):
                    played.stuck.setdefault(join, (explored.path(marking), missing))
    played.complete = not game.thinned
    return played


def _grown(played: Played, pump: tuple[Marking, tuple[Move, ...]], after: Marking, guarded: set[str]) -> None:
    earlier, moves = pump
    if guarded.intersection(m.node for m in moves):
        # The round is bounded by max_visits, so that its tokens are too.
        return
    had = dict(earlier.tokens)
    more = tuple(sorted({spot[0] for spot, n in after.tokens if n > had.get(spot, 0)}))
    if all(g.nodes != more for g in played.growth):
        played.growth.append(Growth(more, moves))

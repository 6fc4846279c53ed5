"""What a table has no answer for, as boxes.

A recursion over the sides keeps the set of rows that are still alive; where none is, the rest of the way is a gap. Ways
on which the same rows are alive are walked once, and alike ends are one node, so that the gaps are the paths of a small
decision diagram. Paths do not overlap: they make rows. Widened as far as they go, they make what people read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from taktflow.definitions.decision import Decision
from taktflow.rules.analysis.cover import Cover, Parts
from taktflow.rules.analysis.meter import Budget, Exhausted, Meter
from taktflow.rules.rowset import members
from taktflow.values import Severity

COVERED, MISSED, OPEN = 0, 1, 2
"""The ends of the diagram; ``OPEN`` where the budget ended first."""

SINGLE = frozenset({"unique", "any", "first", "priority"})
"""Hit policies that answer with one row."""

FEW = 200
"""Rows that are few enough to be numbered anew."""

HANDFUL = 8
"""Rows that are so few that crowds share what they know of them."""

MOST_PIECES = 500
"""Pieces that are looked at to make the boxes people read."""

Box = Sequence[int]
"""A set of classes for each side."""

Node = tuple[int, tuple[tuple[int, int], ...]]
"""A level and the ways on from it: classes and the number of the node they lead to."""


@dataclass(slots=True)
class Diagram:
    """The gaps within ``asked``: node ``n`` leads from its set of classes on side ``order[level]`` to other nodes."""

    order: Sequence[int]
    asked: Box
    nodes: list[Node] = field(default_factory=lambda: [(0, ())] * 3)
    root: int = OPEN

    def count(self) -> int:
        """The number of pieces."""
        known: dict[int, int] = {COVERED: 0, MISSED: 1, OPEN: 0}
        for number in range(OPEN + 1, len(self.nodes)):
            known[number] = sum(known[child] for _, child in self.nodes[number][1])
        return known[self.root]

    def open(self) -> float:
        """The share of what is asked that the budget left open."""
        known: dict[int, float] = {COVERED: 0.0, MISSED: 0.0, OPEN: 1.0}
        for number in range(OPEN + 1, len(self.nodes)):
            level, ways = self.nodes[number]
            every = self.asked[self.order[level]].bit_count()
            known[number] = sum(classes.bit_count() / every * known[child] for classes, child in ways)
        return known[self.root]

    def pieces(self) -> Iterator[Box]:
        """The pieces, which do not overlap, the widest first."""
        share = self._shares()
        # The counter decides between equals, so that boxes are never compared.
        heap: list[tuple[float, int, int, float, tuple[int, ...]]] = []
        tried = 0
        if share[self.root]:
            heappush(heap, (-share[self.root], tried, self.root, 1.0, ()))
        while heap:
            _, _, node, width, path = heappop(heap)
            if node == MISSED:
                box = list(self.asked)
                for side, classes in zip(self.order, path, strict=False):
                    box[side] = classes
                yield tuple(box)
                continue
            level, ways = self.nodes[node]
            every = self.asked[self.order[level]].bit_count()
            for classes, child in ways:
                if share[child]:
                    tried += 1
                    wide = width * classes.bit_count() / every
                    heappush(heap, (-wide * share[child], tried, child, wide, (*path, classes)))

    def _shares(self) -> Mapping[int, float]:
        """The widest piece below each node, as a share of all that is asked there."""
        known: dict[int, float] = {COVERED: 0.0, MISSED: 1.0, OPEN: 0.0}
        for number in range(OPEN + 1, len(self.nodes)):
            level, ways = self.nodes[number]
            every = self.asked[self.order[level]].bit_count()
            known[number] = max(classes.bit_count() / every * known[child] for classes, child in ways)
        return known


def gravity(definition: Decision) -> Severity | None:
    """How grave it is that data has no answer; None where it has one or needs none.

    An author who writes ``on_none: error`` has seen that there are gaps; who writes nothing may not have.
    """
    default = definition.default
    if default.row is not None:
        return None
    if definition.complete:
        return "error"
    if default.on_none == "null" or definition.hit_policy not in SINGLE:
        return None
    declared = "default" in definition.model_fields_set and "on_none" in default.model_fields_set
    return "info" if declared else "warning"


def diagram_of(cover: Cover, budget: Budget, asked: Box) -> Diagram:
    """The gaps within ``asked``, partly open when the budget ended first."""
    order = cover.order()
    found = Diagram(order, asked)
    if not all(asked):
        found.root = COVERED
        return found
    _Walk(cover, found, budget.meter(len(cover.grid.rows))).run(cover.grid.every)
    return found


class _Walk:
    """Builds one diagram. Every part of a node may use an equal share of what is left, so none starves the others."""

    def __init__(self, cover: Cover, diagram: Diagram, meter: Meter) -> None:
        self._cover, self._diagram, self._meter = cover, diagram, meter
        self._unique: dict[Node, int] = {}
        self._few: dict[tuple[int, tuple[int, ...]], int] = {}
        self._over = False

    def run(self, rows: int) -> None:
        """Fills the diagram."""
        rest = [-1]
        for side in reversed(self._diagram.order):
            rest.append(rest[-1] & self._cover.whole(side, self._diagram.asked[side]))
        self._diagram.root = self._node(_Crowd(self._cover, rest[::-1]), 0, rows, self._meter.left)

    def _node(self, crowd: _Crowd, level: int, rows: int, allowed: int) -> int:
        if not rows:
            return MISSED
        if rows & crowd.rest[level]:
            return COVERED
        known = crowd.known.get((level, rows))
        shared = None
        if known is None and not crowd.large and rows.bit_count() <= HANDFUL:
            shared = (level, crowd.named(rows))
            known = self._few.get(shared)
        if known is None:
            few = level and crowd.large and rows.bit_count() <= FEW
            known = self._cut(*(crowd.few(rows) if few else (crowd, rows)), level, allowed)
            crowd.known[level, rows] = known
            if shared is not None:
                self._few[shared] = known
        return known

    def _cut(self, crowd: _Crowd, rows: int, level: int, allowed: int) -> int:
        if self._over or allowed <= 0:
            return OPEN
        side, until = self._diagram.order[level], self._meter.used + allowed
        try:
            parts = list(crowd.parts(side, rows, self._diagram.asked[side], self._meter))
        except Exhausted:
            self._over = True
            return OPEN
        ways: dict[int, int] = {}
        for place, (alive, classes) in enumerate(parts):
            child = self._node(crowd, level + 1, alive, (until - self._meter.used) // (len(parts) - place))
            ways[child] = ways.get(child, 0) | classes
        if len(ways) == 1 and (end := next(iter(ways))) <= OPEN:
            return end
        node = (level, tuple(sorted((classes, child) for child, classes in ways.items())))
        known = self._unique.get(node)
        if known is None:
            known = self._unique[node] = len(self._diagram.nodes)
            self._diagram.nodes.append(node)
        return known


class _Crowd:
    """The rows that a part of the walk is about: all, or the few that are left, under numbers of their own.

    Sets of few rows are small integers, which is what makes the many small parts of a large table cheap. ``rest`` are
    the rows that cover all that is asked from each level on, ``known`` the nodes by level and rows.
    """

    def __init__(self, cover: Cover, rest: Sequence[int], numbers: Sequence[int] = ()) -> None:
        self._cover, self._numbers = cover, numbers
        self.rest, self.large = rest, not numbers
        self.known: dict[tuple[int, int], int] = {}
        self._sets: dict[int, Mapping[int, int]] = {}

    def named(self, rows: int) -> tuple[int, ...]:
        """The rows by the numbers that all crowds share."""
        return tuple(self._numbers[place] for place in members(rows))

    def few(self, rows: int) -> tuple[_Crowd, int]:
        """A crowd of ``rows`` alone, and the set of all of them."""
        numbers = _listed(rows)
        place = {row: 1 << number for number, row in enumerate(numbers)}
        rest = [sum(place[row] for row in _listed(rows & one)) for one in self.rest]
        return _Crowd(self._cover, rest, numbers), (1 << len(numbers)) - 1

    def parts(self, side: int, rows: int, within: int, meter: Meter) -> Parts:
        """``within`` cut into the classes that are alike for ``rows``."""
        if self.large:
            return self._cover.parts(side, rows, within, meter)
        sets = self._sets.get(side)
        if sets is None:
            sets = self._sets[side] = self._by_set(side)
        alive = ((number, held) for number, all_ in sets.items() if (held := all_ & rows))
        return self._cover.swept(side, alive, within, meter)

    def _by_set(self, side: int) -> Mapping[int, int]:
        set_of = self._cover.grid.sides[side].set_of
        found: dict[int, int] = {}
        for number, row in enumerate(self._numbers):
            found[set_of[row]] = found.get(set_of[row], 0) | 1 << number
        return found


def _listed(rows: int) -> list[int]:
    """The members of a long set, found in its digits: taking them off one by one copies the set for each."""
    digits = bin(rows)[:1:-1]
    found = []
    place = digits.find("1")
    while place >= 0:
        found.append(place)
        place = digits.find("1", place + 1)
    return found


def widened(cover: Cover, box: Box, limits: Box) -> Box:
    """A box around ``box`` within ``limits`` that no row meets and that cannot be any larger."""
    found = list(box)
    wholes = [k for k in range(len(found)) if found[k] != limits[k]]
    # Sides that can be given up altogether first: what is left to say is shorter.
    for side in wholes:
        if _free(cover, found, side, limits[side]):
            found[side] = limits[side]
    for side in wholes:
        hits = cover.grid.every
        for other, classes in enumerate(found):
            if other != side:
                hits &= cover.meeting(other, classes)
        by_class = cover.by_class(side)
        for place in members(limits[side] & ~found[side]):
            if not by_class[place] & hits:
                found[side] |= 1 << place
    return tuple(found)


def _free(cover: Cover, box: Sequence[int], side: int, classes: int) -> bool:
    """Whether no row meets ``box`` with ``classes`` on ``side``."""
    return not cover.hits([*box[:side], classes, *box[side + 1 :]])


def within(box: Box, other: Box) -> bool:
    """Whether ``other`` holds all of ``box``."""
    return not any(a & ~b for a, b in zip(box, other, strict=True))


def boxes_of(cover: Cover, diagram: Diagram, most: int, but: Sequence[Box] = ()) -> tuple[list[Box], int]:
    """Up to ``most`` widened gaps, the widest first, and how many pieces none of them (and none of ``but``) holds."""
    shown: list[Box] = []
    known = others = 0
    for number, piece in enumerate(diagram.pieces()):
        if number == MOST_PIECES:
            break
        known += 1
        if any(within(piece, box) for box in (*but, *shown)):
            continue
        if len(shown) < most:
            shown.append(widened(cover, piece, diagram.asked))
        else:
            others += 1
    shown.sort(key=lambda box: -_width(box, diagram.asked))
    told = [_trimmed(box, shown[:place], diagram.asked) for place, box in enumerate(shown)]
    return told, others + diagram.count() - known


def any_gap(cover: Cover, budget: Budget) -> Iterator[Box]:
    """One widened gap of a table with so many columns that the walk came to no end, where there is one."""
    try:
        point = cover.uncovered(cover.grid.asked, cover.grid.every, budget.meter(len(cover.grid.rows)))
    except Exhausted:
        return
    if point is not None:
        yield widened(cover, [1 << place for place in point], cover.grid.asked)


def _trimmed(box: Box, told: Sequence[Box], asked: Box) -> Box:
    """``box`` without the classes that are told with wider boxes already; no side is named for that alone."""
    found = list(box)
    for side in range(len(box)):
        if found[side] == asked[side]:
            continue
        alone = found[side]
        for other in told:
            if all(a & ~b == 0 for k, (a, b) in enumerate(zip(found, other, strict=True)) if k != side):
                alone &= ~other[side]
        found[side] = alone or found[side]
    return tuple(found)


def _width(box: Box, asked: Box) -> float:
    found = 1.0
    for classes, every in zip(box, asked, strict=True):
        found *= classes.bit_count() / every.bit_count()
    return found

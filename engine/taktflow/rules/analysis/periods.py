"""Rows whose time is over, and holes between the periods of rows that are otherwise alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import accumulate
from operator import or_

from taktflow.rules.analysis.cover import Cover
from taktflow.rules.analysis.fact import Fact, Found
from taktflow.rules.analysis.gaps import Box, gravity
from taktflow.rules.analysis.grid import Grid, Side, place_in
from taktflow.rules.analysis.meter import Budget, Exhausted
from taktflow.rules.analysis.words import extents, told
from taktflow.rules.axis import NULL
from taktflow.rules.rowset import members, runs, united
from taktflow.rules.words import inputs_text
from taktflow.values import Severity

MOST = 50
"""Holes listed."""

_NAMED = 5
"""Expired rows named in the sentence."""


def effective_side(grid: Grid) -> int | None:
    """The side that says from when until when a row holds."""
    for number, side in enumerate(grid.sides):
        for column in side.columns:
            declared = grid.definition.inputs[column]
            if declared.id == grid.definition.effective and declared.type == "date":
                return number
    return None


def expired(grid: Grid, today: date) -> Found:
    """The rows that hold on no day from ``today`` on, in one fact."""
    number = effective_side(grid)
    if number is None:
        return Found()
    side = grid.sides[number]
    over = united(rows for may, rows in zip(side.may, side.holders, strict=True) if _is_over(side, may, today))
    if not over:
        return Found()
    names = [grid.rows[row].answer.row for row in members(over)]
    column = grid.definition.inputs[side.columns[0]].id
    every = over == grid.every
    first = next(members(over))
    box = [*grid.box(first, sure=False)]
    witness = {**grid.witness(place_in(classes) for classes in box), column: today}
    args = {
        "rows": ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else ""),
        "count": len(names),
        "today": today,
    }
    fact = Fact(
        "table.expired_all" if every else "table.expired",
        "warning" if every else "info",
        grid.rows[first].at,
        rows=names,
        witnesses=(witness,),
        args=args,
    )
    return Found([fact], len(names))


def _is_over(side: Side, classes: int, today: date) -> bool:
    if not classes or classes & NULL:
        return False
    place, constants = side.places[classes.bit_length() - 1], side.axis.constants
    if not side.axis.ordered:
        return place <= len(constants) and bool(constants[place - 1] < today)
    if place == 2 * len(constants) + 1:
        return False
    # A gap ends before the constant behind it, a point is its constant.
    return bool(constants[(place - 1) // 2] < today if place % 2 == 0 else constants[(place - 1) // 2] <= today)


def holes(cover: Cover, budget: Budget) -> tuple[Found, Sequence[Box]]:
    """The holes, one that other rows answer only mentioned, and the boxes of those that nothing answers."""
    grid, number = cover.grid, effective_side(cover.grid)
    meter = budget.meter(len(grid.rows))
    if number is None or not grid.sides[number].axis.ordered:
        return Found(), ()
    found: list[Fact] = []
    unanswered: list[Box] = []
    total = done = 0
    groups = list(_groups(grid, number))
    try:
        for group in groups:
            meter.spend(1)
            for hole, before, after in _between(grid, number, group):
                total += 1
                if total <= MOST:
                    box = [*grid.box(group[0], sure=False)]
                    box[number] = hole
                    point = cover.uncovered(box, grid.every, meter)
                    found.append(_hole(grid, box, point, before, after))
                    if point is not None:
                        unanswered.append(box)
            done += 1
    except Exhausted:
        return Found(found, total, covered=done / len(groups)), unanswered
    if total > MOST:
        found.append(Fact("table.holes_more", "info", "/rows", args={"shown": MOST, "more": total - MOST}))
    return Found(found, total), unanswered


def _groups(grid: Grid, but: int) -> Iterator[Sequence[int]]:
    """Rows that ask the same on every other side, with a period each, by its beginning."""
    side = grid.sides[but]
    groups: dict[tuple[int, ...], list[int]] = {}
    for row in range(len(grid.rows)):
        classes = side.must[side.set_of[row]]
        if classes & ~NULL and all(grid.box(row, sure=False)):
            key = tuple(s.set_of[row] for number, s in enumerate(grid.sides) if number != but)
            groups.setdefault(key, []).append(row)
    for rows in groups.values():
        if len(rows) > 1:
            yield sorted(rows, key=lambda row: place_in(side.must[side.set_of[row]]))


def _between(grid: Grid, number: int, group: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """The holes of a group: classes, the row before and the row after."""
    side = grid.sides[number]
    sets = [side.must[side.set_of[row]] & ~NULL for row in group]
    covered = list(accumulate(sets, or_))
    if len(list(runs(covered[-1]))) == 1:
        return
    for place in range(1, len(group)):
        hull = covered[place - 1].bit_length()
        begins = place_in(sets[place])
        if begins > hull:
            last = max(range(place), key=lambda p: sets[p].bit_length())
            yield (1 << begins) - (1 << hull), group[last], group[place]


def _severity(grid: Grid, point: Sequence[int] | None) -> Severity:
    if point is None:
        return "info"
    return "error" if gravity(grid.definition) == "error" else "warning"


def _hole(grid: Grid, box: Sequence[int], point: Sequence[int] | None, before: int, after: int) -> Fact:
    names = (grid.rows[before].answer.row, grid.rows[after].answer.row)
    witness = grid.witness(point or [place_in(classes) for classes in box])
    reach = extents(grid, box)
    words = told(reach)
    args = {
        "row": names[0],
        "other": names[1],
        "box": words.en,
        "box_zh": words.zh,
        "witness": inputs_text(witness) or "-",
    }
    return Fact(
        "table.hole" if point else "table.hole_filled",
        _severity(grid, point),
        grid.rows[after].at,
        rows=names,
        witnesses=(witness,),
        box=reach,
        args=args,
    )

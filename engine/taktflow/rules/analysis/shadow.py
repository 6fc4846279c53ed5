"""Rows that are never chosen because others always are before them, and rows that stand twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from taktflow.rules.analysis.cover import Cover
from taktflow.rules.analysis.fact import Fact, Found
from taktflow.rules.analysis.grid import Grid, place_in
from taktflow.rules.analysis.meter import Budget, Exhausted, Meter
from taktflow.rules.analysis.overlap import answer_key
from taktflow.rules.rowset import members
from taktflow.rules.words import inputs_text

MOST = 50
"""Shadowed rows listed, and rows that stand twice."""

_FEW = 30
"""Rows among which those needed are looked for."""

_NAMED = 5
"""Rows named of those that together hide one."""


def duplicates(grid: Grid) -> Found:
    """Rows that ask and answer the same as an earlier one."""
    seen: dict[object, int] = {}
    found: list[Fact] = []
    total = 0
    for number, row in enumerate(grid.rows):
        key = (tuple(side.set_of[number] for side in grid.sides), answer_key(row))
        first = seen.setdefault(key, number)
        if first == number:
            continue
        total += 1
        if total <= MOST:
            names = (grid.rows[first].answer.row, row.answer.row)
            witness = grid.witness(place_in(classes) for classes in grid.box(number, sure=False))
            args = {"row": names[1], "other": names[0]}
            found.append(Fact("table.duplicate", "warning", row.at, rows=names, witnesses=(witness,), args=args))
    return Found([*found, *_more(total, "table.duplicates_more")], total)


def shadows(cover: Cover, budget: Budget) -> Found:
    """The rows of a first or priority table that no data chooses.

    A row without fixed priority (its answer is computed) is neither judged nor held against others, and cells that
    depend on other data never hide a row.
    """
    grid = cover.grid
    meter = budget.meter(len(grid.rows))
    found: list[Fact] = []
    total = 0
    twice: set[object] = set()
    judged = -1
    try:
        for number, before in _precedence(grid):
            judged += 1
            row = grid.rows[number]
            key = (tuple(side.set_of[number] for side in grid.sides), answer_key(row))
            known = key in twice
            twice.add(key)
            box = grid.box(number, sure=False)
            meter.spend(1)
            if known or not all(box) or cover.uncovered(box, before, meter) is not None:
                continue
            total += 1
            if total <= MOST:
                found.append(_shadow(cover, number, before, meter))
    except Exhausted:
        return Found(found, total, covered=judged / len(grid.rows))
    return Found([*found, *_more(total, "table.shadows_more")], total)


def _precedence(grid: Grid) -> Iterator[tuple[int, int]]:
    """Each row that can be judged, with the rows that are chosen before it."""
    order = list(range(len(grid.rows)))
    if grid.definition.hit_policy == "priority":
        order = sorted((n for n in order if grid.rows[n].answer.constant), key=lambda n: grid.rows[n].answer.rank)
    before = 0
    for number in order:
        yield number, before
        before |= 1 << number


def _shadow(cover: Cover, number: int, before: int, meter: Meter) -> Fact:
    grid = cover.grid
    row, box = grid.rows[number], grid.box(number, sure=False)
    whole = before
    for side, classes in enumerate(box):
        whole &= cover.whole(side, classes)
    hiding = whole & -whole or _needed(cover, box, before & cover.hits(box), meter)
    names = [grid.rows[other].answer.row for other in members(hiding)]
    witness = grid.witness(place_in(classes) for classes in box)
    args = {
        "row": row.answer.row,
        "others": ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else ""),
        "witness": inputs_text(witness) or "-",
    }
    code = "table.shadowed" if whole else "table.shadowed_together"
    return Fact(code, "warning", row.at, rows=(row.answer.row, *names), witnesses=(witness,), args=args)


def _needed(cover: Cover, box: Sequence[int], hiding: int, meter: Meter) -> int:
    """Those of the rows that hide ``box`` together without which a part would show, while they are few."""
    if hiding.bit_count() <= _FEW:
        for row in reversed(list(members(hiding))):
            if cover.uncovered(box, hiding ^ (1 << row), meter) is None:
                hiding ^= 1 << row
    return hiding


def _more(total: int, code: str) -> Iterator[Fact]:
    if total > MOST:
        yield Fact(code, "info", "/rows", args={"shown": MOST, "more": total - MOST})

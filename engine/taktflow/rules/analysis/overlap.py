"""Rows of a table that match the same data although only one may, each pair with data that shows it.

For every distinct cell the set of rows that it meets on its side is known; the rows that meet a row on every side
overlap it. That is one conjunction of sets a row, not a comparison a pair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from taktflow.rules.analysis.cover import Cover
from taktflow.rules.analysis.fact import Fact, Found
from taktflow.rules.analysis.grid import Grid, place_in, rowset
from taktflow.rules.analysis.meter import Budget, Exhausted
from taktflow.rules.reading import Row
from taktflow.rules.rowset import members
from taktflow.rules.words import inputs_text

MOST = 50
"""Overlaps listed; mending them shows the next."""


def overlaps(cover: Cover, budget: Budget) -> Found:
    """The overlaps of a unique or any table; in the latter, rows that answer alike may overlap.

    Rows with cells that depend on other data are left to run time.
    """
    grid = cover.grid
    meter = budget.meter(len(grid.rows))
    agreeing = alike(grid) if grid.definition.hit_policy == "any" else {}
    found: list[Fact] = []
    total = low = 0
    try:
        for low, met in _met(cover):
            meter.spend(1)
            others = met & ~agreeing.get(answer_key(grid.rows[low]), 0)
            total += others.bit_count()
            for _, high in zip(range(MOST - len(found)), members(others), strict=False):
                found.append(_overlap(grid, low, high))
    except Exhausted:
        return Found(found, total, covered=low / len(grid.rows))
    if total > len(found):
        args = {"shown": len(found), "more": total - len(found)}
        found.append(Fact("table.overlaps_more", "info", "/rows", args=args))
    return Found(found, total)


def _met(cover: Cover) -> Iterator[tuple[int, int]]:
    """Each row with the later rows that it overlaps."""
    grid = cover.grid
    meeting = [[cover.meeting(number, classes) for classes in side.must] for number, side in enumerate(grid.sides)]
    for low in range(len(grid.rows)):
        met = -1 << (low + 1)
        for side, sets in zip(grid.sides, meeting, strict=True):
            met &= sets[side.set_of[low]]
        if met:
            yield low, met


def _overlap(grid: Grid, low: int, high: int) -> Fact:
    first, second = grid.rows[low], grid.rows[high]
    common = [a & b for a, b in zip(grid.box(low), grid.box(high), strict=True)]
    witness = grid.witness(place_in(classes) for classes in common)
    return Fact(
        "table.overlap_same" if answer_key(first) == answer_key(second) else "table.overlap",
        "error",
        second.at,
        rows=(first.answer.row, second.answer.row),
        witnesses=(witness,),
        args={"row": first.answer.row, "other": second.answer.row, "witness": inputs_text(witness) or "-"},
    )


def alike(grid: Grid) -> Mapping[object, int]:
    """The rows that surely answer alike, by their answer."""
    rows: dict[object, list[int]] = {}
    for number, row in enumerate(grid.rows):
        rows.setdefault(answer_key(row), []).append(number)
    return {answer: rowset(found, len(grid.rows)) for answer, found in rows.items()}


def answer_key(row: Row) -> object:
    """What two rows share that surely answer alike."""
    if row.answer.constant:
        return (True, *map(_comparable, row.answer.cells))
    return (False, *row.answer.texts)


def _comparable(value: object) -> object:
    # True and 1 are equal in Python, not in a table; lists do not hash.
    return (type(value).__name__, repr(value) if isinstance(value, list | dict) else value)

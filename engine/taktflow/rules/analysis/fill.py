"""Rows for what a table has no answer for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from taktflow.definitions.decision import Decision, Row
from taktflow.rules.analysis.cover import Cover
from taktflow.rules.analysis.domain import domains_of
from taktflow.rules.analysis.gaps import Box, diagram_of
from taktflow.rules.analysis.grid import TooLarge, grid_of
from taktflow.rules.analysis.meter import Budget
from taktflow.rules.analysis.words import extents
from taktflow.rules.reading import Reading, read
from taktflow.values import has_errors

MOST = 200
"""Rows proposed at once."""


def rows_for_gaps(table: Decision | Reading, *, most: int = MOST, budget: Budget | None = None) -> tuple[Row, ...]:
    """Rows ``(id, *cells, *empty answers)`` for the gaps, the widest first; they overlap neither each other nor others.

    Added to the table they leave no gap, unless there were more than ``most`` or the budget ended the search. Empty for
    a table that cannot be read. Their answers are for its author to give.
    """
    reading = table if isinstance(table, Reading) else read(table)
    domains = domains_of(Reading(reading.definition))
    if has_errors(reading.findings):
        return ()
    try:
        grid = grid_of(reading, domains)
    except TooLarge:
        return ()
    cover = Cover(grid, sure=False)
    diagram = diagram_of(cover, budget or Budget(), grid.asked)
    names = _names({row.answer.row for row in grid.rows})
    answers = (None,) * len(reading.definition.outputs)
    return tuple(
        (next(names), *(extent.cell for extent in extents(grid, _opened(cover, piece))), *answers)
        for _, piece in zip(range(most), diagram.pieces(), strict=False)
    )


def _opened(cover: Cover, piece: Box) -> Sequence[int]:
    """``piece`` with nothing asked on sides that it fills: the row then holds for what may come there, too."""
    box = list(piece)
    for number, side in enumerate(cover.grid.sides):
        if piece[number] == side.asked:
            wider = [*box[:number], side.possible, *box[number + 1 :]]
            if not cover.hits(wider):
                box = wider
    return box


def _names(taken: set[str]) -> Iterator[str]:
    return (name for number in count(1) if (name := f"gap_{number}") not in taken)

"""A part of an index: some rows of a table, and for every class of each column's values those of them that match.

Sets of rows are integers whose bit ``i`` is the part's row ``i``, counted from the last, so that the first row that
matches is the highest bit. A column's sets stand in a list by class where that
is small, else behind the few classes at which this part's set changes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Runs: TypeAlias = Sequence[tuple[int, int]]
"""The classes that a cell matches, as unbroken runs from first to last."""

MOST_BITS: Final = 256_000_000
"""Bits of one column's sets in one part (32 MB). Beyond, neighbouring classes share a set and rows are asked again."""


@dataclass(frozen=True, slots=True)
class Sets:
    """One column's sets in one part. ``points`` is None where ``sets`` has one set for every class.

    ``loose``: a set may hold rows that do not match.
    """

    points: Sequence[int] | None
    sets: Sequence[int]
    loose: bool = False

    def at(self, place: int) -> int:
        """The rows that match values of class ``place``."""
        if self.points is None:
            return self.sets[place]
        return self.sets[bisect_right(self.points, place)]


@dataclass(frozen=True, slots=True)
class Part:
    """``rows`` are the table's numbers of the part's rows, falling. ``columns`` tells their sets, None where any is.

    ``asked``: those rows that must be asked cell by cell before they count as matching.
    """

    rows: Sequence[int]
    columns: Sequence[Sets | None]
    asked: int

    def matching(self, places: Sequence[int | None]) -> int:
        """The part's rows that may match values of the classes ``places``; None is any class."""
        found = (1 << len(self.rows)) - 1
        for column, place in zip(self.columns, places, strict=True):
            if column is not None and place is not None:
                found &= column.at(place)
                if not found:
                    break
        return found

    def numbers(self, found: int) -> Iterator[int]:
        """The table's numbers of the rows in ``found``, rising."""
        while found:
            first = found.bit_length() - 1
            yield self.rows[first]
            found ^= 1 << first


def part_of(rows: Sequence[int], columns: Sequence[tuple[Sequence[Runs], int, bool] | None], asked: set[int]) -> Part:
    """The part that holds ``rows``, given rising.

    A column is the runs of each table row's cell, the number of its classes, and whether its sets are listed by class.
    """
    rows = rows[::-1]
    sets = [None if column is None else _sets([column[0][row] for row in rows], *column[1:]) for column in columns]
    again = {place for place, row in enumerate(rows) if row in asked} if asked else set()
    loose = any(one is not None and one.loose for one in sets)
    return Part(rows, sets, (1 << len(rows)) - 1 if loose else bits(again, len(rows)))


def bits(places: Sequence[int] | set[int], count: int) -> int:
    """The set of ``places`` among ``count``."""
    # Set in bytes and read once: adding bits to a growing integer would copy it for every row.
    found = bytearray(count // 8 + 1)
    for place in places:
        found[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(found, "little")


def _sets(runs: Sequence[Runs], size: int, listed: bool) -> Sets | None:
    """The sets of cells whose classes are ``runs``, out of ``size`` classes; None when every cell matches all."""
    changes: dict[int, list[int]] = defaultdict(list)
    always: list[int] = []
    for row, spans in enumerate(runs):
        for low, high in spans:
            if low == 0:
                always.append(row)
            else:
                changes[low].append(row)
            if high + 1 < size:
                changes[high + 1].append(row)
    if not changes and len(always) == len(runs):
        return None
    points = sorted(changes)
    every = max(1, -(-len(points) * len(runs) // MOST_BITS))
    sets = _swept(points, changes, always, len(runs), every)
    points = points[::every]
    if not listed:
        return Sets(points, sets, every > 1)
    widths = [after - before for before, after in zip([0, *points], [*points, size], strict=True)]
    return Sets(None, [one for one, width in zip(sets, widths, strict=True) for _ in range(width)], every > 1)


def _swept(
    points: Sequence[int], changes: Mapping[int, Sequence[int]], always: Sequence[int], count: int, every: int
) -> list[int]:
    """The set before the first point and from each on; with ``every`` above 1, all that hold in so many neighbours."""
    now = bytearray(count // 8 + 1)
    for row in always:
        now[row >> 3] |= 1 << (row & 7)
    found = [int.from_bytes(now, "little")]
    for first in range(0, len(points), every):
        met = 0
        for number, point in enumerate(points[first : first + every]):
            for row in changes[point]:
                now[row >> 3] ^= 1 << (row & 7)
            if every > 1:
                met |= int.from_bytes(now, "little") if number == 0 else bits(changes[point], count)
        found.append(met if every > 1 else int.from_bytes(now, "little"))
    return found

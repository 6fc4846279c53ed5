"""Which rows of a list were moved: as few as possible, so that one row dragged to the top is one row told."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


def out_of_order(places: Sequence[int]) -> frozenset[int]:
    """The smallest set of ``places`` (all different) without which the rest would rise."""
    tails: list[int] = []
    ends: list[int] = []
    before = [-1] * len(places)
    for number, place in enumerate(places):
        length = bisect_left(tails, place)
        before[number] = ends[length - 1] if length else -1
        if length == len(tails):
            tails.append(place)
            ends.append(number)
        else:
            tails[length], ends[length] = place, number
    kept = set()
    number = ends[-1] if ends else -1
    while number >= 0:
        kept.add(places[number])
        number = before[number]
    return frozenset(p for p in places if p not in kept)

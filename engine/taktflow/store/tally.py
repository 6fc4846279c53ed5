"""Figures that a process keeps of itself: how often, and how it is spread."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
SECONDS: Sequence[float] = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
SIZES: Sequence[float] = (1, 2, 5, 10, 20, 50, 100, 200, 512)


@dataclass(frozen=True, slots=True)
class Spread:
    """How many values were at most each of ``bounds``, in all, and their sum."""

    bounds: Sequence[float]
    at_most: Sequence[int]
    count: int
    sum: float


class Tally(Generic[K]):
    """Counts values by key; shared by all threads."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._lock = Lock()
        self._found: dict[K, list[int]] = {}
        self._sums: dict[K, float] = {}

    def note(self, key: K, value: float) -> None:
        """Counts ``value`` under ``key``."""
        place = bisect_left(self._bounds, value)
        with self._lock:
            if key not in self._found:
                self._found[key] = [0] * (len(self._bounds) + 1)
                self._sums[key] = 0.0
            self._found[key][place] += 1
            self._sums[key] += value

    def spreads(self) -> Mapping[K, Spread]:
        """What was counted so far."""
        with self._lock:
            found = {key: (list(places), self._sums[key]) for key, places in self._found.items()}
        return {key: self._spread(places, sum_) for key, (places, sum_) in found.items()}

    def _spread(self, places: Sequence[int], sum_: float) -> Spread:
        at_most, so_far = [], 0
        for n in places[:-1]:
            so_far += n
            at_most.append(so_far)
        return Spread(self._bounds, at_most, so_far + places[-1], sum_)


class Count(Generic[K]):
    """Counts by key; shared by all threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: dict[K, int] = {}

    def add(self, key: K, n: int = 1) -> None:
        """``n`` more under ``key``."""
        with self._lock:
            self._found[key] = self._found.get(key, 0) + n

    def counts(self) -> Mapping[K, int]:
        """What was counted so far."""
        with self._lock:
            return dict(self._found)

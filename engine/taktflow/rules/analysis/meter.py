"""How much work an analysis may do: counted steps, so that it ends alike on every machine, and perhaps a deadline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

STEPS = 200_000
"""Steps of one search: a step meets one set of rows with another. About a second for ten thousand rows."""

_LOOKS = 256
"""Steps between two looks at the clock."""


class Exhausted(Exception):
    """The search has used up what it may; what it found until then stands."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What each search of an analysis may use; ``over`` says whether its time has come, asked now and then."""

    steps: int = STEPS
    over: Callable[[], bool] | None = None

    def meter(self) -> Meter:
        """Counts one search."""
        return Meter(self)


class Meter:
    """Counts the steps of one search."""

    __slots__ = ("_budget", "_look", "used")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._look = _LOOKS
        self.used = 0

    @property
    def left(self) -> int:
        """Steps that may still be made."""
        return max(0, self._budget.steps - self.used)

    def spend(self, steps: int) -> None:
        """Counts ``steps``; raises Exhausted when they are more than what is left, or the time is over."""
        self.used += steps
        if self.used > self._budget.steps:
            raise Exhausted
        if self._budget.over is not None and self.used >= self._look:
            self._look = self.used + _LOOKS
            if self._budget.over():
                raise Exhausted

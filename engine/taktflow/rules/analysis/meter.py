"""How much work an analysis may do: counted steps, so that it ends alike on every machine, and perhaps a deadline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

STEPS = 200_000
"""Steps of one search: a step meets one set of rows with another. About a second for ten thousand rows."""

_ROWS = 10_000
"""Rows whose sets meet in one step."""

_LOOKS = 256
"""Steps between two looks at the clock."""


class Exhausted(Exception):
    """The search has used up what it may; what it found until then stands."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What each search of an analysis may use; ``over`` says whether its time has come, asked now and then."""

    steps: int = STEPS
    over: Callable[[], bool] | None = None

    def meter(self, rows: int) -> Meter:
        """Counts one search in a table of ``rows`` rows; steps in long ones are worth more."""
        return Meter(self, max(1, rows // _ROWS))


class Meter:
    """Counts the steps of one search."""

    __slots__ = ("_budget", "_look", "_worth", "used")

    def __init__(self, budget: Budget, worth: int) -> None:
        self._budget = budget
        self._worth = worth
        self._look = _LOOKS
        self.used = 0

    @property
    def left(self) -> int:
        """Steps that may still be made."""
        return max(0, self._budget.steps - self.used)

    def spend(self, steps: int) -> None:
        """Counts ``steps``; raises Exhausted when they are more than what is left, or the time is over."""
        self.used += steps * self._worth
        if self.used > self._budget.steps:
            raise Exhausted
        if self._budget.over is not None and self.used >= self._look:
            self._look = self.used + _LOOKS
            if self._budget.over():
                raise Exhausted

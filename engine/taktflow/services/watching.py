"""What a process tells of itself: what it did, and whether its parts live."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from taktflow.store.tally import SECONDS, Count, Tally

PULSE_S = 30.0
"""How long a part may be silent before it is taken for dead."""


class Pulse:
    """Shows that a thread that goes round and round still does."""

    def __init__(self, alive: Callable[[], bool]) -> None:
        self._alive = alive
        self._beat_at = time.monotonic()

    def beat(self) -> None:
        """Once a round."""
        self._beat_at = time.monotonic()

    @property
    def beats(self) -> bool:
        """Whether the thread exists and has come round lately."""
        return self._alive() and time.monotonic() - self._beat_at < PULSE_S


@dataclass(frozen=True)
class Watch:
    """Figures of this process since its start."""

    started: Count[str] = field(default_factory=Count)
    """By workflow."""
    ended: Count[tuple[str, str]] = field(default_factory=Count)
    """By workflow and status."""
    incidents: Count[str] = field(default_factory=Count)
    """By code."""
    effects: Tally[tuple[str, str]] = field(default_factory=lambda: Tally(SECONDS))
    """Seconds by kind and result: done, failed, settled (elsewhere)."""
    taken_over: Count[str] = field(default_factory=Count)
    """``runs`` that died, ``effects`` taken over from them."""
    pulses: list[Pulse] = field(default_factory=list)
    """What must beat for this process to do its work; empty where it has no executor."""

"""What one evaluation carries: the caller's clock and the budget of its work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING

from taktflow.expressions.faults import LimitExceeded
from taktflow.expressions.limits import CALL_DEPTH, CHARS_A_STEP, STEPS, STRING_CHARS
from taktflow.expressions.unzoned import zoned
from taktflow.values import Value

if TYPE_CHECKING:
    from taktflow.expressions.types import Type


ATOMS = frozenset((Decimal, bool, int, type(None), date, datetime, time, timedelta))
"""Types whose values hold no others, and are none that cost by their length."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What time an expression sees: ``now`` is an aware moment, ``zone`` the zone that dates and local times mean.

    With :data:`.unzoned.UNZONED` as the zone, a date and time without a zone stays without one, as the standard has it.
    """

    now: datetime
    zone: tzinfo

    @property
    def here(self) -> datetime:
        """Now in the caller's zone."""
        return self.now.astimezone(zoned(self.zone) or UTC)

    @property
    def today(self) -> date:
        """The calendar day in the caller's zone."""
        return self.here.date()


class Run:
    """One evaluation under way. Not shared between threads."""

    __slots__ = ("calls", "clock", "left", "roomy")

    def __init__(self, clock: Clock, steps: int = STEPS) -> None:
        self.clock = clock
        self.left = steps
        self.calls = 0
        self.roomy = False
        """Whether there is room on the stack for long loops."""

    def charge(self, steps: int) -> None:
        """Takes ``steps`` from the budget; :class:`LimitExceeded` when it is spent."""
        self.left -= steps
        if self.left < 0:
            raise LimitExceeded("expressions.limit.steps")

    def charge_extent(self, steps: int, *values: Value) -> None:
        """Takes ``steps`` for each value that ``values`` hold, which are counted no further than the budget lasts."""
        for value in values:
            self.charge(steps * extent(value, self.left // steps))

    def enter(self) -> None:
        """One function deeper."""
        self.calls += 1
        if self.calls > CALL_DEPTH:
            raise LimitExceeded("expressions.limit.calls", limit=CALL_DEPTH)

    def leave(self) -> None:
        """Back from a function."""
        self.calls -= 1


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function as a value: from ``function(a, b) ...`` or given by the caller in the scope.

    ``body`` takes the arguments by position and returns a value; it must not raise but for :class:`LimitExceeded`.
    ``types`` has the declared type of every parameter, or is empty where none is; ``result`` is the type it gives.
    """

    parameters: tuple[str, ...]
    body: Callable[..., Value]
    types: tuple[Type, ...] = ()
    result: Type | None = None


def allowed_length(chars: int) -> None:
    """:class:`LimitExceeded` when a text about to be made would be longer than an expression may make one."""
    if chars > STRING_CHARS:
        raise LimitExceeded("expressions.limit.string", limit=STRING_CHARS)


def text_made(run: Run, text: str) -> str:
    """``text``, unless it is longer than an expression may make one; its characters cost steps."""
    allowed_length(len(text))
    # Other characters than ASCII take up to four times the memory.
    run.charge((len(text) if text.isascii() else 4 * len(text)) // CHARS_A_STEP)
    return text


def extent(value: Value, most: int) -> int:
    """How many values ``value`` holds, those inside lists and contexts included; counted until more than ``most``.

    A list may hold one other many times over, so that a few steps make a value too large to walk through.
    """
    todo, count = [value], 0
    while todo and count + len(todo) <= most:
        value = todo.pop()
        count += 1
        kind = type(value)
        if kind in ATOMS:
            continue
        if kind is str:
            count += len(value) // CHARS_A_STEP
        elif kind is list or kind is tuple:
            todo.extend(value)
        elif kind is dict or isinstance(value, Mapping):
            todo.extend(value.values())
    return count + len(todo)

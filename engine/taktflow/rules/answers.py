"""What a table answered to many requests: a list of results, each made when it is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from taktflow.rules.shortcut import NO_ROW, Shortcut
from taktflow.rules.told import Told, Tracing
from taktflow.sdk import NodeError, Result
from taktflow.values import Value


@dataclass(frozen=True, slots=True)
class Answers(Sequence[Result | NodeError]):
    """``rows[i]`` is the row that answers request ``i``; the outcomes of all requests without one are ``others``.

    ``asked`` holds the values of the inputs, one request after the other.
    """

    rows: Sequence[int]
    asked: Sequence[Value]
    others: Mapping[int, Result | NodeError]
    tracing: Tracing
    shortcut: Shortcut | None

    def values(self) -> list[Value]:
        """Every answer's value, the caller's own; None also where there is an error, which the list itself tells."""
        found: list[Value] = [None] * len(self.rows) if self.shortcut is None else self.shortcut.values(self.rows)
        for number, other in self.others.items():
            found[number] = other.value if isinstance(other, Result) else None
        return found

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, at: int) -> Result | NodeError: ...
    @overload
    def __getitem__(self, at: slice) -> list[Result | NodeError]: ...
    def __getitem__(self, at: int | slice) -> Result | NodeError | list[Result | NodeError]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        row, number = self.rows[at], at if at >= 0 else at + len(self)
        if row == NO_ROW or self.shortcut is None:
            return self.others[number]
        width = len(self.tracing.inputs)
        asked = self.asked[number * width : (number + 1) * width]
        return Told(self.shortcut.values((row,))[0], self.tracing, asked, (row,))

"""How two answers differ: the kind of change, and by how much where both hold numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Literal, TypeAlias

from taktflow.definitions.decision import Decision
from taktflow.services.asking import Answered
from taktflow.services.tables import Declared
from taktflow.values import Value, quantized, shown

Change: TypeAlias = Literal["same", "row", "value", "error", "answered", "other_error", "unread"]
CHANGES: tuple[Change, ...] = ("value", "error", "answered", "other_error", "row", "unread", "same")
"""What people want to see first stands first."""
UNREAD = frozenset({"decision.input", "formula.input"})
"""Errors that say that an input cannot be read as its column's type."""
ONLY = ""
"""The name of the figure where there is one output alone."""


def change(old: Answered, new: Answered) -> Change:
    """The kind of change.

    ``row``: the same value from other rows. ``error``: an error now. ``answered``: an error no longer. ``unread``: the
    inputs cannot be read any more as the draft declares them, so that nothing is known.
    """
    if new.error in UNREAD and old.error != new.error:
        return "unread"
    if old.error is not None and new.error is not None:
        return "same" if old.error == new.error else "other_error"
    if new.error is not None:
        return "error"
    if old.error is not None:
        return "answered"
    if not alike(old.value, new.value):
        return "value"
    return "same" if old.rows == new.rows else "row"


def alike(one: Value, other: Value) -> bool:
    """Whether two values are the same to a person: 1.0 is 1, but true is not 1."""
    match one, other:
        case bool(), _:
            return one is other
        case _, bool():
            return False
        case Mapping(), Mapping():
            return one.keys() == other.keys() and all(alike(v, other[k]) for k, v in one.items())
        case list(), list():
            return len(one) == len(other) and all(alike(a, b) for a, b in zip(one, other, strict=True))
        case _:
            return bool(one == other)


@dataclass(slots=True)
class Amount:
    """What changes of one number output, of one group: ``cases`` hold a number on both sides, ``changed`` differ."""

    output: str
    group: str
    cases: int = 0
    changed: int = 0
    old: Decimal = Decimal(0)
    new: Decimal = Decimal(0)
    least: Decimal | None = None
    most: Decimal | None = None

    def add(self, old: Decimal, new: Decimal) -> None:
        """Counts one more case."""
        with localcontext() as wide:
            wide.prec = 60
            self.cases += 1
            self.old += old
            self.new += new
            if old == new:
                return
            self.changed += 1
            by = new - old
            self.least = by if self.least is None else min(self.least, by)
            self.most = by if self.most is None else max(self.most, by)

    @property
    def difference(self) -> Decimal:
        """The new sum less the old one."""
        with localcontext() as wide:
            wide.prec = 60
            return self.new - self.old

    @property
    def mean(self) -> Decimal | None:
        """The mean change of the cases that changed, to six decimals; None when none did."""
        if not self.changed:
            return None
        with localcontext() as wide:
            wide.prec = 60
            return quantized(self.difference / self.changed, 6, "ROUND_HALF_EVEN").normalize()

    @property
    def percent(self) -> Decimal | None:
        """The difference in percent of the old sum, to two decimals; None when that is nothing."""
        if not self.old:
            return None
        with localcontext() as wide:
            wide.prec = 60
            return quantized(self.difference / abs(self.old) * 100, 2, "ROUND_HALF_EVEN")


@dataclass(slots=True)
class Amounts:
    """Adds up the changes of every number output, by group: its currency, unless ``group`` names a column."""

    definition: Declared
    group: str | None = None
    apart: int = 0
    """Pairs of numbers left out of every sum, since their groups differ: euros are not taken from dollars."""
    found: dict[tuple[str, str], Amount] = field(default_factory=dict)

    def add(self, inputs: Mapping[str, Value], old: Answered, new: Answered) -> None:
        """Counts what both answers hold in numbers."""
        if old.error is not None or new.error is not None:
            return
        before = dict(_figures(old.value))
        for output, number in _figures(new.value):
            if output not in before:
                continue
            groups = [self._group(output, one.value, inputs) for one in (old, new)]
            if groups[0] != groups[1]:
                self.apart += 1
                continue
            amount = self.found.setdefault((output, groups[0]), Amount(output, groups[0]))
            amount.add(before[output], number)

    def _group(self, output: str, value: Value, inputs: Mapping[str, Value]) -> str:
        wanted = self.group or self._currency(output)
        if not wanted:
            return ""
        answered = value.get(wanted) if isinstance(value, Mapping) else None
        found = answered if answered is not None else inputs.get(wanted)
        if found is None and self.group is None and wanted.isupper():
            return wanted
        return "" if found is None else shown(found)

    def _currency(self, output: str) -> str | None:
        if not isinstance(self.definition, Decision):
            return None
        columns = self.definition.outputs
        return next((c.currency for c in columns if output in (c.id, ONLY) and c.currency), None)


def _figures(value: Value) -> Iterator[tuple[str, Decimal]]:
    if isinstance(value, Decimal):
        yield ONLY, value
    elif isinstance(value, Mapping):
        yield from ((name, one) for name, one in value.items() if isinstance(one, Decimal))

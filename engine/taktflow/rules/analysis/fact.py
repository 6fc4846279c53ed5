"""What an analysis has found out: each fact with inputs at which the table shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from taktflow.values import Finding, Pointer, Range, Severity, Text, Value

Witness = Mapping[str, Value]
"""A value for each tested column, by id; columns that do not matter are left out."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a box reaches in one column: a native ``cell`` that says it, the same in values, and words for people.

    ``values`` and ``ranges`` are what it holds; with ``others`` it holds everything but ``values``. ``whole``: all that
    the table asks there, so that nothing needs to be said.
    """

    column: str
    cell: str
    values: Sequence[Value]
    ranges: Sequence[Range]
    others: bool
    whole: bool
    words: Text


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing about a table. ``code`` names its sentence, ``at`` its place, ``rows`` the rows it is about.

    ``witnesses`` prove it: inputs that no row answers (a gap), that both rows match (an overlap), at which the row is
    not chosen (a shadow) ... ``box`` is how far it reaches, where it is about more than rows. ``meant``: its author has
    declared that it is so; who asks for an analysis is told all the same, who publishes is not.
    """

    code: str
    severity: Severity
    at: Pointer
    rows: Sequence[str] = ()
    witnesses: Sequence[Witness] = ()
    box: Sequence[Extent] = ()
    args: Mapping[str, Any] = field(default_factory=dict)
    meant: bool = False

    def finding(self) -> Finding:
        """As people are told it."""
        return Finding(self.code, self.at, self.args, severity=self.severity)


@dataclass(frozen=True, slots=True)
class Found:
    """What one search came to: ``total`` counts also what is not listed.

    ``covered`` is the share that was searched, below 1 where the budget ended it; ``decided`` is false where something
    depends on other data or is computed.
    """

    facts: Sequence[Fact] = ()
    total: int = 0
    covered: float = 1.0
    decided: bool = True

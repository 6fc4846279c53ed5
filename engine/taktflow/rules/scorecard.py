"""A compiled scorecard: what each part's value earns, how much the part counts, and the score that comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import reduce

from taktflow.definitions.decision import CellType
from taktflow.definitions.formula import FormulaOutput, PointsBand, ScoreBand, Scorecard
from taktflow.definitions.formula import Part as DeclaredPart
from taktflow.expressions import Cell, Clock, Expression
from taktflow.rules.typed import TYPE_WORDS, Mistyped, cell_text, coerced, rounded
from taktflow.rules.words import Words, fault
from taktflow.values import Value

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""Wide enough that weighing and adding lose nothing that a score of 12 decimals could show."""
MOST_DECIMALS = 12
"""Decimals of a score that declares none; zeros at the end are dropped."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part, ready to be scored; ``low`` and ``high`` bound its points where they are known."""

    id: str
    about: DeclaredPart
    expression: Expression
    type: CellType
    bands: Sequence[tuple[Cell, PointsBand]]
    low: Decimal | None
    high: Decimal | None

    @property
    def weight(self) -> Decimal:
        """The declared weight, 1 when there is none."""
        return self.about.weight if self.about.weight is not None else Decimal(1)

    def earned(self, formula: str, seen: Mapping[str, Value], clock: Clock, zone: tzinfo) -> Earned:
        """The points for what is ``seen``; NodeError ``scorecard.value``, ``scorecard.missing``, ``scorecard.band``."""
        given = self.expression.evaluate(seen, clock)
        try:
            value = coerced(given, self.type, zone)
        except Mistyped as wrong:
            words = Words(part=self.id, formula=formula, value=given)
            raise fault("scorecard.value", words, wants=TYPE_WORDS[self.type]) from wrong
        for cell, band in self.bands:
            # "Any other value" is a value: what is missing follows the rule for missing ones.
            if cell.matches(value, seen, clock) and not (value is None and cell.wildcard):
                return Earned(self, value, self.clamped(band.points), cell_text(band.when) or "-")
        if value is None:
            return self._missing(formula)
        if self.bands:
            raise fault("scorecard.band", Words(part=self.id, formula=formula, value=value))
        return Earned(self, value, self.clamped(value), "")

    def _missing(self, formula: str) -> Earned:
        rule = self.about.missing
        if rule == "error":
            raise fault("scorecard.missing", Words(part=self.id, formula=formula))
        return Earned(self, None, None if rule == "skip" else self.clamped(Decimal(rule)), "")

    def clamped(self, points: Decimal) -> Decimal:
        """``points`` within the part's bounds."""
        if self.about.min is not None and points < self.about.min:
            return self.about.min
        if self.about.max is not None and points > self.about.max:
            return self.about.max
        return points


@dataclass(frozen=True, slots=True)
class Earned:
    """What one part earned; ``points`` is None where it was skipped, ``when`` the band that held, as written."""

    part: Part
    value: Value
    points: Decimal | None
    when: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """How much of the score a part makes: ``exact`` is factor times points above ``floor``."""

    earned: Earned
    counts: Decimal
    factor: Decimal
    floor: Decimal
    exact: Decimal


@dataclass(frozen=True, slots=True)
class Tally:
    """All parts weighed: ``total`` is ``base`` and every exact contribution, before rounding and bounds."""

    parts: Sequence[Weighed]
    skipped: Sequence[Earned]
    base: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class Card:
    """A scorecard of one formula; ``bands`` run from the lowest grade to the highest."""

    formula: str
    about: Scorecard
    output: FormulaOutput
    parts: Sequence[Part]
    bands: Sequence[ScoreBand]

    def tally(self, seen: Mapping[str, Value], clock: Clock, zone: tzinfo) -> Tally:
        """Every part earned and weighed; NodeError ``scorecard.nothing`` when no part that counts has a value."""
        earned = [part.earned(self.formula, seen, clock, zone) for part in self.parts]
        return self.weighed(earned)

    def weighed(self, earned: Sequence[Earned]) -> Tally:
        """What ``earned`` comes to. The weight of skipped parts goes to the others, in proportion."""
        present = [(e, e.points) for e in earned if e.points is not None]
        whole = summed(e.part.weight for e in earned)
        there = summed(e.part.weight for e, _ in present)
        if not there:
            raise fault("scorecard.nothing", Words(formula=self.formula))
        counts = [EXACT.divide(EXACT.multiply(e.part.weight, whole), there) for e, _ in present]
        factors = [EXACT.divide(c, whole) if self.about.combine == "mean" else c for c in counts]
        floors, base = [Decimal(0)] * len(present), Decimal(0)
        if self.about.target is not None:
            floors = [e.part.low or Decimal(0) for e, _ in present]
            spans = [
                EXACT.subtract(e.part.high or Decimal(0), low) for (e, _), low in zip(present, floors, strict=True)
            ]
            span = summed(EXACT.multiply(f, s) for f, s in zip(factors, spans, strict=True))
            base, top = self.about.target
            if not span:
                raise fault("scorecard.nothing", Words(formula=self.formula))
            stretch = EXACT.divide(EXACT.subtract(top, base), span)
            factors = [EXACT.multiply(f, stretch) for f in factors]
        parts = [
            Weighed(e, c, f, low, EXACT.multiply(f, EXACT.subtract(points, low)))
            for (e, points), c, f, low in zip(present, counts, factors, floors, strict=True)
        ]
        total = EXACT.add(base, summed(p.exact for p in parts))
        return Tally(parts, [e for e in earned if e.points is None], base, total)

    def rounded(self, total: Decimal) -> Decimal:
        """``total`` with the decimals that the output declares."""
        if self.output.scale is not None:
            found = rounded(total, self.output.scale, self.output.rounding)
            assert isinstance(found, Decimal)
            return found
        return trimmed(rounded(total, MOST_DECIMALS, "half_even"))

    def grade(self, score: Decimal) -> ScoreBand | None:
        """The grade of ``score``; None where there are no grades, or it lies below them all."""
        found = None
        for band in self.bands:
            if band.start is None or score >= band.start:
                found = band
        return found


def trimmed(value: Decimal) -> Decimal:
    """``value`` without zeros at the end of its decimals."""
    short = value.normalize(EXACT)
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1), context=EXACT) if isinstance(exponent, int) and exponent > 0 else short


def summed(values: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    return reduce(EXACT.add, values, Decimal(0))

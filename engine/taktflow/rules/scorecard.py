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
from taktflow.rules.scorecard_bands import Ladder
from taktflow.rules.typed import TYPE_WORDS, Mistyped, cell_text, coerced, rounded
from taktflow.rules.words import Words, fault
from taktflow.values import Value

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""Wide enough that weighing and adding lose nothing that a score of 12 decimals could show."""
LARGEST = 40
"""Digits of a contribution before its decimals; beyond them sums would no longer be exact."""
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
    ladder: Ladder | None = None

    @property
    def weight(self) -> Decimal:
        """The declared weight, 1 when there is none."""
        return self.about.weight if self.about.weight is not None else Decimal(1)

    def earned(self, formula: str, seen: Mapping[str, Value], clock: Clock, zone: tzinfo) -> Earned:
        """The points for what is ``seen``; NodeError ``scorecard.value``, ``scorecard.missing``, ``scorecard.band``."""
        return self.scored(formula, self.expression.evaluate(seen, clock), seen, clock, zone)

    def scored(self, formula: str, given: Value, seen: Mapping[str, Value], clock: Clock, zone: tzinfo) -> Earned:
        """The points for the value ``given``; the same errors."""
        try:
            value = coerced(given, self.type, zone)
        except Mistyped as wrong:
            words = Words(part=self.id, formula=formula, value=given)
            raise fault("scorecard.value", words, wants=TYPE_WORDS[self.type]) from wrong
        band = self._band(value, seen, clock)
        if band is not None:
            return Earned(self, value, self.clamped(band.points), cell_text(band.when) or "-")
        if value is None:
            return self._missing(formula)
        if self.bands:
            raise fault("scorecard.band", Words(part=self.id, formula=formula, value=value))
        return Earned(self, value, self.clamped(value), "")

    def _band(self, value: Value, seen: Mapping[str, Value], clock: Clock) -> PointsBand | None:
        if self.ladder is not None and value is not None:
            place = self.ladder.band(value)
            return None if place is None else self.bands[place][1]
        for cell, band in self.bands:
            # "Any other value" is a value: what is missing follows the rule for missing ones.
            if cell.matches(value, seen, clock) and not (value is None and cell.wildcard):
                return band
        return None

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
    """How much of the score a part makes: ``exact`` is the factor times the points above the part's floor."""

    earned: Earned
    counts: Decimal
    factor: Decimal
    exact: Decimal


@dataclass(frozen=True, slots=True)
class Weights:
    """By part: its weight with that of skipped ones, what a point adds to the score, the points that add nothing."""

    counts: Sequence[Decimal]
    factors: Sequence[Decimal]
    floors: Sequence[Decimal]
    base: Decimal


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
        return self.tallied(earned, self.weights([e.points is not None for e in earned]))

    def weights(self, there: Sequence[bool]) -> Weights:
        """How much each part counts when those that are not ``there`` are skipped."""
        whole = summed(part.weight for part in self.parts)
        left = summed(part.weight for part, is_there in zip(self.parts, there, strict=True) if is_there)
        if not left:
            raise fault("scorecard.nothing", Words(formula=self.formula))
        shares = [is_there * part.weight for part, is_there in zip(self.parts, there, strict=True)]
        counts = [EXACT.divide(EXACT.multiply(share, whole), left) for share in shares]
        factors = [EXACT.divide(count, whole) if self.about.combine == "mean" else count for count in counts]
        if self.about.target is None:
            return Weights(counts, factors, [Decimal(0)] * len(counts), Decimal(0))
        floors = [part.low or Decimal(0) for part in self.parts]
        spans = [EXACT.subtract(p.high or Decimal(0), low) for p, low in zip(self.parts, floors, strict=True)]
        span = summed(EXACT.multiply(f, s) for f, s in zip(factors, spans, strict=True))
        if not span:
            raise fault("scorecard.nothing", Words(formula=self.formula))
        base, top = self.about.target
        stretch = EXACT.divide(EXACT.subtract(top, base), span)
        return Weights(counts, [EXACT.multiply(f, stretch) for f in factors], floors, base)

    def tallied(self, earned: Sequence[Earned], weights: Weights) -> Tally:
        """``earned`` weighed by the weights for just those parts that have points."""
        parts = [
            Weighed(e, count, factor, EXACT.multiply(factor, EXACT.subtract(e.points, floor)))
            for e, count, factor, floor in zip(earned, weights.counts, weights.factors, weights.floors, strict=True)
            if e.points is not None
        ]
        huge = next((p.earned for p in parts if p.exact.adjusted() > LARGEST), None)
        if huge is not None:
            raise fault("scorecard.huge", Words(part=huge.part.id, formula=self.formula, value=huge.points))
        total = EXACT.add(weights.base, summed(p.exact for p in parts))
        return Tally(parts, [e for e in earned if e.points is None], weights.base, total)

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

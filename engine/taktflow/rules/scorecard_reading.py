"""A scorecard as it is declared: its parts made ready, and everything wrong with weights, bands and grades."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from taktflow.definitions.decision import CellType
from taktflow.definitions.formula import Formula, FormulaInput, PointsBand, ScoreBand, Scorecard
from taktflow.definitions.formula import Part as DeclaredPart
from taktflow.expressions import Cell, ExpressionInvalid, Type, parse, parse_cell
from taktflow.rules.scorecard import Card, Part
from taktflow.rules.scorecard_bands import band_findings, ladder_of
from taktflow.rules.terms import Term, Terms
from taktflow.rules.typed import CELL_TYPES, cell_text
from taktflow.values import Finding, Pointer

WHOLE = Decimal(100)


def card_of(definition: Formula) -> Card | None:
    """The card, ready to score; the definition has been found without errors. None where there is none."""
    about = definition.scorecard
    if about is None:
        return None
    parts = []
    for id_, part in about.parts.items():
        type_ = value_type(definition, id_, part)
        bands = [(parse_cell(cell_text(b.when), CELL_TYPES[type_]), b) for b in part.bands]
        low, high = points_range(part)
        parts.append(Part(id_, part, parse(part.expr or id_), type_, bands, low, high, ladder_of(bands, type_)))
    return Card(definition.id, about, definition.output, parts, ordered(about.bands))


def ordered(bands: Sequence[ScoreBand]) -> list[ScoreBand]:
    """The grades from the lowest to the highest."""
    return sorted(bands, key=lambda b: (b.start is not None, b.start or Decimal(0)))


def points_range(part: DeclaredPart) -> tuple[Decimal | None, Decimal | None]:
    """The fewest and the most points that ``part`` can give; None where nothing bounds them."""
    low, high = part.min, part.max
    if part.bands:
        points = [band.points for band in part.bands]
        points += [part.missing] if isinstance(part.missing, Decimal) else []
        low = min(points) if low is None else max(low, min(points))
        high = max(points) if high is None else min(high, max(points))
    return low, high


def scorecard_findings(definition: Formula, about: Scorecard, terms: Terms) -> None:
    """Adds what is wrong with the scorecard to the findings of ``terms``, which know inputs and steps."""
    at = "/scorecard"
    for id_, part in about.parts.items():
        _part(definition, id_, part, terms, f"{at}/parts/{id_}")
    if definition.output.type != "number":
        terms.findings.append(Finding("scorecard.output", "/output/type", {"type": definition.output.type}))
    _weights(about, terms)
    _target(about, terms)
    _grades(definition, about, terms)


def value_type(definition: Formula, id_: str, part: DeclaredPart) -> CellType:
    """What type of value the part ``id_`` scores."""
    terms = Terms.of(definition)
    for name, text in definition.steps.items():
        terms.learn(name, terms.take(text, ""))
    text = part.expr or id_
    return _type(definition, part, text, terms.take(text, ""))


_WORDS: Mapping[Type, CellType] = {type_: word for word, type_ in CELL_TYPES.items() if word != "any"}


def _type(definition: Formula, part: DeclaredPart, text: str, term: Term | None) -> CellType:
    """What type of value the part scores: declared, of the input it names, inferred, or else a number."""
    if part.type is not None:
        return part.type
    named = definition.inputs.get(text.strip())
    if named is not None:
        return named.type
    return _WORDS.get(term.type, "number") if term else "number"


def _part(definition: Formula, id_: str, part: DeclaredPart, terms: Terms, at: Pointer) -> None:
    text = part.expr or id_
    term = terms.take(text, f"{at}/expr" if part.expr else at)
    if part.min is not None and part.max is not None and part.min > part.max:
        terms.findings.append(Finding("formula.min_max", f"{at}/min", {"min": part.min, "max": part.max}))
    type_ = _type(definition, part, text, term)
    if not part.bands:
        if type_ != "number":
            terms.findings.append(Finding("scorecard.no_bands", at, {"part": id_, "type": type_}))
        return
    cells = _cells(part.bands, type_, terms, f"{at}/bands")
    if len(cells) == len(part.bands):
        terms.findings += band_findings(id_, cells, _domain(definition, text), type_, f"{at}/bands")


def _domain(definition: Formula, text: str) -> FormulaInput | None:
    return definition.inputs.get(text.strip())


def _cells(bands: Sequence[PointsBand], type_: CellType, terms: Terms, at: Pointer) -> list[tuple[Cell, PointsBand]]:
    found = []
    for place, band in enumerate(bands):
        where = f"{at}/{place}/when"
        try:
            cell = parse_cell(cell_text(band.when), CELL_TYPES[type_])
        except ExpressionInvalid as unread:
            terms.findings.append(Finding(unread.code, where, dict(unread.args_)))
            continue
        known = ", ".join(terms.types)
        unknown = sorted(cell.names - terms.types.keys())
        terms.findings += [Finding("formula.name", where, {"name": name, "known": known}) for name in unknown]
        found.append((cell, band))
    return found


def _weights(about: Scorecard, terms: Terms) -> None:
    """In a mean, weights are percents: all of them, or none for equal ones."""
    if about.combine != "mean" or all(part.weight is None for part in about.parts.values()):
        return
    without = [id_ for id_, part in about.parts.items() if part.weight is None]
    found = sum((part.weight for part in about.parts.values() if part.weight is not None), Decimal(0))
    if without:
        terms.findings.append(Finding("scorecard.weight_unset", "/scorecard/parts", {"parts": ", ".join(without)}))
    elif found < WHOLE:
        args = {"found": found, "missing": WHOLE - found}
        terms.findings.append(Finding("scorecard.weights_short", "/scorecard/parts", args))
    elif found > WHOLE:
        args = {"found": found, "over": found - WHOLE}
        terms.findings.append(Finding("scorecard.weights_over", "/scorecard/parts", args))


def _target(about: Scorecard, terms: Terms) -> None:
    if about.target is None:
        return
    least, most = about.target
    if least >= most:
        terms.findings.append(Finding("formula.min_max", "/scorecard/target", {"min": least, "max": most}))
    span = Decimal(0)
    for id_, part in about.parts.items():
        low, high = points_range(part)
        if low is None or high is None:
            terms.findings.append(Finding("scorecard.unbounded", f"/scorecard/parts/{id_}", {"part": id_}))
            return
        if isinstance(part.missing, Decimal) and not low <= part.missing <= high:
            args = {"part": id_, "points": part.missing, "low": low, "high": high}
            terms.findings.append(Finding("scorecard.missing_points", f"/scorecard/parts/{id_}/missing", args))
        span += high - low
    if not span:
        terms.findings.append(Finding("scorecard.flat", "/scorecard/parts"))


def _grades(definition: Formula, about: Scorecard, terms: Terms) -> None:
    at, output, grades = "/scorecard/bands", definition.output, about.bands
    if about.result == "band" and not grades:
        terms.findings.append(Finding("scorecard.no_grades", "/scorecard/result"))
    ids, starts = Counter(b.id for b in grades), Counter(b.start for b in grades)
    for place, band in enumerate(grades):
        if ids[band.id] > 1:
            terms.findings.append(Finding("scorecard.grade_twice", f"{at}/{place}/id", {"band": band.id}))
        if starts[band.start] > 1:
            start = "-" if band.start is None else band.start
            terms.findings.append(Finding("scorecard.start_twice", f"{at}/{place}", {"from": start}))
        if band.start is None:
            continue
        if output.scale is not None and band.start != round(band.start, output.scale):
            args = {"band": band.id, "from": band.start, "scale": output.scale}
            terms.findings.append(Finding("scorecard.start_decimals", f"{at}/{place}/from", args))
        if output.max is not None and band.start > output.max:
            args = {"band": band.id, "from": band.start, "max": output.max}
            terms.findings.append(Finding("scorecard.grade_unreachable", f"{at}/{place}/from", args))
    lowest = [b.start for b in ordered(grades)[:1]]
    if lowest and lowest[0] is not None and (output.min is None or lowest[0] > output.min):
        terms.findings.append(Finding("scorecard.no_lowest", at, {"from": lowest[0]}))

"""Proves or tries the promises of a formula: that a larger input never lowers (or never raises) the result.

What the structure proves needs no trial. Else the result is computed on a grid: each promised input climbs through its
declared bounds, the borders of the bands that score it, the constants that the formula names and the points beside
them, while the others stand at each of a few samples. A grid proves nothing it does not touch, and says so, but a
broken promise comes with its witness.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import gcd, prod

from taktflow.definitions.formula import Formula, FormulaInput
from taktflow.expressions import SUBJECT, Clock, LimitExceeded
from taktflow.rules.formula import Figure
from taktflow.rules.scorecard import Part
from taktflow.rules.scorecard_bands import OTHER_TEXT, points_at, probes
from taktflow.rules.slope import STILL, UNKNOWN, Slope, slope_of
from taktflow.rules.typed import cell_text
from taktflow.rules.words import inputs_text
from taktflow.sdk import NodeError
from taktflow.values import Finding, Value

GRID = 17
"""Steps between an input's smallest and largest value."""
MOST_SURROUNDINGS = 120
"""Combinations of the other inputs that are tried for one promise."""
NOW = datetime(2026, 1, 15, tzinfo=UTC)
"""The moment at which promises are tried; fixed, so that a check always answers alike."""
CLOCK = Clock(NOW, UTC)

_NUMBERS = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
_TEXTS = re.compile(r'"((?:[^"\\]|\\.)*)"')


def monotone_findings(definition: Formula, figure: Figure) -> list[Finding]:
    """A finding with a witness for every promise that does not hold, and a hint at those that were only tried."""
    source = " ".join(_texts(definition))
    numbers = sorted({Decimal(n) for n in _NUMBERS.findall(source)})[:50]
    texts = [*dict.fromkeys(_TEXTS.findall(source))][:20]
    found: list[Finding] = []
    for name, about in definition.inputs.items():
        if about.monotone is None or about.type in ("text", "any"):
            continue
        climb = _climb(about, numbers, borders_of(figure, name, about))
        others = {n: _samples(i, texts, borders_of(figure, n, i)) for n, i in definition.inputs.items() if n != name}
        slope = slope_of_figure(figure, name)
        proven = slope.rises if about.monotone == "increasing" else slope.falls
        if not proven or not _gives(figure, name, climb, others):
            found.append(_broken(figure, name, about, climb, others))
    return found


def _gives(figure: Figure, name: str, climb: Sequence[Value], others: Mapping[str, Sequence[Value]]) -> bool:
    """Whether there is any result at all that a promise could be about."""
    return any(
        _result(figure, {**surrounding, name: value}) is not None
        for surrounding in _surroundings(others)
        for value in climb[::8]
    )


def _texts(definition: Formula) -> Iterator[str]:
    yield from definition.steps.values()
    if definition.expr is not None:
        yield definition.expr
    for part in definition.scorecard.parts.values() if definition.scorecard else ():
        yield part.expr or ""
        yield from (cell_text(band.when) for band in part.bands)


def borders_of(figure: Figure, name: str, about: FormulaInput) -> list[Value]:
    """One value for each stretch between the borders of the bands that score the input itself."""
    found: list[Value] = []
    for part in figure.card.parts if figure.card else ():
        if part.expression.text.strip() == name and part.type == about.type:
            found += probes([cell for cell, _ in part.bands], about, about.type)
    return found


def slope_of_figure(figure: Figure, input_: str) -> Slope:
    """What the structure proves of the figure as ``input_`` grows; rounding and bounds turn no order around."""
    names: dict[str, Slope] = {}
    for name, about, _ in figure.inputs:
        names[name] = Slope(about.min, about.max, rises=True, falls=name != input_)
    for name, expression in figure.steps:
        names[name] = slope_of(expression.root, names, input_)
    if figure.card is None:
        return slope_of(figure.expression.root, names, input_) if figure.expression else UNKNOWN
    parts = [_part_slope(part, names, input_, figure) for part in figure.card.parts]
    # Weights are positive, and whether a part is left out does not depend on a value that is there.
    return Slope(rises=all(p.rises for p in parts), falls=all(p.falls for p in parts))


def _part_slope(part: Part, names: Mapping[str, Slope], input_: str, figure: Figure) -> Slope:
    value = slope_of(part.expression.root, names, input_)
    if not part.bands or not (value.rises or value.falls):
        return value
    cells = [cell for cell, _ in part.bands]
    if any(
        not slope_of(r.expression.root, {**names, SUBJECT: STILL}, input_).still for c in cells for r in c.residuals
    ):
        return UNKNOWN
    if value.still:
        return STILL
    if any(cell.residuals for cell in cells):
        return UNKNOWN
    about = next((i for name, i, _ in figure.inputs if name == part.expression.text.strip()), None)
    points = [points_at(part.bands, v) for v in probes(cells, about, part.type)]
    given = [p for p in points if p is not None]
    ups, downs = given == sorted(given), given == sorted(given, reverse=True)
    if not given:
        return UNKNOWN
    rises = (value.rises and ups) or (value.falls and downs)
    return Slope(rises=rises, falls=(value.rises and downs) or (value.falls and ups))


def _broken(
    figure: Figure, name: str, about: FormulaInput, climb: Sequence[Value], others: Mapping[str, Sequence[Value]]
) -> Finding:
    tried = False
    for surrounding in _surroundings(others):
        before: tuple[Value, Value] | None = None
        for value in climb:
            result = _result(figure, {**surrounding, name: value})
            if result is None:
                continue
            tried = tried or before is not None
            if before is not None and _falls(before[1], result, rising=about.monotone == "increasing"):
                args = {"input": name, "low": before[0], "high": value, "low_result": before[1], "high_result": result}
                words = {"moves": "lowers", "moves_zh": "降低"}
                if about.monotone == "decreasing":
                    words = {"moves": "raises", "moves_zh": "升高"}
                others_text = inputs_text(surrounding) or "-"
                at = f"/inputs/{name}/monotone"
                return Finding("formula.monotone", at, {**args, **words, "others": others_text})
            before = (value, result)
    at, args = f"/inputs/{name}/monotone", {"input": name}
    if not tried:
        return Finding("formula.unprobed", at, args, severity="warning")
    return Finding("formula.monotone_tried", at, {**args, "values": len(climb)}, severity="info")


def _falls(before: Value, after: Value, *, rising: bool) -> bool:
    return bool(after < before if rising else after > before)


def _result(figure: Figure, inputs: Mapping[str, Value]) -> Value:
    ordered = {name: inputs[name] for name, _, _ in figure.inputs}
    try:
        return figure.number(ordered, CLOCK, UTC)
    except (NodeError, LimitExceeded):
        return None


def _surroundings(others: Mapping[str, Sequence[Value]]) -> Iterator[dict[str, Value]]:
    """Combinations of the others, few enough to try: all, or evenly spread ones where there are too many."""
    total = prod(len(samples) for samples in others.values())
    stride = max(total // MOST_SURROUNDINGS, 1)
    # Coprime to every count, so that no input stands still while the others run.
    while stride > 1 and any(gcd(stride, len(samples)) > 1 for samples in others.values()):
        stride += 1
    for number in range(0, total, stride):
        chosen, left = {}, number
        for name, samples in others.items():
            left, place = divmod(left, len(samples))
            chosen[name] = samples[place]
        yield chosen


def _climb(about: FormulaInput, numbers: Sequence[Decimal], borders: Sequence[Value]) -> list[Value]:
    if about.type == "boolean":
        return [False, True]
    if about.type != "number":
        moments: set[Value] = {*_moments(about), *borders}
        return sorted(moments)
    low, high = _bounds(about)
    step = (high - low) / GRID
    found = {low, high, *(low + step * n for n in range(GRID)), *borders}
    for number in numbers:
        found |= {n for n in (number - step / 100, number, number + step / 100) if low <= n <= high}
    return sorted(found)


def _bounds(about: FormulaInput) -> tuple[Decimal, Decimal]:
    low = about.min if about.min is not None else min(Decimal(0), about.max or Decimal(0))
    high = about.max if about.max is not None else max(Decimal(1000), low + 1000)
    return low, high


def _moments(about: FormulaInput) -> list[Value]:
    days = (-365, -30, -7, -1, 0, 1, 7, 30, 365)
    match about.type:
        case "date":
            return [date(2026, 1, 15) + timedelta(days=n) for n in days]
        case "datetime":
            return [NOW + timedelta(days=n) for n in days]
        case _:
            return [timedelta(days=n) for n in days if n >= 0]


def _samples(about: FormulaInput, texts: Sequence[str], borders: Sequence[Value]) -> list[Value]:
    match about.type:
        case "boolean":
            found: list[Value] = [False, True]
        case "text":
            found = list(about.values or dict.fromkeys([*texts, *borders, OTHER_TEXT]))
        case "number":
            low, high = _bounds(about)
            found = sorted({low, low + (high - low) / 3, high, *borders[:: max(len(borders) // 4, 1)]})
        case _:
            found = _moments(about)[::4]
    return found if about.required else [*found, None]


def bound_findings(figure: Figure) -> list[Finding]:
    """A warning when the result always lies beyond the output's bounds, as far as the inputs' bounds tell."""
    output = figure.output
    if figure.expression is None or output.type != "number":
        return []
    names = {name: Slope(about.min, about.max, rises=True, falls=True) for name, about, _ in figure.inputs}
    for name, expression in figure.steps:
        names[name] = slope_of(expression.root, names, "")
    found = slope_of(figure.expression.root, names, "")
    args = {"low": "-" if found.low is None else found.low, "high": "-" if found.high is None else found.high}
    if output.max is not None and found.low is not None and found.low > output.max:
        return [Finding("formula.always_bounded", "/output/max", {**args, "bound": output.max}, severity="warning")]
    if output.min is not None and found.high is not None and found.high < output.min:
        return [Finding("formula.always_bounded", "/output/min", {**args, "bound": output.min}, severity="warning")]
    return []

"""Tries the promises of a formula: that a larger input never lowers (or never raises) the result.

The result is computed on a grid: each promised input climbs through its declared bounds, the constants that the formula
names and the points beside them, while the others stand at each of a few samples. A grid proves nothing it does
not touch, but a broken promise comes with its witness.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import gcd, prod

from taktflow.definitions.formula import Formula, FormulaInput
from taktflow.expressions import Clock, LimitExceeded
from taktflow.rules.formula import Figure
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
    """A finding with a witness for every promise that does not hold."""
    source = " ".join([*definition.steps.values(), definition.expr])
    numbers = sorted({Decimal(n) for n in _NUMBERS.findall(source)})[:50]
    texts = [*dict.fromkeys(_TEXTS.findall(source))][:20]
    found: list[Finding] = []
    for name, about in definition.inputs.items():
        if about.monotone is not None and about.type != "text":
            climb = _climb(about, numbers)
            others = {n: _samples(i, texts) for n, i in definition.inputs.items() if n != name}
            broken = _broken(figure, name, about, climb, others)
            found += [broken] if broken else []
    return found


def _broken(
    figure: Figure, name: str, about: FormulaInput, climb: Sequence[Value], others: Mapping[str, Sequence[Value]]
) -> Finding | None:
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
    if not tried:
        return Finding("formula.unprobed", f"/inputs/{name}/monotone", {"input": name}, severity="warning")
    return None


def _falls(before: Value, after: Value, *, rising: bool) -> bool:
    return bool(after < before if rising else after > before)


def _result(figure: Figure, inputs: Mapping[str, Value]) -> Value:
    ordered = {name: inputs[name] for name, _, _ in figure.inputs}
    try:
        return figure.computed(ordered, CLOCK, UTC).value
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


def _climb(about: FormulaInput, numbers: Sequence[Decimal]) -> list[Value]:
    if about.type == "boolean":
        return [False, True]
    if about.type != "number":
        return _moments(about)
    low, high = _bounds(about)
    step = (high - low) / GRID
    found = {low, high, *(low + step * n for n in range(GRID))}
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


def _samples(about: FormulaInput, texts: Sequence[str]) -> list[Value]:
    match about.type:
        case "boolean":
            found: list[Value] = [False, True]
        case "text":
            found = [*texts, "…"]
        case "number":
            low, high = _bounds(about)
            found = sorted({low, low + (high - low) / 3, high})
        case _:
            found = _moments(about)[::4]
    return found if about.required else [*found, None]

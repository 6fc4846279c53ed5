"""Why a score came out so: each part's contribution and share, what would lift it to the next grade, in words too."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from taktflow.definitions.envelope import Words as Titles
from taktflow.definitions.formula import ScoreBand
from taktflow.rules.phrasing import phrased
from taktflow.rules.scorecard import EXACT, MOST_DECIMALS, Card, Earned, Tally, Weighed, summed, trimmed
from taktflow.rules.typed import cell_text
from taktflow.rules.words import short
from taktflow.sdk import Json
from taktflow.values import Language, Text, Value, number_text

SHARE_DECIMALS = 1
LANGUAGES: tuple[Language, ...] = ("zh", "en")


def explained(card: Card, tally: Tally, score: Decimal) -> dict[str, Json]:
    """The part of a trace that explains ``score``, which is the tally's total rounded and bounded.

    Contributions are rounded so that base and contributions add up to ``total`` to the last digit; shares are percents
    of what all parts contribute and add up to 100, null when they contribute nothing.
    """
    total = card.rounded(tally.total)
    decimals = card.output.scale if card.output.scale is not None else MOST_DECIMALS
    contributions = apportioned([p.exact for p in tally.parts], EXACT.subtract(total, tally.base), decimals)
    if card.output.scale is None:
        contributions = [trimmed(c) for c in contributions]
    shares = shares_of([p.exact for p in tally.parts])
    lines = {p.earned.part.id: _line(p, c, s) for p, c, s in zip(tally.parts, contributions, shares, strict=True)}
    lines |= {e.part.id: _skipped(e) for e in tally.skipped}
    grade = card.grade(score)
    trace: dict[str, Json] = {
        "parts": [lines[part.id] for part in card.parts],
        "base": tally.base,
        "total": total,
        "score": score,
        "band": grade.id if grade else None,
        "next": next_grade(card, tally, score),
    }
    return {**trace, "told": {language: told(card, trace, grade, language) for language in LANGUAGES}}


def card_value(trace: dict[str, Json]) -> Value:
    """The result of a formula that gives its whole card."""
    shown = ("value", "points", "weight", "contribution", "share")
    parts = {line["part"]: {key: line[key] for key in shown} for line in trace["parts"]}
    return {"score": trace["score"], "band": trace["band"], "parts": parts}


def _line(weighed: Weighed, contribution: Decimal, share: Decimal | None) -> dict[str, Json]:
    earned = weighed.earned
    return {
        **_named(earned),
        "points": earned.points,
        "counts": trimmed(EXACT.quantize(weighed.counts, Decimal("1e-6"))),
        "contribution": contribution,
        "share": share,
    }


def _skipped(earned: Earned) -> dict[str, Json]:
    return {**_named(earned), "points": None, "counts": Decimal(0), "contribution": Decimal(0), "share": Decimal(0)}


def _named(earned: Earned) -> dict[str, Json]:
    part = earned.part
    missing = part.about.missing if earned.value is None and not earned.when else None
    rule = "points" if isinstance(missing, Decimal) else missing
    title = part.about.title
    named: dict[str, Json] = {"part": part.id, "value": earned.value, "when": earned.when or None, "missing": rule}
    if title is not None:
        named["title"] = {"zh": title.zh, "en": title.en}
    return {**named, "weight": part.weight}


def apportioned(exact: Sequence[Decimal], total: Decimal, decimals: int) -> list[Decimal]:
    """``exact`` rounded to ``decimals`` so that they add up to ``total``: those that lose most are rounded up."""
    if not exact:
        return []
    unit = Decimal(1).scaleb(-decimals)
    found = [EXACT.multiply(EXACT.divide(e, unit).to_integral_value(ROUND_FLOOR), unit) for e in exact]
    left = EXACT.subtract(total, summed(found))
    by_loss = sorted(range(len(exact)), key=lambda i: EXACT.subtract(found[i], exact[i]))
    for place in by_loss:
        if left < unit:
            break
        found[place] = EXACT.add(found[place], unit)
        left = EXACT.subtract(left, unit)
    # What is left is rounding beyond one unit a part, or a total with more decimals: the largest part bears it.
    largest = max(range(len(exact)), key=lambda i: abs(exact[i]))
    found[largest] = EXACT.add(found[largest], left)
    return found


def shares_of(exact: Sequence[Decimal]) -> list[Decimal | None]:
    """What percent of the score's movement each contribution is, whichever way it moves it."""
    sizes = [abs(e) for e in exact]
    whole = summed(sizes)
    if not whole:
        return [None] * len(sizes)
    percents = [EXACT.divide(EXACT.multiply(s, Decimal(100)), whole) for s in sizes]
    return list(apportioned(percents, Decimal(100), SHARE_DECIMALS))


def next_grade(card: Card, tally: Tally, score: Decimal) -> Json:
    """The next better grade, how far away it is, and each single part that could reach it; None at the top."""
    above = [band for band in card.bands if band.start is not None and band.start > score]
    if not above or above[0].start is None:
        return None
    band, start = above[0], above[0].start
    within = card.output.max is None or card.output.max >= start
    ways = [way for p in tally.parts if (way := _way(p, EXACT.subtract(start, tally.total)))] if within else []
    return {"band": band.id, "from": start, "missing": EXACT.subtract(start, score), "ways": ways}


def _way(weighed: Weighed, lacking: Decimal) -> Json:
    """The points with which this part alone would reach it; None when it cannot."""
    part, points = weighed.earned.part, weighed.earned.points
    if points is None or not weighed.factor:
        return None
    needed = EXACT.add(points, EXACT.divide(lacking, weighed.factor))
    if part.bands:
        enough = [(gained, b) for _, b in part.bands if (gained := part.clamped(b.points)) >= needed]
        if not enough:
            return None
        gained, band = min(enough, key=lambda pair: pair[0])
        return {"part": part.id, "points": gained, "when": cell_text(band.when) or "-"}
    needed = needed.quantize(Decimal("0.0001"), rounding=ROUND_CEILING, context=EXACT)
    if part.high is not None and needed > part.high:
        return None
    return {"part": part.id, "points": trimmed(needed), "when": None}


def told(card: Card, trace: dict[str, Json], grade: ScoreBand | None, language: Language) -> str:
    """The explanation as sentences, the largest share first."""
    titles = {part.id: _title(part.about.title, part.id, language) for part in card.parts}
    lines = sorted((p for p in trace["parts"] if p["points"] is not None), key=lambda p: -(p["share"] or 0))
    args: dict[str, Any] = {
        "score": number_text(trace["score"]) + (f" {card.output.unit}" if card.output.unit else ""),
        "band": "" if grade is None else phrased("scorecard.told_band", language, {"band": _graded(grade, language)}),
        "parts": _joined([_part_told(p, titles, language) for p in lines], language),
    }
    words = [phrased("scorecard.told", language, args)]
    if skipped := [titles[p["part"]] for p in trace["parts"] if p["points"] is None]:
        words.append(phrased("scorecard.told_skipped", language, {"parts": _joined(skipped, language)}))
    if trace["next"] and trace["next"]["ways"]:
        words.append(_next_told(card, trace["next"], titles, language))
    return ("" if language == "zh" else " ").join(words)


def _part_told(line: dict[str, Json], titles: dict[str, str], language: Language) -> str:
    value = phrased("scorecard.told_missing", language, {}) if line["missing"] else short(line["value"])
    share = "-" if line["share"] is None else number_text(line["share"])
    args = {"part": titles[line["part"]], "value": value, "points": line["points"], "share": share}
    itself = line["when"] is None and line["value"] is not None
    code = "scorecard.told_points" if itself else "scorecard.told_part"
    return phrased(code, language, {**args, "contribution": line["contribution"]})


def _next_told(card: Card, following: dict[str, Json], titles: dict[str, str], language: Language) -> str:
    grade = next(band for band in card.bands if band.id == following["band"])
    ways = []
    for way in following["ways"]:
        args = {"part": titles[way["part"]], "points": way["points"], "when": way["when"]}
        ways.append(phrased("scorecard.told_way" if way["when"] is None else "scorecard.told_way_when", language, args))
    args = {"band": _graded(grade, language), "missing": following["missing"]}
    glue = "或" if language == "zh" else " or "
    return phrased("scorecard.told_next", language, {**args, "ways": glue.join(ways)})


def _graded(band: ScoreBand, language: Language) -> str:
    return band.id if band.title is None else _title(band.title, band.id, language)


def _title(title: Titles | None, id_: str, language: Language) -> str:
    text: Text | None = title.text() if title else None
    return text[language] if text else id_


def _joined(words: Sequence[str], language: Language) -> str:
    return ("；" if language == "zh" else "; ").join(words)

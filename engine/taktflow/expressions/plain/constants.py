"""Constants in words."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from taktflow.expressions.plain.phrase import Hold, Phrase, bracketed, filled, separated, template
from taktflow.values import Language, Range, Value, YearsMonths, number_text, shown


def constant_told(value: Value, language: Language) -> Phrase:
    """``value`` in words; texts keep their quotes."""
    match value:
        case None:
            return Phrase(template("value", "null", language), Hold.WORD)
        case bool():
            return Phrase(template("value", "true" if value else "false", language), Hold.WORD)
        case Decimal() | int():
            return Phrase(number_text(Decimal(value)), Hold.WORD)
        case str():
            return Phrase(json.dumps(value, ensure_ascii=False), Hold.WORD)
        case timedelta() | YearsMonths():
            return Phrase(_length(value, language), Hold.WORD)
        case list():
            return Phrase("[" + separated([constant_told(v, language).text for v in value], language) + "]", Hold.WORD)
        case Range():
            return Phrase(range_told(value, language), Hold.SENTENCE)
        case _:
            return Phrase(_moment(value), Hold.WORD)


def _moment(value: Value) -> str:
    # The T between date and time is for machines.
    return value.isoformat(" ") if isinstance(value, datetime) else shown(value)


def is_moment(value: Value) -> bool:
    """Whether ``value`` comes before and after others rather than being less or more."""
    return isinstance(value, date | time)


def _length(value: timedelta | YearsMonths, language: Language) -> str:
    negative = value < (YearsMonths(0) if isinstance(value, YearsMonths) else timedelta())  # type: ignore[operator]
    if isinstance(value, YearsMonths):
        years, months = divmod(abs(value.months), 12)
        counts = {"year": Decimal(years), "month": Decimal(months)}
        smallest = "month"
    else:
        size = abs(value)
        hours, rest = divmod(size.seconds, 3600)
        minutes, seconds = divmod(rest, 60)
        exact = (Decimal(seconds) + Decimal(size.microseconds).scaleb(-6)).normalize()
        days = Decimal(size.days)
        counts = {"day": days, "hour": Decimal(hours), "minute": Decimal(minutes), "second": exact}
        smallest = "hour"
    named = [(name, n) for name, n in counts.items() if n] or [(smallest, Decimal(0))]
    words = [
        filled(template("value", name + ("_1" if n == 1 else ""), language), {"n": number_text(n)}, language)
        for name, n in named
    ]
    text = " ".join(words)
    return filled(template("value", "minus", language), {"text": text}, language) if negative else text


def range_told(value: Range, language: Language) -> str:
    """A constant range as what may follow "is": ``from 1 to under 5``, ``at least 3``."""
    ends = [end for end in (value.low, value.high) if end is not None]
    group = "test_moment" if any(is_moment(end) for end in ends) else "test"
    low, high = (constant_told(end, language).text for end in (value.low, value.high))
    if value.low is None or value.high is None:
        if value.low is None:
            sign, end = "<=" if value.high_closed else "<", high
        else:
            sign, end = ">=" if value.low_closed else ">", low
        return filled(template(group, sign, language), {"right": end}, language)
    marks = ("[" if value.low_closed else "(") + ("]" if value.high_closed else ")")
    return filled(template(group, marks, language), {"low": low, "high": high}, language)


def aside(text: str, note: str, language: Language) -> str:
    """``text`` with ``note`` in brackets behind it."""
    return f"{text}{bracketed(note, language)}" if language == "zh" else f"{text} {bracketed(note, language)}"

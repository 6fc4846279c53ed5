"""What crosses every wall: values, localized texts, places in documents and findings.

A *value* is what an instance's variables, a record's fields and an expression hold: ``None``, ``bool``, ``str``,
``Decimal`` (the only number), ``date``, ``time``, aware ``datetime``, ``timedelta`` (days-time duration),
:class:`YearsMonths`, :class:`Range`, ``list`` and ``dict`` with string keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext
from typing import Any, Literal, TypeAlias

import simplejson

Json: TypeAlias = Any
"""A JSON document: None, bool, int, float or Decimal, str, list, dict."""

Value: TypeAlias = Any
"""One of the kinds named in this module's docstring."""

Pointer: TypeAlias = str
"""A JSON pointer (RFC 6901) into the document a finding or error is about; ``""`` is the whole document."""

Language: TypeAlias = Literal["zh", "en"]
Severity: TypeAlias = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in Chinese and English."""

    zh: str
    en: str

    def __getitem__(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True, order=True)
class YearsMonths:
    """A years-and-months duration (FEEL), in whole months; negative runs backwards."""

    months: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        body = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
        return f"{'-' if self.months < 0 else ''}P{body}"


@dataclass(frozen=True, slots=True)
class Range:
    """An interval of comparable values; ``None`` as an end means unbounded."""

    low: Value
    high: Value
    low_closed: bool = True
    high_closed: bool = True

    def __str__(self) -> str:
        low = "" if self.low is None else shown(self.low)
        high = "" if self.high is None else shown(self.high)
        return f"{'[' if self.low_closed else '('}{low}..{high}{']' if self.high_closed else ')'}"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency (ISO 4217 code); never converted silently."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know about a document.

    ``code`` names the sentence in the text catalogue, ``args`` fill it; ``line`` and ``column`` count from 1 and are
    0 where the place is not known.
    """

    code: str
    at: Pointer = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = "error"
    file: str = ""
    line: int = 0
    column: int = 0


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any finding is severe enough to stop publishing."""
    return any(f.severity == "error" for f in findings)


_DURATION = re.compile(
    r"(?P<sign>-)?P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d*)?)S)?)?"
)


def parse_duration(text: str) -> timedelta | YearsMonths:
    """The ISO 8601 duration that ``text`` writes; ``ValueError`` for any other text.

    Years and months do not mix with days and times, since a month has no fixed length.
    """
    match = _DURATION.fullmatch(text) if len(text) <= 64 else None
    parts = {k: v for k, v in match.groupdict().items() if v is not None and k != "sign"} if match else {}
    if not match or not parts or text.endswith("T"):
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as PT4H, P1DT30M or P1Y6M")
    sign = -1 if match["sign"] else 1
    if parts.keys() & {"years", "months"}:
        if parts.keys() - {"years", "months"}:
            raise ValueError(f"{text!r} mixes months with days; use one of them")
        return YearsMonths(sign * (int(parts.get("years", 0)) * 12 + int(parts.get("months", 0))))
    try:
        return sign * timedelta(
            weeks=int(parts.get("weeks", 0)),
            days=int(parts.get("days", 0)),
            hours=int(parts.get("hours", 0)),
            minutes=int(parts.get("minutes", 0)),
            microseconds=int(Decimal(parts.get("seconds", "0")) * 1_000_000),
        )
    except OverflowError as wrong:
        raise ValueError(f"{text!r} is longer than this engine can count") from wrong


def duration_text(value: timedelta) -> str:
    """``value`` as an ISO 8601 days-time duration."""
    sign = "-" if value < timedelta(0) else ""
    value = abs(value)
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    clock = (
        (f"{hours}H" if hours else "")
        + (f"{minutes}M" if minutes else "")
        + (f"{seconds}{fraction}S" if seconds or fraction else "")
    )
    days = f"{value.days}D" if value.days else ""
    return f"{sign}P{days}{'T' + clock if clock else ''}" if days or clock else "PT0S"


def shown(value: Value) -> str:
    """``value`` as a person reads it in a message."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Decimal():
            return number_text(value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return duration_text(value)
        case list():
            return "[" + ", ".join(shown(v) for v in value) + "]"
        case dict():
            return "{" + ", ".join(f"{k}: {shown(v)}" for k, v in value.items()) + "}"
        case _:
            return str(value)


def number_text(value: Decimal) -> str:
    """``value`` without exponent and with the scale it carries (``12.50`` stays ``12.50``), unless it is huge."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or abs(exponent) > 60 or len(digits) > 60:
        return str(value)
    return format(value, "f")


def normal(value: Any) -> Value:
    """``value`` from foreign code as a value; ``TypeError`` for what no value can hold.

    Integers and floats become ``Decimal`` (a float by its shortest text, as people write it), tuples become lists.
    """
    # Exact types first: nearly every value is one of these, and asking an abstract class is slow.
    kind = type(value)
    if kind is Decimal:
        return _finite(value)
    if kind in _EXACT:
        return value
    if kind is dict:
        return {k if type(k) is str else str(k): normal(v) for k, v in value.items()}
    if kind is list:
        return [normal(v) for v in value]
    return _normal_of_others(value)


_EXACT = frozenset({type(None), bool, str, timedelta, date, time, YearsMonths, Range})


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise TypeError(f"{value} is no number to calculate with; use null for an unknown one")
    return value


def _normal_of_others(value: Any) -> Value:
    match value:
        case str() | timedelta():
            return value
        case Decimal():
            return _finite(value)
        case int():
            return Decimal(value)
        case float():
            return _finite(Decimal(repr(value)))
        case datetime():
            if value.tzinfo is None:
                raise TypeError("a date and time needs a time zone")
            return value
        case date() | time():
            return value
        case Mapping():
            return {str(k): normal(v) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [normal(v) for v in value]
        case _:
            raise TypeError(f"a {type(value).__name__} is no value; use text, number, date, list or mapping")


def _tagged(value: Any) -> Json:
    match value:
        case datetime():
            return {"$datetime": value.isoformat()}
        case date():
            return {"$date": value.isoformat()}
        case time():
            return {"$time": value.isoformat()}
        case timedelta():
            return {"$duration": duration_text(value)}
        case YearsMonths():
            return {"$months": value.months}
        case Range():
            return {"$range": [value.low, value.high, value.low_closed, value.high_closed]}
        case _:
            raise TypeError(f"a {type(value).__name__} is no value")


def _untagged(pairs: dict[str, Any]) -> Value:
    if len(pairs) != 1:
        return pairs
    ((tag, body),) = pairs.items()
    try:
        return _read_tag(tag, body, pairs)
    except (TypeError, ValueError):
        # A stranger's document may use such a key for something else: it stays what it was.
        return pairs


def _read_tag(tag: str, body: Any, pairs: dict[str, Any]) -> Value:
    match tag:
        case "$datetime":
            return datetime.fromisoformat(body)
        case "$date":
            return date.fromisoformat(body)
        case "$time":
            return time.fromisoformat(body)
        case "$duration":
            return parse_duration(body)
        case "$months":
            return YearsMonths(int(body))
        case "$range":
            return Range(*body)
        case _:
            return pairs


def dumps(value: Value) -> str:
    """``value`` as JSON text that :func:`loads` turns back into an equal value of equal types."""
    return _TAGGING.encode(value)


_TAGGING = simplejson.JSONEncoder(
    use_decimal=True, ensure_ascii=False, separators=(",", ":"), default=_tagged, namedtuple_as_object=False
)


def loads(text: str | bytes) -> Value:
    """The value that :func:`dumps` wrote; every number is a ``Decimal``."""
    return simplejson.loads(
        text, use_decimal=True, parse_int=Decimal, object_hook=_untagged if _may_hold_tags(text) else None
    )


def _may_hold_tags(text: str | bytes) -> bool:
    # The hook costs a Python call per object; most states hold no dates, so look for a tag first.
    return '{"$' in text if isinstance(text, str) else b'{"$' in text


def plain(value: Value) -> Json:
    """``value`` for the rim: dates, times and durations as ISO 8601 text, numbers still exact ``Decimal``."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return duration_text(value)
        case YearsMonths() | Range():
            return str(value)
        case Mapping():
            return {k: plain(v) for k, v in value.items()}
        case list() | tuple():
            return [plain(v) for v in value]
        case _:
            return value


def plain_dumps(document: Any) -> str:
    """JSON text of ``document`` for people and other systems: exact numbers, ISO 8601 dates."""
    return _PLAIN.encode(plain(document))


_PLAIN = simplejson.JSONEncoder(use_decimal=True, ensure_ascii=False, separators=(",", ":"))


def plain_loads(text: str | bytes) -> Json:
    """JSON text from outside as a document whose numbers are ``Decimal``; ``ValueError`` when it is no JSON.

    NaN and infinities, which JSON does not know, are refused; so is nesting too deep to walk.
    """
    try:
        return simplejson.loads(text, use_decimal=True, parse_int=Decimal, allow_nan=False)
    except RecursionError as wrong:
        raise ValueError("the JSON document is nested too deeply") from wrong


def quantized(value: Decimal, scale: int, rounding: str) -> Decimal:
    """``value`` rounded to ``scale`` decimals; ``rounding`` is one of the decimal module's constants."""
    with localcontext() as exact:
        # 1E+40 has one digit, but forty-one before its decimals.
        exact.prec = max(34, len(value.as_tuple().digits) + scale + 2, min(value.adjusted(), 100) + scale + 2)
        return value.quantize(Decimal(1).scaleb(-scale), rounding=rounding)

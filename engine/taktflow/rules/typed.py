"""The types of columns and figures: what a foreign value becomes, what a literal cell says, how numbers are rounded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal, InvalidOperation
from typing import Any

from taktflow.definitions.decision import CellType
from taktflow.expressions import ANY, BOOLEAN, DATE, DATETIME, DAYS_TIME, NUMBER, STRING, TIME, Type
from taktflow.expressions.literals import NotLiteral, cell_literal
from taktflow.values import Text, Value, YearsMonths, number_text, parse_duration, quantized

ROUNDINGS: Mapping[str, str] = {
    "half_even": ROUND_HALF_EVEN,
    "half_up": ROUND_HALF_UP,
    "half_down": ROUND_HALF_DOWN,
    "up": ROUND_UP,
    "down": ROUND_DOWN,
}

CELL_TYPES: Mapping[CellType, Type] = {
    "text": STRING,
    "number": NUMBER,
    "boolean": BOOLEAN,
    "date": DATE,
    "time": TIME,
    "datetime": DATETIME,
    "duration": DAYS_TIME,
    "any": ANY,
}
"""What the types of columns are called in expressions."""

TYPE_WORDS: Mapping[CellType, Text] = {
    "text": Text("文本", "text"),
    "number": Text("数字", "a number"),
    "boolean": Text("是/否", "true or false"),
    "date": Text("日期", "a date such as 2026-01-31"),
    "time": Text("时刻，如 14:30:00", "a time of day such as 14:30:00"),
    "datetime": Text("带时区的日期时间", "a date and time with a zone such as 2026-01-31T08:00:00+08:00"),
    "duration": Text("时长", "a duration such as PT4H"),
    "any": Text("任何值", "anything"),
}


class Mistyped(ValueError):
    """The value is not of the wanted type and cannot be read as one."""


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_WRAPPED = re.compile(r'(?:@|date\(|time\(|date and time\(|duration\()\s*"([^"]*)"\s*\)?')


def coerced(value: Value, type_: CellType, zone: tzinfo) -> Value:
    """``value`` as ``type_``, null as null; raises Mistyped.

    Text that writes a number, date or duration is read, since records from outside carry such text; a moment is
    the date it has in ``zone``.
    """
    if value is None:
        return None
    return _COERCIONS[type_](value, zone)


def _text(value: Value, _: tzinfo) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return number_text(value)
    raise Mistyped


def _number(value: Value, _: tzinfo) -> Decimal:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise Mistyped
        return value
    if isinstance(value, str) and len(value) <= 100 and _NUMBER.fullmatch(value.strip()):
        try:
            return Decimal(value.strip())
        except InvalidOperation as wrong:
            raise Mistyped from wrong
    raise Mistyped


def _boolean(value: Value, _: tzinfo) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise Mistyped


def _date(value: Value, zone: tzinfo) -> date:
    if isinstance(value, datetime):
        return value.astimezone(zone).date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if len(value) == 10 else _datetime(value, zone).astimezone(zone).date()
        except ValueError as wrong:
            raise Mistyped from wrong
    raise Mistyped


def _datetime(value: Value, zone: tzinfo) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=zone)
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError as wrong:
            raise Mistyped from wrong
        return found if found.tzinfo else found.replace(tzinfo=zone)
    raise Mistyped


def _time(value: Value, _: tzinfo) -> time:
    if isinstance(value, time):
        return value
    if isinstance(value, str):
        try:
            return time.fromisoformat(value)
        except ValueError as wrong:
            raise Mistyped from wrong
    raise Mistyped


def _duration(value: Value, _: tzinfo) -> timedelta | YearsMonths:
    if isinstance(value, timedelta | YearsMonths):
        return value
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except ValueError as wrong:
            raise Mistyped from wrong
    raise Mistyped


_COERCIONS: Mapping[CellType, Callable[[Any, tzinfo], Value]] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "duration": _duration,
    "any": lambda value, _: value,
}


def cell_text(cell: Any) -> str:
    """The text of a cell as its author sees it; YAML reads ``12``, ``true`` and an empty cell as other things."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case Decimal():
            return number_text(cell)
        case _:
            return str(cell).strip()


def literal(text: str, type_: CellType) -> Value:
    """What an output cell says; empty, ``-`` and ``null`` are null. Raises Mistyped.

    Text needs no quotes; quoted text keeps what is between them, so ``"-"`` is a dash. A moment must name its zone.
    """
    if text in ("", "-", "null"):
        return None
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    elif type_ == "any":
        return _any_literal(text)
    elif type_ in ("date", "time", "datetime", "duration"):
        wrapped = _WRAPPED.fullmatch(text)
        text = wrapped[1] if wrapped else text
    if type_ == "datetime":
        return _zoned(text)
    return coerced(text, type_, UTC)


def _any_literal(text: str) -> Value:
    """A number, true or false, or ``@"..."`` where the text writes one; otherwise the text itself."""
    try:
        return cell_literal(text, ANY, None)
    except NotLiteral:
        return text


def _zoned(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise Mistyped from wrong
    if found.tzinfo is None:
        raise Mistyped
    return found


def rounded(value: Value, scale: int | None, rounding: str) -> Value:
    """A number with exactly ``scale`` decimals; anything else, and every number without a scale, as it is."""
    if scale is None or not isinstance(value, Decimal) or value.as_tuple().exponent == -scale:
        return value
    return quantized(value, scale, ROUNDINGS[rounding])

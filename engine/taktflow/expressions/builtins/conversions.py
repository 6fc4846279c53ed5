"""Built-ins that make one kind of value from another (DMN 1.5, 10.3.4.1)."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal

from taktflow.expressions import temporal
from taktflow.expressions.builtins.forms import Builtin, Form, Parameter, whole
from taktflow.expressions.far import FarDate, FarMoment, day_of
from taktflow.expressions.limits import LITERAL_DIGITS
from taktflow.expressions.operators import MATH
from taktflow.expressions.run import Run
from taktflow.expressions.types import (
    ANY,
    DATE,
    DATETIME,
    DAYS_TIME,
    NUMBER,
    STRING,
    TIME,
    YEARS_MONTHS,
)
from taktflow.expressions.unzoned import zoned
from taktflow.values import Range, Value, YearsMonths, duration_text, number_text

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)


def _date(source: Value) -> Value:
    if isinstance(source, datetime | FarMoment):
        return temporal.day_in(source)
    if isinstance(source, date | FarDate):
        return source
    return temporal.read_date(source) if isinstance(source, str) else None


def _date_of(year: Decimal, month: Decimal, day: Decimal) -> Value:
    return day_of(whole(year), whole(month), whole(day))


def _date_and_time(run: Run, source: Value) -> Value:
    if isinstance(source, datetime | FarMoment):
        return source
    if isinstance(source, date | FarDate):
        return temporal.joined(source, time(), run.clock.zone)
    return temporal.read_date_and_time(source, run.clock.zone) if isinstance(source, str) else None


def _date_with_time(run: Run, day: Value, at: time) -> Value:
    if isinstance(day, datetime | FarMoment):
        day = temporal.day_in(day)
    return temporal.joined(day, at, run.clock.zone) if isinstance(day, date | FarDate) else None


def _time(source: Value) -> Value:
    if isinstance(source, date | FarDate | FarMoment):
        return temporal.clock_time(temporal.as_moment(source))
    if isinstance(source, time):
        return source
    return temporal.read_time(source) if isinstance(source, str) else None


def _time_of(hour: Decimal, minute: Decimal, second: Decimal, offset: timedelta | None) -> Value:
    zone: tzinfo | None = None
    if offset is not None:
        sign, length = ("-", -offset) if offset < timedelta() else ("+", offset)
        hours, rest = divmod(length.seconds, 3600)
        zone = temporal.read_zone(f"{sign}{hours + length.days * 24:02d}:{rest // 60:02d}:{rest % 60:02d}")
        if zone is None:
            return None
    whole_second = int(second)
    micro = int((second - whole_second) * 1_000_000)
    return time(whole(hour), whole(minute), whole_second, micro, zone)


def _duration(source: Value) -> Value:
    if isinstance(source, timedelta | YearsMonths):
        return source
    return temporal.read_length(source) if isinstance(source, str) else None


def _years_and_months(start: Value, end: Value) -> Value:
    if not (isinstance(start, date | FarDate | FarMoment) and isinstance(end, date | FarDate | FarMoment)):
        return None
    return YearsMonths(temporal.whole_months(start, end))


def _number(source: str, grouping: str | None, point: str | None) -> Value:
    if grouping not in (None, " ", ",", ".") or point not in (None, ",", ".") or (grouping and grouping == point):
        return None
    text = source.replace(grouping, "") if grouping else source
    text = text.replace(point, ".") if point else text
    if not _NUMBER.fullmatch(text) or len(text) > 2 * LITERAL_DIGITS + 8:
        return None
    return MATH.create_decimal(text)


def written(value: Value) -> str:
    """``value`` as FEEL writes it inside a list, a context or a range: texts in quotes."""
    return _quoted(value) if isinstance(value, str) else str(string(value) if value is not None else "null")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def string(value: Value) -> Value:
    """``value`` as a text; null stays null."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return number_text(value if value else abs(value))
        case datetime() | date() | time() | FarDate() | FarMoment():
            return _moment_text(value)
        case timedelta():
            return duration_text(value)
        case YearsMonths():
            return str(value)
        case list() | tuple():
            return "[" + ", ".join(written(v) for v in value) + "]"
        case dict():
            return "{" + ", ".join(f"{_key(k)}: {written(v)}" for k, v in value.items()) + "}"
        case Range():
            return _range_text(value)
        case _:
            return None


def _key(key: str) -> str:
    return key if key.replace(" ", "_").isidentifier() else _quoted(key)


def _range_text(value: Range) -> str:
    low, high = ("" if end is None else written(end) for end in (value.low, value.high))
    return f"{'[' if value.low_closed else '('}{low}..{high}{']' if value.high_closed else ')'}"


def _moment_text(value: temporal.Day | temporal.Moment | time) -> str:
    if isinstance(value, FarDate | FarMoment):
        return value.written(_moment_text(value.base))
    if not isinstance(value, datetime | time):
        return value.isoformat()
    zone = zoned(value.tzinfo)
    local = value.replace(tzinfo=None).isoformat()
    text = local.rstrip("0") if "." in local else local
    key = getattr(zone, "key", None)
    if key is not None:
        return f"{text}@{key}"
    offset = value.isoformat()[len(local) :] if zone is not None else ""
    return f"{text}{'Z' if offset == '+00:00' else offset}"


def _string(value: Value) -> Value:
    return string(value)


_FROM = (Parameter("from", ANY),)
_NUMBERS_FORM = (
    Parameter("from", STRING),
    Parameter("grouping separator", STRING, optional=True),
    Parameter("decimal separator", STRING, optional=True),
)
FUNCTIONS = (
    Builtin(
        "date",
        (
            Form(_FROM, DATE, _date),
            Form((Parameter("year", NUMBER), Parameter("month", NUMBER), Parameter("day", NUMBER)), DATE, _date_of),
        ),
    ),
    Builtin(
        "date and time",
        (
            Form(_FROM, DATETIME, _date_and_time, needs_run=True),
            Form((Parameter("date", ANY), Parameter("time", TIME)), DATETIME, _date_with_time, needs_run=True),
        ),
    ),
    Builtin(
        "time",
        (
            Form(_FROM, TIME, _time),
            Form(
                (
                    Parameter("hour", NUMBER),
                    Parameter("minute", NUMBER),
                    Parameter("second", NUMBER),
                    Parameter("offset", DAYS_TIME, optional=True),
                ),
                TIME,
                _time_of,
            ),
        ),
    ),
    Builtin("duration", (Form(_FROM, ANY, _duration),)),
    Builtin(
        "years and months duration",
        (Form((Parameter("from", ANY), Parameter("to", ANY)), YEARS_MONTHS, _years_and_months),),
    ),
    Builtin("number", (Form(_NUMBERS_FORM, NUMBER, _number),)),
    Builtin("string", (Form(_FROM, STRING, _string, deep=8),)),
)

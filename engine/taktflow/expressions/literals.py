"""Constants as people write them in a table's cell: by the column's type, with or without FEEL's quotes."""

from __future__ import annotations

import re
from datetime import tzinfo
from decimal import Decimal

from taktflow.expressions import temporal
from taktflow.expressions.limits import LITERAL_DIGITS
from taktflow.expressions.reading import unescaped
from taktflow.expressions.types import (
    ANY,
    BOOLEAN,
    DATE,
    DATETIME,
    DAYS_TIME,
    NUMBER,
    STRING,
    TIME,
    YEARS_MONTHS,
    Type,
)
from taktflow.values import Value, YearsMonths

_NUMBER = re.compile(r"[-+]?(?:\d{1,34}(?:\.\d{1,34})?|\.\d{1,34})", re.ASCII)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_WRAPPED = re.compile(
    r'(?:@|(?:date\s+and\s+time|date|time|duration|years\s+and\s+months\s+duration)\s*\()\s*("[^"\\]*")\s*(\)?)'
)
_FROM_TO = re.compile(r"(\S+?)\s*(?:-|~|–|—|至|到|\.\.|to)\s*(\S+)")
_SLASHED = re.compile(r"(\d{4})[/.年](\d{1,2})[/.月](\d{1,2})日?")
_LOOSE_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_THOUSANDS = re.compile(r"\d{1,3}(?: \d{3})+")
_SPEAKS_FEEL = re.compile(r'"|(?:^|[\s(])\?(?:$|[\s,).])')
"""A quote or a lone question mark inside unquoted text: an expression that lost its leading equals sign."""
_TEMPORAL = (DATE, DATETIME, TIME, DAYS_TIME, YEARS_MONTHS)


class NotLiteral(Exception):
    """The text is no constant of that type."""


def cell_literal(text: str, type: Type, zone: tzinfo | None) -> Value:
    """The constant that ``text`` writes in a column of ``type``; :class:`NotLiteral` for anything else."""
    if type == NUMBER:
        return _number(text)
    if type == STRING:
        return _text(text)
    if type == BOOLEAN and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if type in _TEMPORAL:
        return _moment(text, type, zone)
    if type == ANY:
        return _any(text, zone)
    raise NotLiteral


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text) or len(text.lstrip("+-0").replace(".", "")) > LITERAL_DIGITS:
        raise NotLiteral
    return Decimal(text)


def _text(text: str) -> str:
    if text.startswith('"'):
        if not _QUOTED.fullmatch(text):
            raise NotLiteral
        return unescaped(text)
    if "，" in text or _SPEAKS_FEEL.search(text):
        raise NotLiteral
    return text


def _moment(text: str, type: Type, zone: tzinfo | None) -> Value:
    wrapped = _WRAPPED.fullmatch(text)
    body = unescaped(wrapped[1]) if wrapped else text
    found: Value = None
    if type == DATE:
        found = temporal.near(temporal.read_date(body))
    elif type == TIME:
        found = temporal.read_time(body)
    elif type == DATETIME:
        found = temporal.near(temporal.read_date_and_time(body, zone))
    else:
        length = temporal.read_length(body)
        found = length if isinstance(length, YearsMonths) == (type == YEARS_MONTHS) else None
    if found is None:
        raise NotLiteral
    return found


def _any(text: str, zone: tzinfo | None) -> Value:
    if text in ("true", "false"):
        return text == "true"
    if _QUOTED.fullmatch(text):
        return unescaped(text)
    wrapped = _WRAPPED.fullmatch(text)
    if wrapped:
        found = temporal.near(temporal.read_any(unescaped(wrapped[1]), zone))
        if found is None:
            raise NotLiteral
        return found
    return _number(text)


def meant_instead(text: str, type: Type) -> str:
    """What was likely meant by ``text`` in a column of ``type``, in the form to write; empty when nothing is known."""
    if type in (DATE, DATETIME) and (match := _SLASHED.fullmatch(text) or _LOOSE_DATE.fullmatch(text)):
        return f"{match[1]}-{int(match[2]):02d}-{int(match[3]):02d}"
    if type == STRING:
        return text.replace("，", ",") if "，" in text else f"= {text}" if _SPEAKS_FEEL.search(text) else ""
    if type == NUMBER and _THOUSANDS.fullmatch(text):
        return text.replace(" ", "")
    if type == NUMBER or type in _TEMPORAL:
        match = _FROM_TO.fullmatch(text)
        if match and _is_literal(match[1], type) and _is_literal(match[2], type):
            return f"[{match[1]}..{match[2]}]"
    return ""


def _is_literal(text: str, type: Type) -> bool:
    try:
        cell_literal(text, type, None)
    except NotLiteral:
        return False
    return True

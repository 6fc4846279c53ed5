"""Values as text that sorts as the values do, so that one indexed column serves every type exactly."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias

from taktflow.store.moments import micros
from taktflow.values import YearsMonths

IndexValue: TypeAlias = bool | int | Decimal | str | date | time | datetime | timedelta | YearsMonths | None
"""What a declared index may hold. None means that the record has no value there; it sorts first."""

LONGEST_TEXT = 256
"""Characters of a text that sort; a longer one is told from its like by a digest."""
_EXPONENT_BIAS = 5_000_000
_COUNT_BIAS = 1 << 62
_NINES = str.maketrans("0123456789", "9876543210")


def sortable(value: IndexValue) -> str:
    """``value`` as text: of two values of one type, the smaller has the smaller text in byte order."""
    match value:
        case None:
            return ""
        case bool():
            return "b1" if value else "b0"
        case int() | Decimal():
            return "n" + _number(Decimal(value))
        case str():
            return "t" + _text(value)
        case datetime():
            return "m" + _count(micros(value))
        case date():
            return f"d{value.isoformat()}"
        case time():
            return f"c{value.isoformat()}"
        case timedelta():
            return "u" + _count(value // timedelta(microseconds=1))
        case YearsMonths():
            return "y" + _count(value.months)


def sortable_prefix(text: str) -> str:
    """What the text of every ``sortable(t)`` begins with, for texts ``t`` that begin with ``text``."""
    return "t" + text[:LONGEST_TEXT]


def after_prefix(prefix: str) -> str:
    """The smallest text that sorts after everything that begins with ``prefix``."""
    for i in range(len(prefix) - 1, -1, -1):
        point = ord(prefix[i])
        if point < 0x10FFFF:
            # Surrogates cannot be written as UTF-8; the next code point that can is U+E000.
            follower = 0xE000 if 0xD7FF <= point < 0xDFFF else point + 1
            return prefix[:i] + chr(follower)
    return ""


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is no number that sorts")
    sign, digits, exponent = value.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    if not text:
        return "1"
    magnitude = len(text) + int(exponent) + _EXPONENT_BIAS
    body = f"{magnitude:08d}{text.rstrip('0')}"
    # A negative number is the larger the smaller its magnitude; the tilde makes -12.3 sort before -12.
    return f"0{body.translate(_NINES)}~" if sign else f"2{body}"


def _count(value: int) -> str:
    return f"{value + _COUNT_BIAS:020d}"


def _text(value: str) -> str:
    if len(value) <= LONGEST_TEXT:
        return value
    return value[:LONGEST_TEXT] + hashlib.sha256(value.encode()).hexdigest()

"""Ranges from text: ``range("[1..10)")`` (DMN 1.5, 10.3.4.1). The ends are constants; one of them may be missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import tzinfo
from decimal import Decimal

from taktflow.expressions import temporal
from taktflow.expressions.builtins.forms import Builtin, Form, Parameter
from taktflow.expressions.limits import LITERAL_DIGITS
from taktflow.expressions.operators import kind, less_equal
from taktflow.expressions.run import Run
from taktflow.expressions.types import ANY, STRING, RangeOf
from taktflow.values import Range, Value

_TEXT = r'"(?:[^"\\]|\\.)*"'
_RANGE = re.compile(rf"\s*([\[\](])\s*((?:{_TEXT}|[^\".]|\.(?!\.))*?)\s*\.\.\s*((?:{_TEXT}|[^\"])*?)\s*([\])\[])\s*")
_STEPS = 20
"""What reading one costs."""
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)", re.ASCII)
_CALL = re.compile(r'(@|date\s+and\s+time|date|time|duration)\s*(\()?\s*"([^"\\]*)"\s*(\))?')


def _range(run: Run, source: str) -> Value:
    run.charge(_STEPS)
    return read_range(source, run.clock.zone)


def read_range(source: str, zone: tzinfo) -> Range | None:
    """The range that ``source`` writes; None for any other text."""
    found = _RANGE.fullmatch(source) if len(source) <= 200 else None
    if found is None:
        return None
    opens, low_text, high_text, closes = found.groups()
    low_closed, high_closed = opens == "[", closes == "]"
    if not (low_text or high_text) or (not low_text and low_closed) or (not high_text and high_closed):
        return None
    low, high = (_constant(text, zone) if text else None for text in (low_text, high_text))
    if low_text and high_text and less_equal(low, high) is not True:
        return None
    if (low_text and not _ordered(low)) or (high_text and not _ordered(high)):
        return None
    return Range(low, high, low_closed, high_closed)


def _ordered(value: Value) -> bool:
    return less_equal(value, value) is True


def _constant(text: str, zone: tzinfo) -> Value:
    if _NUMBER.fullmatch(text):
        return Decimal(text) if len(text) <= LITERAL_DIGITS else None
    if re.fullmatch(_TEXT, text):
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    call = _CALL.fullmatch(text)
    if call is None or (call[1] == "@") == bool(call[2]) or bool(call[2]) != bool(call[4]):
        return None
    name = " ".join(call[1].split())
    value = _READ[name](call[3], zone)
    return value if name in ("@", "duration") or kind(value) == name else None


_READ: Mapping[str, Callable[[str, tzinfo], Value]] = {
    "@": temporal.read_any,
    "date": lambda text, _: temporal.read_date(text),
    "time": lambda text, _: temporal.read_time(text),
    "date and time": temporal.read_date_and_time,
    "duration": lambda text, _: temporal.read_length(text),
}
FUNCTIONS = (Builtin("range", (Form((Parameter("from", STRING),), RangeOf(ANY), _range, needs_run=True),)),)

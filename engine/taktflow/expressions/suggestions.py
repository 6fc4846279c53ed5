"""What findings suggest: close names, a built-in's forms, and what its text arguments must look like."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC
from decimal import Decimal
from difflib import get_close_matches

from taktflow.expressions import temporal
from taktflow.expressions.builtins import Builtin, Form
from taktflow.expressions.builtins.range_texts import read_range
from taktflow.expressions.types import ANY, FunctionOf
from taktflow.values import Value


def close_name(name: str, known: Iterable[str]) -> str:
    """The one of ``known`` that was likely meant by ``name``, or the first few of them."""
    found = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else ", ".join(sorted(known)[:8]) or "-"


def signature(built_in: Builtin, form: Form) -> str:
    """One way to call ``built_in``, as a person would write it."""
    names = [p.name + ("?" if p.optional else "") for p in form.parameters]
    return f"{built_in.name}({', '.join(names)}{', ...' if form.rest else ''})"


def built_in_type(built_in: Builtin) -> FunctionOf:
    """``built_in`` as a value, called by its first form."""
    form = built_in.forms[0]
    return FunctionOf(tuple(p.type for p in form.parameters), ANY if callable(form.result) else form.result)


def _number_text(text: str) -> Value:
    return Decimal(0) if any(c.isdigit() for c in text) else None


READERS: dict[str, Callable[[str], Value]] = {
    "date": temporal.read_date,
    "time": temporal.read_time,
    "duration": temporal.read_length,
    "number": _number_text,
    "date and time": lambda text: temporal.read_date_and_time(text, UTC),
    "range": lambda text: read_range(text, UTC),
}
"""The built-ins that read a text, each with its reader: a constant text that it cannot read is a mistake."""

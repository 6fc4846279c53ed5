"""Spans of time in definitions: fixed, in working time, or computed."""

from __future__ import annotations

from datetime import timedelta

from taktflow.definitions.checking.scope import SPAN, Scope, expression
from taktflow.definitions.checking.world import Notes
from taktflow.definitions.envelope import Computed
from taktflow.definitions.triggers import Span, Work
from taktflow.values import Pointer, YearsMonths, parse_duration


def check_span(notes: Notes, span: Span | None, at: Pointer, scope: Scope) -> None:
    """Findings about a span: its form, its calendar, its expression."""
    match span:
        case None:
            return
        case str():
            duration(notes, span, at)
        case Work():
            duration(notes, span.work, at + "/work", months=False)
            notes.ref("calendar", span.calendar, at + "/calendar")
        case Computed():
            expression(notes, span.feel, at + "/$", scope, *SPAN)


def duration(notes: Notes, text: str | None, at: Pointer, *, months: bool = True) -> None:
    """A finding when ``text`` is no duration, runs backwards, or counts months where only hours make sense."""
    if text is None:
        return
    try:
        length = parse_duration(text)
    except ValueError:
        notes.add("span.form", at, given=text)
        return
    if isinstance(length, YearsMonths):
        if not months:
            notes.add("span.months", at, given=text)
        elif length.months < 0:
            notes.add("span.negative", at, given=text)
    elif length < timedelta(0):
        notes.add("span.negative", at, given=text)

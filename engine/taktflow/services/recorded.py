"""Decisions as the journal recorded them: what was asked, what was answered, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from taktflow.sdk import Text
from taktflow.services.asking import Answered, rows_of
from taktflow.services.tables import Kind
from taktflow.store import JournalRow, Part, Store
from taktflow.values import Value, loads

_PAGE = 200
"""Journal rows held at a time."""
_NO_VALUE = object()


@dataclass(frozen=True, slots=True)
class Recorded:
    """One decision: ``inputs`` are typed and by column id; None where the journal does not hold them.

    ``answered`` is None where the workflow kept no value, so that nothing can be compared with it.
    """

    instance: str
    node: str
    at: datetime
    version: int
    inputs: Mapping[str, Value] | None
    answered: Answered | None


def recorded(
    store: Store, kind: Kind, id: str, *, since: datetime | None = None, before: datetime | None = None
) -> Iterator[Recorded]:
    """Every recorded decision of ``id`` from ``since`` on and before ``before``, of the newest instance first.

    Read page by page, so that a long history takes no more room than a short one.
    """
    cursor = None
    while True:
        part = Part(limit=_PAGE, cursor=cursor, count=False)
        page = store.instances.journals(f'"{kind}:{id}', f'"{kind}":"{id}"', since, before, part)
        for row in page.rows:
            yield from _decisions(row, kind, id)
        cursor = page.next
        if cursor is None:
            return


def _decisions(row: JournalRow, kind: Kind, id: str) -> Iterator[Recorded]:
    for step in reversed(loads(row.batch)):
        if step.get("step") == "ran":
            yield from _ran(row, step, kind, id)
        elif step.get("step") in ("routed", "incident"):
            details = step.get("details")
            if isinstance(details, Mapping) and details.get(kind) == id:
                yield _failed(row, step, details)


def _ran(row: JournalRow, step: Mapping[str, Any], kind: Kind, id: str) -> Iterator[Recorded]:
    trace = step.get("trace")
    traces = trace if isinstance(trace, list) else [trace]
    given = step.get("value", _NO_VALUE)
    values = given if isinstance(trace, list) and isinstance(given, list) else [given] * len(traces)
    for one, value in zip(traces, values, strict=False):
        if not isinstance(one, Mapping) or one.get(kind) != id:
            continue
        # A formula's trace holds its result even where no variable took it.
        kept = one.get("result", value)
        answered = None if kept is _NO_VALUE else Answered(kept, rows_of(one), one)
        inputs = one.get("inputs")
        yield Recorded(row.instance, str(step.get("node", "")), row.at, _version(one), inputs, answered)


def _failed(row: JournalRow, step: Mapping[str, Any], details: Mapping[str, Any]) -> Recorded:
    words = step.get("message") or {}
    text = Text(zh=str(words.get("zh", "")), en=str(words.get("en", "")))
    answered = Answered(error=str(step.get("code", "")), text=text, details=details)
    return Recorded(row.instance, str(step.get("node", "")), row.at, _version(details), details.get("inputs"), answered)


def _version(trace: Mapping[str, Any]) -> int:
    version = trace.get("version")
    return int(version) if version is not None else 0

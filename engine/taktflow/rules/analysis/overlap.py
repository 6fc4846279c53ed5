"""Rows of a table that match the same data although only one may, each pair with data that shows it.

For every distinct cell the set of rows that it meets in its column is known from the column's classes of values; the
rows that meet a row in every column overlap it. That is one conjunction of sets a row, not a comparison a pair.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from taktflow.rules.axis import Axis
from taktflow.rules.column import Column
from taktflow.rules.analysis.domain import Domain
from taktflow.rules.reading import Reading, Row
from taktflow.rules.rowset import members, united
from taktflow.rules.words import inputs_text
from taktflow.values import Finding, Value

MOST = 50
"""Overlaps listed; mending them shows the next."""


@dataclass(frozen=True, slots=True)
class _Meeting:
    """One column's overlaps: the classes that each distinct cell matches, and the rows that it meets there."""

    axis: Axis
    classes: Sequence[int]
    rows: Sequence[int]


def overlap_findings(reading: Reading, columns: Sequence[Column], domains: Sequence[Domain]) -> Iterator[Finding]:
    """The overlaps of a unique or any table. Rows with cells that depend on other data are left to run time."""
    meetings = [_meeting(column, domain) for column, domain in zip(columns, domains, strict=True)]
    told = 0
    for low, high in _pairs(columns, meetings):
        first, second = reading.rows[low], reading.rows[high]
        same = _same(first, second)
        if same and reading.definition.hit_policy == "any":
            continue
        if told == MOST:
            yield Finding("table.overlaps_more", "/rows", {"shown": MOST}, severity="info")
            return
        told += 1
        args = {"row": first.answer.row, "other": second.answer.row, "witness": _witness(columns, meetings, low, high)}
        yield Finding("table.overlap_same" if same else "table.overlap", f"/rows/{second.at}", args)


def _same(first: Row, second: Row) -> bool:
    """Whether both rows surely answer alike."""
    if first.answer.constant and second.answer.constant:
        return list(first.answer.cells) == list(second.answer.cells)
    return first.answer.texts == second.answer.texts


def _meeting(column: Column, domain: Domain) -> _Meeting:
    axis = domain.axis(column.cells)
    possible = domain.classes(axis)
    classes = [0 if cell.residuals else axis.classes(cell) & possible for cell in column.cells]
    class_rows = [0] * axis.size
    for found, rows in zip(classes, column.cell_rows, strict=True):
        for place in members(found):
            class_rows[place] |= rows
    return _Meeting(axis, classes, [united(class_rows[place] for place in members(found)) for found in classes])


def _pairs(columns: Sequence[Column], meetings: Sequence[_Meeting]) -> Iterator[tuple[int, int]]:
    for low in range(len(columns[0].cell_of)):
        met = -1 << (low + 1)
        for column, meeting in zip(columns, meetings, strict=True):
            met &= meeting.rows[column.cell_of[low]]
        for high in members(met):
            yield low, high


def _witness(columns: Sequence[Column], meetings: Sequence[_Meeting], low: int, high: int) -> str:
    found: dict[str, Value] = {}
    for column, meeting in zip(columns, meetings, strict=True):
        if not meeting.axis.constants:
            # No cell of the column asks anything: whatever stands there.
            continue
        common = meeting.classes[column.cell_of[low]] & meeting.classes[column.cell_of[high]]
        # Class 0 is null: shown only where nothing else is common.
        place = next(members(common & ~1), 0)
        found[column.id] = meeting.axis.sample(place)[0]
    return inputs_text(found)

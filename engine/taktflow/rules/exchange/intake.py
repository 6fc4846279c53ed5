"""From read sheets to the table: all rows together, or nothing; what is wrong with a cell is told at its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from taktflow.definitions.decision import Decision, Row
from taktflow.rules.exchange.headings import Headings, letters
from taktflow.rules.exchange.reading import RowsRead
from taktflow.rules.exchange.sheets import Sheet
from taktflow.rules.reading import read
from taktflow.values import Finding, has_errors


@dataclass(frozen=True, slots=True)
class Taken:
    """One sheet with its rows as they were read."""

    sheet: Sheet
    headings: Headings
    read: RowsRead


def taken_in(
    base: Decision, sheets: Sequence[Taken], findings: Iterable[Finding]
) -> tuple[Decision | None, list[Finding]]:
    """``base`` with the rows of ``sheets``; None while anything could not be understood."""
    found = [*findings, *(f for taken in sheets for f in taken.read.findings)]
    if has_errors(found):
        return None, found
    decision = with_rows(base, {t.sheet.crosstab: t.read.rows for t in sheets})
    return decision, [*found, *_cells(decision, sheets)]


def with_rows(base: Decision, rows: Mapping[str, Sequence[Row]]) -> Decision:
    """``base`` with other rows, listed ones under an empty name, a cross-tab's under its id."""
    update: dict[str, object] = {}
    if "" in rows and (rows[""] or "rows" in base.model_fields_set):
        update["rows"] = tuple(rows[""])
    if any(sheet.id in rows for sheet in base.crosstab):
        update["crosstab"] = tuple(
            sheet.model_copy(update={"rows": tuple(rows[sheet.id])}) if sheet.id in rows else sheet
            for sheet in base.crosstab
        )
    return base.model_copy(update=update)


def _cells(decision: Decision, sheets: Sequence[Taken]) -> list[Finding]:
    """What is wrong with the rows' cells, at their places in the sheets."""
    number = {sheet.id: place for place, sheet in enumerate(decision.crosstab)}
    starts = {f"/crosstab/{number[t.sheet.crosstab]}/rows/" if t.sheet.crosstab else "/rows/": t for t in sheets}
    found = []
    for finding in read(decision).findings:
        start = next((s for s in starts if finding.at.startswith(s)), None)
        if start is not None:
            found.append(_placed(finding, starts[start], finding.at.removeprefix(start).split("/")))
    return found


def _placed(finding: Finding, taken: Taken, at: Sequence[str]) -> Finding:
    line = taken.read.lines[int(at[0])]
    number = int(at[1]) if len(at) > 1 and at[1].isdigit() else 0
    places = taken.headings.places
    place = places[number][0] if number < len(places) and places[number] else 0
    if taken.headings.comma:
        return replace(finding, file=taken.headings.file, line=line, column=place + 1)
    return replace(finding, file=f"{taken.headings.file}!{letters(place)}{line}")

"""Which column of a sheet is which column of a table: by id, or by title in a list of somebody's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taktflow.rules.exchange.intervals import FROM, UNTIL
from taktflow.rules.exchange.sheets import Sheet
from taktflow.values import Finding, Severity

SEARCHED_LINES = 20
"""Lines at the top of somebody's own list among which its headings are looked for."""


@dataclass(frozen=True, slots=True)
class Headings:
    """For each column of the table its places in the sheet, from 0: none, one, or two for a split interval.

    ``headed`` are all places with a heading, be it one that the table does not know; ``line`` is where the ids or
    titles stand; ``file`` names the sheet in findings.
    """

    file: str
    line: int
    places: tuple[tuple[int, ...], ...]
    headed: frozenset[int]
    comma: bool = False

    def finding(
        self, code: str, line: int, place: int, args: Mapping[str, Any], *, severity: Severity = "error"
    ) -> Finding:
        """A finding about one cell, with its name in the sheet."""
        return placed(self.file, code, line, place, args, comma=self.comma, severity=severity)


def placed(
    file: str,
    code: str,
    line: int,
    place: int,
    args: Mapping[str, Any],
    *,
    comma: bool = False,
    severity: Severity = "error",
) -> Finding:
    """A finding about the cell at ``place`` (from 0) of ``line``: ``Prices!C12``; a CSV's has line and column."""
    if comma:
        return Finding(code, "", args, severity, file, line, place + 1)
    return Finding(code, "", args, severity, f"{file}!{letters(place)}{line}")


def letters(place: int) -> str:
    """A column's name in a spreadsheet: A, B, ... Z, AA."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name


def found_headings(
    sheet: Sheet, file: str, line: int, texts: Sequence[str], *, comma: bool = False
) -> tuple[Headings | None, list[Finding]]:
    """The headings in ``texts``, or None with what is missing or said twice."""
    named: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        if text.strip():
            named.setdefault(text.strip().lower(), []).append(place)
    findings: list[Finding] = []
    candidates = _candidates(sheet, named)
    for column, places in zip(sheet.columns, candidates, strict=True):
        if len(places) > 1 and len(places[0]) == 1:
            args = {"heading": texts[places[1][0]].strip(), "other": letters(places[0][0])}
            findings.append(placed(file, "exchange.heading_twice", line, places[1][0], args, comma=comma))
        if not places and column.role in ("in", "out"):
            args = {"column": column.id, "title": column.both}
            findings.append(placed(file, "exchange.heading_missing", line, 0, args, comma=comma))
    used = {p for places in candidates for found in places for p in found}
    for place, text in enumerate(texts):
        if text.strip() and place not in used:
            given = {"heading": text.strip()}
            found = placed(file, "exchange.heading_unknown", line, place, given, comma=comma, severity="warning")
            findings.append(found)
    if any(f.severity == "error" for f in findings):
        return None, findings
    headed = frozenset(place for place, text in enumerate(texts) if text.strip())
    return Headings(file, line, tuple(c[0] if c else () for c in candidates), headed, comma), findings


def _candidates(sheet: Sheet, named: Mapping[str, Sequence[int]]) -> list[list[tuple[int, ...]]]:
    """For each column the places that may be its own: by id where one is named so, else by a title of no other."""
    found: list[list[tuple[int, ...]]] = []
    for column in sheet.columns:
        id = column.id.lower()
        low, high = named.get(id + FROM, ()), named.get(id + UNTIL, ())
        found.append([(low[0], high[0])] if low and high else [(p,) for p in named.get(id, ())])
    taken = {p for places in found for one in places for p in one}
    titles = Counter(name for column in sheet.columns for name in column.names())
    for places, column in zip(found, sheet.columns, strict=True):
        if not places:
            own = (name for name in sorted(column.names()) if titles[name] == 1)
            places += [(p,) for name in own for p in named.get(name, ()) if p not in taken]
    return found


def heading_line(sheet: Sheet, lines: Sequence[tuple[int, Sequence[str]]]) -> int | None:
    """The place among ``lines`` of the one that names most of the table's columns; None when none names two thirds."""
    wanted = [c for c in sheet.columns if c.role in ("in", "out")]
    best, most = None, 0
    for place, (_, texts) in enumerate(lines[:SEARCHED_LINES]):
        said = {t.strip().lower() for t in texts}
        found = sum(bool(said & (c.names() | {c.id.lower() + FROM})) for c in wanted)
        if found > most:
            best, most = place, found
    return best if 2 * most >= len(wanted) else None

"""A table from what its sheet shows above the rows, for a workbook that lost its hidden part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from taktflow.definitions.decision import Decision
from taktflow.definitions.load import definition
from taktflow.definitions.places import Loaded
from taktflow.rules.exchange.book_in import Grid
from taktflow.rules.exchange.heading_lines import HEADER_ROWS, ROLE_WORDS
from taktflow.rules.exchange.intervals import FROM, UNTIL
from taktflow.rules.exchange.said import Said
from taktflow.values import Finding, has_errors

_KIND = re.compile(r"([a-z]+)(?: \[(.+)\])?")


def shown_table(grids: Sequence[Grid]) -> tuple[Decision | None, list[Finding]]:
    """The table of the first sheet with our lines on top, without rows; a cross-tab shows too little of itself."""
    for grid in grids:
        lines = {line.number: [c.text if isinstance(c, Said) else "" for c in line.cells] for line in grid.lines[:5]}
        if lines.keys() < set(range(1, HEADER_ROWS + 1)) or not set(filter(None, lines[4])) <= ROLE_WORDS:
            continue
        first = [*lines[1], "", "", "", "", ""]
        if first[4]:
            continue
        found, findings = definition(Loaded(grid.title, _document(first, lines)))
        made = found if isinstance(found, Decision) and not has_errors(findings) else None
        return made, list(findings)
    return None, [Finding("exchange.no_settings", "", {}, file="workbook")]


def _document(first: Sequence[str], lines: dict[int, list[str]]) -> dict[str, Any]:
    document: dict[str, Any] = {"kind": "decision", "id": first[0], "title": {"zh": first[0], "en": first[0]}}
    document["hit_policy"] = first[2]
    if first[3]:
        document["aggregate"] = first[3]
    document |= {"inputs": [], "outputs": [], "rows": []}
    for place, role in enumerate(lines[4]):
        title, id, kind = ((lines[n] + [""] * len(lines[4]))[place] for n in (2, 3, 5))
        if id.endswith(UNTIL) or role not in ("in", "out"):
            continue
        document["inputs" if role == "in" else "outputs"].append(_column(id.removesuffix(FROM), title, kind))
    return document


def _column(id: str, title: str, kind: str) -> dict[str, Any]:
    column: dict[str, Any] = {"id": id}
    match = _KIND.fullmatch(kind)
    column["type"] = match[1] if match else kind
    if match and match[2]:
        column["unit"] = match[2]
    if title and title != id:
        zh, _, en = title.partition(" / ")
        column["title"] = {"zh": zh, "en": en or zh}
    return column

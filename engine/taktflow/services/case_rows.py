"""Cases of a table in a CSV file: one case a line, each column a dotted place of the case such as given.line.qty."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from taktflow.definitions.places import Loaded, Place
from taktflow.definitions.rows_csv import CsvRows, read_csv
from taktflow.definitions.rows_file import Outside, beside
from taktflow.definitions.scalars import ScalarWrong, plain_scalar
from taktflow.values import Json

AT = "/cases"


def with_rows(loaded: Loaded, folder: Path) -> Loaded:
    """``loaded`` with the cases of the file that it names listed; as it is when it lists them itself."""
    document = loaded.document
    named = document.get("cases") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(named, Mapping) or named.keys() != {"file"}:
        return loaded
    file = str(named["file"])
    at = loaded.finding("csv.missing", f"{AT}/file", file=file)
    try:
        data = beside(folder, folder / loaded.name)(file)
    except Outside:
        return replace(loaded, document=None, findings=(*loaded.findings, replace(at, code="csv.outside")))
    except OSError:
        return replace(loaded, document=None, findings=(*loaded.findings, at))
    name = (Path(loaded.name).parent / file).as_posix()
    head = data.split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip()
    columns = [column.strip() for column in next(csv.reader([head]), [])]
    rows = read_csv(data, name, AT, list(dict.fromkeys(columns)) if len(columns) > 1 else ["name", "given"])
    return _listed(loaded, document, rows, list(dict.fromkeys(columns)))


def _listed(loaded: Loaded, document: dict[str, Json], rows: CsvRows, columns: Sequence[str]) -> Loaded:
    cases = [_case(columns, row) for row in rows.rows]
    places = {f"{AT}/{n}": Place(line, 1, rows.file) for n, line in enumerate(rows.lines)}
    return replace(
        loaded,
        document={**document, "cases": cases},
        places={**loaded.places, **places},
        findings=(*loaded.findings, *rows.findings),
    )


def _case(columns: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    case: dict[str, Any] = {}
    for path, cell in zip(columns, cells, strict=True):
        if not cell.strip():
            continue
        *holders, last = path.split(".")
        here = case
        for holder in holders:
            here = here.setdefault(holder, {})
        here[last] = cell.strip() if path in ("name", "at") else _value(cell.strip())
    return case


def _value(text: str) -> Json:
    """The cell as YAML would read the word: numbers exact, dates and codes with leading zeros as text."""
    try:
        return plain_scalar(text)
    except ScalarWrong:
        return text

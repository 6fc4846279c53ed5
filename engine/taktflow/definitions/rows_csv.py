"""Rows of a decision table in CSV, as spreadsheets write it: read fast, everything wrong with it told by line.

The first line names the columns by id, in any order. Commas, semicolons and tabs separate; the text is UTF-8 with or
without a byte order mark, UTF-16 with one, or GB18030, which Excel writes in China.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from taktflow.definitions.misfits import nearest
from taktflow.definitions.rows import MAX_ROWS
from taktflow.values import Finding, Pointer, Severity

MAX_BYTES = 20_000_000
MOST_FINDINGS = 100
"""Findings told about one file; mending them shows the next."""

_SEPARATORS = (",", ";", "\t")


@dataclass(slots=True)
class CsvRows:
    """What a file holds: ``rows`` in the order of the wanted columns, the line each begins in, and the findings.

    ``fields[n]`` is the number (from 1) of the field that cell ``n`` of a row stands in.
    """

    file: str
    at: Pointer
    rows: tuple[tuple[str, ...], ...] = ()
    lines: list[int] = field(default_factory=list)
    fields: Sequence[int] = ()
    findings: list[Finding] = field(default_factory=list)

    @property
    def lost(self) -> bool:
        """Whether nothing could be read although there may be rows."""
        return not self.rows and any(finding.severity == "error" for finding in self.findings)

    def note(self, code: str, line: int = 0, number: int = 0, severity: Severity = "error", **args: Any) -> None:
        """Adds a finding; ``number`` is the field in the line."""
        self.findings.append(Finding(code, self.at, {"file": self.file, **args}, severity, self.file, line, number))


def read_csv(data: bytes, file: str, at: Pointer, wanted: Sequence[str], optional: Sequence[str] = ()) -> CsvRows:
    """The rows of ``data`` as ``wanted`` and ``optional`` columns; ``at`` is where the definition names ``file``."""
    found = CsvRows(file, at)
    text = _text(found, data)
    if text is None:
        return found
    head = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(_SEPARATORS, key=lambda mark: _known(head, mark, {*wanted, *optional}))
    records = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        _read(found, records, wanted, optional)
    except csv.Error as wrong:
        found.note("csv.syntax", records.line_num, why=str(wrong))
    return found


def _text(found: CsvRows, data: bytes) -> str | None:
    if len(data) > MAX_BYTES:
        found.note("csv.too_large", max_mb=MAX_BYTES // 1_000_000)
        return None
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as wrong:
            line = data[: wrong.start].count(b"\n") + 1
            continue
        if encoding == "gb18030":
            found.note("csv.gb18030", severity="warning")
        return text
    found.note("csv.encoding", line)
    return None


def _known(head: str, separator: str, names: set[str]) -> int:
    return sum(name.strip().strip('"') in names for name in head.split(separator))


def _read(found: CsvRows, records: Any, wanted: Sequence[str], optional: Sequence[str]) -> None:
    names = next((record for record in records if any(map(str.strip, record))), None)
    if names is None:
        found.note("csv.empty", columns=", ".join(wanted))
        return
    order = _order(found, [name.strip() for name in names], records.line_num, wanted, optional)
    if order is None:
        return
    found.fields = [place + 1 for place in order]
    picked = itemgetter(*order)  # At least the id, an input and an output: a tuple, never a single cell.
    found.rows = tuple(picked(record) for record in _records(found, records, len(names)))


def _order(
    found: CsvRows, names: Sequence[str], line: int, wanted: Sequence[str], optional: Sequence[str]
) -> list[int] | None:
    """The field of each wanted column, then of the optional ones that are there; None when no row can be read."""
    known, counts = [*wanted, *optional], Counter(names)
    for place, name in enumerate(names):
        if name not in known:
            near = nearest(name, known) or ""
            code = "csv.column_near" if near else "csv.column_unknown"
            found.note(code, line, place + 1, column=name or "-", near=near, known=", ".join(known))
        elif counts[name] > 1 and names.index(name) != place:
            found.note("csv.column_twice", line, place + 1, column=name)
    missing = [name for name in wanted if name not in counts]
    if missing:
        found.note("csv.column_missing", line, columns=", ".join(missing))
    if found.findings and any(f.severity == "error" for f in found.findings):
        return None
    return [names.index(name) for name in known if name in counts]


def _records(found: CsvRows, records: Any, width: int) -> Iterator[list[str]]:
    """The records that can be read, their lines noted; the rest is told."""
    end = records.line_num
    for record in records:
        line, end = end + 1, records.line_num
        if len(found.findings) >= MOST_FINDINGS:
            found.note("csv.more", line, shown=MOST_FINDINGS, severity="info")
            return
        if not record or (not record[0].strip() and not any(map(str.strip, record))):
            found.note("csv.blank", line, severity="warning")
        elif len(record) != width:
            found.note("csv.fields", line, fields=len(record), wanted=width)
        elif len(found.lines) >= MAX_ROWS:
            found.note("csv.rows", line, max=MAX_ROWS)
            return
        else:
            found.lines.append(line)
            yield record

"""CSV out and in, of one sheet: the first line names the columns by id.

A text that a spreadsheet would take for a formula gets an apostrophe in front, which reading takes away again (OWASP,
CSV injection); numbers and the dash that asks nothing are harmless and stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from taktflow.definitions.decision import Decision
from taktflow.errors import Invalid
from taktflow.rules.exchange.heading_lines import ids_line
from taktflow.rules.exchange.headings import found_headings
from taktflow.rules.exchange.intake import Taken, taken_in
from taktflow.rules.exchange.reading import Line, before, read_rows
from taktflow.rules.exchange.said import NOTHING, Said, shown
from taktflow.rules.exchange.sheets import Sheet, sheets_of
from taktflow.values import Finding

MOST_BYTES = 50_000_000
MOST_ROWS = 100_000
MOST_COLUMNS = 400
_RISKY = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_HARMLESS = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?|-")
_ENCODINGS = ("utf-8-sig", "gb18030")
"""What spreadsheets write; the second is Excel's own choice in China."""


def write_csv(decision: Decision, *, sheet: str = "", guard: bool = True) -> bytes:
    """The rows of ``decision`` (or of its cross-tab ``sheet``) as CSV that Excel opens with its Chinese intact.

    Without ``guard`` cells stand as they are, as in the file of rows beside a definition, which no spreadsheet reads.
    Raises Invalid for a cross-tab that there is not.
    """
    source = _sheet(decision, sheet)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(ids_line(source.columns, ()))
    for row in source.rows:
        cells = (shown(row[n], c.type).text if n < len(row) else "" for n, c in enumerate(source.columns))
        writer.writerow([guarded(cell) if guard else cell for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def guarded(text: str) -> str:
    """``text`` as no spreadsheet takes it for a formula."""
    return f"'{text}" if _RISKY.match(text) and not _HARMLESS.fullmatch(text) else text


def unguarded(text: str) -> str:
    """What :func:`guarded` was given."""
    return text[1:] if text.startswith("'") and _RISKY.match(text) else text


def _sheet(decision: Decision, name: str) -> Sheet:
    sheets = {s.crosstab: s for s in sheets_of(decision)}
    if name not in sheets and not name and len(sheets) == 1:
        return next(iter(sheets.values()))
    if name not in sheets:
        raise Invalid("exchange.no_sheet", sheet=name or decision.id, sheets=", ".join(filter(None, sheets)))
    return sheets[name]


def read_csv(content: bytes, into: Decision, *, sheet: str = "") -> tuple[Decision | None, tuple[Finding, ...]]:
    """``into`` with the rows (of its cross-tab ``sheet``) that ``content`` holds; every setting stays.

    None when the text cannot be understood; findings name line and column. Raises Invalid for a cross-tab that there
    is not.
    """
    source = _sheet(into, sheet)
    file = f"{source.crosstab or into.id}.csv"
    try:
        lines = list(_lines(_decoded(content)))
    except _Wrong as wrong:
        return None, (Finding(wrong.code, "", wrong.args_, file=file, line=wrong.line),)
    if not lines:
        return None, (Finding("exchange.empty", "", {}, file=file, line=1),)
    names = [c.text for c in lines[0].cells if isinstance(c, Said)]
    headings, findings = found_headings(source, file, lines[0].number, names, comma=True)
    if headings is None:
        return None, tuple(findings)
    known = before(source.rows)
    read = read_rows(source, headings, lines[1:], known, {name for name, _ in known}, source.habits())
    decision, found = taken_in(into, [Taken(source, headings, read)], findings)
    return decision, tuple(found)


class _Wrong(Exception):
    def __init__(self, code: str, line: int = 1, **args: object) -> None:
        self.code = code
        self.line = line
        self.args_ = args
        super().__init__(code)


def _decoded(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise _Wrong("exchange.too_large", most=MOST_BYTES // 1_000_000)
    # What Excel calls "Unicode text".
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _Wrong("exchange.encoding")


def _lines(text: str) -> Iterator[Line]:
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 1
    try:
        for count, cells in enumerate(reader):
            if count > MOST_ROWS:
                raise _Wrong("exchange.too_long", number, most=MOST_ROWS)
            if len(cells) > MOST_COLUMNS:
                raise _Wrong("exchange.too_wide", number, most=MOST_COLUMNS)
            if any(cells):
                yield Line(number, [Said("text", unguarded(c)) if c else NOTHING for c in cells])
            number = reader.line_num + 1
    except csv.Error as wrong:
        raise _Wrong("exchange.no_csv", number, why=str(wrong)) from wrong

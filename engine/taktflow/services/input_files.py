"""Files of inputs: one case a line, row or object, read as they stream by.

JSON (one object or a list), JSON lines, YAML, CSV and Excel. In CSV and Excel the first line names the inputs: columns
by their id, or variables by their path such as ``line.sku``; an empty cell is null.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, tzinfo
from itertools import chain
from pathlib import PurePath
from typing import IO, Any, TypeAlias

from taktflow.definitions.budget import MAX_BYTES
from taktflow.definitions.yaml_source import read_yaml
from taktflow.errors import Invalid
from taktflow.values import Value, normal, plain_loads

Placed: TypeAlias = tuple[str, Mapping[str, Value]]
"""Where a case stands in its file (``inputs.csv:3``), and its data."""
MOST_UNPACKED = 200_000_000
LONGEST_LINE = 1_000_000
MOST_COLUMNS = 400
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What openpyxl and what lies under it raise for files that are no good; it has no error of its own for them."""


def inputs_in(stream: IO[bytes], name: str, zone: tzinfo) -> Iterator[Placed]:
    """Every case of the file, read as its ending says; raises Invalid where it cannot be."""
    reader = _READERS.get(PurePath(name).suffix.lower())
    if reader is None:
        raise Invalid("tables.input_kind", name=name, known=", ".join(_READERS))
    for place, data in reader(stream, name, zone):
        if not isinstance(data, Mapping):
            raise Invalid("tables.input_shape", place=place)
        try:
            yield place, normal(data)
        except TypeError as wrong:
            raise Invalid("tables.input_value", place=place, why=str(wrong)) from wrong


def _unreadable(name: str, why: object) -> Invalid:
    return Invalid("tables.input_file", name=name, why=str(why)[:200])


def _whole(stream: IO[bytes], name: str) -> str:
    body = stream.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise Invalid("tables.input_large", name=name, max_mb=MAX_BYTES // 1_000_000)
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise _unreadable(name, wrong) from wrong


def _json(stream: IO[bytes], name: str, _: tzinfo) -> Iterator[tuple[str, Any]]:
    try:
        found = plain_loads(_whole(stream, name))
    except ValueError as wrong:
        raise _unreadable(name, wrong) from wrong
    yield from _each(found, name)


def _yaml(stream: IO[bytes], name: str, _: tzinfo) -> Iterator[tuple[str, Any]]:
    documents = [d for d in read_yaml(_whole(stream, name), name) if d.document is not None or d.findings]
    findings = [f for d in documents for f in d.findings]
    if findings:
        raise Invalid("tables.input_file", findings=findings, name=name, why="YAML")
    for number, document in enumerate(documents, 1):
        yield from _each(document.document, name if len(documents) == 1 else f"{name}#{number}")


def _each(found: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(found, list):
        yield from ((f"{name}:{number}", one) for number, one in enumerate(found, 1))
    else:
        yield name, found


def _json_lines(stream: IO[bytes], name: str, _: tzinfo) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(_lines(stream, name), 1):
        if not line.strip():
            continue
        try:
            yield f"{name}:{number}", plain_loads(line)
        except ValueError as wrong:
            raise _unreadable(f"{name}:{number}", wrong) from wrong


def _lines(stream: IO[bytes], name: str) -> Iterator[str]:
    """The lines of the text, none of them longer than a machine should hold."""
    number = 0
    while line := stream.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE:
            raise Invalid("tables.input_large", name=f"{name}:{number}", max_mb=LONGEST_LINE // 1_000_000)
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as wrong:
            raise _unreadable(f"{name}:{number}", wrong) from wrong


def _csv(stream: IO[bytes], name: str, _: tzinfo) -> Iterator[tuple[str, Any]]:
    lines = _lines(stream, name)
    first = next(lines, "")
    separator = max(",;\t", key=first.count)
    rows = csv.reader(chain((first,), lines), delimiter=separator, strict=True)
    try:
        heads = [head.strip() for head in next(rows, [])]
        yield from _table(heads, ((rows.line_num, row) for row in rows), name)
    except csv.Error as wrong:
        raise _unreadable(f"{name}:{rows.line_num}", wrong) from wrong


def _workbook(stream: IO[bytes], name: str, zone: tzinfo) -> Iterator[tuple[str, Any]]:
    rows = _rows(stream, name)
    heads = ["" if head is None else str(head).strip() for head in next(rows, ())]
    told = ((number, [_told(cell, zone) for cell in row]) for number, row in enumerate(rows, 2))
    yield from _table(heads, told, name)


def _rows(stream: IO[bytes], name: str) -> Iterator[Sequence[Any]]:
    # Not above: reading openpyxl takes longer than everything else here.
    from openpyxl import load_workbook

    body = io.BytesIO(stream.read(MOST_UNPACKED + 1))
    try:
        with zipfile.ZipFile(body) as packed:
            unpacked = sum(one.file_size for one in packed.infolist())
        if unpacked > MOST_UNPACKED:
            raise Invalid("tables.input_large", name=name, max_mb=MOST_UNPACKED // 1_000_000)
        sheet = load_workbook(body, read_only=True, data_only=True).worksheets[0]
        # What the file says of its own extent may be anything.
        sheet.reset_dimensions()
        for row in sheet.iter_rows(values_only=True):
            if len(row) > MOST_COLUMNS:
                raise Invalid("tables.input_row", place=name, cells=len(row), heads=MOST_COLUMNS)
            yield row
    except _DAMAGE as wrong:
        raise _unreadable(name, wrong) from wrong


def _told(cell: Any, zone: tzinfo) -> Any:
    """A cell as a value: a spreadsheet's midnight is a date, its other moments stand in the plant's zone."""
    match cell:
        case datetime():
            return cell.date() if cell.time() == time() else cell.replace(tzinfo=zone)
        case bool() | int() | float() | date() | time() | None:
            return cell
        case _:
            return str(cell)


def _table(heads: Sequence[str], rows: Iterable[tuple[int, Sequence[Any]]], name: str) -> Iterator[tuple[str, Any]]:
    named = [head for head in heads if head]
    if not named or len(set(named)) < len(named):
        raise Invalid("tables.input_heads", name=name, heads=", ".join(heads))
    for number, row in rows:
        if len(row) > len(heads) and any(cell not in (None, "") for cell in row[len(heads) :]):
            raise Invalid("tables.input_row", place=f"{name}:{number}", cells=len(row), heads=len(heads))
        cells = {h: (None if c == "" else c) for h, c in zip(heads, row, strict=False) if h}
        if any(cell is not None for cell in cells.values()):
            yield f"{name}:{number}", nested(cells)


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """``{"line.sku": x}`` as ``{"line": {"sku": x}}``."""
    found: dict[str, Any] = {}
    for head, value in flat.items():
        *way, last = head.split(".")
        inner = found
        for part in way:
            below = inner.get(part)
            if not isinstance(below, dict):
                below = inner[part] = {}
            inner = below
        inner[last] = value
    return found


_READERS: Mapping[str, Callable[[IO[bytes], str, tzinfo], Iterator[tuple[str, Any]]]] = {
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".csv": _csv,
    ".xlsx": _workbook,
}

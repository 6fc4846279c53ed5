"""Writes a changed table back into its files: rows that stay keep their lines, and comments keep their rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from taktflow.definitions.canonical import content_hash
from taktflow.definitions.decision import Cell, Crosstab, Decision, RowsFile
from taktflow.definitions.load import definition, load, load_all
from taktflow.definitions.pack import Placed
from taktflow.definitions.places import Loaded
from taktflow.definitions.rows import listed
from taktflow.definitions.rows_file import NOTE, ROW_ID
from taktflow.errors import Invalid
from taktflow.rules.exchange import difference, written
from taktflow.rules.typed import cell_text
from taktflow.services.tables import Declared

Sheet: TypeAlias = tuple[Sequence[str], Sequence[Sequence[Cell]]]
"""What a file of rows holds: the names in its first line, and its rows."""


def rewritten(folder: Path, placed: Placed, new: Declared) -> Mapping[Path, str]:
    """What the files of ``placed`` below ``folder`` hold once they mean ``new``; those that stay are left out.

    Where only rows change the rest of the document stays as its author wrote it; else it is written anew in canonical
    form, without comments. Raises Invalid for a document that shares its file with others.
    """
    old, loaded = placed.definition, placed.read_from
    path = folder / loaded.name
    before = path.read_text(encoding="utf-8-sig")
    if len(load_all(before, loaded.name)) > 1:
        raise Invalid("tables.shared_file", file=loaded.name)
    if not isinstance(old, Decision) or not isinstance(new, Decision):
        return {} if content_hash(old) == content_hash(new) else {path: written(new)}
    kept, changed = _rows_apart(loaded, old, new)
    files = {path.parent / name: _comma(path.parent / name, heads, rows) for name, (heads, rows) in changed.items()}
    text = before if content_hash(kept) == content_hash(_as_read(loaded)) else _document(loaded, before, kept)
    if text != before:
        files[path] = text
    return files


def _as_read(loaded: Loaded) -> Decision:
    """The document itself, its rows still in their files."""
    found, _ = definition(loaded)
    assert isinstance(found, Decision)
    return found


def _rows_apart(loaded: Loaded, old: Decision, new: Decision) -> tuple[Decision, dict[str, Sheet]]:
    """``new`` with rows in the files that the document names for them, and what those files hold where it changes."""
    document = _as_read(loaded)
    files: dict[str, Sheet] = {}
    changes: dict[str, object] = {}
    if isinstance(document.rows, RowsFile):
        changes["rows"] = document.rows
        heads = [ROW_ID, *(i.id for i in new.inputs), *(o.id for o in new.outputs), NOTE]
        if (new.rows, new.inputs, new.outputs) != (old.rows, old.inputs, old.outputs):
            files[document.rows.file] = (heads, listed(new.rows))
    named = {sheet.id: sheet for sheet in document.crosstab if isinstance(sheet.rows, RowsFile)}
    if named and new.crosstab:
        before = {sheet.id: sheet for sheet in old.crosstab}
        changes["crosstab"] = tuple(_sheet_apart(s, named.get(s.id), before.get(s.id), files) for s in new.crosstab)
    return (new.model_copy(update=changes) if changes else new), files


def _sheet_apart(sheet: Crosstab, named: Crosstab | None, before: Crosstab | None, files: dict[str, Sheet]) -> Crosstab:
    if named is None or not isinstance(named.rows, RowsFile):
        return sheet
    if before is None or (sheet.rows, sheet.down, sheet.across) != (before.rows, before.down, before.across):
        files[named.rows.file] = ([ROW_ID, *sheet.down, *(c.id for c in sheet.across)], listed(sheet.rows))
    return sheet.model_copy(update={"rows": named.rows})


def _comma(path: Path, heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """The file with ``rows``, written as the one before: its columns in their order, its separator and line ends."""
    before = path.read_bytes() if path.exists() else b""
    first = before.decode("utf-8-sig", "replace").partition("\n")[0]
    separator = max(",;\t", key=first.count)
    known = [head.strip().strip('"') for head in first.split(separator)]
    noted = NOTE in known or NOTE not in heads or any(len(row) >= len(heads) and row[-1] for row in rows)
    wanted = list(heads) if noted else [head for head in heads if head != NOTE]
    order = known if sorted(known) == sorted(wanted) else wanted
    places = [heads.index(head) for head in order]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n" if first.endswith("\r") else "\n")
    writer.writerow(order)
    writer.writerows([cell_text(row[n]) if n < len(row) else "" for n in places] for row in rows)
    return ("\ufeff" if _marked(before) else "") + text.getvalue()


def _marked(before: bytes) -> bool:
    """Whether the file is for a spreadsheet, which needs to be told that its Chinese is UTF-8."""
    try:
        return before.decode().startswith("\ufeff")
    except UnicodeDecodeError:
        return True


def _document(loaded: Loaded, before: str, new: Decision) -> str:
    canonical = written(new)
    if PurePosixPath(loaded.name).suffix.lower() == ".json":
        raise Invalid("tables.json_file", file=loaded.name)
    spliced = _spliced(loaded, before, new, canonical)
    if spliced is None:
        return canonical
    again, findings = definition(load(spliced, loaded.name))
    sound = isinstance(again, Decision) and not findings and not difference(again, new)
    return spliced if sound else canonical


def _spliced(loaded: Loaded, before: str, new: Decision, canonical: str) -> str | None:
    """``before`` with the lines of its rows exchanged; None where more than listed rows changes."""
    old = _as_read(loaded)
    found = difference(old, new)
    if found.settings or any(c.sheet for c in found.rows) or isinstance(new.rows, RowsFile):
        return None
    if not old.rows or not new.rows:
        return None
    lines = before.splitlines()
    first, end = _block(loaded, lines)
    names = [cell_text(row[0]) for row in listed(old.rows)]
    if first < 0 or len(set(names)) < len(names):
        return None
    pieces = _pieces(loaded, lines, names, end)
    if pieces is None:
        return None
    changed = {c.row for c in found.rows if c.kind != "moved"}
    fresh = canonical.splitlines()
    begin = fresh.index("rows:") + 1
    body: list[str] = []
    for row, line in zip(listed(new.rows), fresh[begin:], strict=False):
        name = cell_text(row[0])
        own = pieces.get(name, ([], []))
        body += own[0] + (own[1] if own[1] and name not in changed else [line])
    start = min(len(lines), first + 1)
    return "\n".join([*lines[:start], *body, *lines[end:]]) + "\n"


def _block(loaded: Loaded, lines: Sequence[str]) -> tuple[int, int]:
    """The places in ``lines`` of ``rows:`` and of what follows its last row; -1 where it is not written so."""
    first = loaded.places["/rows"].line - 1 if "/rows" in loaded.places else -1
    if first < 0 or lines[first].rstrip() != "rows:":
        return -1, -1
    keys = [place.line - 1 for at, place in loaded.places.items() if at.count("/") == 1]
    end = min((line for line in keys if line > first), default=len(lines))
    while end > first + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return first, end


def _pieces(
    loaded: Loaded, lines: Sequence[str], names: Sequence[str], end: int
) -> Mapping[str, tuple[list[str], list[str]]] | None:
    """The comments above each row, and the row's own lines; None where two rows share a line."""
    begins = [loaded.places[f"/rows/{n}"].line - 1 for n in range(len(names))]
    if any(a >= b for a, b in pairwise(begins)):
        return None
    tops = []
    for begin in begins:
        top = begin
        while lines[top - 1].lstrip().startswith("#"):
            top -= 1
        tops.append(top)
    return {
        name: (list(lines[top:begin]), list(lines[begin:after]))
        for name, top, begin, after in zip(names, tops, begins, [*tops[1:], end], strict=True)
    }

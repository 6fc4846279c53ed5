"""Brings the rows that a decision keeps in files beside it into the decision itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from taktflow.definitions.decision import Crosstab, Decision, RowsFile
from taktflow.definitions.places import Loaded, Place
from taktflow.definitions.rows_csv import MAX_BYTES, CsvRows, read_csv
from taktflow.values import Finding, Pointer

ROW_ID = "id"
NOTE = "note"
"""What the first line of a file calls the row's id and its note."""

Beside: TypeAlias = Callable[[str], bytes]
"""Reads a file by its path from the definition's own folder; :class:`OSError` or :class:`Outside`."""


class Outside(Exception):
    """The path leads out of the pack."""


def beside(folder: Path, definition: Path) -> Beside:
    """Reads files beside ``definition``, none that lies outside the pack's ``folder``, wherever links lead."""

    def read(file: str) -> bytes:
        target = (definition.parent / file).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise Outside
        if not target.is_file():
            raise FileNotFoundError(2, "No such file")
        with target.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)

    return read


def with_rows(decision: Decision, loaded: Loaded, reads: Beside) -> tuple[Decision, Loaded, tuple[Finding, ...]]:
    """``decision`` with the rows of its files listed, ``loaded`` knowing their lines, and what is wrong with them.

    A file of which nothing can be read stays a file: a table without its rows would seem to lack all it has.
    """
    if not isinstance(decision.rows, RowsFile) and not any(isinstance(s.rows, RowsFile) for s in decision.crosstab):
        return decision, loaded, ()
    files: list[CsvRows] = []
    changes: dict[str, object] = {}
    if isinstance(decision.rows, RowsFile):
        files.append(_table(decision, decision.rows, loaded, reads))
        if not files[-1].lost:
            changes["rows"] = files[-1].rows
    sheets = [_with_rows(sheet, number, loaded, reads, files) for number, sheet in enumerate(decision.crosstab)]
    if decision.crosstab:
        changes["crosstab"] = tuple(sheets)
    found = tuple(finding for file in files for finding in file.findings)
    return decision.model_copy(update=changes), replace(loaded, places=_Places(loaded.places, files)), found


def _table(decision: Decision, file: RowsFile, loaded: Loaded, reads: Beside) -> CsvRows:
    columns = [c.id for c in decision.inputs] + [c.id for c in decision.outputs]
    taken = [name for name in (ROW_ID, NOTE) if name in columns]
    if taken:
        found = CsvRows(_name(loaded, file), "/rows")
        found.note("csv.reserved", column=taken[0])
        return found
    return _read(file, loaded, reads, "/rows", [ROW_ID, *columns], [NOTE])


def _with_rows(sheet: Crosstab, number: int, loaded: Loaded, reads: Beside, files: list[CsvRows]) -> Crosstab:
    if not isinstance(sheet.rows, RowsFile):
        return sheet
    columns = [ROW_ID, *sheet.down, *(column.id for column in sheet.across)]
    files.append(_read(sheet.rows, loaded, reads, f"/crosstab/{number}/rows", columns))
    return sheet if files[-1].lost else sheet.model_copy(update={"rows": files[-1].rows})


def _read(
    file: RowsFile, loaded: Loaded, reads: Beside, at: Pointer, wanted: Sequence[str], optional: Sequence[str] = ()
) -> CsvRows:
    name = _name(loaded, file)
    found = CsvRows(name, at)
    place = loaded.finding("csv.missing", f"{at}/file", file=file.file)
    try:
        return read_csv(reads(file.file), name, at, wanted, optional)
    except Outside:
        found.findings.append(replace(place, code="csv.outside"))
    except FileNotFoundError:
        found.findings.append(place)
    except (OSError, RuntimeError) as wrong:  # A circle of links is a RuntimeError in some versions of Python.
        found.findings.append(replace(place, code="csv.unreadable", args={**place.args, "why": str(wrong)}))
    return found


def _name(loaded: Loaded, file: RowsFile) -> str:
    return (PurePosixPath(loaded.name).parent / file.file).as_posix()


@dataclass(frozen=True, slots=True)
class _Places(Mapping[Pointer, Place]):
    """The places of a document, and those of its rows' cells in their files. A place's column is the field there."""

    document: Mapping[Pointer, Place]
    files: Sequence[CsvRows]

    def __getitem__(self, at: Pointer) -> Place:
        for file in self.files:
            if at.startswith(file.at + "/"):
                found = _place(file, at[len(file.at) + 1 :].split("/"))
                if found is not None:
                    return found
        return self.document[at]

    def __iter__(self) -> Iterator[Pointer]:
        return iter(self.document)

    def __len__(self) -> int:
        return len(self.document)


def _place(file: CsvRows, parts: Sequence[str]) -> Place | None:
    row = int(parts[0]) if parts[0].isdigit() else -1
    if not 0 <= row < len(file.lines):
        return None
    cell = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else -1
    return Place(file.lines[row], file.fields[cell] if 0 <= cell < len(file.fields) else 1, file.file)

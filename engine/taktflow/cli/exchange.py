"""``taktflow table import`` and ``export``: tables in and out of Excel, CSV, DMN, JDM and canonical YAML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from taktflow.cli.tables import Decision, TableName, declared, print_difference
from taktflow.cli.telling import language, print_findings, told
from taktflow.definitions.decision import Decision as DeclaredTable
from taktflow.definitions.pack import Placed
from taktflow.errors import Invalid
from taktflow.rules import decision_findings, formula_findings
from taktflow.rules.exchange import written
from taktflow.services.table_changes import difference_of
from taktflow.services.table_exchange import Format, exported, imported
from taktflow.services.table_files import drafted_at
from taktflow.services.table_writing import rewritten
from taktflow.services.tables import Declared
from taktflow.texts import sentence

Sheet = Annotated[str, typer.Option(help="The cross-tab that the CSV is, where the table has several.")]
_ENDINGS: Mapping[str, Format] = {".xlsx": "xlsx", ".csv": "csv", ".dmn": "dmn", ".xml": "dmn", ".yaml": "yaml"}


def import_table(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Excel, CSV, DMN, JDM or YAML.")],
    into: Annotated[Path | None, typer.Option(help="The table's own YAML, or its pack's folder; a new file.")] = None,
    decision: Decision = None,
    sheet: Sheet = "",
    apply: Annotated[bool, typer.Option("--apply", help="Write what changes; else it is only shown.")] = False,
) -> None:
    """Read a table from another program's file and say what changes; --apply writes it.

    Settings that the file does not carry stay as they are. Without --into the table is printed as YAML.
    """
    with told():
        if into is not None and not into.is_dir() and into.suffix.lower() not in (".yaml", ".yml"):
            raise Invalid("tables.into_kind", path=str(into))
        placed = drafted_at(into, decision) if into is not None and into.exists() else None
        old = placed.definition if placed is not None else None
        assert old is None or isinstance(old, Declared)
        found = imported(file.read_bytes(), file.name, old, decision=decision, sheet=sheet)
        print_findings(found.findings)
        if found.declared is None or not found.usable:
            raise Invalid("tables.import_unread", name=file.name)
        if into is None:
            print(written(found.declared), end="")
            return
        _tell(old, found.declared)
        files = _changed(into, placed, found.declared)
        for path, text in files.items():
            if apply:
                _put(path, text.encode())
            print(sentence("tables.wrote" if apply else "tables.would_write", language(), {"path": str(path)}))


def _tell(old: Declared | None, new: Declared) -> None:
    if old is not None:
        print_difference(difference_of(old, new))
    # The draft may be wrong in itself and still be what its author wants to go on with.
    print_findings(decision_findings(new) if isinstance(new, DeclaredTable) else formula_findings(new))


def _put(path: Path, content: bytes) -> None:
    """Writes the file whole: whoever reads it meanwhile sees the old one or the new one."""
    try:
        beside = path.with_name(f".{path.name}.new")
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as closed:
        raise Invalid("tables.unwritable", path=str(path), why=closed.strerror or "") from closed


def _changed(into: Path, placed: Placed | None, new: Declared) -> Mapping[Path, str]:
    if placed is None:
        return {into: written(new)}
    return rewritten(into if into.is_dir() else into.parent, placed, new)


def export_table(
    table: TableName,
    output: Annotated[Path, typer.Option(help="The file to write: .xlsx, .csv, .dmn or .yaml.")],
    decision: Decision = None,
    sheet: Sheet = "",
) -> None:
    """Write a table as Excel, CSV, DMN or canonical YAML; what was there is replaced."""
    with told():
        kind: Literal["xlsx", "csv", "dmn", "yaml"] | None = _ENDINGS.get(output.suffix.lower())
        if kind is None:
            raise Invalid("tables.export_kind", name=output.name, known=", ".join(_ENDINGS))
        definition, version = declared(table, decision)
        if not isinstance(definition, DeclaredTable):
            raise Invalid("tables.only_tables", id=definition.id)
        _put(output, exported(definition, kind, version=version or None, sheet=sheet))
        print(sentence("tables.wrote", language(), {"path": str(output)}))

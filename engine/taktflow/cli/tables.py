"""``taktflow decide`` and ``taktflow table``: asking, checking and comparing tables from files or as published."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from taktflow.cli.telling import language, print_findings, running_engine, told
from taktflow.definitions.decision import Row
from taktflow.definitions.pack import PackSource, Placed
from taktflow.errors import Invalid
from taktflow.rules.exchange import Difference
from taktflow.services.analysing import examined
from taktflow.services.asking import Asker, answer_document
from taktflow.services.dmn_files import ModelAsker, asker_at
from taktflow.services.explaining import explained
from taktflow.services.input_files import inputs_in
from taktflow.services.table_changes import difference_of
from taktflow.services.table_files import drafted_at, ready_at, source_at
from taktflow.services.tables import DRAFT, Declared, Ready, drafted, published_any, reading_findings
from taktflow.settings import Settings
from taktflow.texts import sentence
from taktflow.values import Finding, has_errors, plain_dumps

table = typer.Typer(no_args_is_help=True, help="Decision tables and formulas: check, compare, exchange, try out.")
_REF = re.compile(r"[a-z][a-z0-9_]{0,62}(@[1-9][0-9]{0,8})?")

TableName = Annotated[str, typer.Argument(help="A file, a pack's folder, or the id of a published table.")]
Decision = Annotated[str | None, typer.Option("--decision", help="Which one, where a file or folder holds several.")]
Moment = Annotated[str | None, typer.Option(help="The moment to answer for, such as 2026-01-31; now when unset.")]


def meant(name: str, decision: str | None = None) -> Ready:
    """What a person means by ``name``: a file or folder where there is one, else a published id."""
    path = Path(name)
    if path.exists():
        return ready_at(path, decision)
    if not _REF.fullmatch(name):
        raise Invalid("tables.path", path=name)
    with running_engine() as engine:
        return published_any(engine, name)


def moment(text: str | None, zone: ZoneInfo) -> datetime:
    """The moment that ``text`` writes, a date being its beginning in ``zone``; now when it is None."""
    if text is None:
        return datetime.now(UTC)
    try:
        found = datetime.combine(date.fromisoformat(text), time()) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError as wrong:
        raise Invalid("tables.moment", text=text) from wrong
    return found if found.tzinfo else found.replace(tzinfo=zone)


def decide(
    table: TableName,
    input: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="JSON, JSON lines, YAML, CSV or Excel.")],
    decision: Decision = None,
    trace: Annotated[bool, typer.Option("--trace", help="Say why, in words and by row.")] = False,
    at: Moment = None,
) -> None:
    """Ask a table, formula or DMN decision each case of a file; a JSON line for each, 1 when one has no answer."""
    with told():
        zone = ZoneInfo(Settings().timezone)
        asker, now = _asker(table, decision, zone), moment(at, zone)
        failed = False
        with input.open("rb") as stream:
            for place, data in inputs_in(stream, input.name, zone):
                answered = asker.answer(data, now)
                failed = failed or answered.error is not None
                line = {"case": place, **answer_document(answered, language(), trace=trace)}
                if trace and isinstance(asker, Asker):
                    line["told"] = explained(asker.table.definition, answered, language())
                print(plain_dumps(line))
    raise typer.Exit(1 if failed else 0)


def _asker(name: str, decision: str | None, zone: ZoneInfo) -> Asker | ModelAsker:
    path = Path(name)
    if path.suffix.lower() == ".dmn" and path.is_file():
        return asker_at(path, decision, zone)
    return Asker(meant(name, decision), zone)


@table.command("check")
def check_table(
    path: Annotated[Path, typer.Argument(exists=True, help="A definition's file, or a folder of them.")],
    decision: Decision = None,
    fill: Annotated[bool, typer.Option("--fill", help="Print rows to add for what has no answer.")] = False,
) -> None:
    """Say everything that is wrong with a table or formula, or worth knowing; ends with 1 when it must be mended."""
    with told():
        findings, rows = _examined(path, decision)
        print_findings(findings)
        errors = sum(f.severity == "error" for f in findings)
        print(sentence("tables.checked", language(), {"errors": errors, "others": len(findings) - errors}))
        if fill:
            print(sentence("tables.fill" if rows else "tables.no_gaps", language(), {"rows": len(rows)}))
            print("".join(f"  - {plain_dumps(row)}\n" for row in rows), end="")
    raise typer.Exit(1 if errors else 0)


def _examined(path: Path, decision: str | None) -> tuple[Sequence[Finding], Sequence[Row]]:
    source = source_at(path)
    unread = reading_findings(source)
    if has_errors(unread):
        return unread, ()
    today = datetime.now(ZoneInfo(Settings().timezone)).date()
    found = [examined(placed, today) for placed in _all(source, decision)]
    return [*unread, *(f for one in found for f in one.findings)], [row for one in found for row in one.rows]


def _all(source: PackSource, decision: str | None) -> Sequence[Placed]:
    """The one that is meant, or every table and formula where none is."""
    tables = [p for p in source.definitions if isinstance(p.definition, Declared)]
    if decision is None and (tables or source.findings):
        return tables
    return [drafted(source, id=decision)]


@table.command("diff")
def diff_tables(
    old: Annotated[str, typer.Argument(help="A file, a pack's folder, or a published table such as unit_price@3.")],
    new: Annotated[str, typer.Argument(help="The other one; likewise.")],
    decision: Decision = None,
    json: Annotated[bool, typer.Option("--json", help="Every change as JSON.")] = False,
) -> None:
    """Say in words what the second table changes in the first."""
    with told():
        found = difference_of(declared(old, decision)[0], declared(new, decision)[0])
        if json:
            print(plain_dumps(found.document()))
            return
        print_difference(found)


def declared(name: str, decision: str | None) -> tuple[Declared, int]:
    """The definition that a person means, whether it can be compiled or not, and its version; 0 for a draft."""
    path = Path(name)
    if not path.exists():
        found = meant(name)
        return found.definition, found.version
    definition = drafted_at(path, decision).definition
    assert isinstance(definition, Declared)
    return definition, DRAFT


def print_difference(found: Difference) -> None:
    """The changes line by line, and how many there are."""
    most = 200
    lines = found.lines(most + 1)
    for line in lines[:most]:
        print(line[language()])
    if len(lines) > most:
        print("…")
    print(found.summary()[language()])

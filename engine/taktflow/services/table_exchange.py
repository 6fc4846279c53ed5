"""Tables in and out of other programs' files: Excel, CSV, GoRules' JDM, DMN and canonical YAML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal, TypeAlias

from taktflow.definitions.decision import Decision
from taktflow.definitions.formula import Formula
from taktflow.definitions.load import definition, load
from taktflow.errors import Invalid, NotFound
from taktflow.rules.dmn import decisions_of, read_model, write_model
from taktflow.rules.exchange import read_csv, read_jdm, write_csv, written
from taktflow.services.tables import Declared
from taktflow.values import Finding, has_errors

Format: TypeAlias = Literal["xlsx", "csv", "dmn", "yaml"]
MEDIA: Mapping[Format, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "dmn": "application/xml",
    "yaml": "application/yaml",
}
FOREIGN = frozenset({".xlsx", ".dmn"})
"""Endings of files that say by themselves which table they hold."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The table or formula that a file holds, None where it cannot be told, and what is to be said about it."""

    declared: Declared | None
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> bool:
        """Whether there is a table, read without errors."""
        return self.declared is not None and not has_errors(self.findings)


def imported(
    content: bytes, name: str, into: Declared | None = None, *, decision: str | None = None, sheet: str = ""
) -> Imported:
    """The table in the file called ``name``, read as its ending says.

    Settings that the file does not carry stay as ``into`` has them. ``decision`` says which one, where a file holds
    several; ``sheet`` names the cross-tab that a CSV is. Raises Invalid or NotFound when it cannot be told which.
    """
    ending = PurePath(name).suffix.lower()
    if ending in (".xlsx", ".csv"):
        if isinstance(into, Formula):
            raise Invalid("tables.only_tables", id=into.id)
        return _sheets(content, name, into, sheet)
    reader = _READERS.get(ending)
    if reader is None:
        raise Invalid("tables.import_kind", name=name, known=", ".join([".xlsx", ".csv", *_READERS]))
    found, findings = reader(content, name)
    if not found:
        return Imported(None, tuple(findings))
    wanted = decision or (into.id if into is not None and any(d.id == into.id for d in found) else None)
    return Imported(_chosen(found, wanted), tuple(findings))


def natives(
    content: bytes, name: str, imports: Mapping[str, bytes] | None = None
) -> tuple[Sequence[Declared], Sequence[Finding]]:
    """Every table and formula in the file of another program, and what is to be said about it.

    ``imports`` are the files that a DMN model may import, by name.
    """
    if name.lower().endswith(".dmn"):
        return _dmn(content, name, imports)
    found = _sheets(content, name, None, "")
    return [found.declared] if found.declared is not None else [], found.findings


def _sheets(content: bytes, name: str, into: Decision | None, sheet: str) -> Imported:
    if name.lower().endswith(".xlsx"):
        # Not above: reading openpyxl is a tenth of the server's start.
        from taktflow.rules.exchange.xlsx import read_xlsx

        return Imported(*read_xlsx(content, into))
    if into is None:
        raise Invalid("tables.import_into", name=name)
    return Imported(*read_csv(content, into, sheet=sheet))


def _chosen(found: Sequence[Declared], id: str | None) -> Declared:
    if id is None and len(found) == 1:
        return found[0]
    known = ", ".join(d.id for d in found)
    if id is None:
        raise NotFound("tables.several", known=known)
    for one in found:
        if one.id == id:
            return one
    raise NotFound("tables.none", id=id, known=known)


def _yaml(content: bytes, name: str) -> tuple[Sequence[Declared], Sequence[Finding]]:
    loaded = load(content, name)
    found, wrong = definition(loaded)
    return [found] if isinstance(found, Declared) else [], [*loaded.findings, *wrong]


def _dmn(
    content: bytes, name: str, imports: Mapping[str, bytes] | None = None
) -> tuple[Sequence[Declared], Sequence[Finding]]:
    model, findings = read_model(content, name, imports)
    if model is None:
        return [], findings
    found, more = decisions_of(model)
    return found, [*findings, *more]


def _jdm(content: bytes, _: str) -> tuple[Sequence[Declared], Sequence[Finding]]:
    return read_jdm(content)


_READERS: Mapping[str, Callable[[bytes, str], tuple[Sequence[Declared], Sequence[Finding]]]] = {
    ".dmn": _dmn,
    ".json": _jdm,
    ".yaml": _yaml,
    ".yml": _yaml,
}


def exported(decision: Decision, format: Format, *, version: int | None = None, sheet: str = "") -> bytes:
    """``decision`` as a file of ``format``; a CSV holds the one ``sheet``. Raises Invalid for one that there is not."""
    match format:
        case "xlsx":
            from taktflow.rules.exchange.xlsx import write_xlsx

            return write_xlsx(decision, version=version)
        case "csv":
            return write_csv(decision, sheet=sheet)
        case "dmn":
            return write_model([decision], decision.id)
        case "yaml":
            return written(decision).encode()

"""Check, test and publish: how what people declare comes into force, all together or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from taktflow.catalog import Catalog
from taktflow.definitions.canonical import canonical, content_hash
from taktflow.definitions.check import check, located
from taktflow.definitions.decision import Decision
from taktflow.definitions.envelope import Envelope
from taktflow.definitions.formula import Formula
from taktflow.definitions.kinds import KINDS
from taktflow.definitions.load import modelled
from taktflow.definitions.pack import PackSource, Placed, read_pack
from taktflow.definitions.workflow import Workflow
from taktflow.errors import Invalid, NotFound
from taktflow.rules import decision_findings, formula_findings
from taktflow.runtime.shape import shape_findings
from taktflow.services.caller import Caller
from taktflow.services.case_form import Case, CaseFile
from taktflow.services.case_rows import with_rows
from taktflow.services.cases import Bench, CaseResult, run_case
from taktflow.services.declared_schedules import keep_schedules
from taktflow.services.engine import Engine
from taktflow.services.records import index_shape, reindex
from taktflow.services.shelf import DraftShelf, Shelf
from taktflow.store import AuditEntry, NewDefinition
from taktflow.values import Finding, dumps, has_errors

_MOST_FILES = 500


@dataclass(frozen=True, slots=True)
class File:
    """A definition file as it was sent: its name within the pack and its text."""

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing came to: ``(kind, id, version)`` of what is new, and of what was as it is already."""

    published: tuple[tuple[str, str, int], ...]
    unchanged: tuple[tuple[str, str, int], ...]
    findings: tuple[Finding, ...]
    cases: int


def pack_findings(
    source: PackSource, catalog: Catalog, below: Shelf | None = None, *, today: date | None = None
) -> list[Finding]:
    """Everything a person should know of a pack: reading, references, types, graph shape, tables. All at once.

    Rows that hold from one day until another are held against ``today`` when it is given.
    """
    placed = [*source.definitions, *([source.pack] if source.pack else [])]
    findings = [*source.findings, *check(placed, catalog, published=_in_force(below))]
    for one in source.definitions:
        findings += located(one, _meaning(one, today))
    return sorted(findings, key=lambda f: (f.file, f.line, f.column, f.code))


def _in_force(shelf: Shelf | None) -> list[Envelope]:
    return [d for kind in KINDS for _, d in shelf.listed(kind).values()] if shelf else []


def _today(engine: Engine) -> date:
    return engine.now().astimezone(ZoneInfo(engine.settings.timezone)).date()


def _meaning(one: Placed, today: date | None) -> list[Finding]:
    match one.definition:
        case Workflow() as workflow:
            return list(shape_findings(workflow))
        case Decision() as table:
            return list(decision_findings(table, today=today))
        case Formula() as formula:
            return list(formula_findings(formula))
        case _:
            return []


def pack_cases(source: PackSource) -> tuple[CaseFile | None, list[Finding]]:
    """The cases of a pack, joined, and what is wrong with how they are written."""
    cases: list[Case] = []
    findings: list[Finding] = []
    for written_file in source.cases:
        loaded = with_rows(written_file, source.folder)
        findings += loaded.findings[len(written_file.findings) :]
        if loaded.document is None:
            continue
        file, wrong = modelled(loaded, CaseFile)
        findings += wrong
        if isinstance(file, CaseFile):
            cases += file.cases
    return (CaseFile(cases=tuple(cases)) if cases else None), findings


def run_cases(source: PackSource, catalog: Catalog, zone: str, below: Shelf | None = None) -> list[CaseResult]:
    """Runs every case of a pack over its own definitions; raises Invalid for cases that cannot be read."""
    file, findings = pack_cases(source)
    if findings:
        raise Invalid("publish.findings", findings=findings, count=len(findings))
    bench = Bench(DraftShelf.of((p.definition for p in source.definitions), below), catalog, zone)
    return [run_case(case, bench) for case in (file.cases if file else ())]


def publish_pack(engine: Engine, folder: Path, caller: Caller) -> Published:
    """Checks the pack in ``folder``, runs its cases, and publishes what is new or changed.

    Raises Invalid with all findings, or with the failed cases; nothing is published then.
    """
    source = read_pack(folder)
    shelf = engine.published.shelf
    findings = pack_findings(source, engine.catalog, shelf, today=_today(engine))
    if has_errors(findings):
        errors = sum(f.severity == "error" for f in findings)
        raise Invalid("publish.findings", findings=findings, count=errors)
    results = run_cases(source, engine.catalog, engine.settings.timezone, shelf)
    failed = [r for r in results if not r.passed]
    if failed:
        wrong = [Finding("case.failed", "", {"case": r.case.title, "why": "; ".join(r.problems)}) for r in failed]
        raise Invalid("publish.cases", findings=wrong, count=len(failed))
    return _publish(engine, source, findings, len(results), caller)


def publish_files(engine: Engine, files: Sequence[File], caller: Caller) -> Published:
    """The same for files sent over the wire; a name that leaves the pack is refused."""
    with tempfile.TemporaryDirectory(prefix="taktflow-") as folder:
        return publish_pack(engine, written(files, Path(folder, "pack")), caller)


def check_files(engine: Engine, files: Sequence[File]) -> list[Finding]:
    """All findings about ``files``, as publishing would see them."""
    with tempfile.TemporaryDirectory(prefix="taktflow-") as folder:
        source = read_pack(written(files, Path(folder, "pack")))
        return pack_findings(source, engine.catalog, engine.published.shelf, today=_today(engine))


def written(files: Sequence[File], folder: Path) -> Path:
    """``files`` below ``folder``, whose name findings may tell.

    Raises Invalid for a name that leads elsewhere or comes twice, and for too many files.
    """
    if len(files) > _MOST_FILES:
        raise Invalid("files.many", most=_MOST_FILES)
    folder.mkdir(exist_ok=True)
    for file in files:
        name = PurePosixPath(file.name)
        target = folder / name
        if name.is_absolute() or ".." in name.parts or not name.parts or "\\" in file.name or target.exists():
            raise Invalid("files.name", name=file.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.source, encoding="utf-8")
    return folder


def _publish(engine: Engine, source: PackSource, findings: list[Finding], cases: int, caller: Caller) -> Published:
    now = engine.now()
    pack = source.pack.definition.id if source.pack else ""
    placed = [*source.definitions, *([source.pack] if source.pack else [])]
    new, unchanged = [], []
    for one in placed:
        definition = one.definition
        document = canonical(definition)
        known = engine.store.definitions.newest(definition.kind, definition.id)
        sha256 = content_hash(definition)
        if known is not None and known.sha256 == sha256:
            unchanged.append((definition.kind, definition.id, known.version))
            continue
        text = one.read_from.source
        new.append(NewDefinition(definition.kind, definition.id, sha256, text, dumps(document), caller.name, pack))
    audit = [
        AuditEntry(now, caller.name, "definition.published", f"{n.kind}:{n.id}", {"sha256": n.sha256, "pack": pack})
        for n in new
    ]
    shapes = {id: index_shape(entity) for id, entity in engine.published.entities().items()}
    rows = engine.store.definitions.publish(new, now, audit) if new else ()
    engine.published.refresh()
    keep_schedules(engine)
    for id, entity in engine.published.entities().items():
        if id in shapes and shapes[id] != index_shape(entity):
            reindex(engine, id)
    return Published(tuple((r.kind, r.id, r.version) for r in rows), tuple(unchanged), tuple(findings), cases)


def retire(engine: Engine, kind: str, id: str, caller: Caller) -> None:
    """Takes a definition out of force; running instances keep what they pinned. Raises NotFound."""
    newest = engine.store.definitions.newest(kind, id)
    if newest is None:
        raise NotFound("definition.unknown", kind=kind, ref=id)
    now = engine.now()
    for row in engine.store.definitions.versions(kind, id):
        if row.status == "published":
            audit = AuditEntry(now, caller.name, "definition.retired", f"{kind}:{id}@{row.version}")
            engine.store.definitions.set_status(kind, id, row.version, "retired", now, audit)
    engine.published.refresh()
    keep_schedules(engine)

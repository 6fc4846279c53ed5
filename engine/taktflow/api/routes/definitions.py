"""Definitions: what is published, checking, publishing and retiring."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import Field

from taktflow.api.deps import Asking, Cursor, Limit, Running
from taktflow.api.door import Door
from taktflow.api.guard import anyone, who
from taktflow.api.problems import FindingShape
from taktflow.api.shapes import Body, Document, Page, Shape, Words
from taktflow.definitions.envelope import Envelope
from taktflow.definitions.kinds import KINDS
from taktflow.definitions.schemas import definition_schema, kind_schema, workflow_schema
from taktflow.errors import NotFound
from taktflow.services import publish as service
from taktflow.services.engine import Engine
from taktflow.store import DefinitionRow, Part
from taktflow.values import has_errors, loads, plain

door = Door("definitions")
Kind = Annotated[str, Path(max_length=63)]
Id = Annotated[str, Path(max_length=63)]


class DefinitionItem(Shape):
    """A definition as lists show it; version 0 is a draft."""

    kind: str
    id: str
    title: Words
    version: int
    status: str
    published_at: datetime | None = None
    changed_at: datetime
    by: str
    pack: str | None = None


class DefinitionPage(Page[DefinitionItem]):
    """One page of definitions, by kind and id."""

    total: int | None = None


class Version(Shape):
    """One version of a definition."""

    version: int
    status: str
    published_at: datetime | None = None
    by: str
    sha256: str


class DefinitionDetail(DefinitionItem):
    """One version: its source as written, and the document it means."""

    sha256: str
    source: str
    document: Document
    versions: list[Version]


class DefinitionFile(Body):
    """A file of a pack: its name within the folder, and its text."""

    name: str = Field(min_length=1, max_length=300)
    source: str


class Files(Body):
    """The files of one pack."""

    files: list[DefinitionFile] = Field(min_length=1, max_length=500)


class Checked(Shape):
    """Everything a person should know; ``ok`` when nothing keeps the pack from being published."""

    ok: bool
    findings: list[FindingShape]


class PublishedVersion(Shape):
    """A definition at its version."""

    kind: str
    id: str
    version: int


class Published(Shape):
    """What publishing came to; ``cases`` counts the tests that passed."""

    published: list[PublishedVersion]
    unchanged: list[PublishedVersion]
    findings: list[FindingShape]
    cases: int


@door.get("/api/definitions", who=who("analyst", "operator"))
def definitions(
    engine: Running,
    kind: Annotated[str | None, Query(max_length=63)] = None,
    pack: Annotated[str | None, Query(max_length=63)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> DefinitionPage:
    """List definitions, each at its newest version."""
    if kind is not None:
        _known(kind)
    page = engine.store.definitions.page(Part(limit=limit, cursor=cursor), kind=kind, pack=pack)
    items = [DefinitionItem(**_facts(engine, row)) for row in page.rows]
    return DefinitionPage(items=items, next_cursor=page.next, total=page.total)


@door.get("/api/definitions/{kind}/{id}", who=who("analyst", "operator"))
def definition(
    engine: Running, kind: Kind, id: Id, version: Annotated[int | None, Query(ge=0, lt=2**31)] = None
) -> DefinitionDetail:
    """One version of a definition, the newest unless one is named, with the list of all."""
    _known(kind)
    versions = engine.store.definitions.versions(kind, id)
    row = next((v for v in versions if version is None or v.version == version), None)
    if row is None:
        raise NotFound("definition.unknown", kind=kind, ref=id if version is None else f"{id}@{version}")
    return DefinitionDetail(
        **_facts(engine, row),
        sha256=row.sha256,
        source=row.source,
        document=plain(loads(row.document)),
        versions=[
            Version(version=v.version, status=v.status, published_at=v.published_at, by=v.by, sha256=v.sha256)
            for v in versions
        ],
    )


@door.post("/api/definitions/check", who=who("analyst"))
def check_definitions(engine: Running, caller: Asking, body: Files) -> Checked:
    """Check files without publishing them: all findings at once."""
    findings = service.check_files(engine, _files(body))
    return Checked(ok=not has_errors(findings), findings=[FindingShape.of(f, caller.language) for f in findings])


@door.post("/api/packs/publish", who=who("analyst"))
def publish_pack(engine: Running, caller: Asking, body: Files) -> Published:
    """Check files, run their cases and publish what is new or changed; all together, or nothing."""
    done = service.publish_files(engine, _files(body), caller)
    return Published(
        published=[PublishedVersion(kind=k, id=i, version=v) for k, i, v in done.published],
        unchanged=[PublishedVersion(kind=k, id=i, version=v) for k, i, v in done.unchanged],
        findings=[FindingShape.of(f, caller.language) for f in done.findings],
        cases=done.cases,
    )


@door.post("/api/definitions/{kind}/{id}/retire", who=who("analyst"))
def retire_definition(engine: Running, caller: Asking, kind: Kind, id: Id) -> DefinitionDetail:
    """Take a definition out of force; instances that run keep what they pinned."""
    _known(kind)
    service.retire(engine, kind, id, caller)
    return definition(engine, kind, id, None)


@door.get("/api/schemas/{kind}", who=anyone)
def schema(engine: Running, kind: Kind) -> Document:
    """The JSON Schema (2020-12) of a kind, for editors that complete and check.

    ``definition`` is the schema of them all; ``workflow`` knows the settings of the node types installed here.
    """
    if kind == "definition":
        found: Document = definition_schema()
    elif kind == "workflow":
        types = (engine.catalog.find_node(k) for k in engine.catalog.node_kinds())
        found = workflow_schema({t.kind: t.config_schema for t in types if t is not None})
    else:
        _known(kind)
        found = kind_schema(kind)
    return found


def _known(kind: str) -> None:
    if kind not in KINDS:
        raise NotFound("api.kind", kind=kind, known=", ".join(KINDS))


def _files(body: Files) -> list[service.File]:
    return [service.File(f.name, f.source) for f in body.files]


def _facts(engine: Engine, row: DefinitionRow) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "id": row.id,
        "title": _title(engine, row),
        "version": row.version,
        "status": row.status,
        "published_at": row.published_at,
        "changed_at": row.changed_at,
        "by": row.by,
        "pack": row.pack or None,
    }


def _title(engine: Engine, row: DefinitionRow) -> Words:
    known = engine.published.shelf.at(row.kind, row.id, row.version)
    if isinstance(known, Envelope):
        return Words.of(known.title, row.id)
    title = loads(row.document).get("title") or {}
    return Words(zh=str(title.get("zh", row.id)), en=str(title.get("en", row.id)))

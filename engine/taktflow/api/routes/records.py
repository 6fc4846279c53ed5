"""Records of the order master and its neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import IO, Annotated
from urllib.parse import quote

from fastapi import Header, Path, Query, Request
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from taktflow.api.deps import Asking, Cursor, Limit, Running
from taktflow.api.door import Door
from taktflow.api.exact import ExactJson
from taktflow.api.guard import signed_in
from taktflow.api.reading import ChoiceView, Reading, reading_of
from taktflow.api.refusals import PreconditionMissing
from taktflow.api.shapes import Body, Document, Page, Shape, Words
from taktflow.definitions.envelope import DataField
from taktflow.definitions.kinds import Entity as DeclaredEntity
from taktflow.services import records as service
from taktflow.services.engine import Engine
from taktflow.services.record_lists import RecordQuery, list_records
from taktflow.services.records import StoredRecord
from taktflow.values import plain

door = Door("records")
EntityId = Annotated[str, Path(max_length=63)]
RecordId = Annotated[str, Path(max_length=200)]
Search = Annotated[str, Query(max_length=200, description="What the key begins with.")]
Sort = Annotated[
    str, Query(max_length=65, description="changed_at, created_at, id or an indexed field; - for downwards.")
]
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RESERVED = frozenset({"q", "sort", "limit", "cursor"})
_REVISION = re.compile(r'(?:W/)?"([1-9][0-9]{0,17})"')


class FieldShape(Shape):
    """One declared field, as a table or a form needs it; ``fields`` tell what it holds."""

    type: str
    title: Words
    required: bool = False
    unit: str | None = None
    scale: int | None = None
    values: list[ChoiceView] = Field(default_factory=list)
    fields: list[Reading] = Field(default_factory=list)
    entity: str | None = None
    personal: bool = False


class Entity(Shape):
    """A type of record. ``index`` names the fields that lists filter and sort by."""

    id: str
    title: Words
    key: str
    index: list[str]
    fields: dict[str, FieldShape]
    may_write: bool


class Record(Shape):
    """A record at its revision."""

    id: str
    rev: int
    fields: Document
    created_at: datetime
    changed_at: datetime


class RecordPage(Page[Record]):
    """One page of records; ``total`` is null when there are very many."""

    total: int | None = None


class NewRecord(Body):
    """A record to add; its key becomes its id."""

    fields: Document
    why: str = Field("", max_length=1_000)


class RecordEdit(Body):
    """The fields to change; the others stay."""

    fields: Document
    why: str = Field("", max_length=1_000)


class Change(Shape):
    """One change: by whom, where, why, and each field's ``from`` and ``to``."""

    rev: int
    at: datetime
    by: str
    source: str
    why: str
    changes: dict[str, Document]


class ChangePage(Page[Change]):
    """One page of a record's history, the newest change first."""


@door.get("/api/entities", who=signed_in)
def entities(engine: Running, caller: Asking) -> list[Entity]:
    """List the types of record that the caller may read."""
    return [_entity(engine, e, service.may_write(e, caller)) for e in service.readable_entities(engine, caller)]


@door.get("/api/records/{entity}", who=signed_in)
def records(
    request: Request,
    engine: Running,
    caller: Asking,
    entity: EntityId,
    q: Search = "",
    sort: Sort = "-changed_at",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> RecordPage:
    """List records.

    Filter by any indexed field: ``?status=open``, ``?status=open&status=held`` for either, ``?due.from=2026-01-01`` and
    ``?due.to=2026-01-31`` for a range, ``?status=`` for none.
    """
    page = list_records(engine, entity, _query(request, q, sort), caller, limit=limit, cursor=cursor)
    return RecordPage(items=[_record(r) for r in page.rows], next_cursor=page.next, total=page.total)


# Declared before the record's own route, since `export.xlsx` would be an id there.
@door.get("/api/records/{entity}/export.xlsx", who=signed_in, media=WORKBOOK)
def export_workbook(
    request: Request, engine: Running, caller: Asking, entity: EntityId, q: Search = "", sort: Sort = "-changed_at"
) -> StreamingResponse:
    """Download the wanted records as an Excel workbook."""
    # Not above: reading openpyxl and numpy is a tenth of the server's start.
    from taktflow.services.export import export_records, file_name

    book = export_records(engine, entity, _query(request, q, sort), caller)
    name = file_name(engine.published.entity(entity), caller.language, engine.now())
    headers = {"content-disposition": f"attachment; filename=\"{entity}.xlsx\"; filename*=UTF-8''{quote(name)}"}
    return StreamingResponse(_chunks(book), media_type=WORKBOOK, headers=headers)


# Likewise; an id may hold slashes, as PO/2026/001 does.
@door.get("/api/records/{entity}/{id:path}/history", who=signed_in)
def record_history(
    engine: Running, caller: Asking, entity: EntityId, id: RecordId, limit: Limit = 50, cursor: Cursor = None
) -> ChangePage:
    """What became of a record, the newest change first."""
    page = service.record_history(engine, entity, id, caller, limit=limit, cursor=cursor)
    items = [
        Change(rev=c.rev, at=c.at, by=c.by, source=c.source, why=c.why, changes=plain(dict(c.changes)))
        for c in page.rows
    ]
    return ChangePage(items=items, next_cursor=page.next)


@door.get("/api/records/{entity}/{id:path}", who=signed_in, answers=Record)
def record(engine: Running, caller: Asking, entity: EntityId, id: RecordId) -> Response:
    """One record; its ``ETag`` is the revision that a change must name."""
    return _answer(service.read_record(engine, entity, id, caller), 200)


@door.post("/api/records/{entity}", who=signed_in, status=201, answers=Record)
def create_record(engine: Running, caller: Asking, entity: EntityId, body: NewRecord) -> Response:
    """Add a record by hand."""
    return _answer(service.create_record(engine, entity, body.fields, caller, body.why), 201)


@door.patch("/api/records/{entity}/{id:path}", who=signed_in, answers=Record)
def change_record(
    engine: Running,
    caller: Asking,
    entity: EntityId,
    id: RecordId,
    body: RecordEdit,
    if_match: Annotated[str | None, Header(max_length=40)] = None,
) -> Response:
    """Change a record by hand. ``If-Match`` names the revision the change is based on; 409 when it moved on since."""
    changed = service.change_record(engine, entity, id, body.fields, _revision(if_match), caller, body.why)
    return _answer(changed, 200)


def _query(request: Request, q: str, sort: str) -> RecordQuery:
    where: dict[str, Sequence[str]] = {
        name: request.query_params.getlist(name)[:100] for name in request.query_params if name not in RESERVED
    }
    return RecordQuery(where, q, sort)


def _revision(if_match: str | None) -> int:
    found = _REVISION.fullmatch((if_match or "").strip())
    if found is None:
        raise PreconditionMissing("api.revision")
    return int(found[1])


def _chunks(book: IO[bytes]) -> Iterator[bytes]:
    with book:
        while chunk := book.read(65_536):
            yield chunk


def _answer(record: StoredRecord, status: int) -> Response:
    response = ExactJson(_record(record), status)
    response.headers["etag"] = f'"{record.rev}"'
    return response


def _record(record: StoredRecord) -> Record:
    return Record(
        id=record.id,
        rev=record.rev,
        fields=plain(dict(record.fields)),
        created_at=record.created_at,
        changed_at=record.changed_at,
    )


def _entity(engine: Engine, entity: DeclaredEntity, may_write: bool) -> Entity:
    return Entity(
        id=entity.id,
        title=Words.of(entity.title, entity.id),
        key=entity.key,
        index=list(service.indexed_fields(entity)),
        fields={name: _field(engine, name, declared) for name, declared in entity.fields.items()},
        may_write=may_write,
    )


def _field(engine: Engine, name: str, declared: DataField) -> FieldShape:
    view = reading_of(engine, name, declared)
    return FieldShape(
        type=str(declared.type),
        title=Words.of(declared.title, name),
        required=declared.required,
        unit=declared.unit,
        scale=declared.scale,
        values=view.values,
        fields=view.fields,
        entity=declared.entity,
        personal=declared.personal,
    )

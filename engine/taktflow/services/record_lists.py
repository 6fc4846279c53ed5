"""Lists of records: filters on declared indexes only, so that no list ever reads a whole table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from taktflow.definitions.data import read_value
from taktflow.definitions.envelope import DataField
from taktflow.definitions.kinds import Entity
from taktflow.definitions.places import pointed
from taktflow.errors import Invalid
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.services.records import StoredRecord, entity_to_read, indexed_fields, may_read
from taktflow.store import AnyOf, Between, IndexValue, Match, Page, Part, StartsWith
from taktflow.values import Finding

OWN_SORTS = ("changed_at", "created_at", "id")


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """Which records. ``where`` holds texts by field, or by ``field.from`` and ``field.to``; several mean any of them.

    An empty text means that there is no value. ``q`` is what the key begins with. ``sort`` is ``changed_at``,
    ``created_at``, ``id`` or an indexed field, with ``-`` before it for downwards.
    """

    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    q: str = ""
    sort: str = "-changed_at"


def list_records(
    engine: Engine,
    entity: str,
    query: RecordQuery,
    caller: Caller,
    *,
    limit: int = 50,
    cursor: str | None = None,
    count: bool = True,
) -> Page[StoredRecord]:
    """One page of the wanted records. Raises Invalid with a finding for each condition that cannot be asked."""
    declared = entity_to_read(engine, entity, caller)
    matches = _matches(declared, query)
    part = Part(limit=limit, cursor=cursor, sort=_sort(declared, query.sort), count=count)
    page = engine.store.records.page(entity, matches, part)
    return Page(tuple(StoredRecord.of(row) for row in page.rows), page.next, page.total)


def every_record(engine: Engine, entity: str, query: RecordQuery, caller: Caller, most: int) -> Iterator[StoredRecord]:
    """The wanted records, page by page; Invalid once there are more than ``most``."""
    cursor: str | None = None
    seen = 0
    while True:
        page = list_records(engine, entity, query, caller, limit=500, cursor=cursor, count=False)
        seen += len(page.rows)
        if seen > most:
            raise Invalid("record.export_large", most=most)
        yield from page.rows
        if page.next is None:
            return
        cursor = page.next


def _sort(entity: Entity, sort: str) -> str:
    name = sort.removeprefix("-")
    if name in OWN_SORTS:
        return sort
    if name not in indexed_fields(entity):
        known = ", ".join((*OWN_SORTS, *indexed_fields(entity)))
        raise Invalid("record.sort", where="/sort", entity=entity.id, field=name, known=known)
    return f"{'-' if sort.startswith('-') else ''}field:{name}"


def _matches(entity: Entity, query: RecordQuery) -> dict[str, Match]:
    findings: list[Finding] = []
    found: dict[str, Match] = {}
    for name in dict.fromkeys(_field_of(entity, asked) for asked in query.where):
        if name not in indexed_fields(entity):
            known = ", ".join(indexed_fields(entity))
            findings.append(
                Finding("record.filter", pointed(name), {"entity": entity.id, "field": name, "known": known})
            )
            continue
        match = _match(entity.fields[name], name, query.where, findings)
        if match is not None:
            found[name] = match
    if query.q:
        _search(entity, query.q, found, findings)
    if findings:
        raise Invalid("record.query", findings=findings, count=len(findings))
    return found


def _field_of(entity: Entity, asked: str) -> str:
    name, _, end = asked.rpartition(".")
    return name if end in ("from", "to") and asked not in entity.fields else asked


def _search(entity: Entity, q: str, found: dict[str, Match], findings: list[Finding]) -> None:
    key = entity.fields[entity.key]
    if key.type not in ("text", "reference", "choice"):
        findings.append(Finding("record.search", "/q", {"key": entity.key, "type": key.type}))
    elif entity.key not in found:
        found[entity.key] = StartsWith(q)


def _match(declared: DataField, name: str, where: Mapping[str, Sequence[str]], findings: list[Finding]) -> Match | None:
    """The condition on one field; an exact value outweighs a range."""
    one = declared.item if declared.type == "list" and declared.item else declared
    if name in where:
        return AnyOf([_value(one, text, pointed(name), findings) for text in where[name]])
    if one.type == "boolean":
        findings.append(Finding("record.filter_range", pointed(name), {"field": name}))
        return None
    low, high = (_end(one, name, end, where, findings) for end in ("from", "to"))
    return None if low is None and high is None else Between(low, high)


def _end(
    one: DataField, name: str, end: str, where: Mapping[str, Sequence[str]], findings: list[Finding]
) -> IndexValue:
    texts = where.get(f"{name}.{end}", ())
    return _value(one, texts[-1], pointed(f"{name}.{end}"), findings) if texts else None


def _value(one: DataField, text: str, at: str, findings: list[Finding]) -> IndexValue:
    if not text:
        return None
    # A filter may ask for what could not be stored today, such as a choice that was declared earlier.
    loose = one.model_copy(update={"values": (), "pattern": None, "min": None, "max": None, "scale": None})
    if one.type == "choice":
        loose = loose.model_copy(update={"type": "text"})
    value, misfits = read_value(loose, text, where=at)
    findings += misfits
    return None if misfits or isinstance(value, list | dict) else value


def choices(engine: Engine, entity: str, caller: Caller | None, most: int = 200) -> list[tuple[str, str]] | None:
    """The records that a form offers to choose from, as id and title; None when there are more than ``most``.

    None too for a visitor, and for a caller who may not read them: a form must not give away what a list would not.
    """
    declared = engine.published.entities().get(entity)
    if declared is None or caller is None or not may_read(declared, caller):
        return None
    page = engine.store.records.page(entity, None, Part(limit=most + 1, sort="id", count=False))
    if len(page.rows) > most:
        return None
    return [(row.id, _named(declared, StoredRecord.of(row))) for row in page.rows]


def _named(entity: Entity, record: StoredRecord) -> str:
    """The id with the first other text that people know the record by."""
    for name, declared in entity.fields.items():
        text = record.fields.get(name)
        if name != entity.key and declared.type == "text" and not declared.personal and isinstance(text, str):
            return f"{record.id} · {text[:80]}"
    return record.id

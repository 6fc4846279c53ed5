"""Records: every write is held against its entity, based on a revision, and kept in the record's history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from taktflow.definitions.data import read_data, read_value
from taktflow.definitions.envelope import DataField
from taktflow.definitions.kinds import Entity
from taktflow.definitions.places import pointed
from taktflow.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from taktflow.sdk import RecordWrite
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.store import (
    Commit,
    DuplicateValue,
    IndexValue,
    Page,
    Part,
    RecordExists,
    RecordRow,
    RowWrite,
    StaleRecord,
)
from taktflow.values import Finding, Json, Pointer, Value, YearsMonths, dumps, loads, shown

LONGEST_ID = 200


def row_write(engine: Engine, write: RecordWrite, *, by: str, source: str, where: Pointer = "/fields") -> RowWrite:
    """What the store must do for ``write``, made by ``by`` (``user:ann``, ``instance:...``) at ``source`` (a node).

    Raises NotFound for an unknown entity or record, RecordExists, StaleRecord, and Invalid with every misfit at a
    pointer below ``where``. The result is based on the revision read here even when ``write`` names none: when the
    record moves on before the commit, the store raises StaleRecord (RecordExists for a new one) and it is made anew.
    """
    return _row_write(engine, write, engine.store.search.one(write.entity, write.id), by, source, where)


def row_writes(engine: Engine, writes: Sequence[RecordWrite], *, by: str, source: str) -> list[RowWrite]:
    """Several writes of one commit, in order; a later one builds upon an earlier one to the same record."""
    made: dict[tuple[str, str], RecordRow] = {}
    rows = []
    for write in writes:
        place = (write.entity, write.id)
        stored = made.get(place) or engine.store.search.one(*place)
        row = _row_write(engine, write, stored, by, source, "/fields")
        now = engine.now()
        made[place] = RecordRow(*place, (stored.rev if stored else 0) + 1, row.fields, now, now)
        rows.append(row)
    return rows


def _row_write(
    engine: Engine, write: RecordWrite, stored: RecordRow | None, by: str, source: str, where: Pointer
) -> RowWrite:
    entity = engine.published.entity(write.entity)
    _refuse_misplaced(write, stored)
    given = dict(write.fields) if stored else {entity.key: write.id, **write.fields}
    values, findings = read_data(
        entity.fields, given, entities=engine.published.entities(), where=where, partial=stored is not None
    )
    findings += _key_findings(entity, write.id, values, where)
    if findings:
        raise Invalid("record.invalid", findings=findings, entity=entity.id, id=write.id, count=len(findings))
    before = loads(stored.fields) if stored else {}
    after = {**before, **values}
    return RowWrite(
        entity=write.entity,
        id=write.id,
        op="update" if stored else "create",
        fields=dumps(after),
        expected_rev=stored.rev if stored else None,
        index={name: indexed(after.get(name)) for name in indexed_fields(entity)},
        unique={constraint_name(u.fields): [_one(after.get(f)) for f in u.fields] for u in entity.unique},
        by=by,
        source=source,
        why=write.why,
        changes=dumps(_changes(before, after)),
    )


def indexed_fields(entity: Entity) -> tuple[str, ...]:
    """The fields that lists filter and sort by: the key and what the entity declares."""
    return tuple(dict.fromkeys((entity.key, *entity.index)))


def constraint_name(fields: Sequence[str]) -> str:
    """The name of the rule that the values of ``fields`` together occur once."""
    return "+".join(fields)


def indexed(value: Value) -> IndexValue | list[IndexValue]:
    """``value`` as the store indexes it: a list by each of its items, an object not at all."""
    return [_one(v) for v in value] if isinstance(value, list) else _one(value)


def _one(value: Value) -> IndexValue:
    match value:
        case None | bool() | Decimal() | str() | date() | time() | timedelta() | YearsMonths():
            return value
        case _:
            return None


def _refuse_misplaced(write: RecordWrite, stored: RecordRow | None) -> None:
    if not 0 < len(write.id) <= LONGEST_ID or not write.id.strip():
        raise Invalid("record.id", entity=write.entity, longest=LONGEST_ID)
    if stored is None:
        if write.op == "update":
            raise NotFound("record.unknown", entity=write.entity, id=write.id)
        if write.op == "upsert" and write.expected_rev:
            raise StaleRecord(write.entity, write.id, write.expected_rev)
        return
    if write.op == "create" or (write.op == "upsert" and write.expected_rev == 0):
        raise RecordExists(write.entity, write.id)
    if write.expected_rev is not None and write.expected_rev != stored.rev:
        raise StaleRecord(write.entity, write.id, write.expected_rev)


def _key_findings(entity: Entity, id: str, values: Mapping[str, Value], where: Pointer) -> tuple[Finding, ...]:
    """The key is the record's id, written in the field's own type, and never changes."""
    if values.get(entity.key) is None:
        return ()
    expected, misfits = read_value(entity.fields[entity.key], id)
    if not misfits and expected == values[entity.key]:
        return ()
    return (Finding("record.key", where + pointed(entity.key), {"key": entity.key, "id": id}),)


def _changes(before: Mapping[str, Value], after: Mapping[str, Value]) -> dict[str, Value]:
    return {
        name: {"from": before.get(name), "to": after.get(name)}
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as a person reads it."""

    entity: str
    id: str
    rev: int
    fields: Mapping[str, Value]
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, row: RecordRow) -> StoredRecord:
        """The stored row, its fields read."""
        return cls(row.entity, row.id, row.rev, loads(row.fields), row.created_at, row.changed_at)


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One change: ``changes`` holds ``{from, to}`` by field. ``by`` is ``user:ann``, ``instance:...`` or the like."""

    rev: int
    at: datetime
    by: str
    source: str
    why: str
    changes: Mapping[str, Mapping[str, Value]]


def readable_entities(engine: Engine, caller: Caller) -> list[Entity]:
    """The entities whose records ``caller`` may read."""
    return [e for e in engine.published.entities().values() if may_read(e, caller)]


def may_read(entity: Entity, caller: Caller) -> bool:
    """Whether ``caller``, who is signed in, may read the entity's records."""
    return caller.is_admin or caller.is_any_of(entity.read)


def may_write(entity: Entity, caller: Caller) -> bool:
    """Whether ``caller`` may write them by hand; nobody but an admin where the entity names no one."""
    return caller.is_admin or (bool(entity.write) and caller.is_any_of(entity.write))


def entity_to_read(engine: Engine, id: str, caller: Caller) -> Entity:
    """The entity ``id``; raises NotFound, or Forbidden when its records are not the caller's to see."""
    entity = engine.published.entity(id)
    if not may_read(entity, caller):
        raise Forbidden("record.read_forbidden", entity=id, who=", ".join(entity.read))
    return entity


def read_record(engine: Engine, entity: str, id: str, caller: Caller) -> StoredRecord:
    """One record; raises NotFound or Forbidden."""
    entity_to_read(engine, entity, caller)
    row = engine.store.records.find(entity, id)
    if row is None:
        raise NotFound("record.unknown", entity=entity, id=id)
    return StoredRecord.of(row)


def create_record(
    engine: Engine, entity: str, fields: Mapping[str, Json], caller: Caller, why: str = ""
) -> StoredRecord:
    """A new record by hand; its key becomes its id. Raises Forbidden, Invalid, or Conflict naming the field."""
    declared = _to_write(engine, entity, caller)
    entities = engine.published.entities()
    values, findings = read_data(declared.fields, fields, entities=entities, where="/fields")
    key = values.get(declared.key)
    if key is None and not any(f.at == "/fields" + pointed(declared.key) for f in findings):
        findings += (Finding("record.key_missing", "/fields" + pointed(declared.key), {"key": declared.key}),)
    findings = findings or tuple(_dangling(engine, declared.fields, values, "/fields"))
    if findings:
        raise Invalid("record.invalid", findings=findings, entity=entity, id=shown(key), count=len(findings))
    return _write_by_hand(engine, declared, RecordWrite(entity, "create", shown(key), values, why=why), caller)


def change_record(
    engine: Engine, entity: str, id: str, fields: Mapping[str, Json], rev: int, caller: Caller, why: str = ""
) -> StoredRecord:
    """Changes some fields of the record that was read at ``rev``. Raises Stale when it moved on since."""
    declared = _to_write(engine, entity, caller)
    before = read_record(engine, entity, id, caller)
    write = RecordWrite(entity, "update", id, fields, expected_rev=rev, why=why)
    return _write_by_hand(engine, declared, write, caller, before)


def _to_write(engine: Engine, id: str, caller: Caller) -> Entity:
    entity = engine.published.entity(id)
    if not may_write(entity, caller):
        raise Forbidden("record.write_forbidden", entity=id, who=", ".join(entity.write) or "role:admin")
    return entity


def _write_by_hand(
    engine: Engine, entity: Entity, write: RecordWrite, caller: Caller, before: StoredRecord | None = None
) -> StoredRecord:
    by = f"user:{caller.name}"
    try:
        row = row_write(engine, write, by=by, source="hand")
        changes = loads(row.changes)
        fresh = {name: change["to"] for name, change in changes.items()}
        if dangling := tuple(_dangling(engine, entity.fields, fresh, "/fields")):
            raise Invalid("record.invalid", findings=dangling, entity=entity.id, id=write.id, count=len(dangling))
        if before is not None and not changes:
            return before
        engine.store.commit(Commit(at=engine.now(), writes=(row,), by=by)).result()
    except RecordExists as exists:
        where = "/fields" + pointed(entity.key)
        raise Conflict("record.exists", where=where, entity=entity.id, id=write.id, key=entity.key) from exists
    except StaleRecord as stale:
        newest = engine.store.records.find(entity.id, write.id)
        raise Stale(
            "record.stale",
            entity=entity.id,
            id=write.id,
            expected=write.expected_rev,
            newest=newest.rev if newest else 0,
        ) from stale
    except DuplicateValue as duplicate:
        fields = duplicate.constraint.split("+")
        where = "/fields" + pointed(fields[0])
        raise Conflict("record.duplicate", where=where, entity=entity.id, fields=", ".join(fields)) from duplicate
    written = engine.store.records.find(entity.id, write.id)
    assert written is not None
    return StoredRecord.of(written)


def _dangling(
    engine: Engine, fields: Mapping[str, DataField], values: Mapping[str, Value], where: Pointer
) -> Iterator[Finding]:
    """References to records that are not there, a slip of a person; what an instance writes may run ahead."""
    for name, declared in fields.items():
        yield from _dangling_value(engine, declared, values.get(name), where + pointed(name))


def _dangling_value(engine: Engine, declared: DataField, value: Value, at: Pointer) -> Iterator[Finding]:
    match value:
        case str() if declared.type == "reference" and declared.entity is not None:
            if engine.store.records.find(declared.entity, value) is None:
                yield Finding("record.reference", at, {"entity": declared.entity, "id": value})
        case list() if declared.item is not None:
            for i, item in enumerate(value):
                yield from _dangling_value(engine, declared.item, item, f"{at}/{i}")
        case dict() if declared.fields:
            yield from _dangling(engine, declared.fields, value, at)


def record_history(
    engine: Engine, entity: str, id: str, caller: Caller, *, limit: int = 50, cursor: str | None = None
) -> Page[RecordChange]:
    """What became of a record, the newest change first."""
    read_record(engine, entity, id, caller)
    page = engine.store.records.history(entity, id, Part(limit=limit, cursor=cursor))
    rows = tuple(RecordChange(r.rev, r.at, r.by, r.source, r.why, loads(r.changes)) for r in page.rows)
    return Page(rows, page.next, page.total)


def index_shape(entity: Entity) -> Mapping[str, str]:
    """The indexed fields with their types: a change of it leaves older records unfound until :func:`reindex`."""
    return {name: str(entity.fields[name].type) for name in indexed_fields(entity)}


def reindex(engine: Engine, entity: str) -> int:
    """Writes the index of every record anew, after the entity declared other indexed fields; tells how many."""
    declared = engine.published.entity(entity)
    done = 0
    part = Part(limit=500, sort="id", count=False)
    while True:
        page = engine.store.records.page(entity, None, part)
        for row in page.rows:
            fields = loads(row.fields)
            index = {name: indexed(fields.get(name)) for name in indexed_fields(declared)}
            done += engine.store.records.reindex(entity, row.id, row.rev, index)
        if page.next is None:
            return done
        part = Part(limit=500, sort="id", count=False, cursor=page.next)

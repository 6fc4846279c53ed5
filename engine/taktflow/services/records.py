"""Records: every write is held against its entity, based on a revision, and kept in the record's history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from taktflow.definitions.data import read_data, read_value
from taktflow.definitions.kinds import Entity
from taktflow.definitions.places import pointed
from taktflow.errors import Invalid, NotFound
from taktflow.sdk import RecordWrite
from taktflow.services.engine import Engine
from taktflow.store import IndexValue, RecordExists, RecordRow, RowWrite, StaleRecord
from taktflow.values import Finding, Pointer, Value, YearsMonths, dumps, loads

LONGEST_ID = 200


def row_write(engine: Engine, write: RecordWrite, *, by: str, source: str, where: Pointer = "/fields") -> RowWrite:
    """What the store must do for ``write``, made by ``by`` (``user:ann``, ``instance:...``) at ``source`` (a node).

    Raises NotFound for an unknown entity or record, RecordExists, StaleRecord, and Invalid with every misfit at a
    pointer below ``where``. The result is based on the revision read here even when ``write`` names none: when the
    record moves on before the commit, the store raises StaleRecord (RecordExists for a new one) and it is made anew.
    """
    entity = engine.published.entity(write.entity)
    stored = engine.store.record(write.entity, write.id)
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

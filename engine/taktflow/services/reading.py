"""Gives nodes what they may read of the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taktflow.errors import Invalid
from taktflow.sdk import Record, Value
from taktflow.services.engine import Engine
from taktflow.services.records import indexed_fields
from taktflow.store import AnyOf, Between, Match, RecordRow
from taktflow.values import Range, loads


@dataclass(frozen=True, slots=True)
class StoredRecords:
    """The sdk's RecordReader over the store; finds by declared indexes and the key."""

    engine: Engine

    def read(self, entity: str, id: str) -> Record | None:
        """The record, or None."""
        row = self.engine.store.search.one(entity, id)
        return None if row is None else as_record(row)

    def find(
        self, entity: str, where: Mapping[str, Value], *, limit: int = 100, newest_first: bool = True
    ) -> Sequence[Record]:
        """The records whose indexed fields fit ``where``; raises Invalid for a field without an index."""
        declared = self.engine.published.entity(entity)
        indexed = indexed_fields(declared)
        unknown = [f for f in where if f not in indexed]
        if unknown:
            raise Invalid("record.not_indexed", entity=entity, field=", ".join(unknown), known=", ".join(indexed))
        matches = {field: match_of(wanted) for field, wanted in where.items()}
        return [as_record(r) for r in self.engine.store.search.matching(entity, matches, limit, newest_first)]


def match_of(wanted: Value) -> Match:
    """How the store looks for ``wanted``: a value, any of a list, or a range."""
    match wanted:
        case Range():
            return Between(wanted.low, wanted.high, wanted.low_closed, wanted.high_closed)
        case list():
            return AnyOf(wanted)
        case _:
            return AnyOf((wanted,))


def as_record(row: RecordRow) -> Record:
    """The stored row as nodes and people see it."""
    return Record(row.entity, row.id, row.rev, loads(row.fields), row.changed_at)

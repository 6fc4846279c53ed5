"""Gives nodes what they may read of the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taktflow.sdk import Record, Value
from taktflow.services.engine import Engine
from taktflow.store import RecordRow
from taktflow.values import loads


@dataclass(frozen=True, slots=True)
class StoredRecords:
    """The sdk's RecordReader over the store; finds by declared indexes and the key."""

    engine: Engine

    def read(self, entity: str, id: str) -> Record | None:
        """The record, or None."""
        row = self.engine.store.record(entity, id)
        return None if row is None else as_record(row)

    def find(
        self, entity: str, where: Mapping[str, Value], *, limit: int = 100, newest_first: bool = True
    ) -> Sequence[Record]:
        """The records whose indexed fields fit ``where``; raises Invalid for a field without an index."""
        rows = self.engine.store.find_records(entity, where, limit=limit, newest_first=newest_first)
        return [as_record(r) for r in rows]


def as_record(row: RecordRow) -> Record:
    """The stored row as nodes and people see it."""
    return Record(row.entity, row.id, row.rev, loads(row.fields), row.changed_at)

"""Records by their indexed values, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, select

from taktflow.store.apply.records import keep_index, unique_key
from taktflow.store.lists.filters import starts_with
from taktflow.store.lists.paging import Order, Part, chosen_order
from taktflow.store.lists.room import Room
from taktflow.store.rows import Page, RecordChangeRow, RecordRow
from taktflow.store.sortable import IndexValue, sortable, sortable_prefix
from taktflow.store.tables import metadata

_r = metadata.tables["record"].c
_x = metadata.tables["record_index"].c
_along = metadata.tables["record_index"].alias("along")
_a = _along.c
_q = metadata.tables["record_unique"].c
_h = metadata.tables["record_change"].c
_SHOWN = (_r.entity, _r.id, _r.rev, _r.fields, _r.created_at, _r.changed_at)
_OWN = {"changed_at": (_r.changed_at, _r.id), "created_at": (_r.created_at, _r.id), "id": (_r.id,)}
FEW = 1_000
"""A filter that finds fewer rows than this leads the search; else the search walks along the sort."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The indexed value is one of these; None among them means that there is none."""

    values: Sequence[IndexValue]


@dataclass(frozen=True, slots=True)
class Between:
    """The indexed value lies between these ends of one type; an end of None is open."""

    low: IndexValue
    high: IndexValue
    low_closed: bool = True
    high_closed: bool = True


@dataclass(frozen=True, slots=True)
class StartsWith:
    """The indexed text begins so."""

    text: str


Match: TypeAlias = AnyOf | Between | StartsWith


class Records(Room):
    """Sorts: ``changed_at`` (own order: newest first), ``created_at``, ``id``, and ``field:NAME`` for indexed ones."""

    def page(self, entity: str, where: Mapping[str, Match] | None = None, part: Part | None = None) -> Page[RecordRow]:
        """Records whose indexed fields all match."""
        part = part or Part()
        conditions = [_matches(field, match) for field, match in (where or {}).items()]
        query, order = _sorted(entity, part.sort or "-changed_at")
        few = self._fewest(entity, conditions)
        if few is not None:
            if not few:
                return Page((), None, 0)
            query = query.where(_r.id.in_(few))
        for condition in conditions:
            query = query.where(exists().where(_x.entity == entity, _x.record_id == _r.id, condition))
        return self._asking.page(query, order, part, _record)

    def find(self, entity: str, id: str) -> RecordRow | None:
        """One record."""
        found = self._asking.rows(select(*_SHOWN).where(_r.entity == entity, _r.id == id))
        return _record(found[0]) if found else None

    def holder(self, entity: str, constraint: str, values: Sequence[IndexValue]) -> str | None:
        """The record that holds values which only one may hold."""
        query = select(_q.record_id).where(
            _q.entity == entity, _q.constraint_name == constraint, _q.value == unique_key(values)
        )
        found = self._asking.rows(query)
        return str(found[0][0]) if found else None

    def history(self, entity: str, id: str, part: Part | None = None) -> Page[RecordChangeRow]:
        """What became of a record, newest first; sort ``rev`` begins with the oldest."""
        part = part or Part()
        order = Order(part.sort or "-rev", (_h.rev,), descending=part.sort != "rev")
        query = select(*_h).where(_h.entity == entity, _h.record_id == id)
        return self._asking.page(query, order, part, _change)

    def reindex(self, entity: str, id: str, rev: int, index: Mapping[str, IndexValue | Sequence[IndexValue]]) -> bool:
        """Replaces the indexed values of an unchanged record, after its entity declared other indexes.

        False when the record moved on: its new revision was indexed by whoever wrote it.
        """
        # Touching the row keeps other writers away from it until its index is written.
        sql = "UPDATE record SET rev = rev WHERE entity = ? AND id = ? AND rev = ?"

        def act(tx: Any) -> bool:
            if not tx.count(sql, (entity, id, rev)):
                return False
            keep_index(tx, entity, id, index)
            return True

        return self._write(act)

    def _fewest(self, entity: str, conditions: Sequence[ColumnElement[bool]]) -> list[str] | None:
        """The ids that the narrowest condition leaves; None when even that leaves many."""
        best: list[str] | None = None
        for condition in conditions:
            query = select(_x.record_id).where(_x.entity == entity, condition).limit(FEW if best is None else len(best))
            found = [str(r[0]) for r in self._asking.rows(query)]
            if len(found) < (FEW if best is None else len(best)):
                best = found
            if best is not None and len(best) <= 1:
                break
        return best


def _sorted(entity: str, sort: str) -> tuple[Select[Any], Order]:
    name = sort.removeprefix("-")
    down = sort.startswith("-")
    if not name.startswith("field:"):
        return select(*_SHOWN).where(_r.entity == entity), chosen_order(_OWN, sort, sort)
    joined = _along.join(metadata.tables["record"], and_(_r.entity == _a.entity, _r.id == _a.record_id))
    field = name.removeprefix("field:")
    query = select(*_SHOWN).select_from(joined).where(_a.entity == entity, _a.field == field, _a.n == 0)
    return query, Order(sort, (_a.value, _a.record_id), down)


def _matches(field: str, match: Match) -> ColumnElement[bool]:
    conditions = [_x.field == field]
    match match:
        case AnyOf(values):
            conditions.append(_x.value.in_([sortable(v) for v in values]))
        case StartsWith(text):
            conditions.append(starts_with(_x.value, sortable_prefix(text)))
        case Between(low, high, low_closed, high_closed):
            conditions += _ends(low, high, low_closed, high_closed)
    return and_(*conditions)


def _ends(low: IndexValue, high: IndexValue, low_closed: bool, high_closed: bool) -> list[ColumnElement[bool]]:
    found = []
    # Values of another type, and absent ones, have another first letter.
    kind = sortable(high if low is None else low)[:1]
    if low is not None:
        found.append(_x.value >= sortable(low) if low_closed else _x.value > sortable(low))
    elif kind:
        found.append(_x.value >= kind)
    if high is not None:
        found.append(_x.value <= sortable(high) if high_closed else _x.value < sortable(high))
    elif kind:
        found.append(func.substr(_x.value, 1, 1) == kind)
    return found


def _record(row: Row[Any]) -> RecordRow:
    return RecordRow(*row[: len(_SHOWN)])


def _change(row: Row[Any]) -> RecordChangeRow:
    r = row._mapping
    return RecordChangeRow(
        entity=r["entity"],
        id=r["record_id"],
        rev=r["rev"],
        at=r["at"],
        by=r["by"],
        source=r["source"],
        why=r["why"],
        changes=r["changes"],
    )

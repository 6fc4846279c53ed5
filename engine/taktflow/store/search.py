"""Finds records for nodes by plain SQL: the path every instance takes, where the lists' paging would cost too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from taktflow.store.lists.records import AnyOf, Between, Match, StartsWith
from taktflow.store.moments import moment
from taktflow.store.readers import Readers
from taktflow.store.rows import RecordRow
from taktflow.store.sortable import sortable, sortable_prefix

# S608: every statement here is built of this module's own words; all values are bound.
# ruff: noqa: S608
_SHOWN = "SELECT r.entity, r.id, r.rev, r.fields, r.created_at, r.changed_at FROM record r"
_LAST = "\U0010ffff"


class RecordSearch:
    """Reads single records and small sets of them."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def one(self, entity: str, id: str) -> RecordRow | None:
        """The record, or None."""
        found = self._readers.rows(f"{_SHOWN} WHERE r.entity = ? AND r.id = ?", (entity, id))
        return _row(found[0]) if found else None

    def matching(self, entity: str, where: Mapping[str, Match], limit: int, newest_first: bool) -> list[RecordRow]:
        """At most ``limit`` records whose indexed fields all match, by the time of their last change.

        The narrowest condition leads and the others are looked up record by record, so that the cost follows what is
        found and not what is kept.
        """
        conditions = sorted((_condition(f, m) for f, m in where.items()), key=lambda c: c[0])
        clauses = ["r.entity = ?"]
        params: list[Any] = [entity]
        for place, (_, sql, values) in enumerate(conditions):
            if place == 0:
                among = f"SELECT x.record_id FROM record_index x WHERE x.entity = ? AND {sql}"
                clauses.append(f"r.id IN ({among})")
                params += [entity, *values]
            else:
                clauses.append(
                    f"EXISTS (SELECT 1 FROM record_index x WHERE x.entity = r.entity AND x.record_id = r.id AND {sql})"
                )
                params += values
        down = "DESC" if newest_first else "ASC"
        sql = f"{_SHOWN} WHERE {' AND '.join(clauses)} ORDER BY r.changed_at {down}, r.id {down} LIMIT ?"
        return [_row(r) for r in self._readers.rows(sql, (*params, limit))]


def _condition(field: str, match: Match) -> tuple[int, str, Sequence[Any]]:
    """How wide the condition probably is, its SQL over the index row ``x``, and what to bind."""
    match match:
        case AnyOf(values):
            marks = ", ".join("?" for _ in values) or "NULL"
            return len(values), f"x.field = ? AND x.value IN ({marks})", (field, *(sortable(v) for v in values))
        case StartsWith(text):
            low = sortable_prefix(text)
            return 1_000, "x.field = ? AND x.value >= ? AND x.value < ?", (field, low, low + _LAST)
        case Between():
            return 10_000, *_between(field, match)


def _between(field: str, match: Between) -> tuple[str, Sequence[Any]]:
    # Values of another type, and absent ones, have another first letter.
    kind = sortable(match.high if match.low is None else match.low)[:1]
    low = kind if match.low is None else sortable(match.low)
    high = kind + _LAST if match.high is None else sortable(match.high)
    above = ">=" if match.low_closed or match.low is None else ">"
    below = "<=" if match.high_closed and match.high is not None else "<"
    return f"x.field = ? AND x.value {above} ? AND x.value {below} ?", (field, low, high)


def _row(row: Sequence[Any]) -> RecordRow:
    entity, id, rev, fields, created_at, changed_at = row
    return RecordRow(entity, id, rev, fields, moment(created_at), moment(changed_at))

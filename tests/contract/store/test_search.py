"""The state path's search finds what the lists find."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from taktflow.store import AnyOf, Between, Commit, Match, Part, RowWrite, StartsWith, Store

START = datetime(2026, 3, 1, tzinfo=UTC)
RECORDS: Mapping[str, Mapping[str, Any]] = {
    f"r{n}": {"who": f"c{n % 3}", "day": date(2026, 3, 1 + n), "size": Decimal(n) / 2, "tag": ["x"] if n % 2 else None}
    for n in range(10)
}
CASES: list[tuple[dict[str, Match], int]] = [
    ({"who": AnyOf(("c1",))}, 3),
    ({"who": AnyOf(("c1", "c2"))}, 6),
    ({"who": AnyOf(())}, 0),
    ({"day": Between(date(2026, 3, 2), date(2026, 3, 4))}, 3),
    ({"day": Between(date(2026, 3, 2), date(2026, 3, 4), False, False)}, 1),
    ({"day": Between(date(2026, 3, 8), None)}, 3),
    ({"day": Between(None, date(2026, 3, 2))}, 2),
    ({"size": Between(Decimal("1.5"), Decimal("2.5"))}, 3),
    ({"who": AnyOf(("c0",)), "day": Between(date(2026, 3, 2), None)}, 3),
    ({"who": StartsWith("c")}, 10),
    ({"tag": AnyOf(("x",))}, 5),
    ({}, 10),
]


@pytest.fixture
def filled(store: Store) -> Store:
    """A store that holds RECORDS, changed one a minute."""
    for n, (id, fields) in enumerate(RECORDS.items()):
        write = RowWrite("thing", id, "upsert", "{}", index=fields)
        store.commit(Commit(at=START + timedelta(minutes=n), writes=(write,))).result()
    return store


@pytest.mark.parametrize(("where", "count"), CASES)
@pytest.mark.parametrize("newest_first", [True, False])
def test_search_finds_what_the_lists_find_in_the_same_order(
    filled: Store, where: dict[str, Match], count: int, newest_first: bool
) -> None:
    listed = filled.records.page("thing", where, Part(limit=50, sort="-changed_at" if newest_first else "changed_at"))

    found = filled.search.matching("thing", where, 50, newest_first)

    assert found == list(listed.rows)
    assert len(found) == count


def test_one_record_is_read_or_none(filled: Store) -> None:
    assert filled.search.one("thing", "r3") == filled.records.find("thing", "r3")
    assert filled.search.one("thing", "nope") is None

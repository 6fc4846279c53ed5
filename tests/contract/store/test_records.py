"""Records: revisions, unique values, history and search."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taktflow.errors import Conflict, Invalid, NotFound, Stale
from taktflow.store import (
    AnyOf,
    AuditEntry,
    Between,
    Commit,
    DuplicateValue,
    Part,
    RecordExists,
    RowWrite,
    StaleRecord,
    StartsWith,
    Store,
    StoreFailed,
)
from tests.contract.store.builders import NOW, later


def write(store: Store, *writes: RowWrite, at: Any = NOW) -> tuple[tuple[str, str, int], ...]:
    return store.commit(Commit(at=at, writes=writes)).result().records


def ids(store: Store, entity: str, where: Any = None, **part: Any) -> list[str]:
    return [r.id for r in store.records.page(entity, where, Part(**part)).rows]


def test_each_change_raises_the_revision_and_is_remembered(store: Store, name: str) -> None:
    write(
        store, RowWrite(name, "o1", "create", '{"q":1}', by="ann", source="form", why="new", changes='{"q":[null,1]}')
    )
    write(store, RowWrite(name, "o1", "update", '{"q":2}', expected_rev=1, by="bo"), at=later(hours=1))
    done = write(store, RowWrite(name, "o1", "upsert", '{"q":3}'), RowWrite(name, "o1", "update", '{"q":4}'))

    assert done == ((name, "o1", 3), (name, "o1", 4))
    row = store.records.find(name, "o1")
    assert row is not None
    assert (row.rev, row.fields, row.created_at, row.changed_at) == (4, '{"q":4}', NOW, NOW)
    history = store.records.history(name, "o1").rows
    assert [(h.rev, h.by, h.at) for h in history] == [
        (4, "", NOW),
        (3, "", NOW),
        (2, "bo", later(hours=1)),
        (1, "ann", NOW),
    ]
    assert (history[3].source, history[3].why, history[3].changes) == ("form", "new", '{"q":[null,1]}')


def test_an_upsert_creates_what_is_missing(store: Store, name: str) -> None:
    assert write(store, RowWrite(name, "a", "upsert", "{}")) == ((name, "a", 1),)
    assert write(store, RowWrite(name, "b", "upsert", "{}", expected_rev=0)) == ((name, "b", 1),)
    with pytest.raises(RecordExists):
        write(store, RowWrite(name, "b", "upsert", "{}", expected_rev=0))


def test_a_second_creation_is_a_conflict(store: Store, name: str) -> None:
    write(store, RowWrite(name, "a", "create", "{}"))
    with pytest.raises(RecordExists) as refused:
        write(store, RowWrite(name, "a", "create", '{"other":1}'))
    assert isinstance(refused.value, Conflict)
    assert "a" in refused.value.message("zh")


def test_a_write_upon_an_old_revision_is_stale_and_a_missing_record_is_not_found(store: Store, name: str) -> None:
    write(store, RowWrite(name, "a", "create", "{}"))
    with pytest.raises(StaleRecord) as refused:
        write(store, RowWrite(name, "a", "update", "{}", expected_rev=2))
    assert isinstance(refused.value, Stale)
    for expected in (None, 1):
        with pytest.raises(NotFound):
            write(store, RowWrite(name, "none", "update", "{}", expected_rev=expected))


def test_a_unique_value_stands_once_until_it_is_given_up(store: Store, name: str) -> None:
    def order(id: str, *number: Any, op: Any = "create") -> RowWrite:
        return RowWrite(name, id, op, "{}", unique={"channel+number": number})

    write(store, order("a", "shop", Decimal("7.0")))
    with pytest.raises(DuplicateValue) as refused:
        write(store, order("b", "shop", Decimal(7)))
    assert (refused.value.constraint, refused.value.id) == ("channel+number", "b")
    assert store.records.find(name, "b") is None
    assert store.records.holder(name, "channel+number", ["shop", Decimal(7)]) == "a"

    write(store, order("n1", "shop", None), order("n2", "shop", None), order("t", "shop", "7"))
    write(store, order("a", "shop", Decimal(8), op="update"))
    write(store, order("b", "shop", Decimal(7)))
    assert store.records.holder(name, "channel+number", ["shop", Decimal(7)]) == "b"


def test_the_longest_values_still_stand_once(store: Store, name: str) -> None:
    long = "订单" * 4000
    write(store, RowWrite(name, "a", "create", "{}", index={"t": long}, unique={"t": [long]}))
    with pytest.raises(DuplicateValue):
        write(store, RowWrite(name, "b", "create", "{}", unique={"t": [long]}))
    write(store, RowWrite(name, "c", "create", "{}", index={"t": long + "!"}, unique={"t": [long + "!"]}))
    assert ids(store, name, {"t": AnyOf([long])}) == ["a"]


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE record_change SET why = 'x'",
        "DELETE FROM record_change",
        "UPDATE audit SET \"by\" = 'x'",
        "DELETE FROM audit",
    ],
)
def test_histories_cannot_be_altered(store: Store, name: str, act: str) -> None:
    write(store, RowWrite(name, f"r-{act}", "create", "{}"))
    store.audits.note(AuditEntry(NOW, "ann", "look", name))
    with pytest.raises(StoreFailed, match="append-only"):
        store.write(lambda tx: tx.run(act)).result()


def a_stock(store: Store, entity: str) -> None:
    rows: list[tuple[str, Any, Any, Any]] = [
        ("a", Decimal("9.5"), "Flange DN50", ["x", "y"]),
        ("b", Decimal(10), "Flange DN80", ["y"]),
        ("c", Decimal("-3"), "Valve", []),
        ("d", None, "flange", ["x"]),
        ("e", Decimal("10.00"), None, ["z", "x"]),
    ]
    for n, (id, qty, title, tags) in enumerate(rows):
        index = {"qty": qty, "title": title, "tags": tags, "due": date(2026, 3, n + 1)}
        write(store, RowWrite(entity, id, "create", "{}", index=index), at=later(minutes=n))


def test_records_are_found_by_their_indexed_values(store: Store, name: str) -> None:
    a_stock(store, name)

    def found(**where: Any) -> str:
        return "".join(ids(store, name, where, sort="id"))

    assert found() == "abcde"
    assert found(qty=AnyOf([Decimal(10)])) == "be"
    assert found(qty=AnyOf([Decimal(10), None])) == "bde"
    assert found(qty=Between(Decimal(-3), Decimal("9.5"))) == "ac"
    assert found(qty=Between(Decimal(-3), Decimal("9.5"), low_closed=False, high_closed=False)) == ""
    assert found(qty=Between(None, Decimal(0))) == "c"
    assert found(qty=Between(Decimal(9), None)) == "abe"
    assert found(title=StartsWith("Flange")) == "ab"
    assert found(title=StartsWith("%")) == ""
    assert found(tags=AnyOf(["x"])) == "ade"
    assert found(tags=AnyOf(["x"]), qty=AnyOf([Decimal(10)])) == "e"
    assert found(tags=AnyOf([None])) == "c"
    assert found(due=Between(date(2026, 3, 2), date(2026, 3, 3))) == "bc"
    assert found(nothing=AnyOf(["x"])) == ""
    assert found(qty=AnyOf(["10"])) == ""


def test_records_sort_as_their_values_do(store: Store, name: str) -> None:
    a_stock(store, name)

    assert ids(store, name) == ["e", "d", "c", "b", "a"]
    assert ids(store, name, sort="field:qty") == ["d", "c", "a", "b", "e"]
    assert ids(store, name, sort="-field:qty") == ["e", "b", "a", "c", "d"]
    assert ids(store, name, {"tags": AnyOf(["x"])}, sort="field:qty") == ["d", "a", "e"]
    with pytest.raises(Invalid) as refused:
        ids(store, name, sort="colour")
    assert refused.value.code == "store.sort"


@pytest.mark.parametrize("sort", ["", "id", "created_at", "field:qty", "-field:qty", "field:title"])
def test_pages_hold_every_record_once(store: Store, name: str, sort: str) -> None:
    entity = f"{name}-{sort}"
    a_stock(store, entity)
    seen: list[str] = []
    page = store.records.page(entity, None, Part(limit=2, sort=sort))
    total = page.total

    while True:
        seen += [r.id for r in page.rows]
        if page.next is None:
            break
        # A row that comes in meanwhile, or is seen already, disturbs no later page.
        write(store, RowWrite(entity, seen[0], "update", "{}"), at=later(hours=1))
        page = store.records.page(entity, None, Part(limit=2, sort=sort, cursor=page.next))

    assert total == 5
    assert sorted(seen) == list("abcde")


def test_a_filter_that_finds_many_and_one_that_finds_few_agree(
    store: Store, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_stock(store, name)
    where = {"tags": AnyOf(["x", "y"]), "qty": Between(Decimal(9), None)}
    few = ids(store, name, where)

    monkeypatch.setattr("taktflow.store.lists.records.FEW", 1)

    assert ids(store, name, where) == few == ["e", "b", "a"]


def test_an_entity_that_declares_another_index_is_searched_by_it_after_reindexing(store: Store, name: str) -> None:
    write(store, RowWrite(name, "a", "create", '{"sku":"S1"}', index={"qty": Decimal(1)}))
    assert ids(store, name, {"sku": AnyOf(["S1"])}) == []

    assert store.records.reindex(name, "a", 1, {"qty": Decimal(1), "sku": "S1"})
    assert not store.records.reindex(name, "a", 7, {})

    assert ids(store, name, {"sku": AnyOf(["S1"])}) == ["a"]
    assert ids(store, name, {"qty": AnyOf([Decimal(1)])}) == ["a"]


_NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9)


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(_NUMBERS, min_size=1, max_size=12, unique=True), low=_NUMBERS, high=_NUMBERS)
def test_the_database_orders_numbers_as_decimals(
    store: Store, name: str, numbers: list[Decimal], low: Decimal, high: Decimal
) -> None:
    entity = f"{name}-{sorted(numbers)}-{low}-{high}"
    writes = [RowWrite(entity, str(n), "upsert", "{}", index={"n": n}) for n in numbers]
    write(store, *writes)

    assert ids(store, entity, sort="field:n") == [str(n) for n in sorted(numbers)]
    between = ids(store, entity, {"n": Between(low, high)}, sort="field:n")
    assert between == [str(n) for n in sorted(numbers) if low <= n <= high]

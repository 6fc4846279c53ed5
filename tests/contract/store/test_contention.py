"""Several processes on one PostgreSQL: deadlocks and serialization failures are tried again, and double nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest

from taktflow.store import Store, migrate
from taktflow.store.transaction import Transaction
from tests.contract.store.builders import Held, moved, started
from tests.services import database


@pytest.fixture
def pair(postgres_server: str) -> Iterator[tuple[Store, Store]]:
    """Two stores on one database, as two processes have them."""
    with ExitStack() as stack:
        url = stack.enter_context(database(postgres_server))
        migrate(url)
        yield stack.enter_context(Store.open(url)), stack.enter_context(Store.open(url))


def counted(store: Store, what: str) -> int:
    """One of the server's own counters for this database."""
    with psycopg.connect(store.address.dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_clear_snapshot()")
        sql = f"SELECT {what} FROM pg_stat_database WHERE datname = current_database()"  # noqa: S608 - our own names
        found = connection.execute(sql.encode()).fetchone()
    assert found is not None
    return int(found[0])


def test_two_writers_that_lock_each_other_out_both_get_through(pair: tuple[Store, Store]) -> None:
    first, second = pair
    for id in ("a", "b"):
        first.commit(started(id)).result()
    both = threading.Barrier(2)
    runs = {"first": 0, "second": 0}

    def crossing(me: str, one: str, other: str) -> Callable[[Transaction], None]:
        def change(tx: Transaction) -> None:
            runs[me] += 1
            tx.count("UPDATE instance SET priority = priority + 1 WHERE id = ?", (one,))
            if runs[me] == 1:
                both.wait(20)
            tx.count("UPDATE instance SET priority = priority + 1 WHERE id = ?", (other,))

        return change

    with Held(first), Held(second):
        neighbours = [first.commit(started("n1")), second.commit(started("n2"))]
        crossed = [
            first.write(crossing("first", "a", "b")),
            second.write(crossing("second", "b", "a")),
        ]
    for change in crossed:
        change.result(30)
    for neighbour in neighbours:
        assert neighbour.result(30).rev == 1

    rows = first.write(lambda tx: tx.rows("SELECT priority FROM instance WHERE id IN ('a', 'b')")).result()
    assert rows == [(2,), (2,)]
    fewest, most = sorted(runs.values())
    assert (fewest, most > 1) == (1, True)
    assert first.load_instance("n1").rev == first.load_instance("n2").rev == 1


def test_a_serialization_failure_is_tried_again_and_harms_no_neighbour(pair: tuple[Store, Store]) -> None:
    store, other = pair
    store.commit(started("a")).result()
    tries: list[None] = []

    def careful(tx: Transaction) -> None:
        tries.append(None)
        # Sent ahead: that it failed is known only when the commit is refused.
        failing = "DO $$ BEGIN RAISE serialization_failure; END $$"
        tx.run("UPDATE instance SET priority = 7 WHERE id = 'a'" if len(tries) > 1 else failing)

    with Held(store):
        before = store.commit(started("b"))
        refused = store.write(careful)
        after = store.commit(moved("a", 1))

    assert before.result().rev == 1
    assert refused.result() is None
    assert after.result().rev == 2
    assert len(tries) == 2
    assert other.load_instance("b").rev == 1


def test_processes_that_move_the_same_instances_at_once_never_lose_or_double_a_step(pair: tuple[Store, Store]) -> None:
    ids = [f"i{n}" for n in range(6)]
    for id in ids:
        pair[0].commit(started(id)).result()
    kept: list[str] = []

    def work(store: Store, order: list[str]) -> None:
        for _ in range(15):
            rows = {id: store.load_instance(id) for id in order}
            with Held(store):
                futures = [(id, store.commit(moved(id, rows[id].rev))) for id in order]
            kept.extend(id for id, future in futures if future.exception(30) is None)

    threads = [threading.Thread(target=work, args=(s, ids if s is pair[0] else ids[::-1])) for s in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for id in ids:
        found = pair[0].load_instance(id)
        assert found.rev == 1 + kept.count(id)
        assert [row.seq for row in pair[0].instances.journal(id).rows] == list(range(1, found.rev + 1))
    assert counted(pair[0], "deadlocks") == 0

"""On PostgreSQL the journal lies in months; they are made ahead of time and dropped when nothing needs them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine

from taktflow.store import Store, migrate
from taktflow.store.address import parse_address
from taktflow.store.migrate import config
from taktflow.store.transaction import Transaction
from tests.contract.store.builders import moved, started
from tests.services import database


@pytest.fixture
def server_store(postgres_server: str) -> Iterator[Store]:
    """A store on a new database of the test's own."""
    with database(postgres_server) as url:
        migrate(url)
        with Store.open(url) as store:
            yield store


_PLACE = "SELECT tableoid::regclass::text FROM journal WHERE instance_id = %s"


def asked(store: Store, sql: str, *params: str) -> list[tuple[object, ...]]:
    """Rows, by a connection of its own."""
    with psycopg.connect(store.address.dsn, autocommit=True) as connection:
        return connection.execute(sql.encode(), params).fetchall()


def place(store: Store, id: str) -> set[object]:
    """In which tables the rows of an instance lie."""
    return {row[0] for row in asked(store, _PLACE, id)}


def test_the_months_to_come_have_tables_and_rows_find_them(server_store: Store) -> None:
    year = datetime.now(UTC).year + 2
    now = datetime(year, 11, 30, 23, 59, tzinfo=UTC)

    made, _ = server_store.keep_months(now)
    again, _ = server_store.keep_months(now)
    server_store.commit(started("a", at=now)).result()
    server_store.commit(moved("a", 1, at=now + timedelta(minutes=2))).result()

    assert made == [f"journal_{year}_11", f"journal_{year}_12", f"journal_{year + 1}_01"]
    assert again == []
    assert place(server_store, "a") == {f"journal_{year}_11", f"journal_{year}_12"}
    assert [row.seq for row in server_store.instances.journal("a").rows] == [1, 2]


def test_a_clock_that_runs_ahead_stops_nobody_and_its_rows_are_moved_when_their_month_is_made(
    server_store: Store,
) -> None:
    far = datetime(datetime.now(UTC).year + 5, 6, 15, tzinfo=UTC)
    server_store.commit(started("a", at=far)).result()
    before = place(server_store, "a")

    server_store.keep_months(far)

    assert before == {"journal_other"}
    assert place(server_store, "a") == {f"journal_{far.year}_06"}


def test_a_past_month_is_dropped_once_none_of_its_instances_exists_any_more(server_store: Store) -> None:
    first = datetime(datetime.now(UTC).year + 2, 3, 1, tzinfo=UTC)
    server_store.keep_months(first)
    for id, at in (("old", first), ("long", first + timedelta(days=40)), ("long2", first + timedelta(days=40))):
        server_store.commit(started(id, at=at)).result()
    server_store.write(lambda tx: tx.run("DELETE FROM instance WHERE id IN ('old', 'long2')")).result()

    _, dropped = server_store.keep_months(first + timedelta(days=120))

    assert f"journal_{first.year}_03" in dropped
    assert f"journal_{first.year}_04" not in dropped
    assert [row.seq for row in server_store.instances.journal("long").rows] == [1]


def test_a_database_from_before_there_were_months_keeps_every_row(postgres_server: str) -> None:
    with database(postgres_server) as url:
        migrate(url)
        with Store.open(url) as store:
            for n in range(20):
                store.commit(started(f"i{n}", at=datetime(2026, 1 + n % 12, 3, tzinfo=UTC))).result()
        engine = create_engine(parse_address(url).url)
        with engine.begin() as connection:
            command.downgrade(config(connection), "0004")
        engine.dispose()

        migrate(url)

        with Store.open(url) as store:
            store.commit(moved("i0", 1, at=datetime.now(UTC))).result()
            assert asked(store, "SELECT count(*) FROM journal") == [(21,)]
            assert place(store, "i0") == {"journal_past"}


def test_the_state_of_a_running_instance_is_updated_in_place(server_store: Store) -> None:
    server_store.commit(started("a")).result()
    server_store.commit(moved("a", 1)).result()

    def update(tx: Transaction) -> object:
        counted = "SELECT pg_stat_get_xact_tuples_hot_updated('instance'::regclass)"
        before = tx.rows(counted)[0][0]
        tx.run("UPDATE instance SET state = 'x', rev = rev + 1, changed_at = changed_at + 1 WHERE id = 'a'")
        return tx.rows(counted)[0][0] - before

    assert server_store.write(update).result() == 1

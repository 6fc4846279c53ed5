"""On a server each executor shows that it lives; whoever dies is missed at once, whoever is silent after its lease."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import psycopg
import pytest

from taktflow.store import Store, migrate
from taktflow.store.backends import Presence
from tests.contract.store.builders import NOW, perform, started
from tests.contract.store.test_crash import cut_connections

LEASE = timedelta(seconds=20)


@pytest.fixture
def server_store(postgres_database: str) -> Iterator[Store]:
    """An open store on a server."""
    migrate(postgres_database)
    with Store.open(postgres_database) as store:
        yield store


class Run:
    """An executor run that holds one effect, and hears of the deaths of others."""

    def __init__(self, store: Store, name: str) -> None:
        self.epoch = store.boot(name, NOW)
        self.heard = threading.Event()
        presence = store.presence(self.epoch, self.heard.set)
        assert presence is not None
        self.presence: Presence = presence
        self.presence.start()
        store.commit(started(name, perform(f"{name}:1"))).result()
        assert store.claim_effects(1, NOW, self.epoch)


def test_whoever_ends_is_missed_at_once_and_whoever_lives_is_not(server_store: Store, name: str) -> None:
    with ExitStack() as stack:
        first, second = Run(server_store, f"{name}-1"), Run(server_store, f"{name}-2")
        stack.callback(second.presence.stop)
        before = server_store.lost_runs(0, LEASE)

        first.presence.stop()

        assert second.heard.wait(15)
        after = server_store.lost_runs(second.epoch, LEASE)
    assert not before.gone | before.silent
    assert after.gone == {first.epoch}
    assert not after.silent


def test_a_run_that_does_not_renew_its_lease_is_silent_though_its_session_lives(server_store: Store, name: str) -> None:
    run = Run(server_store, name)
    sql = "UPDATE executor SET heartbeat_at = heartbeat_at - 21000000 WHERE epoch = ?"
    server_store.write(lambda tx: tx.run(sql, (run.epoch,))).result()

    lost = server_store.lost_runs(0, LEASE)
    run.presence.stop()

    assert run.epoch in lost.silent
    assert run.epoch not in lost.gone


def test_a_run_without_a_row_has_no_claim(server_store: Store, name: str) -> None:
    epoch = server_store.boot(name, NOW)
    server_store.commit(started(name, perform(f"{name}:1"))).result()
    server_store.claim_effects(1, NOW, epoch)
    server_store.write(lambda tx: tx.run("DELETE FROM executor WHERE epoch = ?", (epoch,))).result()

    assert epoch in server_store.lost_runs(0, LEASE).silent


def test_a_session_that_is_cut_shows_itself_again(postgres_database: str, server_store: Store, name: str) -> None:
    run = Run(server_store, name)
    cut_connections(postgres_database)

    seen = []
    for _ in range(200):
        with psycopg.connect(server_store.address.dsn, autocommit=True) as look:
            seen = look.execute("SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND granted").fetchall()
        if (run.epoch,) in seen:
            break
        threading.Event().wait(0.02)
    run.presence.stop()

    assert (run.epoch,) in seen

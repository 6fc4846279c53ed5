"""Whatever dies, what was acknowledged is kept."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from taktflow.store import InstanceFilter, Part, Store, StoreFailed, migrate
from tests.contract.store.builders import moved, started

ROOT = Path(__file__).parents[3]


@pytest.fixture
def migrated(postgres_database: str) -> str:
    """A database on a server, since a file has no connection to lose."""
    migrate(postgres_database)
    return postgres_database


def kill_while_writing(url: str, prefix: str, after_s: float) -> dict[str, int]:
    """Kills a writing process; gives back the newest revision that it told of each instance."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.contract.store.writing_child", url, prefix],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert child.stdout is not None
    told = [child.stdout.readline()]
    time.sleep(after_s)
    child.kill()
    told += child.stdout.readlines()
    child.wait()
    child.stdout.close()
    # The last line may be torn; only what ends in a newline was told.
    return {line.split()[0]: int(line.split()[1]) for line in told if line.endswith("\n") and line.strip()}


@pytest.mark.mission("E2")
def test_killing_the_writer_loses_nothing_it_told_and_tears_nothing(url: str, name: str) -> None:
    moments = random.Random(7)
    for kill in range(3):
        prefix = f"{name}-{kill}"
        told = kill_while_writing(url, prefix, moments.uniform(0.02, 0.25))
        assert told

        with Store.open(url) as store:
            for id, rev in told.items():
                assert store.load_instance(id).rev >= rev
            kept = [
                row
                for i in range(4)
                for row in store.instances.page(InstanceFilter(workflow=f"{prefix}-{i}"), Part(limit=500)).rows
            ]
            assert len(kept) >= len(told)
            for row in kept[-40:]:
                assert row.rev == row.seq
                assert [j.seq for j in store.instances.journal(row.id).rows] == list(range(1, row.seq + 1))


def test_a_lost_connection_is_opened_again(migrated: str, name: str) -> None:
    with Store.open(migrated) as store:
        store.commit(started(name)).result()
        cut_connections(migrated)

        store.commit(moved(name, 1)).result()
        assert store.load_instance(name).rev == 2

        cut_connections(migrated)
        assert store.instances.find(name) is not None
        assert store.load_instance(name).rev == 2


def test_connections_cut_again_and_again_lose_no_acknowledged_commit(migrated: str, name: str) -> None:
    stop = threading.Event()

    def cut() -> None:
        while not stop.wait(0.05):
            cut_connections(migrated)

    kept: list[str] = []
    with Store.open(migrated) as store:
        cutter = threading.Thread(target=cut)
        cutter.start()
        for i in range(200):
            try:
                store.commit(started(f"{name}-{i}")).result()
            except StoreFailed:
                continue
            kept.append(f"{name}-{i}")
        stop.set()
        cutter.join()

        assert kept
        for id in kept:
            assert store.load_instance(id).rev == 1


def cut_connections(url: str) -> None:
    """Ends every other connection to the database, as a restart of the server would."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        # Waits until each is gone: what is sent to a session that is about to end may or may not be kept.
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

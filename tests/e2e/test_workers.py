"""Orders through a server and workers that meet at a broker: workers die, tickets are lost, the orders are not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from taktflow.store import Store
from tests.e2e.factory import Served, a_plant, a_user, keep_master_data, opened, publish_order_to_cash, settings_of
from tests.e2e.storm import CUSTOMERS, PRODUCTS, Book, Storm
from tests.e2e.test_kill import _left, _settled, compared
from tests.e2e.workers import Worker
from tests.services import broker, database, postgres_server, tickets_lost

__all__ = ["broker", "postgres_server"]

_PATIENCE_S = 30.0


@pytest.mark.mission("E2")
def test_nothing_is_lost_or_doubled_when_workers_die_and_tickets_vanish(
    tmp_path: Path, postgres_server: str, broker: str
) -> None:
    queue = f"test-{uuid.uuid4().hex}"
    with ExitStack() as stack:
        database_url = stack.enter_context(database(postgres_server))
        stack.callback(tickets_lost, broker, queue)
        plant = stack.enter_context(a_plant(tmp_path, dict.fromkeys(PRODUCTS, 10**9)))
        environment = settings_of(
            tmp_path,
            plant,
            database_url,
            EXECUTOR="celery",
            BROKER_URL=broker,
            BROKER_QUEUE=queue,
            WORKER_PROCESSES="2",
            EXECUTOR_THREADS="2",
        )
        with opened(environment) as engine:
            publish_order_to_cash(engine, tmp_path)
            keep_master_data(engine, CUSTOMERS, PRODUCTS)
            token = a_user(engine, "sue", "supervisor")
        server = stack.enter_context(Served(environment, tmp_path / "server.log"))
        first, second = (stack.enter_context(Worker(environment, tmp_path / f"worker{n}.log")) for n in (1, 2))
        server.wait_ready()
        for worker in (first, second):
            worker.wait_ready()
        storm = Storm(server.base, token, seed=7, senders=2)
        storm.start()
        try:
            _more_orders(storm.book)
            first.kill_child()
            _more_orders(storm.book)
            second.kill()
            _more_orders(storm.book)
            tickets_lost(broker, queue)
            second.start()
            _more_orders(storm.book)
            second.wait_ready()
            # Long effects leave work for whoever is idle.
            plant.switch(latency_ms=100)
            _wait_until_all_perform(database_url, [set(worker.children()) for worker in (first, second)])
        finally:
            plant.switch(latency_ms=0)
            storm.calm(_PATIENCE_S)
            settled = _settled(database_url)
            storm.go_home(_PATIENCE_S)
        assert checked(environment).returncode == 0
        first.stop()
        second.stop()
        server.stop()
        with Store.open(database_url) as store:
            assert settled, f"work is left undone: {_left(store)}"
            found = compared(store, plant, storm.book)
            performed = _performed(store)
    print(f"\n{found} effects by process: {performed}")


def checked(environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What ``taktflow worker --check`` says, for whoever watches a worker."""
    command = [sys.executable, "-m", "taktflow.cli", "worker", "--check"]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


def _performed(store: Store) -> dict[int, int]:
    """How many effects each process performed."""
    sql = "SELECT executor.id, count(*) FROM effect JOIN executor ON executor.epoch = effect.epoch GROUP BY executor.id"
    rows = store.write(lambda tx: tx.rows(sql)).result()
    return {int(id.rpartition(":")[2]): int(n) for id, n in rows}


def _wait_until_all_perform(database_url: str, pools: list[set[int]]) -> None:
    """Waits until each of ``pools``, the processes of a worker, has performed something."""
    until = time.monotonic() + _PATIENCE_S
    with Store.open(database_url) as store:
        while not all(pool & _performed(store).keys() for pool in pools):
            assert time.monotonic() < until, f"one of {pools} does nothing: {_performed(store)}"
            time.sleep(0.1)


def _more_orders(book: Book) -> None:
    wanted = len(book.acknowledged) + 12
    until = time.monotonic() + _PATIENCE_S
    while len(book.acknowledged) < wanted:
        assert time.monotonic() < until, "orders are not acknowledged"
        time.sleep(0.01)

"""The database server stops at once, in the middle of anything, and comes back: orders are neither lost nor doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from taktflow.store import Store
from tests.e2e.factory import Served, a_plant, a_user, keep_master_data, opened, publish_order_to_cash, settings_of
from tests.e2e.storm import CUSTOMERS, PRODUCTS, Storm
from tests.e2e.test_kill import KILLS, _left, _settled, _some_orders_later, compared
from tests.services import Unavailable, database, postgres, without
from tools.history.reading import read_history

STOPS = max(2, KILLS // 20)
_PATIENCE_S = 60.0


class Stoppable:
    """Our own PostgreSQL, as its first process shows it."""

    def __init__(self, url: str) -> None:
        self._plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._folder = Path(str(make_url(url).query["host"]))
        self._again: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """``pg_ctl stop -m immediate``, then the same server again, which recovers from its log."""
        lock = self._folder / "data" / "postmaster.pid"
        number = int(lock.read_text().split()[0])
        command = [os.fsdecode(word) for word in Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")[:-1]]
        owner = "nobody" if os.geteuid() == 0 else None
        os.kill(number, signal.SIGQUIT)
        _until(lambda: not lock.exists())
        if self._again is not None:
            self._again.wait(_PATIENCE_S)
        with (self._folder / "log").open("a") as log:
            self._again = subprocess.Popen(command, stdout=log, stderr=log, user=owner, cwd=self._folder)
        _until(self._answers)

    def end(self) -> None:
        """Ends the last one; the first one's owner knows only that one."""
        if self._again is not None:
            self._again.send_signal(signal.SIGINT)
            self._again.wait(_PATIENCE_S)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._plain).close()
        except psycopg.OperationalError:
            return False
        return True


def _until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < until, "what is waited for does not come"
        time.sleep(0.02)


@pytest.mark.mission("E2")
@pytest.mark.timeout(180 + 10 * STOPS)
def test_no_immediate_stop_of_the_database_loses_or_doubles_an_order(tmp_path: Path) -> None:
    if os.environ.get("TAKTFLOW_TEST_DATABASE_URL"):
        without("the database server is given by address, so it is not ours to stop")
    chance = random.Random(20260304)
    with ExitStack() as stack:
        try:
            ours = stack.enter_context(postgres(durable=True))
        except Unavailable as reason:
            without(reason)
        stoppable = Stoppable(ours)
        stack.callback(stoppable.end)
        database_url = stack.enter_context(database(ours))
        plant = stack.enter_context(a_plant(tmp_path, dict.fromkeys(PRODUCTS, 10**9)))
        environment = settings_of(tmp_path, plant, database_url)
        with opened(environment) as engine:
            publish_order_to_cash(engine, tmp_path)
            keep_master_data(engine, CUSTOMERS, PRODUCTS)
            token = a_user(engine, "sue", "supervisor")
        server = stack.enter_context(Served(environment, tmp_path / "server.log"))
        server.wait_ready()
        storm = Storm(server.base, token, 20260304)
        storm.start()
        try:
            for _ in range(STOPS):
                _some_orders_later(storm.book, chance)
                stoppable.stop()
            _until(lambda: len(storm.book.sent) >= 40 and bool(storm.book.decided))
        finally:
            storm.calm(_PATIENCE_S)
            settled = _settled(database_url)
            storm.go_home(_PATIENCE_S)
        server.stop()

        with Store.open(database_url) as store:
            assert settled, f"work is left undone: {_left(store)}"
            found = compared(store, plant, storm.book)
        history = read_history(database_url)
    print(f"\nstops={STOPS} {found} {history}")
    assert history.anomalies == ()
    assert found.lost == found.doubled == found.gaps == 0, found.problems

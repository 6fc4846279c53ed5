"""Executors on one PostgreSQL, as processes: the work of one that dies or sleeps is taken over, and nothing doubles."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taktflow.services.engine import Engine, close_engine
from taktflow.services.start import start_instance
from taktflow.values import loads
from tests.builders import a_workflow
from tests.e2e.executing_child import opened
from tests.scenario.world import ANN, publish
from tests.services import postgres_database, postgres_server

__all__ = ["postgres_database", "postgres_server"]

ROOT = Path(__file__).parents[2]
INSTANCES = 6
PATIENCE_S = 45.0


class Executing:
    """One executor process."""

    def __init__(self, url: str, folder: Path, threads: int = 2) -> None:
        # More work than threads: what is claimed and not begun must come back as well.
        command = [sys.executable, "-m", "tests.e2e.executing_child", url, str(folder), str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the executor did not start"

    @property
    def pid(self) -> int:
        return self.process.pid

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def end(self) -> None:
        """Ends it, however it stands."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


@pytest.fixture
def engine(postgres_database: str, tmp_path: Path) -> Iterator[Engine]:
    """The engine of a client: it starts instances and performs nothing."""
    found = opened(postgres_database, tmp_path)
    yield found
    close_engine(found)


@contextmanager
def executing(url: str, folder: Path) -> Iterator[Executing]:
    """An executor for the block."""
    found = Executing(url, folder)
    try:
        yield found
    finally:
        found.end()


def calls(folder: Path) -> list[tuple[float, int, str]]:
    """Outside calls: when, by which process, with which key."""
    path = folder / "ledger"
    rows = (line.split() for line in path.read_text().splitlines()) if path.exists() else ()
    return [(float(at), int(pid), key) for at, pid, _, key in rows]


def begun(engine: Engine, node: str, number: int) -> list[str]:
    """Instances that each owe one call."""
    publish(engine, a_workflow().step("call", node, value=7, out="told").step("fin", "end"))
    return [start_instance(engine, "flow", data={}, caller=ANN).id for _ in range(number)]


def ended(engine: Engine, ids: list[str]) -> bool:
    return all(engine.store.load_instance(id).status == "ended" for id in ids)


def until(holds: object, why: str) -> float:
    """Waits for it; how many seconds that took."""
    assert callable(holds)
    start = time.monotonic()
    while not holds():
        assert time.monotonic() < start + PATIENCE_S, why
        time.sleep(0.01)
    return time.monotonic() - start


def steps(engine: Engine, id: str) -> list[tuple[str, str]]:
    """What happened to the instance, after proof that its journal has no gap."""
    rows = engine.store.instances.journal(id).rows
    assert [r.seq for r in rows] == list(range(1, engine.store.load_instance(id).seq + 1))
    return [(s["step"], s["node"]) for r in rows for s in loads(r.batch)]


def assert_once_each(engine: Engine, ids: list[str]) -> None:
    """No transition happened twice, and nothing is owed any more."""
    for id in ids:
        assert steps(engine, id).count(("done", "call")) == 1
        assert [(e.status, e.attempts) for e in engine.store.instances.effects(id).rows] == [("done", 1)]


@pytest.mark.mission("E2")
@pytest.mark.timeout(180)
def test_the_work_of_a_killed_executor_is_taken_over_at_once(
    engine: Engine, postgres_database: str, tmp_path: Path
) -> None:
    with executing(postgres_database, tmp_path) as first, executing(postgres_database, tmp_path) as second:
        second.signal(signal.SIGSTOP)
        ids = begun(engine, "test.call", INSTANCES)
        until(lambda: len(calls(tmp_path)) == 2, "nobody called")
        assert {pid for _, pid, _ in calls(tmp_path)} == {first.pid}
        second.signal(signal.SIGCONT)

        first.signal(signal.SIGKILL)
        (tmp_path / "go").touch()
        took_s = until(lambda: ended(engine, ids), "the work was not taken over")

    print(f"\ntakeover after kill -9: {INSTANCES} instances ended after {took_s:.2f} s")
    assert_once_each(engine, ids)
    assert {key for _, _, key in calls(tmp_path)} == {key for _, pid, key in calls(tmp_path) if pid == second.pid}


@pytest.mark.mission("E2")
@pytest.mark.timeout(240)
def test_an_executor_that_slept_beyond_its_lease_changes_nothing_when_it_wakes(
    engine: Engine, postgres_database: str, tmp_path: Path
) -> None:
    with executing(postgres_database, tmp_path) as sleeper, executing(postgres_database, tmp_path) as other:
        other.signal(signal.SIGSTOP)
        ids = begun(engine, "test.call", INSTANCES)
        until(lambda: len(calls(tmp_path)) == 2, "nobody called")
        sleeper.signal(signal.SIGSTOP)
        other.signal(signal.SIGCONT)

        (tmp_path / "go").touch()
        took_s = until(lambda: ended(engine, ids), "the work was not taken over")
        revisions = [engine.store.load_instance(id).rev for id in ids]
        sleeper.signal(signal.SIGCONT)
        more = begun(engine, "test.call", INSTANCES)
        until(lambda: ended(engine, more), "nobody works any more")
        time.sleep(1.0)

        assert sleeper.process.poll() is None

    print(f"\ntakeover from a stopped process: {INSTANCES} instances ended after {took_s:.2f} s")
    assert [engine.store.load_instance(id).rev for id in ids] == revisions
    assert_once_each(engine, [*ids, *more])


@pytest.mark.mission("E2")
@pytest.mark.timeout(240)
def test_what_must_not_be_sent_twice_is_not_begun_after_a_sleep(
    engine: Engine, postgres_database: str, tmp_path: Path
) -> None:
    with executing(postgres_database, tmp_path) as sleeper, executing(postgres_database, tmp_path) as other:
        other.signal(signal.SIGSTOP)
        begun(engine, "test.call_once", INSTANCES)
        until(lambda: len(calls(tmp_path)) == 2, "nobody called")
        sleeper.signal(signal.SIGSTOP)
        other.signal(signal.SIGCONT)

        until(lambda: len(engine.store.incidents.page().rows) == INSTANCES, "no person was asked")
        (tmp_path / "go").touch()
        sleeper.signal(signal.SIGCONT)
        time.sleep(2.0)

    asked = engine.store.incidents.page().rows
    assert {(r.node, r.code) for r in asked} == {("call", "effect.unknown")}
    assert len(asked) == INSTANCES
    assert len(calls(tmp_path)) == 2

"""`make run`: the whole product as a newcomer starts it, over real processes and real requests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from taktflow.services.engine import Engine, close_engine, open_engine
from taktflow.settings import Settings
from taktflow.store import InstanceFilter, Part, RecordRow
from taktflow.values import loads
from tools.demo.day import expected, sample_day
from tools.demo.report import Counted

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120
LINE = Counted(expected().last_line, {}, {}).line()


def environment(**settings: str) -> dict[str, str]:
    """Ours, without settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAKTFLOW_")}
    return {**kept, **{f"TAKTFLOW_{name}": value for name, value in settings.items()}}


@contextmanager
def the_command(*arguments: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m tools.demo` in a group of processes of its own, of which nothing is left afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.demo", *arguments],
        cwd=ROOT,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    overdue = threading.Timer(PATIENCE_S, os.killpg, (process.pid, signal.SIGKILL))
    overdue.start()
    try:
        yield process
    finally:
        overdue.cancel()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def until(process: subprocess.Popen[str], words: str) -> list[str]:
    """What it prints up to the line that holds ``words``."""
    assert process.stdout is not None
    told: list[str] = []
    for line in process.stdout:
        told.append(line.rstrip("\n"))
        if words in line:
            return told
    raise AssertionError("\n".join(told))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_one_run_comes_to_what_the_manifest_says(tmp_path: Path) -> None:
    with the_command("--once", VAR=str(tmp_path)) as process:
        told, _ = process.communicate(timeout=PATIENCE_S)

    assert told.rstrip("\n").splitlines()[-1] == LINE
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


@dataclass(frozen=True)
class Runs:
    """What three runs on one folder printed, how each ended, the folder, and the answers to signing in."""

    interrupted: list[str]
    resumed: list[str]
    second: list[str]
    codes: list[int]
    var: Path
    signed_in: list[int]

    @property
    def database(self) -> str:
        return f"sqlite:///{self.var / 'taktflow.db'}"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """One that is ended in the middle of the day, one that goes on, and one more that makes new passwords."""
    var = tmp_path_factory.mktemp("house")
    port = free_port()
    settings = {"VAR": str(var), "DATABASE_URL": f"sqlite:///{var / 'taktflow.db'}", "PORT": str(port)}
    told: list[list[str]] = []
    codes: list[int] = []
    signed_in: list[int] = []
    for words, ending, arguments in (
        ("Replayed and forged", signal.SIGTERM, ()),
        ("Press Ctrl-C", signal.SIGINT, ()),
        ("Press Ctrl-C", signal.SIGINT, ("--new-passwords",)),
    ):
        with the_command(*arguments, **settings) as process:
            lines = until(process, words)
            if arguments:
                signed_in = [sign_in(port, *account) for account in (told_account(told[0]), told_account(lines))]
            # To the group, as a terminal does it.
            os.killpg(process.pid, ending)
            rest, _ = process.communicate(timeout=PATIENCE_S)
            told.append([*lines, *rest.splitlines()])
            codes.append(process.returncode)
    interrupted, resumed, second = told
    return Runs(interrupted, resumed, second, codes, var, signed_in)


def told_account(told: list[str]) -> tuple[str, str]:
    """The name and the password of the sales person, as printed."""
    [line] = [line for line in told if line.startswith("  sales ")]
    name, password, _ = line.split()
    return name, password


def sign_in(port: int, name: str, password: str) -> int:
    """The status of the answer."""
    answer = httpx.post(
        f"http://127.0.0.1:{port}/api/session", json={"name": name, "password": password}, trust_env=False
    )
    return answer.status_code


def orders(engine: Engine) -> Sequence[RecordRow]:
    return engine.store.records.page("order", None, Part(limit=500)).rows


@pytest.fixture
def engine(runs: Runs) -> Iterator[Engine]:
    engine = open_engine(Settings(database_url=runs.database, var=runs.var))
    yield engine
    close_engine(engine)


def test_a_run_stays_up_until_it_is_told_to_end(runs: Runs) -> None:
    assert runs.codes == [128 + signal.SIGTERM, 0, 0]


def test_a_day_that_was_cut_off_goes_on_where_it_stood(engine: Engine) -> None:
    states = {row.id: loads(row.fields)["state"] for row in orders(engine)}

    assert states == {sent.order: sent.ends for sent in sample_day().sent if sent.ends != "none"}


def test_a_second_run_sends_nothing_and_adds_nothing(runs: Runs) -> None:
    assert "  customer +0, product +0, stock +0" in runs.second
    assert any("not sent again" in line for line in runs.second)
    assert summary(runs.second) == summary(runs.resumed)


def summary(told: list[str]) -> list[str]:
    return told[told.index("小结 Summary") : told.index("小结 Summary") + 20]


def test_passwords_are_told_once_and_secrets_are_for_the_owner_alone(runs: Runs) -> None:
    all_runs = (runs.interrupted, runs.resumed, runs.second)
    told = [sum("passwords are told this once" in line for line in run) for run in all_runs]

    assert told == [1, 0, 1]
    assert (runs.var / "demo-secrets.json").stat().st_mode & 0o777 == 0o600
    for secret in json.loads((runs.var / "demo-secrets.json").read_text()).values():
        assert not any(secret in line for run in all_runs for line in run)
        assert secret not in (runs.var / "server.log").read_text()


def test_new_passwords_take_the_place_of_the_old(runs: Runs) -> None:
    assert runs.signed_in == [401, 200]


@pytest.mark.mission("V7")
def test_what_an_s_class_order_gets_comes_from_one_commit(engine: Engine) -> None:
    treated = {"top_queue", "tell_manager", "open_link"}
    by_tier: dict[str, list[set[str]]] = {}

    for row in orders(engine):
        order = loads(row.fields)
        if order["state"] != "booked":
            continue
        for instance in engine.store.instances.page(InstanceFilter(key=row.id)).rows:
            batches = [
                {step["node"] for step in loads(entry.batch) if step["step"] == "done"}
                for entry in engine.store.instances.journal(instance.id, Part(limit=500)).rows
            ]
            by_tier.setdefault(order["tier"], []).extend(found for b in batches if (found := b & treated))

    assert by_tier["S"] == [treated] * expected().details["top_of_queue"]  # type: ignore[operator]  # a number
    assert {tier for tier, found in by_tier.items() if found} == {"S"}


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        with the_command(VAR=str(tmp_path), PORT=port) as process:
            told, _ = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1
    assert f"端口 {port} 已被占用" in told
    assert f"Port {port} is taken" in told

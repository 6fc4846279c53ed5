"""Durable throughput and idle latency next to DBOS and SpiffWorkflow, on SQLite and PostgreSQL, in one run.

Both sides run the same number of nodes that do the same; ours are declared, checked, traced and kept by their steps.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.bench.durable_flows import Running, a_flow, latencies, p95, running
from tests.bench.durable_processes import Spoken, peer
from tests.bench.figures import Figure, figure, told
from tests.bench.store_floor import BATCH
from tests.builders import a_workflow
from tests.services import Unavailable, database, postgres, without

ROUNDS = 3
ROUND_S = 3.0
IDLE = 150

pytestmark = pytest.mark.timeout(1_200)


@pytest.fixture(scope="module")
def durable_server() -> Iterator[str]:
    """A PostgreSQL server that waits for its disk."""
    try:
        with postgres(durable=True) as server:
            yield server
    except Unavailable as reason:
        without(reason)


def needed(*modules: str) -> None:
    """Skips without a peer, and says how to get it."""
    for name in modules:
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed; `make bench-durable` installs it")


def plain(url: str) -> str:
    """``url`` as drivers and peers take it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def interleaved(name: str, ours: Callable[[], float], theirs: Callable[[], float], whose: str, target: float) -> Figure:
    """The figure of alternating rounds; every round is printed, since the machine's other work shows in them."""
    pairs = [(ours(), theirs()) for _ in range(ROUNDS)]
    print(f"  {name}: " + ", ".join(f"{a:.0f}/{b:.0f}" for a, b in pairs), f"load {os.getloadavg()[0]:.1f}", flush=True)
    return figure(name, [a for a, _ in pairs], [b for _, b in pairs], whose, target)


def against(
    name: str, ours: Running, flow: str, theirs: Spoken, whose: str, target: float, *, nodes: int = 20, threads: int
) -> Figure:
    """Steps a second of ``flow`` by 16 callers, next to the peer's."""
    ours.rate(flow, 16, 0.5)
    return interleaved(
        name,
        lambda: nodes * ours.rate(flow, 16, ROUND_S),
        lambda: nodes * float(theirs.ask(nodes=nodes, threads=threads, seconds=ROUND_S)["rate"]),
        whose,
        target,
    )


def id_of(nodes: int, effects: int = 0, durability: str | None = None) -> str:
    """The id of the flow that :func:`a_flow` makes of the same."""
    return str(a_flow(nodes, effects, durability).document["id"])


def flows() -> list[a_workflow]:
    """Every flow that is measured here."""
    return [a_flow(20), a_flow(20, 1), a_flow(20, 0, "strict"), a_flow(5), a_flow(5, 1)]


def test_steps_a_second_on_sqlite(tmp_path: Path) -> None:
    needed("dbos", "SpiffWorkflow")
    with ExitStack() as stack:
        ours = stack.enter_context(running(f"sqlite:///{tmp_path / 'ours.db'}", tmp_path, *flows()))
        dbos = stack.enter_context(peer("dbos", f"sqlite:///{tmp_path / 'dbos.db'}", tmp_path))
        spiff = stack.enter_context(peer("spiff", "memory", tmp_path))
        found = [
            against("durable.sqlite.segment.20_nodes.steps_per_s", ours, id_of(20), dbos, "dbos_sqlite", 60, threads=1),
            against(
                "durable.sqlite.segment.20_nodes_one_effect.steps_per_s",
                ours,
                id_of(20, 1),
                dbos,
                "dbos_sqlite",
                60,
                threads=1,
            ),
            against(
                "durable.sqlite.segment.20_nodes.steps_per_s",
                ours,
                id_of(20),
                spiff,
                "spiffworkflow_in_memory",
                3,
                threads=1,
            ),
        ]

    told("durable_sqlite", [f.line() for f in found], {f"{f.name}/{f.peer_name}": asdict(f) for f in found})
    assert all(f.ours > 0 for f in found)


def test_steps_a_second_on_postgresql(durable_server: str, tmp_path: Path) -> None:
    needed("dbos")
    with ExitStack() as stack:
        url, other = (stack.enter_context(database(durable_server)) for _ in range(2))
        ours = stack.enter_context(running(url, tmp_path, *flows()))
        dbos = stack.enter_context(peer("dbos", plain(other), tmp_path))
        found = [
            against(f"durable.postgres.{name}.steps_per_s", ours, flow, dbos, "dbos_8_threads", target, threads=8)
            for name, flow, target in (
                ("segment.20_nodes", id_of(20), 20),
                ("segment.20_nodes_one_effect", id_of(20, 1), 20),
                ("strict.20_nodes", id_of(20, 0, "strict"), 5),
            )
        ]

    told("durable_postgres", [f.line() for f in found], {f.name: asdict(f) for f in found})
    assert all(f.ours > 0 for f in found)


@contextmanager
def raw_commits(url: str, folder: Path) -> Iterator[Callable[[], object]]:
    """One commit of one row on a raw connection to the same kind of database, as often as it is called."""
    if url.startswith("sqlite"):
        raw = sqlite3.connect(folder / "raw.db", isolation_level=None)
        try:
            raw.execute("PRAGMA journal_mode=WAL")
            raw.execute("PRAGMA synchronous=FULL")
            raw.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, body TEXT)")
            yield lambda: raw.execute("INSERT INTO row (body) VALUES (?)", (BATCH,))
        finally:
            raw.close()
        return
    with psycopg.connect(plain(url), autocommit=True, prepare_threshold=1) as server:
        server.execute("CREATE TABLE bench_row (id bigserial PRIMARY KEY, body text)")
        yield lambda: server.execute("INSERT INTO bench_row (body) VALUES (%s)", (BATCH,))


def idle(kind: str, url: str, folder: Path) -> Sequence[Figure]:
    """Start to durable end on a process that has nothing else to do, next to one raw commit."""
    found = []
    with running(url, folder, *flows()) as ours, raw_commits(url, folder) as commit:
        for size, flow in (("5_nodes", id_of(5)), ("5_nodes_one_effect", id_of(5, 1))):
            latencies(lambda: ours.once(flow), 20)  # noqa: B023  # It is called before the next turn.
            mine, raw = [], []
            for _ in range(ROUNDS):
                raw.append(p95(latencies(commit, IDLE)))
                mine.append(p95(latencies(lambda: ours.once(flow), IDLE)))  # noqa: B023  # The same.
            name = f"durable.{kind}.idle.{size}.p95_us"
            print(f"  {name}: " + ", ".join(f"{a:.0f}/{b:.0f}" for a, b in zip(mine, raw, strict=True)))
            found.append(figure(name, mine, raw, "one_raw_commit", 5, at_most=True))
    return found


def test_idle_start_to_end_on_sqlite(tmp_path: Path) -> None:
    found = idle("sqlite", f"sqlite:///{tmp_path / 'ours.db'}", tmp_path)

    told("durable_idle_sqlite", [f.line() for f in found], {f.name: asdict(f) for f in found})
    assert len(found) == 2


def test_idle_start_to_end_on_postgresql(durable_server: str, tmp_path: Path) -> None:
    with database(durable_server) as url:
        found = idle("postgres", url, tmp_path)

    told("durable_idle_postgres", [f.line() for f in found], {f.name: asdict(f) for f in found})
    assert len(found) == 2

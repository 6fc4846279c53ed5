"""PostgreSQL: steps a second next to raw floors, statements and round trips."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from taktflow.services.engine import Engine, close_engine, open_engine
from taktflow.settings import Settings
from taktflow.store.postgres import PostgresConnection
from tests.bench.figures import Figure, figure, told
from tests.bench.store_floor import BATCH
from tests.bench.test_segments import publish, pure_workflow, rate
from tests.services import Unavailable, database, postgres, without

ROUNDS = 5
ROUND_S = 1.0
ROWS = 100


@pytest.fixture(scope="module")
def durable_database() -> Iterator[str]:
    """An empty database on a server that waits for its disk."""
    try:
        with postgres(durable=True) as server, database(server) as url:
            yield url
    except Unavailable as reason:
        without(reason)


def plain(url: str) -> str:
    """``url`` as the driver takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def raw_floor(url: str, rows: int, seconds: float) -> float:
    """Rows a second that one raw connection keeps with ``rows`` in each commit."""
    with psycopg.connect(plain(url), autocommit=True, prepare_threshold=1) as raw:
        raw.execute("CREATE TABLE IF NOT EXISTS floor (id bigserial PRIMARY KEY, body text)")
        n, begun = 0, time.perf_counter()
        bodies = [BATCH] * rows
        while time.perf_counter() < begun + seconds:
            raw.execute("INSERT INTO floor (body) SELECT unnest(%s::text[])", (bodies,))
            n += rows
        return n / (time.perf_counter() - begun)


@pytest.mark.timeout(600)
def test_steps_a_second_on_postgresql_next_to_the_raw_floors(durable_database: str, tmp_path: Path) -> None:
    engine = open_engine(Settings(_env_file=None, database_url=durable_database, var=tmp_path))
    found: list[Figure] = []
    try:
        for nodes in (5, 20):
            workflow = pure_workflow(nodes)
            publish(engine, workflow)
            rate(engine, workflow.id, 4, 0.5)
            for threads in (1, 16):
                ours, single, many = [], [], []
                for _ in range(ROUNDS):
                    single.append(raw_floor(durable_database, 1, ROUND_S / 2))
                    many.append(raw_floor(durable_database, ROWS, ROUND_S / 4))
                    ours.append(nodes * rate(engine, workflow.id, threads, ROUND_S))
                name = f"postgres.segment.{nodes}_nodes.{threads}_callers.steps_per_s"
                found.append(figure(name, ours, single, "one_row_per_commit"))
                found.append(figure(name, ours, many, f"{ROWS}_rows_per_commit"))
    finally:
        close_engine(engine)

    told("postgres_segments", [f.line() for f in found], {f"{f.name}/{f.peer_name}": asdict(f) for f in found})
    assert len(found) == 8


@pytest.mark.timeout(120)
def test_statements_and_round_trips_of_a_commit(durable_database: str, tmp_path: Path) -> None:
    engine = open_engine(Settings(_env_file=None, database_url=durable_database, var=tmp_path))
    facts: dict[str, dict[str, float]] = {}
    try:
        publish(engine, pure_workflow(20))
        for threads in (1, 16):
            rate(engine, "pure_20", threads, 0.3)
            before = counters(engine)
            begun = time.perf_counter()
            # What is under way when the time is over is finished and written, too.
            done = rate(engine, "pure_20", threads, 1.0) * (time.perf_counter() - begun)
            sent, trips = (now - then for now, then in zip(counters(engine), before, strict=True))
            facts[f"{threads}_callers"] = {"instances": done, "statements": sent / done, "round_trips": trips / done}
    finally:
        close_engine(engine)

    lines = [
        f"bench postgres.economy.{name} statements={f['statements']:.2f} round_trips={f['round_trips']:.2f} each"
        for name, f in facts.items()
    ]
    told("postgres_economy", lines, facts)
    assert facts["16_callers"]["round_trips"] < facts["1_callers"]["round_trips"]


def counters(engine: Engine) -> tuple[int, int]:
    """Statements that the writer has sent, and how often it has waited for the server."""
    connection = engine.store._writer._connection
    assert isinstance(connection, PostgresConnection)
    return connection.sent, connection.trips

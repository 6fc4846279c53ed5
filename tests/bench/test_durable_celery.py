"""Work done by workers behind a broker, next to a Celery chain of as many tasks on the same broker in the same run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from taktflow.cli.working import executor_of
from taktflow.services.engine import close_engine, open_engine
from taktflow.store import InstanceFilter
from tests.bench.durable_flows import Running, a_flow, catalog, latencies, p95, publish, settings
from tests.bench.durable_processes import Spoken, peer
from tests.bench.figures import Figure, figure, told
from tests.services import Unavailable, database, postgres, rabbitmq, tickets_lost, valkey, without

ROUNDS = 3
MANY = 300
IDLE = 60
PAUSE_S = 0.02
NODES = 5
PATIENCE_S = 90.0
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(900)


def announced_to_workers(folder: Path) -> Path:
    """A folder for the path on which a distribution announces the effect that the flows perform."""
    info = folder / "path" / "bench_nodes-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-nodes\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[taktflow.nodes]\ntest.send = tests.builders:Send\n")
    return info.parent


@contextmanager
def worker(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """``taktflow worker`` for the time of the block."""
    own = os.environ.get("PYTHONPATH")
    path = os.pathsep.join(filter(None, (str(announced_to_workers(folder)), str(ROOT), own)))
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "taktflow.cli", "worker"],
            env={**os.environ, **environment, "PYTHONPATH": path},
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def called(url: str, broker: str, folder: Path) -> Iterator[Running]:
    """A server's process that performs nothing itself, and a worker of two processes that does."""
    queue = f"bench-{uuid.uuid4().hex}"
    own = settings(url, folder, executor="celery", broker_url=broker, broker_queue=queue)
    names = {"DATABASE_URL": url, "VAR": folder, "EXECUTOR": "celery", "BROKER_URL": broker, "BROKER_QUEUE": queue}
    engine = open_engine(own, catalog=catalog())
    with ExitStack() as stack:
        stack.callback(close_engine, engine)
        publish(engine, *(a_flow(NODES, effects) for effects in (1, NODES - 1)))
        stack.callback(tickets_lost, broker, queue)
        stack.enter_context(worker(folder, {f"TAKTFLOW_{name}": str(value) for name, value in names.items()}))
        executor = executor_of(engine)
        executor.start()
        stack.callback(executor.stop)
        yield Running(engine)


def at_once(ours: Running, flow: str, count: int) -> float:
    """Instances a second, from the first start until the last one has durably ended."""
    store = ours.engine.store
    begun = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ours.begin(flow), range(count)))
    while store.instances.page(InstanceFilter(status="running", workflow=flow)).rows:
        assert time.perf_counter() - begun < PATIENCE_S, "the workers do not finish"
        time.sleep(0.01)
    return count / (time.perf_counter() - begun)


def until_ended(ours: Running, flow: str) -> None:
    """One instance until whoever asks the database sees its end."""
    begun = ours.begin(flow)
    until = time.monotonic() + PATIENCE_S
    while True:
        row = ours.engine.store.instances.find(begun.id)
        if row is not None and row.status == "ended":
            return
        assert time.monotonic() < until, "the workers do not finish"
        time.sleep(0.0005)


def measured(ours: Running, chains: Spoken, flow: str, name: str) -> Iterator[Figure]:
    """Both figures of one flow."""
    at_once(ours, flow, 50)
    mine, theirs = [], []
    for _ in range(ROUNDS):
        mine.append(NODES * at_once(ours, flow, MANY))
        theirs.append(NODES * float(chains.ask(act="bulk", nodes=NODES, count=MANY)["rate"]))
    yield figure(f"durable.celery.{name}.steps_per_s", mine, theirs, "celery_chain", 5)
    waits, others = [], []
    for _ in range(ROUNDS):
        waits.append(p95(latencies(lambda: until_ended(ours, flow), IDLE, PAUSE_S)))
        others.append(p95(chains.ask(act="idle", nodes=NODES, count=IDLE, pause_s=PAUSE_S)["took"]))
    yield figure(f"durable.celery.{name}.idle_p95_us", waits, others, "celery_chain", 1.5, at_most=True)
    pairs = zip([*mine, *waits], [*theirs, *others], strict=True)
    print(f"  {name}: " + ", ".join(f"{a:.0f}/{b:.0f}" for a, b in pairs), f"load {os.getloadavg()[0]:.1f}", flush=True)


def test_workers_behind_a_broker_next_to_a_celery_chain(tmp_path: Path) -> None:
    found: list[Figure] = []
    with ExitStack() as stack:
        try:
            results = stack.enter_context(valkey())
            url = stack.enter_context(database(stack.enter_context(postgres(durable=True))))
        except Unavailable as reason:
            without(reason)
        try:
            broker = rabbitmq()
        except Unavailable:
            broker = results
        kind = "rabbitmq" if broker.startswith("amqp") else "valkey"
        stack.callback(tickets_lost, broker, "bench_chain")
        chains = stack.enter_context(peer("celery", "", tmp_path, BENCH_BROKER=broker, BENCH_RESULTS=results))
        ours = stack.enter_context(called(url, broker, tmp_path))
        for effects in (1, NODES - 1):
            flow = str(a_flow(NODES, effects).document["id"])
            found += measured(ours, chains, flow, f"{kind}.{NODES}_nodes_{effects}_outside")

    told("durable_celery", [f.line() for f in found], {f.name: asdict(f) for f in found})
    assert len(found) == 4

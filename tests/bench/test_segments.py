"""Steps a second of pure workflows on SQLite, next to the raw one-row-per-commit floor of the same run."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest

from taktflow.definitions.canonical import canonical
from taktflow.definitions.workflow import Workflow
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine, close_engine, open_engine
from taktflow.services.start import start_instance
from taktflow.settings import Settings
from taktflow.store import NewDefinition
from taktflow.values import dumps
from tests.bench.figures import Figure, figure, told
from tests.bench.store_floor import sqlite_floor
from tests.builders import a_workflow, feel

ROUNDS = 5
ROUND_S = 1.0
ME = Caller("bench")


def pure_workflow(nodes: int) -> Workflow:
    """``nodes`` nodes that need nothing from outside: computed transforms, every fourth a branch with a condition."""
    flow = a_workflow(f"pure_{nodes}")
    for n in range(nodes - 1):
        if n % 4 == 3:
            flow.step(f"n{n}", "branch")
        else:
            flow.step(f"n{n}", "transform", set={"v": feel(f"x * 2 + {n}"), "big": feel("x > 10")}, out=f"a{n}")
    flow.step("fin", "end")
    for edge in range(1, len(flow.document["edges"])):
        source, target = flow.document["edges"][edge]
        if flow.document["nodes"][source]["type"] == "branch":
            flow.document["edges"][edge] = {"from": source, "to": target, "when": "x >= 0"}
    return flow.build()


def publish(engine: Engine, workflow: Workflow) -> None:
    """Puts ``workflow`` into force."""
    new = NewDefinition("workflow", workflow.id, workflow.id, "", dumps(canonical(workflow)), "bench")
    engine.store.definitions.publish([new], engine.now())
    engine.published.refresh()


def rate(engine: Engine, workflow: str, threads: int, seconds: float) -> float:
    """Instances started, run and durably ended a second, by so many callers."""
    until = time.perf_counter() + seconds

    def work(_: int) -> int:
        n = 0
        while time.perf_counter() < until:
            assert start_instance(engine, workflow, data={"x": 7}, caller=ME).status == "ended"
            n += 1
        return n

    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(work, range(threads)))
    return done / (time.perf_counter() - begun)


@pytest.mark.timeout(600)
def test_steps_a_second_of_pure_workflows_next_to_the_floor(tmp_path: Path) -> None:
    engine = open_engine(Settings(database_url=f"sqlite:///{tmp_path / 'bench.db'}", var=tmp_path))
    found: list[Figure] = []
    try:
        for nodes, target in ((5, None), (20, 4.0)):
            workflow = pure_workflow(nodes)
            publish(engine, workflow)
            rate(engine, workflow.id, 4, 0.3)
            for threads in (1, 16):
                ours, floor = [], []
                for turn in range(ROUNDS):
                    place = tmp_path / f"{nodes}-{threads}-{turn}"
                    place.mkdir()
                    floor.append(sqlite_floor(place, ROUND_S / 2))
                    ours.append(nodes * rate(engine, workflow.id, threads, ROUND_S))
                name = f"segment.{nodes}_nodes.{threads}_callers.steps_per_s"
                found.append(figure(name, ours, floor, "sqlite_one_row_per_commit", target if threads == 16 else None))
    finally:
        close_engine(engine)

    told("segments", [f.line() for f in found], {f.name: asdict(f) for f in found})
    assert len(found) == 4

"""A Celery chain of as many tasks as our workflow has nodes: the tasks, and the peer that times the chain.

Celery's own fast settings: a message is gone from the broker as soon as a worker has it, so a crash loses the chain.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from celery import Celery, chain  # type: ignore[import-untyped]  # It ships no types.

from tests.bench.durable_steps import step

BROKER, RESULTS = "BENCH_BROKER", "BENCH_RESULTS"
WORKER = ("worker", "-c", "2", "-l", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat")

app = Celery("bench", broker=os.environ.get(BROKER), backend=os.environ.get(RESULTS), set_as_current=False)
app.conf.update(
    task_default_queue="bench_chain",
    worker_prefetch_multiplier=4,
    broker_connection_retry_on_startup=True,
    result_expires=600,
)


@app.task(name="bench.step")  # type: ignore[untyped-decorator]
def task(x: int, n: int) -> int:
    """One node; it hands on what the chain computes with."""
    step(n, x)
    return x


class Chains:
    """Runs chains on a worker of two processes."""

    def __init__(self) -> None:
        self.worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", __spec__.name, *WORKER], stdout=sys.stderr
        )
        self._begun(1).get(timeout=60)

    def __call__(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """``count`` chains of ``nodes``: all at once (instances a second), or one after the other (microseconds)."""
        nodes, count = asked["nodes"], asked["count"]
        if asked["act"] == "idle":
            took = []
            for _ in range(count):
                time.sleep(asked["pause_s"])
                begun = time.perf_counter()
                self._begun(nodes).get(timeout=60)
                took.append((time.perf_counter() - begun) * 1e6)
            return {"took": took}
        begun = time.perf_counter()
        for result in [self._begun(nodes) for _ in range(count)]:
            result.get(timeout=120)
        return {"rate": count / (time.perf_counter() - begun)}

    def close(self) -> None:
        """Ends the worker."""
        self.worker.terminate()
        try:
            self.worker.wait(10)
        except subprocess.TimeoutExpired:
            self.worker.kill()

    def _begun(self, nodes: int) -> Any:
        first, *others = [task.s(7, 0), *(task.s(n) for n in range(1, nodes))]
        return chain(first, *others).apply_async()

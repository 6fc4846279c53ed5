"""Our side of ``make bench-durable``: workflows of real nodes, how often and how fast they run."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from taktflow.catalog import NODES, Announced, Catalog, announced
from taktflow.executor.embedded import EmbeddedExecutor
from taktflow.services.caller import ENGINE, Caller
from taktflow.services.engine import Engine, close_engine, open_engine
from taktflow.services.publish import File, publish_files
from taktflow.services.start import StartedInstance, start_instance
from taktflow.settings import Settings
from taktflow.store import Notice
from tests.bench.durable_steps import rate
from tests.builders import Send, a_workflow, feel

ME = Caller("bench")
OVER = frozenset({"ended", "cancelled"})
PATIENCE_S = 60.0

TABLE: Mapping[str, Any] = {
    "kind": "decision",
    "id": "bench_band",
    "title": {"zh": "档位", "en": "Band"},
    "hit_policy": "first",
    "inputs": [{"id": "x", "type": "number", "expr": "x"}],
    "outputs": [{"id": "band", "type": "text"}],
    "rows": [
        ["none", "< 1", "none"],
        ["small", "< 10", "small"],
        ["middle", "< 100", "middle"],
        ["large", "-", "large"],
    ],
}
FORMULA: Mapping[str, Any] = {
    "kind": "formula",
    "id": "bench_price",
    "title": {"zh": "价格", "en": "Price"},
    "inputs": {"x": {"type": "number", "expr": "x"}},
    "steps": {"gross": "x * 1.13"},
    "expr": "gross + 1",
    "output": {"type": "number", "scale": 2, "rounding": "half_up"},
}
PACK: Mapping[str, Any] = {"kind": "pack", "id": "bench", "title": {"zh": "测量", "en": "Bench"}}


def catalog() -> Catalog:
    """What is installed, and an effect that goes out with a key."""
    return Catalog([*announced(), Announced(NODES, "test.send", lambda: Send)])


def a_flow(nodes: int, effects: int = 0, durability: str | None = None) -> a_workflow:
    """``nodes`` nodes: computations, tables, formulas, conditions, an end; ``effects`` in the middle go outside."""
    flow = a_workflow(f"bench_{nodes}_{effects}_{durability or 'segment'}")
    first = (nodes - 1 - effects) // 2
    before = ""
    for n in range(nodes - 1):
        id = f"n{n}"
        if first <= n < first + effects:
            flow.step(id, "test.send", value=feel(f"x + {n}"), out=f"a{n}")
        elif n % 4 == 0:
            flow.step(id, "transform", set={"v": feel(f"x * 2 + {n}"), "big": feel("x > 10")}, out=f"a{n}")
        elif n % 4 == 1:
            flow.step(id, "decision", ref="bench_band", out=f"a{n}")
        elif n % 4 == 2:
            flow.step(id, "formula", ref="bench_price", out=f"a{n}")
        else:
            flow.step(id, "branch")
        _conditional(flow, before)
        before = id
    flow.step("fin", "end")
    _conditional(flow, before)
    variables = {"x": {"type": "number"}, **{f"a{n}": {"type": "any"} for n in range(nodes - 1)}}
    return flow.with_(data={"vars": variables}, **({"durability": durability} if durability else {}))


def _conditional(flow: a_workflow, before: str) -> None:
    """The edge that leaves a branch has a condition; whatever does not meet it ends."""
    if before and flow.document["nodes"][before]["type"] == "branch":
        source, target = flow.document["edges"].pop()
        flow.edge(source, target, "x >= 0")
        flow.node(f"{before}_else", "end").edge(source, f"{before}_else", otherwise=True)


def publish(engine: Engine, *parts: a_workflow | Mapping[str, Any]) -> None:
    """Publishes ``parts`` and what they refer to, through all checks."""
    documents = [PACK, TABLE, FORMULA, *(p.document if isinstance(p, a_workflow) else p for p in parts)]
    publish_files(engine, [File(f"{d['kind']}_{d['id']}.json", json.dumps(d)) for d in documents], ENGINE)


def settings(url: str, folder: Path, **more: Any) -> Settings:
    """The settings of one process."""
    return Settings(_env_file=None, database_url=url, var=folder, **more)


class Ends:
    """Tells when instances of this process's engine are over, as the store announces it."""

    def __init__(self, engine: Engine) -> None:
        self._lock = threading.Lock()
        self._over: set[str] = set()
        self._awaited: dict[str, threading.Event] = {}
        self.deaf = engine.store.listen(self._heard)

    def wait(self, id: str) -> None:
        """Waits until the end of ``id`` is on the disk."""
        with self._lock:
            if id in self._over:
                self._over.discard(id)
                return
            told = self._awaited.setdefault(id, threading.Event())
        assert told.wait(PATIENCE_S), f"{id} does not end"

    def _heard(self, notices: Sequence[Notice]) -> None:
        with self._lock:
            for notice in notices:
                if notice.instance is None or notice.status not in OVER:
                    continue
                told = self._awaited.pop(notice.instance, None)
                if told is None:
                    self._over.add(notice.instance)
                else:
                    told.set()


class Running:
    """One process as a plant has it: an engine with its embedded executor, and a way to await ends."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.ends = Ends(engine)

    def once(self, flow: str) -> None:
        """One instance from its start to its durable end."""
        done = self.begin(flow)
        if done.status == "running":
            self.ends.wait(done.id)
        else:
            assert done.status == "ended", done

    def begin(self, flow: str) -> StartedInstance:
        """Starts one instance."""
        return start_instance(self.engine, flow, data={"x": 7}, caller=ME)

    def rate(self, flow: str, threads: int, seconds: float) -> float:
        """Instances a second from start to durable end, by so many callers."""
        return rate(partial(self.once, flow), threads, seconds)


@contextmanager
def running(url: str, folder: Path, *flows: a_workflow) -> Iterator[Running]:
    """A process on the database at ``url`` with ``flows`` published."""
    engine = open_engine(settings(url, folder), catalog=catalog())
    try:
        publish(engine, *flows)
        executor = EmbeddedExecutor(engine)
        executor.start()
        try:
            yield Running(engine)
        finally:
            executor.stop()
    finally:
        close_engine(engine)


def latencies(act: Callable[[], Any], count: int, pause_s: float = 0.003) -> list[float]:
    """Microseconds that each of ``count`` calls takes, one after the other on a process that is idle between them."""
    took = []
    for _ in range(count):
        time.sleep(pause_s)
        begun = time.perf_counter()
        act()
        took.append((time.perf_counter() - begun) * 1e6)
    return took


def p95(values: Sequence[float]) -> float:
    """The value that 95 in 100 do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]

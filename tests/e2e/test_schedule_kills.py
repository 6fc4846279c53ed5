"""Four nodes on one PostgreSQL fire schedules while they are killed and started again: each moment once, none lost."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import takewhile
from multiprocessing.process import BaseProcess
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from taktflow.definitions.recurrence import Recurrence
from taktflow.services.caller import ENGINE
from taktflow.services.engine import close_engine
from taktflow.services.publish import File, publish_files
from taktflow.services.schedules import fire_due
from tests.e2e.factory import _FORKS
from tests.e2e.firing_child import fast_clock, main, opened
from tests.services import database, postgres_server

__all__ = ["postgres_server"]

NODES = 4
KILLS = 16
AWAY_S = 0.5
_PATIENCE_S = 60.0
BASE = datetime(2026, 10, 24, 21, 30, 30, tzinfo=UTC)
"""Some hours before the clocks of Berlin go back."""
STARTS = {
    "minutes": ("* * * * *", "Asia/Shanghai", {"all": 1000}),
    "sevens": ("*/7 * * * *", "Europe/Berlin", {"all": 1000}),
    "fixed": ("15,30,45 0,1,2,3 * * *", "Europe/Berlin", {"all": 1000}),
}
FLOW = {
    "kind": "workflow",
    "id": "clockwork",
    "title": {"zh": "钟表", "en": "Clockwork"},
    "start": [
        {"id": id, "type": "schedule", "cron": cron, "timezone": zone, "catch_up": catch_up}
        for id, (cron, zone, catch_up) in STARTS.items()
    ],
    "nodes": {"done": {"type": "end"}},
    "edges": [[id, "done"] for id in STARTS],
}
PACK = {"kind": "pack", "id": "clocks", "title": {"zh": "钟", "en": "Clocks"}}


@pytest.fixture
def url(postgres_server: str) -> Iterator[str]:
    with database(postgres_server) as url:
        yield url


def node(stack: ExitStack, url: str, folder: Path, begun_s: float) -> BaseProcess:
    process: BaseProcess = _FORKS.Process(target=main, args=(url, folder, begun_s, BASE))
    process.start()
    stack.callback(process.kill)
    return process


def awaited(nodes: Sequence[BaseProcess], folder: Path) -> Sequence[BaseProcess]:
    """Those that are at work, once two are."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        at_work = [one for one in nodes if (folder / f"at-work-{one.pid}").exists()]
        if len(at_work) > 1:
            return at_work
        time.sleep(0.01)
    raise AssertionError("no nodes begin to work")


def expected(start: str, until: datetime) -> list[str]:
    cron, zone, _ = STARTS[start]
    moments = takewhile(lambda m: m <= until, Recurrence(str(cron), ZoneInfo(str(zone))).after(BASE))
    return [f"{start}:{m.isoformat()}" for m in moments]


def test_nodes_that_are_killed_fire_each_moment_exactly_once(url: str, tmp_path: Path) -> None:
    chance = random.Random(4)  # Which node dies is no secret.
    begun_s = time.time()
    now = fast_clock(begun_s, BASE)
    engine = opened(url, tmp_path, now)
    files = [File(f"{d['id']}.json", json.dumps(d)) for d in (PACK, FLOW)]
    publish_files(engine, files, ENGINE)
    first = {row.start: row.next_at for row in engine.store.schedules.page().rows}

    with ExitStack() as stack:
        nodes = [node(stack, url, tmp_path, begun_s) for _ in range(NODES)]
        for kill in range(KILLS):
            at_work = awaited(nodes, tmp_path)
            time.sleep(chance.uniform(0.0, 0.3))
            # Now and then nobody is left, and moments pass while there is none.
            dying = nodes if kill % 8 == 7 else [chance.choice(at_work)]
            for one in dying:
                one.kill()
                one.join()
            if len(dying) == NODES:
                time.sleep(AWAY_S)
            nodes = [one if one not in dying else node(stack, url, tmp_path, begun_s) for one in nodes]
        awaited(nodes, tmp_path)
        (tmp_path / "stop").touch()
        for one in nodes:
            one.join()
    last = now()
    while fire_due(engine, last):
        pass

    fired = [key for (key,) in engine.store.write(lambda tx: tx.rows("SELECT start_key FROM instance")).result()]
    for start, begin in first.items():
        assert begin is not None
        since = f"{start}:{begin.isoformat()}"
        wanted = [key for key in expected(start, last) if key >= since]
        assert sorted(key for key in fired if key.startswith(f"{start}:")) == wanted
    close_engine(engine)
    nodes_that_fired = len(list(tmp_path.glob("fired-*")))
    print(f"{len(fired)} moments, {KILLS} kills, {nodes_that_fired} processes fired")
    assert nodes_that_fired > NODES

"""Many instances at once: memory of a server, its lists over a million, recovery, and what it asks when idle.

``TAKTFLOW_BENCH_WAITING`` and ``TAKTFLOW_BENCH_LISTED`` say how many instances wait (20,000; the issue names 100,000)
and how many are listed (1,000,000).
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy.engine import make_url

from taktflow.services.engine import close_engine, open_engine
from tests.bench.durable_flows import catalog, p95, publish, settings
from tests.bench.durable_processes import Spoken
from tests.bench.figures import Figure, told
from tests.bench.test_durable import durable_server, plain
from tests.builders import a_workflow, feel
from tests.e2e.factory import Served, a_user, client
from tests.services import database

__all__ = ["durable_server"]

WAITING = int(os.environ.get("TAKTFLOW_BENCH_WAITING") or 20_000)
LISTED = int(os.environ.get("TAKTFLOW_BENCH_LISTED") or 1_000_000)
LIVE = 10_000
WANTED_WAITING = 100_000
MEMORY_MB = 100.0
IDLE_S = 20.0
LOOKS = 20

pytestmark = pytest.mark.timeout(1_800)


def a_waiting_flow() -> a_workflow:
    """Computes something, then waits for a message or for a week."""
    flow = a_workflow("bench_waiting").step("note", "transform", set={"v": feel("x * 2")}, out="note")
    flow.step(
        "wait", "wait", any={"paid": {"message": "bench.paid", "key": feel("string(x)")}, "late": {"after": "P7D"}}
    )
    flow.step("fin", "end")
    return flow.with_(data={"vars": {"x": {"type": "number"}, "note": {"type": "any"}}})


@contextmanager
def served(url: str, folder: Path) -> Iterator[tuple[Served, httpx.Client]]:
    """``taktflow serve`` with the flow published, and a client that may see everything."""
    engine = open_engine(settings(url, folder), catalog=catalog())
    try:
        # What is listed below is of workflows that are published, as lists tell their titles.
        listed = [a_workflow(f"flow_{n}").step("fin", "end") for n in range(20)]
        publish(engine, a_waiting_flow(), *listed)
        token = a_user(engine, "bench", "operator", "supervisor")
    finally:
        close_engine(engine)
    environment = {"TAKTFLOW_DATABASE_URL": url, "TAKTFLOW_VAR": str(folder / "var")}
    with Served(environment, folder / "server.log") as server:
        server.wait_ready()
        with client(server.base, headers={"Authorization": f"Bearer {token}"}, timeout=120.0) as http:
            yield server, http


def resident_mb(server: Served) -> float:
    """What the server's process holds in memory."""
    assert server._process is not None
    pages = int(Path(f"/proc/{server._process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def limit(name: str, ours: float, most: float) -> Figure:
    """Something of which less is better, next to what it may be at most."""
    return Figure(name, ours, most, "limit", ours / most, 1.0, at_most=True)


def test_memory_of_a_server_while_many_instances_wait(durable_server: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(database(durable_server))
        server, http = stack.enter_context(served(url, tmp_path))

        def start(n: int) -> None:
            http.post("/api/instances", json={"workflow": "bench_waiting", "data": {"x": n}}).raise_for_status()

        http.get("/api/instances").raise_for_status()
        empty = resident_mb(server)
        seen = [empty]
        begun = time.perf_counter()
        with ThreadPoolExecutor(8) as pool:
            for part in range(10):
                list(pool.map(start, range(part * WAITING // 10, (part + 1) * WAITING // 10)))
                seen.append(resident_mb(server))
        took = time.perf_counter() - begun
        page = http.get("/api/instances", params={"status": "running"}).raise_for_status().json()
        full = resident_mb(server)
        server.stop()
        server.start()
        server.wait_ready()
        http.get("/api/instances", params={"status": "running"}).raise_for_status()
        time.sleep(3)
        anew = resident_mb(server)

    # What grows with the number of instances grows in the second half as in the first; caches fill and stay.
    slope = (seen[-1] - seen[5]) / (WAITING / 2)
    expected = full - empty + max(0.0, slope) * (WANTED_WAITING - WAITING)
    print(f"  MB: empty {empty:.0f}, by tenths {[round(s) for s in seen]}, started anew over them {anew:.0f}")
    print(f"  {WAITING} started over HTTP in {took:.0f} s; {slope * 1e6:.0f} bytes each in the second half")
    found = [limit(f"durable.scale.memory_mb_over_empty.{WAITING}_waiting", full - empty, MEMORY_MB)]
    if WAITING < WANTED_WAITING:
        found.append(
            limit(f"durable.scale.memory_mb_over_empty.{WANTED_WAITING}_by_extrapolation", expected, MEMORY_MB)
        )
    facts = {"empty_mb": empty, "by_tenths_mb": seen, "anew_mb": anew, "figures": [asdict(f) for f in found]}
    told("durable_memory", [f.line() for f in found], facts)
    assert len(page["items"]) == 50


FILL = """
INSERT INTO instance (id, plan_id, workflow, version, business_key, status, outcome, runnable, priority, incidents,
 rev, seq, state, started_at, changed_at, ended_at, by)
SELECT '01900000-0000-7000-8000-' || lpad(n::text, 12, '0'), 'bench', 'flow_' || (n * 7919 %% 20), 1,
 'PO-' || lpad((n * 7919 %% 1000003)::text, 7, '0'), CASE WHEN n %% 50 = 0 THEN 'running'
 WHEN n <= 40 THEN 'suspended' WHEN n %% 200 = 1 THEN 'cancelled' ELSE 'ended' END, NULL, false, 0,
 (n %% 1000 = 0)::int, 3, 3, '{"pad":"' || repeat('x', 400) || '"}', %(from)s + n * 1000000::bigint,
 %(from)s + n * 1000000::bigint, CASE WHEN n %% 50 = 0 THEN NULL ELSE %(from)s + n * 1000000::bigint END, 'bench'
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""
SEARCHES: dict[str, dict[str, str]] = {
    "all": {},
    "running": {"status": "running"},
    "few_and_old": {"status": "suspended"},
    "one_workflow": {"workflow": "flow_7"},
    "one_workflow_running": {"workflow": "flow_7", "status": "running"},
    "one_workflow_running_none": {"workflow": "flow_8", "status": "suspended"},
    "one_key": {"key": "PO-0077777"},
    "broad_key": {"key": "PO-01"},
    "broad_key_one_workflow": {"key": "PO-01", "workflow": "flow_7"},
    "key_and_few_and_old": {"key": "PO-0", "status": "suspended"},
    "with_incidents": {"incidents": "true"},
    "with_incidents_suspended": {"incidents": "true", "status": "suspended"},
    "without_incidents_running": {"incidents": "false", "status": "running"},
    "unknown_workflow": {"workflow": "no_such_flow"},
}


def fill(url: str, count: int) -> None:
    """Puts ``count`` instances into the table, as years of work leave them."""
    with psycopg.connect(plain(url), autocommit=True) as raw:
        begin, step = 1_700_000_000_000_000, 100_000
        for first in range(1, count + 1, step):
            raw.execute(FILL, {"from": begin, "first": first, "last": min(count, first + step - 1)})
        raw.execute("VACUUM ANALYZE instance")


def test_a_page_of_a_million_instances(durable_server: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(database(durable_server))
        server, http = stack.enter_context(served(url, tmp_path))
        begun = time.perf_counter()
        fill(url, LISTED)
        print(f"  {LISTED} instances put in in {time.perf_counter() - begun:.0f} s")
        took: dict[str, list[float]] = {}
        for _ in range(LOOKS):
            for name, search in SEARCHES.items():
                cursor = None
                for which in ("", "/next"):
                    params = {**search, **({"cursor": cursor} if cursor else {})}
                    begun = time.perf_counter()
                    page = http.get("/api/instances", params=params).raise_for_status().json()
                    took.setdefault(name + which, []).append((time.perf_counter() - begun) * 1_000)
                    cursor = page["next_cursor"]
                    if cursor is None:
                        break
        held = resident_mb(server)

    for name, found in sorted(took.items(), key=lambda pair: -p95(pair[1])):
        print(f"  {name}: median {statistics.median(found):.1f} ms, p95 {p95(found):.1f} ms")
    worst = max(took, key=lambda name: p95(took[name]))
    every = [ms for found in took.values() for ms in found]
    name = f"durable.scale.page_of_{LISTED}"
    figures = [
        limit(f"{name}.p95_ms", p95(every), 150),
        limit(f"{name}.worst_search.{worst}.p95_ms", p95(took[worst]), 150),
    ]
    by_search = {name: {"median_ms": statistics.median(f), "p95_ms": p95(f)} for name, f in took.items()}
    facts = {"figures": [asdict(f) for f in figures], "searches": by_search, "server_mb": held}
    told("durable_lists", [f.line() for f in figures], facts)
    assert len(took) >= len(SEARCHES)


def recovered(url: str, folder: Path) -> Iterator[dict[str, float]]:
    """Milliseconds from the start of a process, after another was killed, to what it says; ``_cpu`` are its own.

    Each heir is killed as well, once an instance has ended.
    """
    arguments = ("tests.bench.durable_recovery", url, str(folder))
    log = folder / "recovery.log"
    dying = Spoken(*arguments, "fill", str(LIVE), log=log)
    try:
        while "live" not in dying.heard():
            pass
    finally:
        dying.kill()
    for _ in range(3):
        begun = time.time()
        heir = Spoken(*arguments, "resume", "0", log=log)
        said: dict[str, float] = {}
        try:
            while "ended" not in said or "read" not in said:
                said.update(heir.heard())
        finally:
            heir.kill()
        yield {name: 1_000 * (at if name.endswith("_cpu") else at - begun) for name, at in said.items()}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_recovery_with_ten_thousand_live(kind: str, durable_server: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'ours.db'}"
        if kind == "postgres":
            url = stack.enter_context(database(durable_server))
        lives = list(recovered(url, tmp_path))

    def middle(of: Callable[[dict[str, float]], float]) -> float:
        return statistics.median(of(life) for life in lives)

    for life in lives:
        print(f"  {kind}: ms " + ", ".join(f"{name} {ms:.0f}" for name, ms in life.items()))
    name = f"durable.scale.recovery.{kind}.{LIVE}_live"
    figures = [
        limit(f"{name}.process_start_to_first_step_ms", middle(lambda life: life["performed"]), 1_000),
        limit(f"{name}.modules_read_to_first_step_ms", middle(lambda life: life["performed"] - life["read"]), 1_000),
        limit(f"{name}.process_start_to_first_step_cpu_ms", middle(lambda life: life["performed_cpu"]), 1_000),
    ]
    told(f"durable_recovery_{kind}", [f.line() for f in figures], {f.name: asdict(f) for f in figures})
    assert min(life["ended"] for life in lives) > 0


def statements(url: str, seconds: float) -> tuple[float, str]:
    """Statements a second that the database of ``url`` is asked, by the server's log or by its transactions."""
    log = Path(str(make_url(url).query.get("host", "/nowhere"))) / "log"
    if log.exists():
        before = log.stat().st_size
        time.sleep(seconds)
        with log.open("rb") as told_there:
            told_there.seek(before)
            lines = told_there.read().decode(errors="replace").splitlines()
        asked = [line.split(" ms  ", 1)[1] for line in lines if " ms  execute " in line or " ms  statement: " in line]
        kinds: dict[str, int] = {}
        for line in asked:
            kind = line.partition(": ")[2][:100]
            kinds[kind] = kinds.get(kind, 0) + 1
        for line, n in sorted(kinds.items(), key=lambda pair: -pair[1])[:15]:
            print(f"  {n} x {line}")
        return len(asked) / seconds, "statements"
    with psycopg.connect(plain(url), autocommit=True) as raw:
        sql = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        first = raw.execute(sql).fetchone()
        time.sleep(seconds)
        last = raw.execute(sql).fetchone()
    assert first is not None and last is not None
    return (last[0] - first[0] - 1) / seconds, "transactions"


def test_what_an_idle_server_asks_of_its_database(durable_server: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(database(durable_server))
        with psycopg.connect(plain(url), autocommit=True) as raw:
            row = raw.execute("SELECT quote_ident(current_database())").fetchone()
            assert row is not None
            raw.execute(f"ALTER DATABASE {row[0]} SET log_min_duration_statement = 0".encode())
        stack.enter_context(served(url, tmp_path))
        time.sleep(8)
        rate, what = statements(url, IDLE_S)

    found = limit(f"durable.scale.idle_{what}_per_s", rate, 2)
    told("durable_idle_load", [found.line()], asdict(found))
    assert rate > 0

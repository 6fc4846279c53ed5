"""Whatever kills the server, whenever it does: nothing acknowledged is lost and nothing happens twice."""

from __future__ import annotations

import os
import random
import statistics
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from taktflow.store import InstanceFilter, Part, Store
from taktflow.values import loads
from tests.e2e.factory import (
    Plant,
    Served,
    a_plant,
    a_user,
    keep_master_data,
    opened,
    publish_order_to_cash,
    settings_of,
)
from tests.e2e.storm import CUSTOMERS, PRODUCTS, Book, Storm
from tests.services import postgres_database, postgres_server
from tools.history.reading import read_history

__all__ = ["postgres_database", "postgres_server"]

KILLS = int(os.environ.get("TAKTFLOW_TEST_KILLS", "50"))
_SETTLE_S = 60.0


@pytest.mark.mission("E2")
@pytest.mark.timeout(120 + 6 * KILLS)
def test_no_kill_loses_or_doubles_an_order_on_sqlite(tmp_path: Path) -> None:
    tortured(tmp_path, f"sqlite:///{tmp_path / 'taktflow.db'}", KILLS, seed=20260302)


@pytest.mark.mission("E2")
@pytest.mark.timeout(120 + 6 * KILLS)
def test_no_kill_loses_or_doubles_an_order_on_postgresql(tmp_path: Path, postgres_database: str) -> None:
    tortured(tmp_path, postgres_database, max(1, KILLS // 5), seed=20260303)


def tortured(folder: Path, database_url: str, kills: int, seed: int) -> None:
    """Lets orders stream in while the server is killed ``kills`` times, then compares what everybody says."""
    with a_plant(folder, dict.fromkeys(PRODUCTS, 10**9)) as plant:
        environment = settings_of(folder, plant, database_url)
        with opened(environment) as engine:
            publish_order_to_cash(engine, folder)
            keep_master_data(engine, CUSTOMERS, PRODUCTS)
            token = a_user(engine, "sue", "supervisor")

        with Served(environment, folder / "server.log") as server:
            server.wait_ready()
            storm = Storm(server.base, token, seed)
            storm.start()
            try:
                restarts = killed(server, storm, plant, kills, random.Random(seed))
            finally:
                plant.switch(latency_ms=0, erp={"fail_next": 0}, wms={"fail_next": 0})
                storm.calm(_SETTLE_S)
                settled = _settled(database_url)
                storm.go_home(_SETTLE_S)
            server.stop()

        with Store.open(database_url) as store:
            assert settled, f"work is left undone: {_left(store)}"
            found = compared(store, plant, storm.book)
        history = read_history(database_url)
    print(f"\nkills={kills} {found} restart_ms={statistics.median(restarts) * 1000:.0f} seed={seed} {history}")
    assert history.anomalies == ()
    assert found.lost == found.doubled == found.gaps == 0, found.problems


def killed(server: Served, storm: Storm, plant: Plant, kills: int, chance: random.Random) -> list[float]:
    """Kills and restarts ``kills`` times; how many seconds each restart took that was let finish."""
    restarts = []
    for _ in range(kills):
        _trouble(plant, chance)
        if chance.random() < 0.25:
            # Within the start, perhaps while it takes up what the one before left.
            time.sleep(chance.uniform(0.0, 0.8))
        else:
            begun = time.monotonic()
            server.wait_ready()
            restarts.append(time.monotonic() - begun)
            _some_orders_later(storm.book, chance)
        server.kill()
        server.start()
    server.wait_ready()
    return restarts


def _some_orders_later(book: Book, chance: random.Random) -> None:
    wanted = len(book.acknowledged) + chance.randint(1, 12)
    until = time.monotonic() + 3.0
    while len(book.acknowledged) < wanted and time.monotonic() < until:
        time.sleep(0.002)
    time.sleep(chance.uniform(0.0, 0.03))


def _trouble(plant: Plant, chance: random.Random) -> None:
    """Now and then the plant is slow, refuses a few requests, or books an order and loses its answer."""
    lost = {"fail_next": chance.choice((0, 0, 1, 3)), "fail_with": "503", "when": chance.choice(("before", "after"))}
    plant.switch(latency_ms=chance.choice((0, 0, 5, 20)), erp=lost)


def _left(store: Store) -> dict[str, Any]:
    incidents = [f"{r.node} {r.code} {r.text.en}" for r in store.incidents.page().rows]
    return {"effects": _effects(store), "instances": _running(store), "incidents": incidents}


def _settled(database_url: str) -> bool:
    """Waits until every instance has ended and every event is taken in."""
    until = time.monotonic() + _SETTLE_S
    with Store.open(database_url) as store:
        while time.monotonic() < until and not store.incidents.page().rows:
            if not _running(store) and not store.pending_inbound(datetime.now(UTC) + timedelta(days=1), 1):
                return True
            time.sleep(0.1)
    return False


def _running(store: Store) -> int:
    return store.instances.page(InstanceFilter(status="running"), Part(limit=1)).total or 0


def _effects(store: Store) -> dict[str, int]:
    rows = store.write(lambda tx: tx.rows("SELECT status, count(*) FROM effect GROUP BY status")).result()
    return {status: int(n) for status, n in rows}


@dataclass
class Found:
    """What came of the orders."""

    acknowledged: int
    orders: int
    booked: int
    resent: int
    lost: int
    doubled: int
    gaps: int
    problems: list[str]

    def __str__(self) -> str:
        names = ("acknowledged", "orders", "booked", "resent", "lost", "doubled", "gaps")
        return " ".join(f"{name}={getattr(self, name)}" for name in names)


def compared(store: Store, plant: Plant, book: Book) -> Found:
    """Holds the senders' word against our records and journals, and ours against the plant's ledger."""
    problems: list[str] = []
    rows = store.write(lambda tx: tx.rows("SELECT id, fields FROM record WHERE entity = 'order'")).result()
    states = {id: loads(fields)["state"] for id, fields in rows}
    started = Counter(key for (key,) in store.write(lambda tx: tx.rows("SELECT business_key FROM instance")).result())
    booked = {order["number"] for order in plant.orders()}
    ledger = [w for w in plant.ledger() if w["path"] == "/erp/orders"]

    acknowledged = {o.key for o in book.acknowledged}
    sent = {o.key for o in book.sent}
    lost = acknowledged - states.keys()
    doubled = [k for k, n in started.items() if n > 1] + [w["key"] for w in ledger if w["applied"] > 1]
    doubled += [k for k, n in Counter(o["number"] for o in plant.orders()).items() if n > 1]
    gaps = _gaps(store)

    for name, wrong in {
        "lost": lost,
        "doubled": doubled,
        "journals with gaps": gaps,
        "refused by the server": book.wrong,
        "in our records but never sent": states.keys() - sent,
        "an instance without its record": started.keys() - states.keys(),
        "a record without its instance": states.keys() - started.keys(),
        "acknowledged but not booked": {k for k in acknowledged if states.get(k) != "booked"},
        "booked with us but not in the plant": {k for k, s in states.items() if s == "booked"} - booked,
        "booked in the plant but not with us": booked - {k for k, s in states.items() if s == "booked"},
        "sent and never applied": [w["key"] for w in ledger if w["applied"] != 1],
        "incidents": [f"{r.node} {r.code} {r.text.en}" for r in store.incidents.page().rows],
        "inbound events that failed": _failed_inbound(store),
        "effects owed": [f"{s}: {n}" for s, n in _effects(store).items() if s in ("pending", "running")],
    }.items():
        problems += [f"{name}: {sorted(wrong)[:10]}"] if wrong else []
    assert not problems, "\n".join(problems)
    assert book.decided, "the supervisor never decided"
    assert any(o.once for o in book.sent)
    return Found(
        acknowledged=len(acknowledged),
        orders=len(states),
        booked=len(booked),
        resent=sum(w["sent"] - 1 for w in ledger),
        lost=len(lost),
        doubled=len(doubled),
        gaps=len(gaps),
        problems=problems,
    )


def _failed_inbound(store: Store) -> list[str]:
    sql = "SELECT event_id, status, error FROM inbound WHERE status <> 'done'"
    return [str(row) for row in store.write(lambda tx: tx.rows(sql)).result()]


def _gaps(store: Store) -> list[str]:
    """Instances whose journal does not run from 1 to their own length."""
    sql = """SELECT i.id, i.seq, count(j.seq), min(j.seq), max(j.seq) FROM instance i
     LEFT JOIN journal j ON j.instance_id = i.id GROUP BY i.id, i.seq"""
    rows = store.write(lambda tx: tx.rows(sql)).result()
    return [id for id, seq, count, first, last in rows if not (first == 1 and seq == count == last)]

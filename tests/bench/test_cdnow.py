"""69,659 real order rows (the CDNOW history that the package ``lifetimes`` ships) through the whole intake workflow.

Each row is an order on its own day, 29 years later so that the price matrix holds, submitted over the web form; the
simulated plant is a real process that answers stock and takes bookings over HTTP.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import pytest

from taktflow.executor.embedded import EmbeddedExecutor
from taktflow.sdk import RecordWrite
from taktflow.services.caller import ENGINE
from taktflow.services.engine import Engine, close_engine, open_engine
from taktflow.services.forms import submit_form
from taktflow.services.publish import publish_pack
from taktflow.services.records import row_write
from taktflow.settings import Settings
from taktflow.store import AnyOf, Commit, Part
from tests.bench.figures import told

PACK = Path(__file__).parents[2] / "workflows" / "order-to-cash"
YEARS = 29
WANTED = int(os.environ.get("TAKTFLOW_BENCH_ORDERS", "69659"))
SKU = "FL-DN80"
"""Its overseas price has no end, so that the second year of the history is priced too."""


STATES = ("booked", "suspected", "held", "unpriced", "unclear", "accepted", "received", "refused")


@dataclass(frozen=True, slots=True)
class Row:
    """One order of the history."""

    number: int
    customer: str
    day: date
    quantity: int


def history() -> list[Row]:
    """The rows by day; skips visibly when the package is not there."""
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or spec.origin is None:
        pytest.skip("the package lifetimes (dependency group bench) is not installed")
    text = (Path(spec.origin).parent / "datasets" / "CDNOW_master.txt").read_text(encoding="utf-8")
    rows = []
    for number, line in enumerate(text.splitlines()):
        parts = line.split()
        if len(parts) != 4 or not parts[1].isdigit():
            continue
        day = datetime.strptime(parts[1], "%Y%m%d").replace(tzinfo=UTC).date()
        rows.append(Row(number, f"CD{parts[0]}", day.replace(year=day.year + YEARS), int(parts[2])))
    return sorted(rows, key=lambda r: (r.day, r.number))[:WANTED]


@pytest.fixture
def plant() -> Iterator[str]:
    """The simulated factory with plenty of stock; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "taktflow_connectors.plant", "--port", "0", "--token", "bench"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        answer = httpx.put(f"{address}/plant/stock", json={SKU: 10_000_000}, headers={"Authorization": "Bearer bench"})
        assert answer.status_code == 200
        yield address
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


class Clock:
    """The simulated day, moved by the benchmark; minutes pass so that orders have an order."""

    def __init__(self) -> None:
        self.day = date(2026, 1, 1)
        self._begun = time.monotonic()

    def __call__(self) -> datetime:
        """Noon of the day in Shanghai, and the real time that went by."""
        noon = datetime(self.day.year, self.day.month, self.day.day, 4, tzinfo=UTC)
        return noon + timedelta(seconds=time.monotonic() - self._begun)


def memory_mb() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def keep_master_data(engine: Engine, rows: list[Row]) -> None:
    """Every customer of the history, and the one product they order."""
    product = {"sku": SKU, "names": ["compact disc"], "min_qty": Decimal(1), "active": True}
    writes = [RecordWrite("product", "create", SKU, product)]
    for code in sorted({r.customer for r in rows}):
        writes.append(
            RecordWrite("customer", "create", code, {"code": code, "name": code, "country": "US", "tier": "C"})
        )
    for begin in range(0, len(writes), 100):
        part = [row_write(engine, w, by="bench", source="bench") for w in writes[begin : begin + 100]]
        engine.store.commit(Commit(at=engine.now(), writes=part)).result()


def order(row: Row) -> Mapping[str, Any]:
    """The filled web form of ``row``."""
    return {
        "customer": row.customer,
        "contact": "cd@example.org",
        "template": "export",
        "reference": f"CDNOW-{row.number}",
        "lines": [{"sku": SKU, "qty": Decimal(row.quantity)}],
    }


def submit(engine: Engine, row: Row) -> None:
    """Sends the order of ``row`` as a visitor of the web form does."""
    submit_form(engine, "order_intake", "web", f"row{row.number:08}", order(row), None)


@pytest.mark.timeout(7200)
def test_real_orders_through_the_whole_intake(tmp_path: Path, plant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKTFLOW_PLANT_URL", plant)
    monkeypatch.setenv("TAKTFLOW_ORDER_FOLDER", str(tmp_path / "in"))
    monkeypatch.setenv("TAKTFLOW_SECRET_PLANT_TOKEN", "bench")
    for name in ("SHOPIFY", "WOOCOMMERCE", "WHATSAPP", "WHATSAPP_VERIFY"):
        monkeypatch.setenv(f"TAKTFLOW_SECRET_{name}", "bench")
    (tmp_path / "in").mkdir()
    rows, clock = history(), Clock()
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'bench.db'}", var=tmp_path)
    engine = open_engine(settings, now=clock)
    executor = EmbeddedExecutor(engine)
    try:
        publish_pack(engine, PACK, ENGINE)
        keep_master_data(engine, rows)
        executor.start()
        memory, begun, sent = [memory_mb()], time.perf_counter(), 0
        with ThreadPoolExecutor(4) as pool:
            for day, of_day in groupby(rows, key=lambda r: r.day):
                clock.day = day
                today = list(of_day)
                list(pool.map(partial(submit, engine), today))
                assert executor.wait_idle(120)
                sent += len(today)
                if sent // 5000 > (sent - len(today)) // 5000:
                    memory.append(memory_mb())
                    rate = sent / (time.perf_counter() - begun)
                    print(f"  {day} {sent} orders, {rate:.0f} orders/s, {memory[-1]:.0f} MB", flush=True)
        seconds = time.perf_counter() - begun
        states = {s: _count(engine, s) for s in STATES}
        incidents = len(engine.store.incidents.page().rows)
    finally:
        executor.stop()
        close_engine(engine)
    memory.append(memory_mb())

    facts = {"orders": sent, "orders_per_s": sent / seconds, "states": states, "memory_mb": memory}
    line = (
        f"bench cdnow orders={sent} orders_per_s={sent / seconds:.1f} suspected={states['suspected']}"
        f" booked={states['booked']}"
        f" memory_first_mb={memory[min(1, len(memory) - 1)]:.0f} memory_last_mb={memory[-1]:.0f}"
    )
    told("cdnow", [line], facts)
    assert sum(states.values()) == sent
    assert states["booked"] + states["suspected"] == sent
    assert incidents == 0


def _count(engine: Engine, state: str) -> int:
    count, cursor = 0, None
    while True:
        page = engine.store.records.page("order", {"state": AnyOf((state,))}, Part(limit=1000, cursor=cursor))
        count += len(page.rows)
        cursor = page.next
        if cursor is None:
            return count

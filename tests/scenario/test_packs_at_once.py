"""The same order from several sides at the very same moment: never two bookings, never unnoticed."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from taktflow.executor.embedded import EmbeddedExecutor
from taktflow.sdk import RecordWrite
from taktflow.services.caller import ENGINE
from taktflow.services.engine import Engine, close_engine, open_engine
from taktflow.services.forms import submit_form
from taktflow.services.publish import publish_pack
from taktflow.services.records import row_write
from taktflow.settings import Settings
from taktflow.store import Commit
from taktflow.values import loads

PACK = Path(__file__).parents[2] / "workflows" / "order-to-cash"
PAIRS = 12
MASTER_DATA = (
    *(
        RecordWrite("customer", "create", f"C{n}", {"code": f"C{n}", "name": f"C{n}", "country": "CN", "tier": "C"})
        for n in range(PAIRS)
    ),
    RecordWrite(
        "product",
        "create",
        "FL-DN50",
        {"sku": "FL-DN50", "names": ["flange"], "min_qty": Decimal(50), "active": True},
    ),
    RecordWrite("stock", "create", "FL-DN50", {"sku": "FL-DN50", "sellable": Decimal(5000)}),
)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The reference pack at work, while no system answers: the intake must do without them."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("TAKTFLOW_PLANT_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
        monkeypatch.setenv("TAKTFLOW_ORDER_FOLDER", str(tmp_path / "orders-in"))
        names = ("plant_token", "shopify", "woocommerce", "whatsapp", "whatsapp_verify")
        (tmp_path / "secrets.json").write_text(json.dumps(dict.fromkeys(names, "secret")))
        settings = Settings(
            database_url=f"sqlite:///{tmp_path / 'taktflow.db'}", var=tmp_path, secrets_file=tmp_path / "secrets.json"
        )
        engine = open_engine(settings)
        publish_pack(engine, PACK, ENGINE)
        writes = [row_write(engine, write, by="engine", source="test") for write in MASTER_DATA]
        engine.store.commit(Commit(at=engine.now(), writes=writes)).result()
        executor = EmbeddedExecutor(engine)
        executor.start()
        yield engine
        executor.stop()
        close_engine(engine)


def order(engine: Engine, customer: str, reference: str, qty: int, submission: str) -> Callable[[], object]:
    data: dict[str, Any] = {
        "customer": customer,
        "contact": "x",
        "template": "domestic",
        "reference": reference,
        "lines": [{"sku": "FL-DN50", "qty": Decimal(qty)}],
    }
    return lambda: submit_form(engine, "order_intake", "web", f"submission-{submission}", data, None)


def at_once(calls: Sequence[Callable[[], object]]) -> None:
    with ThreadPoolExecutor(len(calls)) as pool:
        for job in [pool.submit(call) for call in calls]:
            job.result()


def settled(engine: Engine, count: int, repeats: int = 0) -> list[dict[str, Any]]:
    """The orders once none of them is only received any more, and ``repeats`` were known as such."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = [dict(loads(row.fields)) for row in engine.store.records.page("order").rows]
        ended = [row for row in engine.store.instances.page().rows if row.outcome == "repeated"]
        if len(found) == count and all(o["state"] != "received" for o in found) and len(ended) == repeats:
            return found
        time.sleep(0.1)
    raise AssertionError(Counter(o["state"] for o in found))


@pytest.mark.mission("C1")
def test_of_two_equal_orders_at_the_same_moment_at_least_one_is_suspected(engine: Engine) -> None:
    pairs = [(f"C{n}", f"R{n}{side}", 60 + n) for n in range(PAIRS) for side in "ab"]

    at_once([order(engine, customer, reference, qty, reference * 4) for customer, reference, qty in pairs])

    suspected = Counter(o["customer"] for o in settled(engine, len(pairs)) if o["state"] == "suspected")
    assert set(suspected) == {f"C{n}" for n in range(PAIRS)}


@pytest.mark.mission("C1")
def test_one_order_sent_from_ten_sides_at_once_is_one_order(engine: Engine) -> None:
    at_once([order(engine, "C1", "PO-1", 60, f"number-{n}") for n in range(10)])

    [kept] = settled(engine, 1, repeats=9)
    assert kept["state"] == "accepted"

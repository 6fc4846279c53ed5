"""A factory for end-to-end tests: the simulated plant and ``taktflow serve`` as processes of their own."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx
import simplejson

from taktflow.sdk import RecordWrite
from taktflow.services.accounts import create_token, create_user
from taktflow.services.caller import ENGINE
from taktflow.services.engine import Engine, close_engine, open_engine
from taktflow.services.publish import publish_pack
from taktflow.services.records import row_writes
from taktflow.settings import Settings
from taktflow.store import Commit

ROOT = Path(__file__).parents[2]
# Made once: reading every certificate authority for each client would take longer than the tests.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
SECRET = "shop-secret"
PLANT_TOKEN = "plant-token"
_PATIENCE_S = 60.0
_FORKS = multiprocessing.get_context("forkserver")
# Imported once ahead, so that a server begins as soon as it is asked to and a test can afford to kill hundreds.
_FORKS.set_forkserver_preload(["pytest", "tests.e2e.warm", __name__])


def client(base: str, **settings: Any) -> httpx.Client:
    """An HTTP client for loopback, quick to make."""
    return httpx.Client(base_url=base, trust_env=False, verify=_NO_TLS, **{"timeout": 20.0, **settings})


@dataclass
class Plant:
    """The running plant."""

    base: str
    http: httpx.Client

    def ledger(self) -> list[dict[str, Any]]:
        """Every write that arrived, with how often it was sent and applied."""
        found: list[dict[str, Any]] = self._read("/plant/ledger")["writes"]
        return found

    def orders(self) -> list[dict[str, Any]]:
        """Every booked order."""
        found: list[dict[str, Any]] = []
        while True:
            page = self._read("/erp/orders", limit=1000, after=found[-1]["no"] if found else "")
            found += page["orders"]
            if page["next"] is None:
                return found

    def switch(self, **switches: Any) -> None:
        """Changes how the plant behaves."""
        self.http.post("/plant/switches", json=switches).raise_for_status()

    def _read(self, path: str, **params: Any) -> Any:
        answer = self.http.get(path, params=params)
        answer.raise_for_status()
        return simplejson.loads(answer.text, use_decimal=True)


@contextmanager
def a_plant(folder: Path, stock: Mapping[str, int]) -> Iterator[Plant]:
    """The plant on a port of its own, its books in ``folder``."""
    (folder / "stock.json").write_text(simplejson.dumps(stock))
    arguments = ["--port", "0", "--db", str(folder / "plant.db"), "--stock", str(folder / "stock.json")]
    with (folder / "plant.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "taktflow_connectors.plant", *arguments],
            env={**os.environ, "TAKTFLOW_PLANT_TOKEN": PLANT_TOKEN},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, "the plant did not start"
        base = line.split()[-1]
        with client(base, headers={"Authorization": f"Bearer {PLANT_TOKEN}"}) as http:
            yield Plant(base, http)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def settings_of(folder: Path, plant: Plant, database_url: str, **more: str) -> dict[str, str]:
    """The environment that ``taktflow serve`` runs in."""
    orders_in = folder / "orders-in"
    orders_in.mkdir(exist_ok=True)
    names = {
        "DATABASE_URL": database_url,
        "VAR": str(folder / "var"),
        "PLANT_URL": plant.base,
        "ORDER_FOLDER": str(orders_in),
        "SECRET_PLANT_TOKEN": PLANT_TOKEN,
        "SECRET_SHOPIFY": SECRET,
        "SECRET_WOOCOMMERCE": SECRET,
        "SECRET_WHATSAPP": SECRET,
        "SECRET_WHATSAPP_VERIFY": SECRET,
        "PUBLIC_RATE_PER_MINUTE": "1000000",
        **more,
    }
    return {f"TAKTFLOW_{name}": value for name, value in names.items()}


@contextmanager
def opened(environment: Mapping[str, str]) -> Iterator[Engine]:
    """The engine of a server that is not running, to prepare it or to look at what it left."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        engine = open_engine(Settings(_env_file=None))
        try:
            yield engine
        finally:
            close_engine(engine)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def publish_order_to_cash(engine: Engine, folder: Path) -> None:
    """Publishes the reference pack with prices that stay valid whenever the test runs."""
    copy = Path(shutil.copytree(ROOT / "workflows" / "order-to-cash", folder / "order-to-cash"))
    for cases in copy.rglob("cases*.yaml"):
        # They are about the matrix as it is, which this copy changes.
        cases.unlink()
    matrix = copy / "decisions" / "unit_price.yaml"
    gasket = '"[2026-01-01..2027-01-01)", "0.55"'
    assert gasket in matrix.read_text("utf-8")
    matrix.write_text(matrix.read_text("utf-8").replace(gasket, '">=2026-01-01", "0.55"'), "utf-8")
    publish_pack(engine, copy, ENGINE)


def keep_master_data(engine: Engine, customers: Mapping[str, tuple[str, str]], products: Mapping[str, int]) -> None:
    """Keeps ``customers`` (code to country and tier) and ``products`` (sku to minimum quantity)."""
    writes = [
        RecordWrite("customer", "create", code, {"code": code, "name": code, "country": country, "tier": tier})
        for code, (country, tier) in customers.items()
    ]
    writes += [
        RecordWrite("product", "create", sku, {"sku": sku, "names": [sku], "min_qty": Decimal(n), "active": True})
        for sku, n in products.items()
    ]
    rows = row_writes(engine, writes, by="engine", source="test")
    engine.store.commit(Commit(at=engine.now(), writes=rows)).result()


def a_user(engine: Engine, name: str, *roles: str) -> str:
    """A user with ``roles``; gives back an API token of theirs."""
    create_user(engine, name, by=ENGINE, roles=roles, password="correct horse battery")
    _, token = create_token(engine, by=ENGINE, title="test", user_name=name)
    return token


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def _serve(environment: Mapping[str, str], port: int, log: str) -> None:
    os.environ.update(environment)
    with open(log, "ab") as told:  # noqa: PTH123  # Its number is wanted, which goes to both standard streams.
        os.dup2(told.fileno(), 1)
        os.dup2(told.fileno(), 2)
    sys.argv = ["taktflow", "serve", "--port", str(port)]
    # Not above: the process that forks servers has read it, the one that runs the tests need not.
    from tests.e2e.warm import app

    app()


@dataclass
class Served:
    """``taktflow serve`` on one port, killed and started again as often as wanted."""

    environment: Mapping[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    _process: BaseProcess | None = None

    @property
    def base(self) -> str:
        """Its address, the same after each start."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it and does not wait."""
        self._process = _FORKS.Process(target=_serve, args=(self.environment, self.port, str(self.log)), daemon=True)
        self._process.start()

    def wait_ready(self, patience_s: float = _PATIENCE_S) -> None:
        """Waits until it answers."""
        until = time.monotonic() + patience_s
        with client(self.base, timeout=5.0) as http:
            while time.monotonic() < until:
                assert self.alive, self.log.read_text()[-3000:]
                try:
                    if http.get("/healthz").status_code == 200:
                        return
                except httpx.TransportError:
                    time.sleep(0.01)
        raise AssertionError("the server does not answer: " + self.log.read_text()[-3000:])

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.is_alive()

    def kill(self) -> None:
        """Ends it at once, with no chance to finish anything."""
        assert self._process is not None
        self._process.kill()
        self._process.join(_PATIENCE_S)
        self._process.close()
        self._process = None

    def stop(self) -> None:
        """Asks it to end and waits until it has."""
        assert self._process is not None
        self._process.terminate()
        self._process.join(_PATIENCE_S)
        ended = not self._process.is_alive()
        if not ended:
            self._process.kill()
            self._process.join()
        self._process.close()
        self._process = None
        assert ended, "the server did not end: " + self.log.read_text()[-3000:]

    def __enter__(self) -> Served:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()

"""Where a run lives, and the processes it starts: the plant and the server."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from taktflow.settings import Settings
from tools.demo.day import table

PATIENCE_S = 60.0
_SECRETS = ("plant_token", "shopify", "woocommerce", "whatsapp", "whatsapp_verify")
_PLANT_PORT = 8100
# Loopback speaks no TLS; reading every certificate authority for it would take a second.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Trouble(Exception):
    """Something the person at the terminal must settle, said in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}\n{en}")


def client(base: str, token: str = "") -> httpx.Client:
    """A client for loopback."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=base, headers=headers, timeout=30, trust_env=False, verify=_NO_TLS)


@dataclass(frozen=True, slots=True)
class House:
    """The folder of a run, its database and its addresses."""

    var: Path
    database_url: str
    host: str
    port: int
    once: bool

    @property
    def base(self) -> str:
        """Where the server listens."""
        return f"http://{self.host}:{self.port}"

    @property
    def orders_in(self) -> Path:
        """The folder that order lists are dropped into."""
        given = None if self.once else os.environ.get("TAKTFLOW_ORDER_FOLDER")
        return Path(given or self.var / "orders-in")

    def secrets(self) -> dict[str, str]:
        """The secrets of this run's channels and plant; made at the first run and kept."""
        kept = _read(self.var / "demo-secrets.json")
        made = {name: kept.get(name) or secrets.token_urlsafe(24) for name in _SECRETS}
        if made != kept:
            _write(self.var / "demo-secrets.json", made)
        return made

    def day(self) -> tuple[date | None, bool]:
        """The day on which the sample was begun here, if it was, and whether it was sent to its end."""
        kept = _read(self.var / "demo-day.json")
        return (date.fromisoformat(kept["day"]), bool(kept["sent"])) if kept else (None, False)

    def note_day(self, day: date, *, sent: bool) -> None:
        """Remembers the day, so that what was begun goes on with the same dates and is not sent twice."""
        _write(self.var / "demo-day.json", {"day": day.isoformat(), "sent": sent})


def house(settings: Settings, *, once: bool) -> House:
    """Where this run lives. One that ends by itself gets a fresh folder and free ports, so that it can be repeated."""
    settings.var.mkdir(parents=True, exist_ok=True)
    if once:
        var = Path(tempfile.mkdtemp(prefix="once-", dir=settings.var)).resolve()
        return House(var, f"sqlite:///{var / 'taktflow.db'}", "127.0.0.1", _free_port(), True)
    if not _is_free(settings.host, settings.port):
        raise Trouble(
            f"端口 {settings.port} 已被占用。请先结束占用它的程序，或换一个端口：TAKTFLOW_PORT=8001 make run",
            f"Port {settings.port} is taken. End what uses it, or take another one: TAKTFLOW_PORT=8001 make run",
        )
    return House(settings.var.resolve(), settings.database_url, settings.host, settings.port, False)


@dataclass
class Children:
    """The processes of this run; only these are ever ended."""

    house: House
    _running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def start_plant(self, token: str) -> str:
        """Starts the plant and gives its address."""
        stock = {row["sku"]: int(row["in_warehouse"]) for row in table("stock")}
        (self.house.var / "plant-stock.json").write_text(json.dumps(stock))
        port = _PLANT_PORT if not self.house.once and _is_free("127.0.0.1", _PLANT_PORT) else 0
        arguments = ["--port", port, "--latency-ms", 20, "--db", "plant.db", "--stock", "plant-stock.json"]
        plant = self._start(
            "plant",
            ["taktflow_connectors.plant", *map(str, arguments)],
            {"TAKTFLOW_PLANT_TOKEN": token},
            cwd=self.house.var,
            stdout=subprocess.PIPE,
        )
        assert plant.stdout is not None
        line = plant.stdout.readline()
        if not line:
            raise self._dead("plant")
        return line.split()[-1]

    def start_server(self, plant: str) -> None:
        """Starts the server and waits until it is ready."""
        house = self.house
        house.orders_in.mkdir(parents=True, exist_ok=True)
        given = {
            "DATABASE_URL": house.database_url,
            "VAR": str(house.var),
            "HOST": house.host,
            "PORT": str(house.port),
            "SECRETS_FILE": str(house.var / "demo-secrets.json"),
            "PLANT_URL": plant,
            "ORDER_FOLDER": str(house.orders_in),
        }
        self._start("server", ["taktflow.cli", "serve"], {f"TAKTFLOW_{name}": text for name, text in given.items()})
        with client(house.base) as http:
            until = time.monotonic() + PATIENCE_S
            while not _is_ready(http):
                self.check()
                if time.monotonic() > until:
                    raise self._dead("server")
                time.sleep(0.1)

    def check(self) -> None:
        """Raises Trouble when one of them has ended by itself."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise self._dead(name)

    def stop(self) -> None:
        """Ends them, the server first, and waits; what is left after that is killed."""
        for name in ("server", "plant"):
            process = self._running.pop(name, None)
            if process is None:
                continue
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _start(
        self, name: str, module: list[str], environment: Mapping[str, str], **more: Any
    ) -> subprocess.Popen[str]:
        with (self.house.var / f"{name}.log").open("a") as log:
            process: subprocess.Popen[str] = subprocess.Popen(
                [sys.executable, "-m", *module],
                env={**os.environ, **environment},
                text=True,
                **{"stdout": log, "stderr": log, **more},
            )
        self._running[name] = process
        return process

    def _dead(self, name: str) -> Trouble:
        log = self.house.var / f"{name}.log"
        last = log.read_text(errors="replace").strip().splitlines()[-5:] if log.exists() else []
        told = "\n".join(last)
        return Trouble(
            f"进程 {name} 没有正常运行，原因见 {log}：\n{told}", f"The {name} does not run; {log} says why (above)."
        )


def _is_ready(http: httpx.Client) -> bool:
    try:
        return http.get("/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As the server does: a port whose last connections are still closing is no port that is taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    document: dict[str, Any] = json.loads(file.read_text())
    return document


def _write(file: Path, document: Mapping[str, Any]) -> None:
    """Writes ``document`` for this user alone, whole or not at all."""
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(document, out)
    part.replace(file)

"""Starts the factory: ``python -m taktflow_connectors.plant --port 8100``."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from decimal import Decimal
from pathlib import Path

import uvicorn

from taktflow_connectors.plant.app import Plant
from taktflow_connectors.plant.books import Books, loads


class _Server(uvicorn.Server):
    """Says where it listens once it does, in one line that a test can wait for."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or ():
            sys.stdout.write("plant listening on http://{}:{}\n".format(*listening.getsockname()[:2]))
            sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Serves until told to end; 2 when it cannot begin."""
    asked = _asked(arguments)
    if not asked.token:
        sys.stderr.write("give the factory a token: --token or TAKTFLOW_PLANT_TOKEN\n")
        return 2
    stock = _stock(asked.stock) if asked.stock else None
    plant = Plant(Books(asked.db, seed=asked.seed, stock=stock), token=asked.token, latency_ms=asked.latency_ms)
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", asked.port))
    config = uvicorn.Config(
        plant.app(), log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=1, backlog=512
    )
    _Server(config).run(sockets=[listening])
    return 0


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="plant", description="A simulated factory on loopback.")
    parser.add_argument("--port", type=int, default=8100, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=1, help="draws the opening stock")
    parser.add_argument("--latency-ms", type=int, default=0)
    parser.add_argument("--db", type=Path, help="a SQLite file; without it all is forgotten at the end")
    parser.add_argument("--stock", type=Path, help='a JSON file {"sku": amount} instead of drawn stock')
    parser.add_argument("--token", default=os.environ.get("TAKTFLOW_PLANT_TOKEN", ""))
    return parser.parse_args(arguments)


def _stock(file: Path) -> dict[str, Decimal]:
    return {str(sku): Decimal(amount) for sku, amount in loads(file.read_text(encoding="utf-8")).items()}


if __name__ == "__main__":
    sys.exit(main())

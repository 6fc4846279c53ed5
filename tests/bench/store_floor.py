"""How many commits a second the store keeps, next to what the disk allows: ``python -m tests.bench.store_floor``.

The floor is one row a commit on raw SQLite (write-ahead log, fully synchronous), measured in the same run.
"""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from taktflow.store import Store, migrate
from tests.contract.store.builders import moved, started
from tests.services import Unavailable, database, postgres

STATE = '{"a":' + '"' + "x" * 600 + '"}'
BATCH = '[{"node":"n","at":"2026-03-02T08:00:00Z","kind":"step","trace":' + '"' + "y" * 300 + '"}]'


@dataclass(frozen=True, slots=True)
class Figures:
    """Commits a second, and how many for each one of the floor in the same round; medians."""

    floor: float
    rates: Mapping[int, float]
    """By number of threads."""
    ratios: Mapping[int, float]


def sqlite_floor(folder: Path, seconds: float) -> float:
    """Commits a second of one small row each, on raw SQLite."""
    raw = sqlite3.connect(folder / "floor.db", isolation_level=None)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, body TEXT)")
    n, until = 0, time.perf_counter() + seconds
    begun = time.perf_counter()
    while time.perf_counter() < until:
        raw.execute("BEGIN IMMEDIATE")
        raw.execute("INSERT INTO row (body) VALUES (?)", (BATCH,))
        raw.execute("COMMIT")
        n += 1
    rate = n / (time.perf_counter() - begun)
    raw.close()
    return rate


def store_rate(store: Store, threads: int, seconds: float, prefix: str) -> float:
    """Commits a second of a whole instance row and a journal row each, from so many callers at once."""
    counts = [0] * threads
    until = time.perf_counter() + seconds

    def work(thread: int) -> None:
        n = 0
        while time.perf_counter() < until:
            id = f"{prefix}-{thread}-{n}"
            store.commit(started(id, state=STATE, journal=BATCH)).result()
            for rev in range(1, 5):
                store.commit(moved(id, rev, state=STATE, journal=BATCH)).result()
            n += 1
            counts[thread] = n * 5

    begun = time.perf_counter()
    workers = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / (time.perf_counter() - begun)


def measure(seconds: float = 0.4, rounds: int = 7, url: str | None = None) -> Figures:
    """Interleaved rounds on SQLite, or at ``url``; the floor is SQLite's in either case.

    Rounds are short and each has its own ratio, since other work on the machine changes what the disk allows.
    """
    floors: list[float] = []
    rates: dict[int, list[float]] = {1: [], 16: []}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = url or f"sqlite:///{folder / 'store.db'}"
        migrate(address)
        store = stack.enter_context(Store.open(address))
        for turn in range(rounds):
            place = folder / str(turn)
            place.mkdir()
            floors.append(sqlite_floor(place, seconds))
            for threads, found in rates.items():
                found.append(store_rate(store, threads, seconds, f"{turn}-{threads}"))
    return Figures(
        statistics.median(floors),
        {n: statistics.median(found) for n, found in rates.items()},
        {n: statistics.median(r / f for r, f in zip(found, floors, strict=True)) for n, found in rates.items()},
    )


def report(name: str, figures: Figures) -> None:
    """Prints one line for each number of threads."""
    for threads, rate in figures.rates.items():
        line = f"ours={rate:.0f} peer={figures.floor:.0f} peer_name=sqlite_one_row ratio={figures.ratios[threads]:.2f}"
        print(f"bench store.commit.{name}.{threads}_threads {line}")


def on_a_real_server(act: Callable[[str], None]) -> None:
    """Runs ``act`` with a new database on a PostgreSQL server that waits for its disk."""
    try:
        with postgres(durable=True) as server, database(server) as url:
            act(url)
    except Unavailable as reason:
        print(f"postgresql was not measured: {reason}")


if __name__ == "__main__":
    report("sqlite", measure())
    on_a_real_server(lambda url: report("postgresql", measure(url=url)))

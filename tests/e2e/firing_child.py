"""A node as a process of its own that does nothing but look after schedules, by a clock that runs fast."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from taktflow.catalog import Catalog
from taktflow.services.engine import Engine, open_engine
from taktflow.services.schedules import fire_due
from taktflow.settings import Settings

SPEED = 900
"""A quarter of an hour passes each second."""


def fast_clock(begun_s: float, base: datetime) -> Callable[[], datetime]:
    """A clock that showed ``base`` at the real time ``begun_s`` (seconds since 1970); the same in every process."""
    return lambda: base + timedelta(seconds=(time.time() - begun_s) * SPEED)


def opened(url: str, folder: Path, now: Callable[[], datetime]) -> Engine:
    """The engine by that clock."""
    return open_engine(Settings(_env_file=None, database_url=url, var=folder), catalog=Catalog.of(nodes=()), now=now)


def main(url: str, folder: Path, begun_s: float, base: datetime) -> None:
    """Fires what is due until it is killed or the file ``stop`` is there."""
    now = fast_clock(begun_s, base)
    engine = opened(url, folder, now)
    fired = folder / f"fired-{os.getpid()}"
    engine.store.listen(lambda _: fired.touch())
    (folder / f"at-work-{os.getpid()}").touch()
    while not (folder / "stop").exists():
        fire_due(engine, now())
        time.sleep(0.005)

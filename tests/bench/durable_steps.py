"""What a node of the measured workflows does, in plain Python, and how often something is done a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def step(n: int, x: int) -> Any:
    """The ``n``-th node of a workflow over ``x``."""
    match n % 4:
        case 0:
            return {"v": x * 2 + n, "big": x > 10}
        case 1:
            return "none" if x < 1 else "small" if x < 10 else "middle" if x < 100 else "large"
        case 2:
            return round(x * 1.13 + n, 2)
        case _:
            return x >= 0


def rate(run: Callable[[], Any], threads: int, seconds: float) -> float:
    """How often ``run`` is done a second by so many threads, each one after the other."""
    until = time.perf_counter() + seconds

    def work(_: int) -> int:
        n = 0
        while time.perf_counter() < until:
            run()
            n += 1
        return n

    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(work, range(threads)))
    return done / (time.perf_counter() - begun)

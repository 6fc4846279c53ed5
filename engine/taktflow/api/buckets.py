"""Token buckets, one for each address: how often a stranger may knock."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from threading import Lock

MOST_KEPT = 20_000
"""Buckets remembered at once; beyond that the one used longest ago is forgotten, so that memory stays bounded."""


class Buckets:
    """Lets each ``who`` through ``per_minute`` times a minute, at most as many at once. Shared by all threads."""

    def __init__(self, per_minute: int) -> None:
        self._size = float(per_minute)
        self._per_second = per_minute / 60
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, who: str, now_s: float) -> int:
        """Takes one token and gives 0, or gives the whole seconds to wait until there is one.

        ``now_s`` is a monotonic clock's reading in seconds.
        """
        with self._lock:
            level = self._level(who, now_s)
            if level < 1:
                self._keep(who, level, now_s)
                return max(1, math.ceil((1 - level) / self._per_second))
            self._keep(who, level - 1, now_s)
            return 0

    def give_back(self, who: str, now_s: float) -> None:
        """Returns a token that was taken for something that does not count after all."""
        with self._lock:
            self._keep(who, min(self._size, self._level(who, now_s) + 1), now_s)

    def _level(self, who: str, now_s: float) -> float:
        level, then_s = self._kept.get(who, (self._size, now_s))
        return min(self._size, level + max(0.0, now_s - then_s) * self._per_second)

    def _keep(self, who: str, level: float, now_s: float) -> None:
        self._kept[who] = (level, now_s)
        self._kept.move_to_end(who)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


def neighbourhood(address: str | None) -> str:
    """``address`` as one who knocks: an IPv6 host owns a whole /64, so that is what counts."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if ip.version == 6:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)

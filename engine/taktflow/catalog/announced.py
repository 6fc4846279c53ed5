"""What the installed distributions announce, read from their metadata alone; nothing is imported here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, distributions
from typing import Any, Literal, TypeAlias

Group: TypeAlias = Literal["taktflow.nodes", "taktflow.connectors", "taktflow.channels"]

NODES: Group = "taktflow.nodes"
CONNECTORS: Group = "taktflow.connectors"
CHANNELS: Group = "taktflow.channels"

OURS = "taktflow"
"""The distribution whose parts win when two announce one kind: a stranger must not replace them silently."""


@dataclass(frozen=True, slots=True)
class Announced:
    """One entry point: ``kind`` is its name, ``load`` imports and gives what it points at."""

    group: Group
    kind: str
    load: Callable[[], Any]
    target: str = ""
    distribution: str = ""
    version: str = ""


def announced() -> list[Announced]:
    """Every plug-in of this environment, bundled ones first, then by distribution and kind."""
    found: dict[tuple[str, str, str], Announced] = {}
    seen: set[str] = set()
    for distribution in distributions():
        # An editable install may show up twice on the path; the first is the one Python imports.
        if distribution.name is None or distribution.name.lower() in seen:
            continue
        seen.add(distribution.name.lower())
        for one in _of(distribution.entry_points, distribution.name, distribution.version):
            found[one.group, one.kind, one.distribution] = one
    return sorted(found.values(), key=order)


def order(one: Announced) -> tuple[bool, str, str]:
    """Who wins when two announce one kind: the bundled one, then the first distribution by name."""
    return (one.distribution != OURS, one.distribution, one.kind)


def _of(points: Iterable[EntryPoint], distribution: str, version: str) -> Iterable[Announced]:
    for point in points:
        for group in (NODES, CONNECTORS, CHANNELS):
            if point.group == group:
                yield Announced(group, point.name, point.load, point.value, distribution, version)

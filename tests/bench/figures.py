"""How a benchmark tells its figures: one line each, and a JSON file beside it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("var/bench")


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured pair: medians of ours and the peer's, and the median of their ratios round by round."""

    name: str
    ours: float
    peer: float
    peer_name: str
    ratio: float
    target: float | None = None
    at_most: bool = False
    """Whether less is better, so that ``target`` is the most that ``ratio`` may be."""

    @property
    def ok(self) -> bool:
        """Whether the target is met, where there is one."""
        if self.target is None:
            return True
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target

    def line(self) -> str:
        """As it is printed."""
        sign = "<=" if self.at_most else ""
        verdict = "" if self.target is None else f" target={sign}{self.target:g} {'ok' if self.ok else 'short'}"
        return (
            f"bench {self.name} ours={self.ours:.0f} peer={self.peer:.0f} peer_name={self.peer_name}"
            f" ratio={self.ratio:.2f}{verdict}"
        )


def figure(
    name: str,
    ours: Sequence[float],
    peer: Sequence[float],
    peer_name: str,
    target: float | None = None,
    *,
    at_most: bool = False,
) -> Figure:
    """The figure of interleaved rounds; each round of ours is held against its own round of the peer."""
    ratios = [o / p for o, p in zip(ours, peer, strict=True)]
    middle = statistics.median
    return Figure(name, middle(ours), middle(peer), peer_name, middle(ratios), target, at_most)


def told(name: str, lines: Sequence[str], facts: Mapping[str, object]) -> None:
    """Prints ``lines`` and keeps ``facts`` as ``var/bench/NAME.json``."""
    for line in lines:
        print(line)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")

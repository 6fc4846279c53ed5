"""Figures for a monitoring system, in Prometheus's text format (0.0.4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of figures; names carry their unit."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    samples: Sequence[tuple[Labels, float]]


def exposition(metrics: Iterable[Metric]) -> str:
    """``metrics`` as text."""
    lines: list[str] = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
        lines += [f"{metric.name}{_labels(labels)} {_number(value)}" for labels, value in metric.samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return "{" + inner + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


class Traffic:
    """Requests this process has answered, by route; shared by all threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answered: dict[tuple[str, str, str], int] = defaultdict(int)
        self._seconds: dict[str, float] = defaultdict(float)

    def count(self, methods: Iterable[str] | None, route: str, status: int, took_s: float) -> None:
        """Counts one answer; ``route`` is the path's template, so that there are few labels."""
        method = next(iter(methods or ()), "")
        with self._lock:
            self._answered[method, route, f"{status // 100}xx"] += 1
            self._seconds[route] += took_s

    def metrics(self) -> list[Metric]:
        """What was counted so far."""
        with self._lock:
            answered, seconds = dict(self._answered), dict(self._seconds)
        return [
            Metric(
                "taktflow_http_requests_total",
                "counter",
                "Requests answered.",
                [({"method": m, "route": r, "status": s}, n) for (m, r, s), n in sorted(answered.items())],
            ),
            Metric(
                "taktflow_http_seconds_total",
                "counter",
                "Seconds spent answering requests.",
                [({"route": r}, s) for r, s in sorted(seconds.items())],
            ),
        ]

"""Figures for a monitoring system, in Prometheus's text format (0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from taktflow.store.tally import SECONDS, Count, Spread, Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of figures; names carry their unit."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    samples: Sequence[tuple[Labels, float]]


@dataclass(frozen=True, slots=True)
class Histogram:
    """How values of one family are spread; names carry their unit."""

    name: str
    help: str
    spreads: Sequence[tuple[Labels, Spread]]
    kind: Literal["histogram"] = "histogram"


def exposition(metrics: Iterable[Metric | Histogram]) -> str:
    """``metrics`` as text."""
    lines: list[str] = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
        lines += [f"{name}{_labels(labels)} {_number(value)}" for name, labels, value in _samples(metric)]
    return "\n".join(lines) + "\n"


def _samples(metric: Metric | Histogram) -> Iterator[tuple[str, Labels, float]]:
    if isinstance(metric, Metric):
        yield from ((metric.name, labels, value) for labels, value in metric.samples)
        return
    for labels, spread in metric.spreads:
        for bound, n in zip(spread.bounds, spread.at_most, strict=True):
            yield f"{metric.name}_bucket", {**labels, "le": _number(bound)}, n
        yield f"{metric.name}_bucket", {**labels, "le": "+Inf"}, spread.count
        yield f"{metric.name}_sum", labels, spread.sum
        yield f"{metric.name}_count", labels, spread.count


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
        self._answered: Count[tuple[str, str, str]] = Count()
        self._seconds: Tally[tuple[str, str]] = Tally(SECONDS)

    def count(self, methods: Iterable[str] | None, route: str, status: int, took_s: float) -> None:
        """Counts one answer; ``route`` is the path's template, so that there are few labels."""
        method = next(iter(methods or ()), "")
        self._answered.add((method, route, f"{status // 100}xx"))
        self._seconds.note((method, route), took_s)

    def metrics(self) -> list[Metric | Histogram]:
        """What was counted so far."""
        answered, seconds = self._answered.counts(), self._seconds.spreads()
        return [
            Metric(
                "taktflow_http_requests_total",
                "counter",
                "Requests answered.",
                [({"method": m, "route": r, "status": s}, n) for (m, r, s), n in sorted(answered.items())],
            ),
            Histogram(
                "taktflow_http_request_seconds",
                "Seconds spent answering a request.",
                [({"method": m, "route": r}, spread) for (m, r), spread in sorted(seconds.items())],
            ),
        ]

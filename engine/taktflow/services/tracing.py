"""Spans for OpenTelemetry: one for each effect and each request, when an address to send them to is configured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from taktflow import __version__
from taktflow.errors import Refused
from taktflow.settings import Settings


class Span(Protocol):
    """What is measured right now."""

    def tell(self, name: str, value: str | int) -> None:
        """One more fact of it."""

    def fail(self) -> None:
        """It did not come to a good end."""


class Tracing(Protocol):
    """Where spans go."""

    def span(
        self, name: str, facts: Mapping[str, str | int], headers: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Span]:
        """A span for as long as the context lasts; part of the caller's trace when ``headers`` name one."""

    def close(self) -> None:
        """Sends what is left."""


class NoTracing:
    """Nobody looks, so nothing is measured: it is its own span and context."""

    def span(self, name: str, facts: Mapping[str, str | int], headers: Mapping[str, str] | None = None) -> NoTracing:
        """Nothing."""
        return self

    def __enter__(self) -> NoTracing:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def tell(self, name: str, value: str | int) -> None:
        """Nothing."""

    def fail(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class OpenTelemetry:
    """Spans through OpenTelemetry's SDK; ``provider`` is a TracerProvider of our own, since a global one is shared."""

    def __init__(self, provider: Any) -> None:
        from opentelemetry.trace import SpanKind, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("taktflow", __version__)
        self._failed = StatusCode.ERROR
        self._server, self._client = SpanKind.SERVER, SpanKind.CLIENT
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self, name: str, facts: Mapping[str, str | int], headers: Mapping[str, str] | None = None
    ) -> Iterator[Span]:
        """A span that is current for as long as the context lasts, so that clients which trace themselves join it."""
        around = None if headers is None else self._propagator.extract(dict(headers))
        told = {f"taktflow.{key}": value for key, value in facts.items()}
        kind = self._client if headers is None else self._server
        with self._tracer.start_as_current_span(name, context=around, kind=kind, attributes=told) as span:
            yield _Told(span, self._failed)

    def close(self) -> None:
        """Sends what is left and ends the sending thread."""
        self._provider.shutdown()


class _Told:
    def __init__(self, span: Any, failed: Any) -> None:
        self._span = span
        self._failed = failed

    def tell(self, name: str, value: str | int) -> None:
        self._span.set_attribute(f"taktflow.{name}", value)

    def fail(self) -> None:
        self._span.set_status(self._failed)


def tracing_of(settings: Settings) -> Tracing:
    """The tracing that the settings ask for; raises Refused when its libraries are not installed."""
    if settings.otlp_endpoint is None:
        return NoTracing()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as missing:
        raise Refused("tracing.absent") from missing
    resource = Resource.create({"service.name": "taktflow", "service.version": __version__})
    provider = TracerProvider(resource=resource)
    # A collector that is away costs nothing but lost spans: they are sent by a thread of their own.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
    return OpenTelemetry(provider)

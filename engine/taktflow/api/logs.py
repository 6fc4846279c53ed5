"""How a process tells what it does: one line of JSON an event, on standard error."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

_SHARED: Sequence[Processor] = (
    # The instance, node and effect, or the request, that the thread works for; bound where the work begins.
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    # Without the frames' variables: they hold orders, addresses and secrets.
    structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
)
_RENDER = structlog.processors.JSONRenderer(ensure_ascii=False)


def configure_logs(level: int = logging.INFO) -> None:
    """Structured logs with time and level; libraries' own lines, from warnings upwards, in the same shape."""
    structlog.configure(
        processors=[*_SHARED, _RENDER],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    foreign = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_SHARED[:-1], structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _SHARED[-1], _RENDER],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(foreign)
    logging.basicConfig(handlers=[handler], level=logging.WARNING)

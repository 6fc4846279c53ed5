"""The worker door: Celery brings tickets, the database says what is to be done. The only module that knows Celery.

A ticket says no more than "look what is due". It may be lost, doubled, late or in the wrong order: claims in the
database keep work to once, and what nobody has taken is rung for again. So there are no results, no chains and no times
in messages.
"""

from __future__ import annotations

import os
import platform
import secrets
import threading
from typing import Any

import structlog
from celery import Celery, signals  # type: ignore[import-untyped]  # It ships no types.
from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from kombu.exceptions import KombuError
from kombu.messaging import Producer

from taktflow.catalog import Catalog
from taktflow.errors import Refused
from taktflow.executor.shift import Shift
from taktflow.services.engine import Engine, close_engine, open_engine
from taktflow.settings import Settings
from taktflow.store import migrate

log = structlog.get_logger(__name__)
TICKET = "taktflow.work"
_SHIFT_SHARE = 10
"""A ticket takes new work for this part of its time limit; the rest is for what it has begun."""
_REDELIVERY_MARGIN_S = 60
_CONNECT_S = 5.0
_ANSWER_S = 10.0
"""How long a bell waits for a broker that accepts connections and says nothing."""
_TICKETS_PER_CHILD = 100_000


def broker_app(settings: Settings) -> Celery:
    """Celery on the broker of ``settings``; raises Refused where there is none, or the database is a file."""
    if settings.database_url.startswith("sqlite"):
        raise Refused("executor.sqlite")
    if settings.broker_url is None:
        raise Refused("executor.broker")
    url = settings.broker_url.get_secret_value()
    app = Celery("taktflow", broker=url, set_as_current=False)
    app.conf.update(
        task_queues=[_queue(settings)],
        task_default_queue=settings.broker_queue,
        task_create_missing_queues=False,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        # The default would lose the ticket with the worker; and with a pool child, were it not for the second one.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_time_limit=settings.ticket_limit_s,
        worker_prefetch_multiplier=1,
        worker_concurrency=settings.worker_processes,
        worker_max_tasks_per_child=_TICKETS_PER_CHILD,
        worker_proc_alive_timeout=60.0,
        worker_pool_start_method="fork",
        # One inbox a worker less to collide on; who lives is told by the database.
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_transport(url, settings),
    )
    return app


def _queue(settings: Settings) -> Queue:
    # On the broker's own exchange, so that a queue made anew after its loss is bound at once.
    return Queue(settings.broker_queue, Exchange(""), routing_key=settings.broker_queue, durable=True)


def _is_redis(url: str) -> bool:
    return url.startswith("redis")


def _transport(url: str, settings: Settings) -> dict[str, Any]:
    if _is_redis(url):
        return {
            # Redis gives a dead worker's ticket back after this time, so it must be longer than any ticket takes; the
            # sweep for it runs every interval times throttle seconds.
            "visibility_timeout": settings.ticket_limit_s + _REDELIVERY_MARGIN_S,
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
            "global_keyprefix": f"{settings.broker_queue}:",
            "socket_connect_timeout": _CONNECT_S,
            "socket_keepalive": True,
        }
    # Without confirmation a publish may fail and nobody hears of it.
    return {"confirm_publish": True, "connect_timeout": _CONNECT_S}


class BrokerBell:
    """Puts a ticket on the broker unless one waits there: whoever takes that one looks after this moment.

    It keeps a connection of its own and belongs to the thread that rings. Raises Refused as :func:`broker_app` does.
    """

    def __init__(self, settings: Settings) -> None:
        self._app = broker_app(settings)
        self._queue = _queue(settings)
        names = ("socket_timeout",) if _is_redis(self._app.conf.broker_url) else ("read_timeout", "write_timeout")
        self._patience = dict.fromkeys(names, _ANSWER_S)
        self._connection: Connection | None = None
        self._producer: Producer | None = None
        self._away = False

    def ring(self) -> bool:
        """Whether a ticket is on the broker now; False when it cannot be reached."""
        for _ in range(2):
            connection = self._connection or self._app.connection_for_write(
                heartbeat=0, transport_options=self._patience
            )
            self._connection = connection
            try:
                self._put(connection)
            except (*connection.connection_errors, *connection.channel_errors, KombuError, OSError) as broken:
                # A connection that nobody used for long may be gone: the second try is on a new one.
                self.hang_up()
                reason = f"{type(broken).__name__}: {broken}"
            else:
                if self._away:
                    log.warning("broker back")
                self._away = False
                return True
        if not self._away:
            log.warning("broker away; work goes on, found by looking", reason=reason)
        self._away = True
        return False

    def hang_up(self) -> None:
        """Lets the connection go; the next ring makes another."""
        connection, self._connection, self._producer = self._connection, None, None
        if connection is not None:
            connection.release()

    def _put(self, connection: Connection) -> None:
        if self._producer is None:
            connection.ensure_connection(max_retries=1, timeout=_CONNECT_S)
            self._producer = self._app.amqp.Producer(connection.channel())
        declared = self._producer.channel.queue_declare(queue=self._queue.name, durable=True, auto_delete=False)
        if declared.message_count == 0:
            self._app.send_task(
                TICKET,
                producer=self._producer,
                queue=self._queue,
                declare=[],
                retry=False,
                delivery_mode="transient",
                ignore_result=True,
            )


def run_worker(settings: Settings, catalog: Catalog | None = None) -> int:
    """Works until told to stop: the process that takes tickets, and ``worker_processes`` children that do the work.

    ``catalog`` replaces what is installed. A stop lets children finish what they do. Gives back the exit code.
    """
    app = broker_app(settings)
    migrate(settings.database_url)
    child = _Child(settings, catalog)
    app.task(child.work, name=TICKET, bind=False, serializer="json")
    # Ours are set up already; a receiver keeps Celery from its own.
    signals.setup_logging.connect(_no_logging, weak=False)
    signals.worker_process_init.connect(child.begin, weak=False)
    signals.worker_process_shutdown.connect(child.end, weak=False)
    worker = app.Worker(
        hostname=f"exec-{secrets.token_hex(4)}-{os.getpid()}@{platform.node()}",
        pool_cls="prefork",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    log.info("worker begins", processes=settings.worker_processes, threads=settings.executor_threads)
    worker.start()
    return int(worker.exitcode or 0)


def _no_logging(**_: object) -> None:
    return None


class _Child:
    """What one pool child has: an engine of its own, opened after the fork, and a shift on it."""

    def __init__(self, settings: Settings, catalog: Catalog | None) -> None:
        self._settings = settings
        self._catalog = catalog
        self._opening = threading.Lock()
        self._engine: Engine | None = None
        self._shift: Shift | None = None

    def begin(self, **_: object) -> None:
        """Opens the engine; when the database is away, the next ticket tries again."""
        self._opened()

    def work(self) -> None:
        """One ticket."""
        self._opened().work()

    def end(self, **_: object) -> None:
        """Lets running work finish and closes the engine."""
        if self._shift is not None:
            self._shift.stop()
        if self._engine is not None:
            close_engine(self._engine)

    def _opened(self) -> Shift:
        with self._opening:
            if self._shift is None:
                if self._engine is None:
                    self._engine = open_engine(self._settings, catalog=self._catalog, part="worker")
                shift = Shift(self._engine, BrokerBell(self._settings), self._settings.ticket_limit_s / _SHIFT_SHARE)
                shift.start()
                self._shift = shift
            return self._shift

"""The HTTP server of one process: uvicorn around the app, ending its open streams when it is told to stop."""

from __future__ import annotations

import signal
import socket
from types import FrameType

import uvicorn

from taktflow.api.app import create_app
from taktflow.api.events import HEARTBEAT_S
from taktflow.services.engine import Engine


class Server(uvicorn.Server):
    """Uvicorn waits for open responses before it stops; an event stream never ends by itself, so it is ended first."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Takes the signal to stop; a second interrupt stops without waiting.

        Uvicorn would raise the signal once more at its end and so kill the process before the engine is closed.
        """
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.stop()

    def stop(self) -> None:
        """Stops as a signal would, from any thread."""
        self.config.app.state.rim.hub.close_soon()  # type: ignore[union-attr]  # the app is ours, never a path
        self.should_exit = True


def server(
    engine: Engine, *, host: str | None = None, port: int | None = None, heartbeat_s: float = HEARTBEAT_S
) -> Server:
    """A server for ``engine`` on the address of its settings, not yet running: call ``run()``."""
    settings = engine.settings
    config = uvicorn.Config(
        create_app(engine, heartbeat_s=heartbeat_s),
        host=host or settings.host,
        port=settings.port if port is None else port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        # HTTPS ends at a proxy, whose word on the caller's address is taken then; else a header counts for nothing.
        proxy_headers=settings.cookie_secure,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=30,
        limit_concurrency=2_000,
        h11_max_incomplete_event_size=65_536,
    )
    return Server(config)


def free_socket(host: str) -> socket.socket:
    """A listening socket on a free port of ``host``, for tests and for port 0."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, 0))
    listening.listen(128)
    return listening

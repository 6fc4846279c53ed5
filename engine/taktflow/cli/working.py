"""Who performs what workflows owe: threads of the server, or workers on any machine."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Protocol

import typer

from taktflow.api.logs import configure_logs
from taktflow.cli.telling import told
from taktflow.errors import Refused
from taktflow.executor.embedded import EmbeddedExecutor
from taktflow.executor.remote import RemoteExecutor
from taktflow.services.engine import Engine, this_machine
from taktflow.settings import Settings
from taktflow.store.heard import runs_heard

_SILENCE = timedelta(seconds=30)


class Executor(Protocol):
    """What a server starts and stops beside itself."""

    def start(self) -> None:
        """Begins."""

    def stop(self, timeout_s: float = 10.0) -> None:
        """Ends after what runs."""


def executor_of(engine: Engine) -> Executor:
    """The executor that the engine's settings ask for; raises Refused where they lack something for it."""
    if engine.settings.executor == "embedded":
        return EmbeddedExecutor(engine)
    # Read only where it is wanted: most commands need no broker, and the library takes its time.
    from taktflow.executor.celery import BrokerBell

    return RemoteExecutor(engine, BrokerBell(engine.settings))


def worker(
    processes: Annotated[int | None, typer.Option(min=1, max=128, help="Processes; each has its own threads.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Say whether this machine's worker lives, and end.")] = False,
) -> None:
    """Perform what workflows owe, called over the broker, until told to stop; as many workers as you like.

    With --check it ends with 1 when no process of a worker here has reached the database in the last 30 seconds.
    """
    with told():
        settings = Settings()
        if settings.executor != "celery":
            raise Refused("executor.embedded")
        if check:
            print(f"{_heard(settings)} processes live")
            return
        configure_logs()
        from taktflow.executor.celery import run_worker

        if processes is not None:
            settings = settings.model_copy(update={"worker_processes": processes})
        raise typer.Exit(run_worker(settings))


def _heard(settings: Settings) -> int:
    if settings.database_url.startswith("sqlite"):
        raise Refused("executor.sqlite")
    found = runs_heard(settings.database_url, this_machine("worker"), _SILENCE)
    if not found:
        raise Refused("executor.silent", seconds=int(_SILENCE.total_seconds()))
    return found

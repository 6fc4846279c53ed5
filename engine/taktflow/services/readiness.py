"""Whether a process can work, and if not, what keeps it from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as NotYet

from taktflow.errors import Overloaded, TaktflowError
from taktflow.services.engine import Engine

WRITER_PATIENCE_S = 5.0


def readiness(engine: Engine) -> Mapping[str, str]:
    """The parts that a working process needs, each with the code of what is wrong with it, ``""`` for nothing.

    The writer really writes: a database that can only be read is no use. It waits a few seconds for that at most.
    """
    store = engine.store
    full = store.waiting >= engine.settings.queue_limit
    return {
        "database": _wrong(lambda: store.people.find("nobody")),
        "migrations": _wrong(store.check_revision),
        "queue": "store.busy" if full else "",
        "writer": _wrong(lambda: store.prove_writable(engine.epoch).result(WRITER_PATIENCE_S)),
        "executor": "" if all(pulse.beats for pulse in engine.watch.pulses) else "executor.stopped",
    }


def _wrong(ask: Callable[[], object]) -> str:
    try:
        ask()
    except Overloaded:
        return "store.busy"
    except TaktflowError as known:
        return known.code
    except NotYet:
        return "ready.slow"
    return ""

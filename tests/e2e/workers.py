"""``taktflow worker`` as a process of its own, killed and started again as often as wanted."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.e2e.factory import _FORKS

_PATIENCE_S = 60.0


def _work(environment: Mapping[str, str], log: str) -> None:
    os.environ.update(environment)
    with open(log, "ab") as told:  # noqa: PTH123  # Its number is wanted, which goes to both standard streams.
        os.dup2(told.fileno(), 1)
        os.dup2(told.fileno(), 2)
    sys.argv = ["taktflow", "worker"]
    # Not above: the process that forks has read it, the one that runs the tests need not.
    from tests.e2e.warm import app

    app()


@dataclass
class Worker:
    """One worker and its pool of processes."""

    environment: Mapping[str, str]
    log: Path
    _process: BaseProcess | None = None

    def start(self) -> None:
        """Starts it and does not wait."""
        self._process = _FORKS.Process(target=_work, args=(self.environment, str(self.log)))
        self._process.start()

    def children(self) -> list[int]:
        """Its pool's processes."""
        assert self._process is not None
        assert self._process.pid is not None
        listed = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(pid) for pid in listed.read_text().split()]

    def wait_ready(self) -> None:
        """Waits until its pool is there."""
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            assert self._process is not None and self._process.is_alive(), self.log.read_text()[-3000:]
            if self.children():
                return
            time.sleep(0.02)
        raise AssertionError("the worker makes no pool: " + self.log.read_text()[-3000:])

    def kill(self) -> None:
        """Ends the process that takes tickets, and with it its pool, with no chance to finish anything."""
        assert self._process is not None
        self._process.kill()
        self._process.join(_PATIENCE_S)
        self._process.close()
        self._process = None

    def kill_child(self) -> None:
        """Ends one process of the pool, as a lack of memory would."""
        os.kill(self.children()[0], signal.SIGKILL)

    def stop(self) -> None:
        """Asks it to end and waits until it has."""
        assert self._process is not None
        self._process.terminate()
        self._process.join(_PATIENCE_S)
        code = self._process.exitcode
        if code is None:
            self.kill()
        else:
            self._process.close()
            self._process = None
        assert code == 0, f"the worker ended with {code}: " + self.log.read_text()[-3000:]

    def __enter__(self) -> Worker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()

"""Processes that benchmarks talk to, one JSON line there and one back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


class Spoken:
    """A process that answers each line with a line."""

    def __init__(self, module: str, *arguments: str, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._log = log
        with log.open("ab") as told:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=told,
                text=True,
                env=environment,
            )

    def heard(self) -> Any:
        """The next line it says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the process is gone: {self._log.read_text()[-2_000:]}"
        return json.loads(line)

    def ask(self, **request: Any) -> Any:
        """Its answer to ``request``."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.heard()

    def stop(self, timeout_s: float = 15.0) -> None:
        """Says that there are no more requests and waits until it has ended by itself."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout_s)

    def kill(self) -> None:
        """Ends it with no chance to finish anything."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def spoken(module: str, *arguments: str, log: Path, environment: Mapping[str, str] | None = None) -> Iterator[Spoken]:
    """``python -m module`` for the time of the block, once it has said its first line."""
    process = Spoken(module, *arguments, log=log, environment=environment)
    try:
        process.heard()
        yield process
    finally:
        process.stop()
        process.kill()


@contextmanager
def peer(kind: str, address: str, folder: Path, **environment: str) -> Iterator[Spoken]:
    """A peer of ``durable_peers``."""
    log = folder / f"{kind}.log"
    more = {**os.environ, **environment}
    with spoken("tests.bench.durable_peers", kind, address, log=log, environment=more) as process:
        yield process

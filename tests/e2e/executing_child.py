"""An executor as a process of its own: tells each outside call to a folder, and waits there for leave to go on."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from taktflow.catalog import Catalog
from taktflow.executor.embedded import EmbeddedExecutor
from taktflow.sdk import Idempotency, Node, NodeConfig, NodeContext, Result, Text
from taktflow.services.engine import Engine, open_engine
from taktflow.settings import Settings


class CallConfig(NodeConfig):
    """What is called for."""

    value: Annotated[Any, Field(description="What comes back.")] = None


class Call(Node[CallConfig]):
    """Notes in ``ledger`` that it was called, then waits until the file ``go`` is there."""

    kind = "test.call"
    title = Text("呼叫", "Call")
    idempotency: ClassVar[Idempotency] = "key"
    Config = CallConfig
    folder: ClassVar[Path]

    def run(self, config: CallConfig, context: NodeContext) -> Result:
        """The value."""
        line = f"{time.time()} {os.getpid()} {self.kind} {context.key}\n"
        with (self.folder / "ledger").open("a") as ledger:
            ledger.write(line)
        while not (self.folder / "go").exists():
            time.sleep(0.01)
        return Result(value=config.value)


class CallOnce(Call):
    """The same for an outside that would take a second call for another order."""

    kind = "test.call_once"
    idempotency: ClassVar[Idempotency] = "none"


def opened(url: str, folder: Path) -> Engine:
    """The engine with these nodes."""
    bound = [type(f"{kind.__name__}Here", (kind,), {"folder": folder}) for kind in (Call, CallOnce)]
    settings = Settings(_env_file=None, database_url=url, var=folder)
    return open_engine(settings, catalog=Catalog.of(nodes=bound))


def main(url: str, folder: Path, threads: int) -> None:
    """Works until it is told to end by the end of its input."""
    begun = datetime.now(UTC)
    engine = opened(url, folder)
    executor = EmbeddedExecutor(engine, threads)
    executor.start()
    print(f"{os.getpid()} {(datetime.now(UTC) - begun).total_seconds()}", flush=True)
    sys.stdin.read()
    executor.stop()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))

"""A server's work as a process that can be killed: ``python -m tests.bench.durable_recovery URL FOLDER fill|resume N``.

``fill`` starts N instances whose effects never come back; ``resume`` goes on with what a killed process left, and says
when the first effect was performed and when the first instance durably ended.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from taktflow.catalog import NODES, Announced, Catalog, announced
from taktflow.executor.embedded import EmbeddedExecutor
from taktflow.sdk import NodeContext, Result
from taktflow.services.engine import close_engine, open_engine
from taktflow.services.start import start_instance
from taktflow.store import Notice
from tests.bench.durable_flows import ME, OVER, a_flow, publish, settings
from tests.builders import Send, SetConfig

FLOW = a_flow(5, 1)


class Never(Send):
    """An effect whose other side does not answer."""

    def run(self, config: SetConfig, context: NodeContext) -> Result:
        """Does not come back."""
        threading.Event().wait()
        return Result()


class First:
    """Says a thing once, with the time."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = threading.Lock()

    def say(self) -> None:
        """The first call says it; it never lets go of the lock."""
        if self._lock.acquire(blocking=False):
            print(json.dumps({self._what: time.time(), f"{self._what}_cpu": time.process_time()}), flush=True)


class Again(Send):
    """The effect, which comes back this time."""

    first = First("performed")

    def run(self, config: SetConfig, context: NodeContext) -> Result:
        """As configured."""
        self.first.say()
        return super().run(config, context)


def main() -> int:
    read = {"read": time.time(), "read_cpu": time.process_time()}
    # What is said on the standard output is for whoever measures.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    url, folder, act, count = sys.argv[1:5]
    kind = Never if act == "fill" else Again
    engine = open_engine(
        settings(url, Path(folder)), catalog=Catalog([*announced(), Announced(NODES, "test.send", lambda: kind)])
    )
    ended = First("ended")

    def heard(notices: Sequence[Notice]) -> None:
        if any(n.instance is not None and n.status in OVER for n in notices):
            ended.say()

    engine.store.listen(heard)
    if act == "fill":
        publish(engine, FLOW)
    executor = EmbeddedExecutor(engine)
    executor.start()
    print(json.dumps({**read, "open": time.time()}), flush=True)
    if act == "fill":
        id = str(FLOW.document["id"])
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _: start_instance(engine, id, data={"x": 7}, caller=ME), range(int(count))))
        print(json.dumps({"live": int(count)}), flush=True)
    sys.stdin.read()
    executor.stop()
    close_engine(engine)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A process that commits without end and tells each commit once it is kept: ``python writing_child.py URL PREFIX``."""

from __future__ import annotations

import sys
import threading

from taktflow.store import Store
from tests.contract.store.builders import moved, started

_telling = threading.Lock()


def tell(line: str) -> None:
    with _telling:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def commit_without_end(store: Store, prefix: str) -> None:
    n = 0
    while True:
        id = f"{prefix}-{n}"
        store.commit(started(id, workflow=prefix)).result()
        tell(f"{id} 1")
        for rev in (1, 2):
            store.commit(moved(id, rev, workflow=prefix)).result()
            tell(f"{id} {rev + 1}")
        n += 1


if __name__ == "__main__":
    url, prefix = sys.argv[1:]
    opened = Store.open(url)
    for i in range(4):
        threading.Thread(target=commit_without_end, args=(opened, f"{prefix}-{i}")).start()

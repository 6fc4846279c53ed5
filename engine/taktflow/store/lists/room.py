"""What every room has: a way to ask and a way to write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from taktflow.store.apply.alerts import note_audit
from taktflow.store.commit import AuditEntry
from taktflow.store.lists.paging import Asking
from taktflow.store.rows import Notice
from taktflow.store.transaction import Transaction
from taktflow.store.writer import Writer

T = TypeVar("T")


class Room:
    """One noun's lists and plain changes. A change waits until it is on the disk."""

    def __init__(self, asking: Asking, writer: Writer) -> None:
        self._asking = asking
        self._writer = writer

    def _write(self, act: Callable[[Transaction], T], audit: AuditEntry | None = None, work: str = "") -> T:
        return self._write_all(act, () if audit is None else (audit,), work)

    def _write_all(self, act: Callable[[Transaction], T], audit: Sequence[AuditEntry], work: str = "") -> T:
        def change(tx: Transaction) -> tuple[T, Notice | None]:
            found = act(tx)
            for entry in audit:
                note_audit(tx, entry)
            return found, Notice(None, 0, "", frozenset((work,))) if work else None

        return self._writer.submit(change).result()

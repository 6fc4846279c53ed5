"""Excel out and in."""

from __future__ import annotations

from collections.abc import Collection

from taktflow.definitions.decision import Decision
from taktflow.values import Finding


def write_xlsx(decision: Decision, *, version: int | None = None, split: Collection[str] = ()) -> bytes:
    """``decision`` as a workbook; the interval columns named in ``split`` become two columns, from and until."""
    raise NotImplementedError


def read_xlsx(content: bytes, into: Decision | None = None) -> tuple[Decision | None, tuple[Finding, ...]]:
    """The table that a workbook holds; settings are ``into``'s where one is given, else the workbook's own.

    None when it cannot be told what the sheets say. Findings name ``sheet!cell`` as their file.
    """
    raise NotImplementedError

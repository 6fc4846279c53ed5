"""CSV out and in."""

from __future__ import annotations

from taktflow.definitions.decision import Decision
from taktflow.values import Finding


def write_csv(decision: Decision, *, sheet: str = "") -> bytes:
    """The rows of ``decision`` (or of its cross-tab ``sheet``) as CSV that Excel opens with its Chinese intact."""
    raise NotImplementedError


def read_csv(content: bytes, into: Decision, *, sheet: str = "") -> tuple[Decision | None, tuple[Finding, ...]]:
    """``into`` with the rows (of its cross-tab ``sheet``) that ``content`` holds."""
    raise NotImplementedError

"""GoRules' JSON decision models in."""

from __future__ import annotations

from taktflow.definitions.decision import Decision
from taktflow.values import Finding


def read_jdm(content: bytes) -> tuple[tuple[Decision, ...], tuple[Finding, ...]]:
    """Every decision table of a JDM graph; what cannot be carried over is a finding."""
    raise NotImplementedError

"""What type an expression gives, and what cannot be right about it, before any value is known."""

from __future__ import annotations

from collections.abc import Mapping

from taktflow.expressions.tree import Node
from taktflow.expressions.types import ANY, Type
from taktflow.values import Finding


def inferred(root: Node, types: Mapping[str, Type]) -> tuple[Type, tuple[Finding, ...]]:
    """The type of ``root`` where the variables have ``types``, and its findings in reading order."""
    return ANY, ()

"""Decision tables as canonical YAML."""

from __future__ import annotations

from taktflow.definitions.decision import Decision


def written(definition: Decision) -> str:
    """``definition`` as YAML with a fixed order of keys and one row on a line, so that differences can be read."""
    raise NotImplementedError

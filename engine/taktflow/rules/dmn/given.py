"""Data from outside as a model's inputs declare it: JSON and CSV write dates, and CSV numbers too, as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from taktflow.rules.dmn.kinds import Kind
from taktflow.rules.dmn.native_table import cell_type
from taktflow.rules.typed import Mistyped, coerced
from taktflow.values import Value


def as_declared(value: Value, kind: Kind, zone: tzinfo) -> Value:
    """``value`` with every text that writes what ``kind`` declares there read as that; anything else as it is."""
    if kind.item is not None and isinstance(value, list | tuple):
        return [as_declared(v, kind.item, zone) for v in value]
    if kind.fields is not None and isinstance(value, Mapping):
        return {k: as_declared(v, kind.fields[k], zone) if k in kind.fields else v for k, v in value.items()}
    wanted = cell_type(kind)
    if not isinstance(value, str) or wanted in ("any", "text"):
        return value
    try:
        return coerced(value, wanted, zone)
    except Mistyped:
        return value

"""The lines above a sheet's rows: the table, titles, ids, roles, types. Ids stand where people see them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from taktflow.definitions.decision import Decision
from taktflow.rules.exchange.intervals import FROM, UNTIL
from taktflow.rules.exchange.sheets import Column, Sheet

HEADER_ROWS = 5
IDS, ROLES = 3, 4
"""The lines, from 1, of the columns' ids and of their roles."""
ROLE_WORDS = frozenset({"id", "in", "out", "annotation"})


def heading_lines(
    decision: Decision, sheet: Sheet, split: Collection[str], version: int | None
) -> tuple[Sequence[str], ...]:
    """The five lines as texts."""
    columns = sheet.columns
    said = f"version {version}" if version is not None else "draft"
    return (
        [decision.id, said, decision.hit_policy, decision.aggregate or "", sheet.crosstab],
        _doubled(columns, split, lambda c: c.both),
        ids_line(columns, split),
        _doubled(columns, split, lambda c: c.role),
        _doubled(columns, split, _kind),
    )


def ids_line(columns: Sequence[Column], split: Collection[str]) -> list[str]:
    """The ids of ``columns``, those ``split`` as ``valid.from`` and ``valid.until``."""
    found = []
    for column in columns:
        found += [column.id + FROM, column.id + UNTIL] if column.id in split else [column.id]
    return found


def _doubled(columns: Sequence[Column], split: Collection[str], words: Callable[[Column], str]) -> list[str]:
    return [words(c) for c in columns for _ in range(2 if c.id in split else 1)]


def _kind(column: Column) -> str:
    if column.role in ("id", "annotation"):
        return ""
    return f"{column.type} [{column.unit}]" if column.unit else column.type

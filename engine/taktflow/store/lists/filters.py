"""Conditions that more than one list uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_

from taktflow.store.sortable import after_prefix


def starts_with(column: ColumnElement[Any], prefix: str) -> ColumnElement[bool]:
    """Whether the text begins with ``prefix``, by the column's index and with no character special."""
    end = after_prefix(prefix)
    return and_(column >= prefix, column < end) if end else column >= prefix


def same(pairs: Sequence[tuple[ColumnElement[Any], object]]) -> list[ColumnElement[bool]]:
    """One condition for each value that is given."""
    return [column == value for column, value in pairs if value is not None]


def within(column: ColumnElement[Any], since: object, before: object) -> list[ColumnElement[bool]]:
    """From ``since`` on and earlier than ``before``, as far as they are given."""
    found = [] if since is None else [column >= since]
    return found if before is None else [*found, column < before]

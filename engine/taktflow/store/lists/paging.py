"""Pages that stay right while rows come and go: each asks for what follows the last row seen."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Engine,
    Select,
    create_engine,
    func,
    literal,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from taktflow.errors import Invalid
from taktflow.store import sqlite
from taktflow.store.address import Address
from taktflow.store.columns import Moment
from taktflow.store.failures import StoreFailed
from taktflow.store.rows import Page
from taktflow.values import plain_dumps, plain_loads

T = TypeVar("T")
MOST_COUNTED = 10_000
MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Order:
    """One way to sort: the columns, the last of them unique, all up or all down."""

    name: str
    columns: tuple[ColumnElement[Any], ...]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a list is wanted. ``sort`` names a column, with ``-`` for downwards; ``""`` is the list's own."""

    limit: int = 50
    cursor: str | None = None
    sort: str = ""
    count: bool = True
    """Whether the first page counts all rows, up to a bound."""


class Asking:
    """Runs selects on a few reading connections of their own."""

    def __init__(self, address: Address) -> None:
        self._engine = _engine(address)

    def rows(self, query: Select[Any]) -> Sequence[Any]:
        """The rows that ``query`` finds."""
        try:
            return self._asked(query)
        except DBAPIError as lost:
            if not lost.connection_invalidated:
                raise StoreFailed(str(lost)) from lost
        except SQLAlchemyError as error:
            raise StoreFailed(str(error)) from error
        # The server had ended a connection that lay idle. None of its age is used any more, so once again is enough;
        # asking each connection before its use whether it lives would double what an idle process asks.
        try:
            return self._asked(query)
        except SQLAlchemyError as error:
            raise StoreFailed(str(error)) from error

    def _asked(self, query: Select[Any]) -> Sequence[Any]:
        with self._engine.connect() as connection:
            return connection.execute(query).all()

    def page(self, query: Select[Any], order: Order, part: Part, shape: Callable[[Any], T]) -> Page[T]:
        """The wanted part of ``query``; ``shape`` turns a row, less its sort key, into what is handed out."""
        keys = [_raw(c) for c in order.columns]
        limit = max(1, min(part.limit, MOST_ROWS))
        chosen = query.add_columns(*(k.label(f"_key{i}") for i, k in enumerate(keys)))
        if part.cursor is not None:
            chosen = chosen.where(_beyond(keys, order, part.cursor))
        chosen = chosen.order_by(*(k.desc() if order.descending else k.asc() for k in keys)).limit(limit + 1)
        found = self.rows(chosen)
        more = len(found) > limit
        next_cursor = _cursor(order, found[limit - 1][-len(keys) :]) if more else None
        total = self._total(query) if part.count and part.cursor is None else None
        return Page(tuple(shape(r) for r in found[:limit]), next_cursor, total)

    def close(self) -> None:
        """Lets the connections go."""
        self._engine.dispose()

    def _total(self, query: Select[Any]) -> int | None:
        bounded = (
            query.with_only_columns(literal(1), maintain_column_froms=True)
            .order_by(None)
            .limit(MOST_COUNTED + 1)
            .subquery()
        )
        total = int(self.rows(select(func.count()).select_from(bounded))[0][0])
        return total if total <= MOST_COUNTED else None


def chosen_order(orders: Mapping[str, tuple[ColumnElement[Any], ...]], sort: str, default: str) -> Order:
    """The order that ``sort`` names; Invalid for an unknown one."""
    wanted = sort or default
    name = wanted.removeprefix("-")
    if name not in orders:
        raise Invalid("store.sort", where="/sort", sort=sort, known=", ".join(orders))
    return Order(wanted, orders[name], wanted.startswith("-"))


def _raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    # A cursor carries what the database compares: microseconds, not datetimes.
    return type_coerce(column, BigInteger) if isinstance(column.type, Moment) else column


def _beyond(keys: Sequence[ColumnElement[Any]], order: Order, cursor: str) -> ColumnElement[bool]:
    values = _seen(order, cursor)
    if len(values) != len(keys):
        raise Invalid("store.cursor", where="/cursor")
    last = tuple_(*(literal(v, k.type) for v, k in zip(values, keys, strict=True)))
    return tuple_(*keys) < last if order.descending else tuple_(*keys) > last


def _cursor(order: Order, key: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(plain_dumps([order.name, *key]).encode()).decode().rstrip("=")


def _seen(order: Order, cursor: str) -> list[Any]:
    try:
        found = plain_loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as wrong:
        raise Invalid("store.cursor", where="/cursor") from wrong
    if not isinstance(found, list) or not found or found[0] != order.name:
        raise Invalid("store.cursor", where="/cursor")
    return [v if isinstance(v, str) else _counted(v) for v in found[1:]]


def _counted(value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError) as wrong:
        raise Invalid("store.cursor", where="/cursor") from wrong
    if abs(number) >= 2**63:
        raise Invalid("store.cursor", where="/cursor")
    return number


def _engine(address: Address) -> Engine:
    path = address.path
    if path is not None:
        return create_engine(
            "sqlite://", creator=lambda: sqlite.reading(path), poolclass=QueuePool, pool_size=4, max_overflow=12
        )
    return create_engine(address.url, isolation_level="AUTOCOMMIT", pool_size=4, max_overflow=6)

"""Messages, broadcasts, and who waits for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Counter, Moment, Words


class SubscriptionTable(SQLModel, table=True):
    """An instance waits for one message ``name`` with ``key``; ``n`` tells which waits longest."""

    __tablename__ = "subscription"
    __table_args__ = (
        Index("subscription_place", "instance_id", "id", unique=True),
        Index("subscription_name", "name", "key", "n"),
        {"sqlite_autoincrement": True},
    )

    n: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    instance_id: str = Field(sa_type=Words)
    id: str = Field(sa_type=Words)
    name: str = Field(sa_type=Words)
    key: str = Field(sa_type=Words)


class ListenerTable(SQLModel, table=True):
    """An instance hears the broadcast ``name`` for as long as the row stands."""

    __tablename__ = "listener"
    __table_args__ = (Index("listener_name", "name"), {"sqlite_with_rowid": False})

    instance_id: str = Field(primary_key=True, sa_type=Words)
    id: str = Field(primary_key=True, sa_type=Words)
    name: str = Field(sa_type=Words)


class MessageTable(SQLModel, table=True):
    """A message that arrived; ``id`` is the sender's, so that the same message never counts twice."""

    __tablename__ = "message"
    __table_args__ = (
        Index(
            "message_waiting",
            "name",
            "key",
            "received_at",
            sqlite_where=text("status = 'waiting'"),
            postgresql_where=text("status = 'waiting'"),
        ),
        Index("message_expires", "expires_at"),
    )

    id: str = Field(primary_key=True, sa_type=Words)
    name: str = Field(sa_type=Words)
    key: str = Field(sa_type=Words)
    payload: str = Field(sa_type=Words)
    by: str = Field(default="", sa_type=Words)
    received_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    status: str = Field(sa_type=Words)
    taken_by: str | None = Field(default=None, sa_type=Words)

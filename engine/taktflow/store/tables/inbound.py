"""What came in from connections, as it came."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Counter, Moment, Words


class InboundTable(SQLModel, table=True):
    """One raw webhook or polled row; a connection's ``event_id`` is taken once."""

    __tablename__ = "inbound"
    __table_args__ = (
        Index("inbound_event", "connection", "event_id", unique=True),
        Index(
            "inbound_pending",
            "next_at",
            "id",
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "inbound_failed",
            "id",
            sqlite_where=text("status = 'failed'"),
            postgresql_where=text("status = 'failed'"),
        ),
        Index("inbound_instance", "instance_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    connection: str = Field(sa_type=Words)
    event_id: str = Field(sa_type=Words)
    topic: str = Field(sa_type=Words)
    headers: str = Field(sa_type=Words)
    body: bytes
    received_at: datetime = Field(sa_type=Moment)
    status: str = Field(sa_type=Words)
    attempts: int = 0
    next_at: datetime = Field(sa_type=Moment)
    error: str | None = Field(default=None, sa_type=Words)
    instance_id: str | None = Field(default=None, sa_type=Words)

"""Things that one instance at a time may use, and the queues for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Counter, Moment, Words


class LockTable(SQLModel, table=True):
    """A place in the queue for the thing ``name``; ``n`` orders it, ``granted_at`` tells who has it."""

    __tablename__ = "lock_queue"
    __table_args__ = (
        Index("lock_place", "instance_id", "id", unique=True),
        Index("lock_name", "name", "n"),
        {"sqlite_autoincrement": True},
    )

    n: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    instance_id: str = Field(sa_type=Words)
    id: str = Field(sa_type=Words)
    name: str = Field(sa_type=Words)
    node: str = Field(sa_type=Words)
    asked_at: datetime = Field(sa_type=Moment)
    granted_at: datetime | None = Field(default=None, sa_type=Moment)

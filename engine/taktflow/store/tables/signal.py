"""What the engine tells an instance, each told exactly once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Counter, Moment, Words


class SignalTable(SQLModel, table=True):
    """A child to start or cancel, a child's end, a message that matched. Gone once it was taken."""

    __tablename__ = "signal_inbox"
    __table_args__ = (Index("signal_instance", "instance_id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    instance_id: str = Field(sa_type=Words)
    kind: str = Field(sa_type=Words)
    subject: str = Field(default="", sa_type=Words)
    """The subscription that a message matched, so that it can be given back."""
    event: str = Field(sa_type=Words)
    at: datetime = Field(sa_type=Moment)

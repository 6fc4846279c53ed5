"""Timers of instances."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Moment, Words


class TimerTable(SQLModel, table=True):
    """A moment that an instance waits for."""

    __tablename__ = "timer"
    __table_args__ = (Index("timer_due", "due"), {"sqlite_with_rowid": False})

    instance_id: str = Field(primary_key=True, sa_type=Words)
    timer: str = Field(primary_key=True, sa_type=Words)
    due: datetime = Field(sa_type=Moment)

"""Runs of executors."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from taktflow.store.columns import Counter, Moment, Words


class ExecutorTable(SQLModel, table=True):
    """One run of an executor process; ``epoch`` is given once and tells its claims from those of every other run."""

    __tablename__ = "executor"
    __table_args__ = ({"sqlite_autoincrement": True},)

    epoch: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    id: str = Field(sa_type=Words)
    started_at: datetime = Field(sa_type=Moment)
    heartbeat_at: datetime = Field(sa_type=Moment)

"""Work in bulk that goes on in the background, and what it still has to do."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Counter, Moment, Words


class JobTable(SQLModel, table=True):
    """One job; ``place`` is how far its items are gathered, ``epoch`` the executor run that works on it."""

    __tablename__ = "job"
    __table_args__ = (
        Index("job_created", "created_at", "id"),
        Index("job_status", "status", "held_until"),
    )

    id: str = Field(primary_key=True, sa_type=Words)
    action: str = Field(sa_type=Words)
    by: str = Field(sa_type=Words)
    why: str = Field(sa_type=Words)
    chosen: str = Field(sa_type=Words)
    options: str = Field(sa_type=Words)
    status: str = Field(sa_type=Words)
    place: str | None = Field(default=None, sa_type=Words)
    total: int
    done: int
    failed: int
    skipped: int
    epoch: int = Field(sa_type=Counter)
    held_until: datetime = Field(sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    ended_by: str | None = Field(default=None, sa_type=Words)


class JobItemTable(SQLModel, table=True):
    """One thing that a job has yet to do, or could not do; what is done has no row any more."""

    __tablename__ = "job_item"
    __table_args__ = (
        Index("job_item_status", "job_id", "status", "n"),
        {"sqlite_with_rowid": False},
    )

    job_id: str = Field(primary_key=True, sa_type=Words)
    n: int = Field(primary_key=True)
    object: str = Field(sa_type=Words)
    status: str = Field(sa_type=Words)
    code: str | None = Field(default=None, sa_type=Words)
    zh: str | None = Field(default=None, sa_type=Words)
    en: str | None = Field(default=None, sa_type=Words)

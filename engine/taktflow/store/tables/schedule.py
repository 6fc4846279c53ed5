"""Starts that recur by themselves, and when each is due next."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Moment, Words

_DUE = text("next_at IS NOT NULL")


class ScheduleTable(SQLModel, table=True):
    """A schedule as its workflow's version in force declares it.

    ``next_at`` is the earliest moment that nobody has fired; there is none while the schedule is paused, once it is
    retired, or when it has no moment left. ``last_at`` is the moment fired last, ``fired_at`` when that was done.
    """

    __tablename__ = "schedule"
    __table_args__ = (
        Index("schedule_due", "next_at", sqlite_where=_DUE, postgresql_where=_DUE),
        {"sqlite_with_rowid": False},
    )

    workflow: str = Field(primary_key=True, sa_type=Words)
    start: str = Field(primary_key=True, sa_type=Words)
    version: int
    cron: str = Field(sa_type=Words)
    zone: str = Field(sa_type=Words)
    calendar: str | None = Field(default=None, sa_type=Words)
    on_holiday: str = Field(sa_type=Words)
    catch_up: str = Field(sa_type=Words)
    next_at: datetime | None = Field(default=None, sa_type=Moment)
    last_at: datetime | None = Field(default=None, sa_type=Moment)
    fired_at: datetime | None = Field(default=None, sa_type=Moment)
    last_instance: str | None = Field(default=None, sa_type=Words)
    code: str | None = Field(default=None, sa_type=Words)
    zh: str | None = Field(default=None, sa_type=Words)
    en: str | None = Field(default=None, sa_type=Words)
    paused_at: datetime | None = Field(default=None, sa_type=Moment)
    paused_by: str | None = Field(default=None, sa_type=Words)
    why: str | None = Field(default=None, sa_type=Words)
    retired_at: datetime | None = Field(default=None, sa_type=Moment)

"""Instances and their journals."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Counter, Moment, Words


class InstanceTable(SQLModel, table=True):
    """One instance: its newest state and what lists need. ``rev`` counts its commits, ``seq`` its journal rows."""

    __tablename__ = "instance"
    __table_args__ = (
        Index(
            "instance_start",
            "workflow",
            "start_key",
            unique=True,
            sqlite_where=text("start_key IS NOT NULL"),
            postgresql_where=text("start_key IS NOT NULL"),
        ),
        Index("instance_key", "business_key"),
        Index("instance_started", "started_at", "id"),
        Index("instance_workflow", "workflow", "status", "started_at"),
        Index(
            "instance_parent",
            "parent_id",
            sqlite_where=text("parent_id IS NOT NULL"),
            postgresql_where=text("parent_id IS NOT NULL"),
        ),
        Index(
            "instance_troubled",
            "started_at",
            sqlite_where=text("incidents > 0"),
            postgresql_where=text("incidents > 0"),
        ),
        # Not by changed_at: PostgreSQL updates a row in place only while no indexed column changes.
        Index("instance_runnable", "id", sqlite_where=text("runnable"), postgresql_where=text("runnable")),
        # Room on each page lets PostgreSQL update the hot row in place.
        {"postgresql_with": {"fillfactor": 70}},
    )

    id: str = Field(primary_key=True, sa_type=Words)
    plan_id: str = Field(sa_type=Words)
    workflow: str = Field(sa_type=Words)
    version: int
    business_key: str = Field(sa_type=Words)
    start_key: str | None = Field(default=None, sa_type=Words)
    status: str = Field(sa_type=Words)
    outcome: str | None = Field(default=None, sa_type=Words)
    runnable: bool
    priority: int = 0
    incidents: int = 0
    rev: int = Field(sa_type=Counter)
    seq: int = Field(sa_type=Counter)
    state: str = Field(sa_type=Words)
    started_at: datetime = Field(sa_type=Moment)
    changed_at: datetime = Field(sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    by: str = Field(sa_type=Words)
    parent_id: str | None = Field(default=None, sa_type=Words)
    parent_token: int | None = Field(default=None, sa_type=Counter)


class JournalTable(SQLModel, table=True):
    """What one commit did to an instance: an array of step records, as JSON. On PostgreSQL it lies by months."""

    __tablename__ = "journal"
    __table_args__ = ({"sqlite_with_rowid": False},)

    instance_id: str = Field(primary_key=True, sa_type=Words)
    seq: int = Field(primary_key=True, sa_type=Counter, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=Moment)
    batch: str = Field(sa_type=Words)

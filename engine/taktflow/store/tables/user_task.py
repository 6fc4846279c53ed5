"""Work for people."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Moment, Words


class UserTaskTable(SQLModel, table=True):
    """One user task. Lists and mappings are JSON."""

    __tablename__ = "user_task"
    __table_args__ = (
        Index("user_task_instance", "instance_id"),
        Index("user_task_opened", "status", "opened_at", "id"),
    )

    id: str = Field(primary_key=True, sa_type=Words)
    instance_id: str = Field(sa_type=Words)
    workflow: str = Field(sa_type=Words)
    node: str = Field(sa_type=Words)
    kind: str = Field(sa_type=Words)
    title: str = Field(sa_type=Words)
    status: str = Field(sa_type=Words)
    who: str = Field(sa_type=Words)
    exclude: str = Field(sa_type=Words)
    outcomes: str = Field(sa_type=Words)
    form: str | None = Field(default=None, sa_type=Words)
    shown: str = Field(sa_type=Words)
    due: datetime | None = Field(default=None, sa_type=Moment)
    escalated: bool = False
    claimed_by: str | None = Field(default=None, sa_type=Words)
    outcome: str | None = Field(default=None, sa_type=Words)
    decided_by: str | None = Field(default=None, sa_type=Words)
    data: str | None = Field(default=None, sa_type=Words)
    decisions: str | None = Field(default=None, sa_type=Words)
    opened_at: datetime = Field(sa_type=Moment)
    closed_at: datetime | None = Field(default=None, sa_type=Moment)


class TaskCandidateTable(SQLModel, table=True):
    """Who may do a task, by principal; ``excluded`` names users who may not, whatever their roles."""

    __tablename__ = "task_candidate"
    __table_args__ = (Index("task_candidate_principal", "principal", "task_id"), {"sqlite_with_rowid": False})

    task_id: str = Field(primary_key=True, sa_type=Words)
    principal: str = Field(primary_key=True, sa_type=Words)
    excluded: bool = Field(primary_key=True)

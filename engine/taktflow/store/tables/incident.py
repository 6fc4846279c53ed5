"""Paths that cannot go on without a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Moment, Words


class IncidentTable(SQLModel, table=True):
    """One incident; ``zh`` and ``en`` say what happened, ``how`` says how it was settled,
    ``cause`` names what it has in common with others."""

    __tablename__ = "incident"
    __table_args__ = (
        Index("incident_opened", "status", "opened_at", "id"),
        Index("incident_instance", "instance_id"),
        Index("incident_cause", "status", "cause", "opened_at", "id"),
    )

    id: str = Field(primary_key=True, sa_type=Words)
    instance_id: str = Field(sa_type=Words)
    workflow: str = Field(sa_type=Words)
    node: str = Field(sa_type=Words)
    code: str = Field(sa_type=Words)
    zh: str = Field(sa_type=Words)
    en: str = Field(sa_type=Words)
    details: str = Field(sa_type=Words)
    effect_key: str | None = Field(default=None, sa_type=Words)
    status: str = Field(sa_type=Words)
    how: str | None = Field(default=None, sa_type=Words)
    by: str | None = Field(default=None, sa_type=Words)
    opened_at: datetime = Field(sa_type=Moment)
    closed_at: datetime | None = Field(default=None, sa_type=Moment)
    cause: str = Field(sa_type=Words)

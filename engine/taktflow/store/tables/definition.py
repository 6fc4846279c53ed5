"""Definitions by version, and the plans that instances pin."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Moment, Words


class DefinitionTable(SQLModel, table=True):
    """One version of a definition; version 0 is the draft being edited. ``sha256`` is of the canonical document."""

    __tablename__ = "definition"
    __table_args__ = (
        Index("definition_pack", "pack"),
        Index("definition_published", "kind", "status", "id", "version"),
    )

    kind: str = Field(primary_key=True, sa_type=Words)
    id: str = Field(primary_key=True, sa_type=Words)
    version: int = Field(primary_key=True)
    sha256: str = Field(sa_type=Words)
    status: str = Field(sa_type=Words)
    source: str = Field(sa_type=Words)
    document: str = Field(sa_type=Words)
    published_at: datetime | None = Field(default=None, sa_type=Moment)
    changed_at: datetime = Field(sa_type=Moment)
    by: str = Field(sa_type=Words)
    pack: str = Field(default="", sa_type=Words)


class PlanTable(SQLModel, table=True):
    """What an instance pinned when it started; ``pins`` maps each reference to its version, as JSON."""

    __tablename__ = "plan"

    id: str = Field(primary_key=True, sa_type=Words)
    workflow: str = Field(sa_type=Words)
    version: int
    pins: str = Field(sa_type=Words)

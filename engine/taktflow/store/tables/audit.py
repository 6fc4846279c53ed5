"""Who did what, kept for ever."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Counter, Moment, Words


class AuditTable(SQLModel, table=True):
    """One act of a person; the database refuses to alter or remove it."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_by", "by", "id"),
        Index("audit_object", "object", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    at: datetime = Field(sa_type=Moment)
    by: str = Field(sa_type=Words)
    action: str = Field(sa_type=Words)
    object: str = Field(sa_type=Words)
    details: str = Field(sa_type=Words)

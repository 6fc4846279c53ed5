"""Messages to people and who has read them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Counter, Moment, Words


class AlertTable(SQLModel, table=True):
    """One alert in both languages; ``link`` is a path of this server."""

    __tablename__ = "alert"
    __table_args__ = (Index("alert_instance", "instance_id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True, sa_type=Counter)
    at: datetime = Field(sa_type=Moment)
    instance_id: str | None = Field(default=None, sa_type=Words)
    node: str = Field(sa_type=Words)
    severity: str = Field(sa_type=Words)
    title_zh: str = Field(sa_type=Words)
    title_en: str = Field(sa_type=Words)
    body_zh: str = Field(sa_type=Words)
    body_en: str = Field(sa_type=Words)
    link: str = Field(sa_type=Words)


class AlertRecipientTable(SQLModel, table=True):
    """A principal an alert went to; ``cc`` for information only."""

    __tablename__ = "alert_recipient"
    __table_args__ = (Index("alert_recipient_principal", "principal", "alert_id"), {"sqlite_with_rowid": False})

    alert_id: int = Field(primary_key=True, sa_type=Counter, sa_column_kwargs={"autoincrement": False})
    principal: str = Field(primary_key=True, sa_type=Words)
    cc: bool
    read_by: str | None = Field(default=None, sa_type=Words)
    read_at: datetime | None = Field(default=None, sa_type=Moment)

"""What decisions owe the world."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Counter, Moment, Words


class EffectTable(SQLModel, table=True):
    """One effect by its stable key; ``epoch`` names the executor run that took it last."""

    __tablename__ = "effect"
    __table_args__ = (
        Index(
            "effect_due",
            "next_at",
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "effect_running",
            "epoch",
            sqlite_where=text("status = 'running'"),
            postgresql_where=text("status = 'running'"),
        ),
        Index("effect_instance", "instance_id"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    key: str = Field(primary_key=True, sa_type=Words)
    instance_id: str = Field(sa_type=Words)
    node: str = Field(sa_type=Words)
    kind: str = Field(sa_type=Words)
    idempotency: str = Field(sa_type=Words)
    status: str = Field(sa_type=Words)
    attempts: int
    next_at: datetime = Field(sa_type=Moment)
    epoch: int | None = Field(default=None, sa_type=Counter)
    request: str = Field(sa_type=Words)
    response: str | None = Field(default=None, sa_type=Words)
    changed_at: datetime = Field(sa_type=Moment)

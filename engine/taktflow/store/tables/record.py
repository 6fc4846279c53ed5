"""The order master and its neighbours: records, their indexed values and their history."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Counter, Moment, Words


class RecordTable(SQLModel, table=True):
    """One record's newest fields, as JSON; ``rev`` counts its changes from 1."""

    __tablename__ = "record"
    __table_args__ = (
        Index("record_changed", "entity", "changed_at", "id"),
        Index("record_created", "entity", "created_at", "id"),
    )

    entity: str = Field(primary_key=True, sa_type=Words)
    id: str = Field(primary_key=True, sa_type=Words)
    rev: int = Field(sa_type=Counter)
    fields: str = Field(sa_type=Words)
    created_at: datetime = Field(sa_type=Moment)
    changed_at: datetime = Field(sa_type=Moment)


class RecordIndexTable(SQLModel, table=True):
    """One indexed value of a record as sortable text; ``n`` counts the values of a list from 0."""

    __tablename__ = "record_index"
    __table_args__ = (
        Index("record_index_value", "entity", "field", "value", "record_id"),
        {"sqlite_with_rowid": False},
    )

    entity: str = Field(primary_key=True, sa_type=Words)
    record_id: str = Field(primary_key=True, sa_type=Words)
    field: str = Field(primary_key=True, sa_type=Words)
    n: int = Field(primary_key=True)
    value: str = Field(sa_type=Words)


class RecordUniqueTable(SQLModel, table=True):
    """Which record holds a value that only one record of the entity may hold."""

    __tablename__ = "record_unique"
    __table_args__ = (Index("record_unique_record", "entity", "record_id"), {"sqlite_with_rowid": False})

    entity: str = Field(primary_key=True, sa_type=Words)
    constraint_name: str = Field(primary_key=True, sa_type=Words)
    value: str = Field(primary_key=True, sa_type=Words)
    record_id: str = Field(sa_type=Words)


class RecordChangeTable(SQLModel, table=True):
    """One change of a record; the database refuses to alter or remove it."""

    __tablename__ = "record_change"
    __table_args__ = (Index("record_change_at", "entity", "at"), {"sqlite_with_rowid": False})

    entity: str = Field(primary_key=True, sa_type=Words)
    record_id: str = Field(primary_key=True, sa_type=Words)
    rev: int = Field(primary_key=True, sa_type=Counter, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=Moment)
    by: str = Field(sa_type=Words)
    source: str = Field(sa_type=Words)
    why: str = Field(sa_type=Words)
    changes: str = Field(sa_type=Words)

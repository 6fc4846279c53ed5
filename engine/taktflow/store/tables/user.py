"""People, their roles, and what proves who they are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from taktflow.store.columns import Moment, Words


class UserTable(SQLModel, table=True):
    """One person who can sign in; never removed, only made inactive, since histories name them."""

    __tablename__ = "user"

    name: str = Field(primary_key=True, sa_type=Words)
    display: str = Field(sa_type=Words)
    password_hash: str = Field(sa_type=Words)
    active: bool
    language: str = Field(sa_type=Words)
    created_at: datetime = Field(sa_type=Moment)


class UserRoleTable(SQLModel, table=True):
    """A role a person holds."""

    __tablename__ = "user_role"
    __table_args__ = (Index("user_role_role", "role", "user"), {"sqlite_with_rowid": False})

    user: str = Field(primary_key=True, sa_type=Words)
    role: str = Field(primary_key=True, sa_type=Words)


class SessionTable(SQLModel, table=True):
    """One sign-in, by the hash of its token."""

    __tablename__ = "session"
    __table_args__ = (Index("session_user", "user"), Index("session_expires", "expires_at"))

    token_hash: str = Field(primary_key=True, sa_type=Words)
    user: str = Field(sa_type=Words)
    created_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    csrf: str = Field(sa_type=Words)


class ApiTokenTable(SQLModel, table=True):
    """A key for a program that acts as ``user``, by its hash."""

    __tablename__ = "api_token"
    __table_args__ = (Index("api_token_hash", "hash", unique=True), Index("api_token_user", "user"))

    id: str = Field(primary_key=True, sa_type=Words)
    hash: str = Field(sa_type=Words)
    user: str = Field(sa_type=Words)
    title: str = Field(sa_type=Words)
    created_at: datetime = Field(sa_type=Moment)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    last_used: datetime | None = Field(default=None, sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)

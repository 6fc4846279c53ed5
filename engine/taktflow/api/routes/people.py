"""People, roles and the keys of programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import AwareDatetime, Field, SecretStr
from starlette.responses import Response

from taktflow.api.deps import Asking, Proof, Running
from taktflow.api.door import Door
from taktflow.api.guard import signed_in, who
from taktflow.api.shapes import Body, Shape, Words
from taktflow.errors import Refused
from taktflow.services import accounts
from taktflow.store import ApiTokenRow
from taktflow.values import Language

door = Door("people")
UserName = Annotated[str, Path(max_length=63)]
RoleName = Annotated[str, Field(max_length=63)]


class Account(Shape):
    """A user as administrators see them."""

    name: str
    display: str
    roles: list[str]
    language: Language
    active: bool
    created_at: datetime


class CreatedAccount(Account):
    """A new user; ``password`` is the one made for them, told this once."""

    password: str | None = None


class NewAccount(Body):
    """Whom to add. Without a password one is made and told once."""

    name: str = Field(min_length=1, max_length=63)
    display: str = Field("", max_length=200)
    roles: list[RoleName] = Field(default_factory=list, max_length=50)
    language: Language = "zh"
    password: SecretStr | None = Field(None, max_length=200)


class AccountChange(Body):
    """What to change; what is left out stays."""

    display: str | None = Field(None, min_length=1, max_length=200)
    roles: list[RoleName] | None = Field(None, max_length=50)
    language: Language | None = None
    active: bool | None = None
    password: SecretStr | None = Field(None, max_length=200)


class Role(Shape):
    """A role; ``holders`` counts the active users who hold it."""

    id: str
    title: Words
    holders: int
    built_in: bool


class ApiToken(Shape):
    """A program's key; the key itself is never shown again."""

    id: str
    user: str
    title: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used: datetime | None = None
    revoked_at: datetime | None = None


class CreatedToken(ApiToken):
    """A new key; ``token`` is told this once."""

    token: str


class NewToken(Body):
    """What the key is for; ``user`` is for administrators."""

    title: str = Field(min_length=1, max_length=200)
    expires_at: AwareDatetime | None = None
    user: str | None = Field(None, max_length=63)


@door.get("/api/users", who=who("admin"))
def users(engine: Running) -> list[Account]:
    """List everyone."""
    return [Account(**_facts(u)) for u in accounts.users(engine)]


@door.post("/api/users", who=who("admin"), status=201)
def create_user(engine: Running, caller: Asking, body: NewAccount) -> CreatedAccount:
    """Add a user."""
    made, password = accounts.create_user(
        engine,
        body.name,
        by=caller,
        display=body.display,
        roles=body.roles,
        language=body.language,
        password=body.password.get_secret_value() if body.password else None,
    )
    return CreatedAccount(**_facts(made), password=password)


@door.patch("/api/users/{name}", who=who("admin"))
def change_user(engine: Running, caller: Asking, name: UserName, body: AccountChange) -> Account:
    """Change a user. A new password, or an end to the account, ends their sessions."""
    changed = accounts.change_user(
        engine,
        name,
        by=caller,
        display=body.display,
        roles=body.roles,
        language=body.language,
        active=body.active,
        password=body.password.get_secret_value() if body.password else None,
    )
    return Account(**_facts(changed))


@door.get("/api/roles", who=who("admin", "analyst"))
def roles(engine: Running) -> list[Role]:
    """List every role: built in, declared by a pack, or held by someone."""
    return [
        Role(id=r.id, title=Words.of(r.title, r.id), holders=r.holders, built_in=r.id in accounts.BUILT_IN_ROLES)
        for r in accounts.roles(engine)
    ]


@door.get("/api/tokens", who=signed_in)
def tokens(engine: Running, caller: Asking) -> list[ApiToken]:
    """List the caller's keys; an administrator sees everyone's."""
    return [_token(row) for row in accounts.tokens(engine, caller)]


@door.post("/api/tokens", who=signed_in, status=201)
def create_token(engine: Running, caller: Asking, proof: Proof, body: NewToken) -> CreatedToken:
    """Make a key for a program that acts as the caller."""
    if proof.session is None:
        # A key that leaked must not be able to make itself a successor.
        raise Refused("token.by_token")
    row, token = accounts.create_token(
        engine, by=caller, title=body.title, expires_at=body.expires_at, user_name=body.user
    )
    return CreatedToken(**_token(row).model_dump(), token=token)


@door.delete("/api/tokens/{id}", who=signed_in)
def revoke_token(engine: Running, caller: Asking, id: Annotated[str, Path(max_length=64)]) -> Response:
    """End a key for good."""
    accounts.revoke_token(engine, id, caller)
    return Response(status_code=204)


def _facts(user: accounts.User) -> dict[str, object]:
    return {
        "name": user.name,
        "display": user.display,
        "roles": sorted(user.roles),
        "language": user.language,
        "active": user.active,
        "created_at": user.created_at,
    }


def _token(row: ApiTokenRow) -> ApiToken:
    return ApiToken(
        id=row.id,
        user=row.user,
        title=row.title,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used=row.last_used,
        revoked_at=row.revoked_at,
    )

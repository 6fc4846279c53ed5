"""Sign in, see who one is, sign out."""

from __future__ import annotations

import time
from datetime import datetime

from pydantic import Field, SecretStr
from starlette.responses import Response

from taktflow.api.deps import Address, Proof, Running, Shared, take
from taktflow.api.door import Door
from taktflow.api.exact import ExactJson
from taktflow.api.guard import COOKIE, anyone, signed_in
from taktflow.api.shapes import Body, Shape
from taktflow.errors import Overloaded
from taktflow.services import accounts
from taktflow.services.engine import Engine
from taktflow.values import Language

door = Door("session")
LONGEST_WAIT_S = 10.0


class Credentials(Body):
    """What a person proves themselves with."""

    name: str = Field(min_length=1, max_length=63)
    password: SecretStr = Field(min_length=1, max_length=200)


class User(Shape):
    """Who is signed in."""

    name: str
    display: str
    roles: list[str]
    language: Language


class Session(Shape):
    """A sign-in. ``csrf`` is null for a program that came with a token and needs none.

    ``timezone`` is the plant's, in which every time is told wherever the reader sits.
    """

    user: User
    timezone: str
    csrf: str | None = None
    expires_at: datetime | None = None


@door.post("/api/session", who=anyone, answers=Session)
def sign_in(engine: Running, rim: Shared, address: Address, credentials: Credentials) -> Response:
    """Sign in by name and password.

    The answer sets an HttpOnly cookie. Send its ``csrf`` as ``X-CSRF-Token`` with every change. Tries are limited for
    each address and, more tightly, for each address and name.
    """
    knocks = (address, f"{address} {credentials.name}")
    for knock, buckets in zip(knocks, (rim.public, rim.sign_in), strict=True):
        take(buckets, f"sign-in {knock}", time.monotonic())
    if not rim.hashing.acquire(timeout=LONGEST_WAIT_S):
        raise Overloaded("api.rate", retry_after_s=int(LONGEST_WAIT_S))
    try:
        signed = accounts.sign_in(engine, credentials.name, credentials.password.get_secret_value())
    finally:
        rim.hashing.release()
    for knock, buckets in zip(knocks, (rim.public, rim.sign_in), strict=True):
        # A shift that signs in from behind one address is no attack.
        buckets.give_back(f"sign-in {knock}", time.monotonic())
    response = ExactJson(_session(engine, signed.session))
    _set_cookie(response, engine, signed.token, engine.settings.session_hours * 3600)
    return response


@door.get("/api/session", who=signed_in)
def who_am_i(proof: Proof, engine: Running) -> Session:
    """Who is signed in; 401 when nobody is."""
    if proof.session is not None:
        return _session(engine, proof.session)
    user = accounts.user(engine, proof.caller.name)
    return Session(user=_user(user), timezone=engine.settings.timezone)


@door.delete("/api/session", who=signed_in)
def sign_out(engine: Running, proof: Proof) -> Response:
    """Sign out: the session is over at once, on every page that uses it."""
    if proof.session is not None:
        accounts.sign_out(engine, proof.session)
    response = Response(status_code=204)
    _set_cookie(response, engine, "", 0)
    return response


def _set_cookie(response: Response, engine: Engine, token: str, max_age_s: int) -> None:
    response.set_cookie(
        COOKIE, token, max_age=max_age_s, httponly=True, samesite="lax", secure=engine.settings.cookie_secure, path="/"
    )


def _user(user: accounts.User) -> User:
    return User(name=user.name, display=user.display, roles=sorted(user.roles), language=user.language)


def _session(engine: Engine, session: accounts.Session) -> Session:
    return Session(
        user=_user(session.user),
        timezone=engine.settings.timezone,
        csrf=session.csrf,
        expires_at=session.expires_at,
    )

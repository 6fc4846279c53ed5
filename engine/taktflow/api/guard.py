"""Who may: every route declares a policy, and nobody gets past it.

A caller proves who they are with the session cookie or with an API token in ``Authorization: Bearer``. A change made
with the cookie also needs the session's token in ``X-CSRF-Token``, since browsers send cookies by themselves.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import Literal

from starlette.requests import Request

from taktflow.api.language import wanted_language
from taktflow.api.refusals import CsrfMissing
from taktflow.errors import Forbidden, Unauthenticated
from taktflow.services import accounts
from taktflow.services.caller import ANYONE, Caller
from taktflow.services.engine import Engine
from taktflow.values import Language

COOKIE = "taktflow_session"
CSRF_HEADER = "x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may use a route. ``admin`` may use each one."""

    kind: Literal["anyone", "signed_in", "roles"]
    roles: frozenset[str] = frozenset()

    def admits(self, caller: Caller) -> bool:
        """Whether the signed-in ``caller`` may."""
        return self.kind != "roles" or caller.is_admin or bool(self.roles & caller.roles)

    def __str__(self) -> str:
        return " ".join(sorted(self.roles | {"admin"})) if self.kind == "roles" else self.kind


anyone = Policy("anyone")
"""Needs no sign-in; the caller is known all the same when they are signed in."""
signed_in = Policy("signed_in")
"""Everyone with an account; what they see is decided by the service."""


def who(*roles: str) -> Policy:
    """Those who hold one of ``roles``, and every admin."""
    return Policy("roles", frozenset(roles))


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who asks, and how they proved it."""

    caller: Caller
    session: accounts.Session | None = None
    """Set when the cookie proved it."""
    known: bool = True
    """False for a visitor who is not signed in."""


def admit(engine: Engine, request: Request, policy: Policy) -> Admitted:
    """Who sends ``request``, when ``policy`` lets them; else Unauthenticated, CsrfMissing or Forbidden."""
    try:
        found = _proven(engine, request)
    except (Unauthenticated, CsrfMissing):
        if policy.kind != "anyone":
            raise
        # A stale cookie must not keep a customer from a public form; they are simply nobody.
        found = None
    if found is None:
        if policy.kind != "anyone":
            raise Unauthenticated("api.sign_in")
        return Admitted(replace(ANYONE, language=_language(request, engine.settings.language)), known=False)
    if not policy.admits(found.caller):
        raise Forbidden("api.forbidden", roles=", ".join(sorted(policy.roles | {"admin"})))
    return replace(found, caller=replace(found.caller, language=_language(request, found.caller.language)))


def _language(request: Request, otherwise: Language) -> Language:
    return wanted_language(request.headers.get("accept-language"), otherwise)


def _proven(engine: Engine, request: Request) -> Admitted | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return Admitted(accounts.caller_by_token(engine, token.strip()))
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        return None
    session = accounts.session_by_token(engine, cookie)
    if request.method not in SAFE and not _same(request.headers.get(CSRF_HEADER, ""), session.csrf):
        raise CsrfMissing("api.csrf")
    return Admitted(session.user.caller, session)


def _same(given: str, kept: str) -> bool:
    return hmac.compare_digest(given.encode(), kept.encode())

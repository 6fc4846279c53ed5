"""What routes ask for: the running engine, who asks, and one page of a list."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Annotated

from fastapi import Depends, Query, Request

from taktflow.api.buckets import Buckets, neighbourhood
from taktflow.api.events import Hub
from taktflow.api.guard import Admitted
from taktflow.api.metrics import Traffic
from taktflow.errors import TooMany
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine

SIGN_INS_AT_ONCE = 4
"""Argon2 takes memory on purpose; a crowd at the sign-in page must not take all of it."""


@dataclass(frozen=True, slots=True)
class Rim:
    """What one app keeps between requests."""

    public: Buckets
    sign_in: Buckets
    hub: Hub
    traffic: Traffic = field(default_factory=Traffic)
    hashing: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(SIGN_INS_AT_ONCE))


async def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


async def _rim(request: Request) -> Rim:
    rim: Rim = request.app.state.rim
    return rim


async def _admitted(request: Request) -> Admitted:
    admitted: Admitted = request.state.admitted
    return admitted


async def _caller(request: Request) -> Caller:
    admitted: Admitted = request.state.admitted
    return admitted.caller


async def _address(request: Request) -> str:
    return neighbourhood(request.client.host if request.client else None)


Running = Annotated[Engine, Depends(_engine)]
Shared = Annotated[Rim, Depends(_rim)]
Proof = Annotated[Admitted, Depends(_admitted)]
Asking = Annotated[Caller, Depends(_caller)]
Address = Annotated[str, Depends(_address)]

Limit = Annotated[int, Query(ge=1, le=500, description="At most so many items.")]
Cursor = Annotated[str | None, Query(max_length=2_000, description="The `next_cursor` of the page before.")]


def take(buckets: Buckets, who: str, now_s: float) -> None:
    """Takes a token for ``who``; TooMany tells when to come back."""
    wait_s = buckets.take(who, now_s)
    if wait_s:
        raise TooMany("api.rate", retry_after_s=wait_s)

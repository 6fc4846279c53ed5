"""Webhooks of channels: taken raw, verified by the channel, answered fast."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from taktflow.api.deps import Running
from taktflow.api.door import Door
from taktflow.api.guard import anyone
from taktflow.sdk import RawRequest
from taktflow.services.engine import Engine
from taktflow.services.inbound import receive_webhook

door = Door("hooks")
Connection = Annotated[str, Path(max_length=63, description="The id of a published connection with a channel.")]


@door.get("/hooks/{connection}", who=anyone, media="text/plain")
async def challenge(request: Request, engine: Running, connection: Connection) -> Response:
    """Answer a sender who asks whether this address is ours."""
    return await _received(request, engine, connection)


@door.post("/hooks/{connection}", who=anyone, media="text/plain")
async def webhook(request: Request, engine: Running, connection: Connection) -> Response:
    """Take a signed delivery. It is kept as it came and worked on afterwards; the same one twice counts once."""
    return await _received(request, engine, connection)


async def _received(request: Request, engine: Engine, connection: str) -> Response:
    raw = RawRequest(
        method=request.method,
        headers={name.lower(): value for name, value in request.headers.items()},
        query=dict(request.query_params),
        body=await request.body(),
        received_at=engine.now(),
    )
    answer = await run_in_threadpool(receive_webhook, engine, connection, raw)
    return Response(answer.body, answer.status, media_type=answer.content_type)

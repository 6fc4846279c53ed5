"""The event stream that keeps open pages fresh."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from taktflow.api.deps import Running, Shared
from taktflow.api.door import Door
from taktflow.api.guard import admit, signed_in
from taktflow.errors import Forbidden, Overloaded, Unauthenticated

door = Door("events")


@door.get("/api/events", who=signed_in, media="text/event-stream")
async def events(
    request: Request, engine: Running, rim: Shared, last_event_id: Annotated[str | None, Header(max_length=64)] = None
) -> StreamingResponse:
    """Follow what is committed.

    Events: ``instance`` with ``{id, rev, status, workflow}`` whenever one moves; ``reset`` when something was missed,
    so that lists must be loaded again. The browser resumes by ``Last-Event-ID`` by itself.
    """
    if rim.hub.full:
        raise Overloaded("api.streams", retry_after_s=30)

    async def still_welcome() -> bool:
        try:
            await run_in_threadpool(admit, engine, request, signed_in)
        except (Unauthenticated, Forbidden):
            return False
        return True

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(
        rim.hub.stream(last_event_id, still_welcome), media_type="text/event-stream", headers=headers
    )

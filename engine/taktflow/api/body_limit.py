"""No body larger than the declared bound is read, whether it says its length or comes in chunks."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taktflow.errors import TooLarge


class BodyLimit:
    """Raises :class:`TooLarge` where a handler reads a body beyond ``limit_bytes``.

    Starlette's own limit answers in plain text; raising ours keeps the problem document and the reader's language,
    and lets a stranger be told 401 before anything of the body is read.
    """

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        self._app = app
        self._limit = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        too_long = announced.isascii() and announced.isdigit() and int(announced[:20]) > self._limit
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            if too_long:
                raise TooLarge("api.body.large", limit=self._limit)
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > self._limit:
                    raise TooLarge("api.body.large", limit=self._limit)
            return message

        await self._app(scope, limited, send)

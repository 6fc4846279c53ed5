"""Tells others of booked orders, as ERPs do: in the background, again until taken, on bad days twice."""

from __future__ import annotations

import asyncio
import hmac
import time
from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from taktflow_connectors.plant.books import Books, dumps
from taktflow_connectors.plant.switches import Switches

if TYPE_CHECKING:
    import httpx

_EVERY_S = 0.2


async def tell(books: Books, switches: Callable[[], Switches]) -> None:
    """Sends open notices for as long as the process lives; whoever listens may be away, the notice stays open."""
    while not switches().notify.url:
        await asyncio.sleep(_EVERY_S)

    # Loaded only where somebody is told: it takes as long as all the rest of the start.
    from httpx import AsyncClient

    async with AsyncClient(timeout=5, trust_env=False) as client:
        while True:
            now = switches()
            for notice in books.notices(open_only=True) if now.notify.url else ():
                for _ in range(2 if now.duplicate_delivery else 1):
                    books.told(notice["id"], delivered=await _taken(client, notice, now))
            await asyncio.sleep(_EVERY_S)


async def _taken(client: httpx.AsyncClient, notice: dict[str, Any], now: Switches) -> bool:
    from httpx import HTTPError

    body = dumps({"id": notice["id"], "type": notice["type"], "data": notice["doc"]})
    stamp = str(int(time.time()))
    signed = f"{notice['id']}.{stamp}.{body}".encode()
    signature = b64encode(hmac.digest(now.notify.secret.encode(), signed, "sha256")).decode()
    headers = {
        "content-type": "application/json",
        "webhook-id": notice["id"],
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
    }
    try:
        answer = await client.post(str(now.notify.url), content=body.encode(), headers=headers)
    except HTTPError:
        return False
    return answer.is_success

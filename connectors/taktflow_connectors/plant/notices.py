"""Tells others of booked orders, as ERPs do: in the background, again until taken, on bad days twice."""

from __future__ import annotations

import asyncio
import hmac
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import httpx

from taktflow_connectors.plant.books import Books, dumps
from taktflow_connectors.plant.switches import Switches

_EVERY_S = 0.2


async def tell(books: Books, switches: Callable[[], Switches]) -> None:
    """Sends open notices for as long as the process lives; whoever listens may be away, the notice stays open."""
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        while True:
            now = switches()
            if now.notify.url:
                for notice in books.notices(open_only=True):
                    await _send(client, books, notice, now)
            await asyncio.sleep(_EVERY_S)


async def _send(client: httpx.AsyncClient, books: Books, notice: dict[str, Any], now: Switches) -> None:
    body = dumps({"id": notice["id"], "type": notice["type"], "data": notice["doc"]})
    for _ in range(2 if now.duplicate_delivery else 1):
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
            books.told(notice["id"], delivered=answer.is_success)
        except httpx.HTTPError:
            books.told(notice["id"], delivered=False)

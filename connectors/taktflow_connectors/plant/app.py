"""The factory's doors: what its ERP and its WMS answer, and the control panel for tests."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taktflow_connectors.plant.books import Answer, Books, dumps, loads
from taktflow_connectors.plant.notices import tell
from taktflow_connectors.plant.switches import Switches, Trouble

System: TypeAlias = Literal["erp", "wms"]
Desk: TypeAlias = Callable[[Request, bytes], Answer]

_BODY_MAX = 2_000_000
_READING = ("GET", "HEAD")


class Plant:
    """The routes over one set of books; ``token`` must be shown at every door but ``/healthz``."""

    def __init__(self, books: Books, *, token: str, latency_ms: int = 0) -> None:
        self._books = books
        self._token = token.encode()
        self._usual = Switches(latency_ms=latency_ms)
        self._switches = self._usual.model_copy(deep=True)

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/healthz", self._healthz),
                Route("/erp", self._system("erp", lambda *_: Answer(200, {"system": "erp"}))),
                Route("/erp/orders", self._system("erp", self._orders), methods=["GET", "POST"]),
                Route("/erp/orders/{no}", self._system("erp", self._order)),
                Route("/wms", self._system("wms", lambda *_: Answer(200, {"system": "wms"}))),
                Route("/wms/stock", self._system("wms", self._stock)),
                Route("/wms/reservations", self._system("wms", self._reservations), methods=["GET", "POST"]),
                Route("/wms/reservations/{no}", self._system("wms", self._reservation), methods=["GET", "DELETE"]),
                Route("/plant/switches", self._panel(self._set_switches), methods=["GET", "POST"]),
                Route("/plant/ledger", self._panel(self._show_ledger)),
                Route("/plant/stock", self._panel(self._count_stock), methods=["GET", "PUT"]),
                Route("/plant/reset", self._panel(self._reset), methods=["POST"]),
            ],
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        teller = asyncio.create_task(tell(self._books, lambda: self._switches))
        try:
            yield
        finally:
            teller.cancel()
            with suppress(asyncio.CancelledError):
                await teller
            self._books.close()

    async def _healthz(self, _: Request) -> Response:
        return _sent(Answer(200, {"ok": True}))

    def _panel(self, desk: Desk) -> Callable[[Request], Awaitable[Response]]:
        async def door(request: Request) -> Response:
            if not self._may(request):
                return _sent(_STRANGER)
            return _sent(desk(request, await request.body()))

        return door

    def _system(self, system: System, desk: Desk) -> Callable[[Request], Awaitable[Response]]:
        async def door(request: Request) -> Response:
            if not self._may(request):
                return _sent(_STRANGER)
            body = await request.body()
            line = None
            if request.method not in _READING:
                key = request.headers.get("idempotency-key")
                line = self._books.arrived(system, request.method, request.url.path, key)
            await asyncio.sleep(self._switches.latency_ms / 1000)
            switch = getattr(self._switches, system)
            trouble, when = switch.trouble(), switch.when
            if trouble and (line is None or when == "before"):
                return await self._fail(system, trouble)
            answer = desk(request, body) if len(body) <= _BODY_MAX else Answer(413, {"error": "too_long"})
            if line is not None:
                self._books.settled(line, answer)
            return await self._fail(system, trouble) if trouble else _sent(answer)

        return door

    def _may(self, request: Request) -> bool:
        shown = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        return hmac.compare_digest(shown, self._token)

    async def _fail(self, system: System, trouble: Trouble) -> Response:
        until = time.monotonic() + self._switches.hang_s
        lasting = self._outage(system) == "hang"
        # A request that hangs is let go when the outage is lifted, so that a test need not sit it out.
        while trouble == "hang" and time.monotonic() < until and not (lasting and self._outage(system) != "hang"):
            await asyncio.sleep(0.02)
        status = 429 if trouble == "429" else 503
        return _sent(Answer(status, {"error": "unavailable", "message": f"the {system} is down"}), {"retry-after": "1"})

    def _outage(self, system: System) -> str:
        return self._switches.erp.outage if system == "erp" else self._switches.wms.outage

    def _stock(self, request: Request, _: bytes) -> Answer:
        asked = request.query_params.getlist("sku")
        skus = [sku.strip() for part in asked for sku in part.split(",") if sku.strip()]
        return Answer(200, {"items": self._books.stock(skus if asked else None)})

    def _reservations(self, request: Request, body: bytes) -> Answer:
        if request.method == "GET":
            return Answer(200, {"reservations": self._books.reservations()})
        doc, wrong = _read(body, ("order",))
        return wrong or self._books.reserve(request.headers.get("idempotency-key"), doc)

    def _reservation(self, request: Request, _: bytes) -> Answer:
        no = request.path_params["no"]
        if request.method == "DELETE":
            return self._books.release(no)
        found = [r for r in self._books.reservations() if r["no"] == no]
        return Answer(200, found[0]) if found else _missing("reservation", no)

    def _orders(self, request: Request, body: bytes) -> Answer:
        if request.method == "POST":
            doc, wrong = _read(body, ("number", "customer"))
            return wrong or self._books.book(request.headers.get("idempotency-key"), doc)
        asked = request.query_params
        size = asked.get("limit", "100")
        limit = min(int(size), 1000) if size.isascii() and size.isdecimal() and len(size) < 6 else 100
        found = self._books.orders(
            after=asked.get("after", ""), limit=limit, number=asked.get("number"), customer=asked.get("customer")
        )
        return Answer(200, {"orders": found, "next": found[-1]["no"] if len(found) == limit > 0 else None})

    def _order(self, request: Request, _: bytes) -> Answer:
        found = self._books.order(request.path_params["no"])
        return Answer(200, found) if found else _missing("order", request.path_params["no"])

    def _set_switches(self, request: Request, body: bytes) -> Answer:
        if request.method == "POST":
            try:
                self._switches = self._switches.changed(loads(body))
            except (ValidationError, ValueError, AttributeError) as wrong:
                return Answer(422, {"error": "invalid", "message": str(wrong)})
        return Answer(200, self._switches.model_dump(exclude={"notify": {"secret"}}))

    def _show_ledger(self, request: Request, _: bytes) -> Answer:
        writes = self._books.ledger(request.query_params.get("key"))
        return Answer(200, {"writes": writes, "notices": self._books.notices()})

    def _count_stock(self, request: Request, body: bytes) -> Answer:
        if request.method == "PUT":
            try:
                counted = loads(body)
            except ValueError:
                counted = None
            if not isinstance(counted, dict) or not all(_amount(v) and v >= 0 for v in counted.values()):
                return Answer(422, {"error": "invalid", "message": "send {sku: amount, ...} with amounts from 0"})
            self._books.count(counted)
        return Answer(200, {"items": self._books.stock(None)})

    def _reset(self, *_: Any) -> Answer:
        self._books.reset()
        self._switches = self._usual.model_copy(deep=True)
        return Answer(200, {"ok": True})


_STRANGER = Answer(401, {"error": "token", "message": "send Authorization: Bearer with the factory's token"})


def _sent(answer: Answer, headers: Mapping[str, str] | None = None) -> Response:
    return Response(dumps(answer.doc), answer.status, headers, media_type="application/json")


def _missing(what: str, no: str) -> Answer:
    return Answer(404, {"error": "missing", "message": f"there is no {what} {no}"})


def _read(body: bytes, names: tuple[str, ...]) -> tuple[dict[str, Any], Answer | None]:
    """The document of a write with ``lines``, or the answer that says what is wrong with it."""
    try:
        doc = loads(body)
    except ValueError:
        return {}, Answer(400, {"error": "json", "message": "the body is no JSON"})
    problems = _problems(doc, names) if isinstance(doc, dict) else [{"at": "", "message": "send an object"}]
    if problems:
        return {}, Answer(422, {"error": "invalid", "message": problems[0]["message"], "problems": problems})
    return doc, None


def _problems(doc: dict[str, Any], names: tuple[str, ...]) -> list[dict[str, str]]:
    found = [
        {"at": f"/{name}", "message": f"{name} must be a text of 1 to 64 characters"}
        for name in names
        if not isinstance(doc.get(name), str) or not 0 < len(doc[name]) <= 64
    ]
    lines = doc.get("lines")
    if not isinstance(lines, list) or not 0 < len(lines) <= 500:
        return [*found, {"at": "/lines", "message": "lines must hold 1 to 500 lines"}]
    for place, line in enumerate(lines):
        found += [{"at": f"/lines/{place}{at}", "message": message} for at, message in _line_problems(line)]
    return found


def _line_problems(line: Any) -> list[tuple[str, str]]:
    if not isinstance(line, dict):
        return [("", "a line must be an object")]
    found = []
    if not isinstance(line.get("sku"), str) or not line["sku"]:
        found.append(("/sku", "sku must be a text"))
    if not _amount(line.get("qty")) or line["qty"] <= 0:
        found.append(("/qty", "qty must be a number above 0"))
    price = line.get("unit_price")
    if price is not None and (not _amount(price) or price < 0):
        found.append(("/unit_price", "unit_price must be a number from 0"))
    return found


def _amount(value: Any) -> bool:
    return isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 18

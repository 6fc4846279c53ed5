"""Customers, a shop and a supervisor who keep a server busy and do not give up when it dies under them."""

from __future__ import annotations

import hmac
import itertools
import random
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import simplejson

from tests.e2e.factory import SECRET, client

CUSTOMERS: Mapping[str, tuple[str, str]] = {
    f"C{n:02}": (("CN", "DE", "US")[n % 3], "S" if n % 10 == 0 else "B") for n in range(40)
}
"""Code to country and tier."""
PRODUCTS: Mapping[str, int] = {"FL-DN50": 20, "GS-20": 20}
_PAUSE_S = 0.05


@dataclass(frozen=True)
class Order:
    """One order and how it comes in. ``once`` is sent by someone who does not try again."""

    number: int
    over: str
    customer: str
    sku: str
    qty: int
    once: bool

    @property
    def key(self) -> str:
        """The number it has with us."""
        return f"WEB-{self.customer}-R{self.number}" if self.over == "web" else f"SH-{self.number}"

    @property
    def template(self) -> str:
        """Overseas orders must come on the export template."""
        return "domestic" if CUSTOMERS[self.customer][0] == "CN" else "export"


@dataclass
class Book:
    """What was sent and what was acknowledged."""

    sent: list[Order] = field(default_factory=list)
    acknowledged: list[Order] = field(default_factory=list)
    decided: list[str] = field(default_factory=list)
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)


class Storm:
    """Threads that send orders until :meth:`calm`, each order until it is acknowledged."""

    def __init__(self, base: str, token: str, seed: int, senders: int = 4) -> None:
        self.book = Book()
        self._base = base
        self._token = token
        self._seed = seed
        self._numbers = itertools.count(1)
        self._calm = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._send, args=(n,), name=f"sender-{n}") for n in range(senders)]
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor")
        self._home = threading.Event()

    def start(self) -> None:
        """Everybody begins."""
        for thread in (*self._threads, self._supervisor):
            thread.start()

    def calm(self, patience_s: float) -> None:
        """No new orders; those under way are sent until they are acknowledged."""
        self._calm.set()
        for thread in self._threads:
            thread.join(patience_s)
            assert not thread.is_alive(), "an order is not acknowledged"

    def go_home(self, patience_s: float) -> None:
        """The supervisor stops, too."""
        self._home.set()
        self._supervisor.join(patience_s)
        assert not self._supervisor.is_alive()

    # -- senders --------------------------------------------------------------------------------------------------

    def _send(self, n: int) -> None:
        chance = random.Random(f"{self._seed}/{n}")
        with client(self._base) as http:
            while not self._calm.is_set():
                order = self._next(chance)
                self.book.sent.append(order)
                if self._acknowledged(http, order):
                    self.book.acknowledged.append(order)
                    if chance.random() < 0.1:
                        self._acknowledged(http, order)
                        self.book.repeated += 1

    def _next(self, chance: random.Random) -> Order:
        with self._lock:
            number = next(self._numbers)
        customer = f"C{number % len(CUSTOMERS):02}"
        # Below the minimum it is held for the supervisor. Else the quantity is its own, so that no order looks like
        # another one of its customer.
        qty = number % 17 + 1 if chance.random() < 0.1 else 20 + number
        return Order(
            number, chance.choice(("web", "shopify")), customer, chance.choice(list(PRODUCTS)), qty, number % 12 == 0
        )

    def _acknowledged(self, http: httpx.Client, order: Order) -> bool:
        while True:
            answer = _answered(lambda: _sent(http, order))
            if answer is not None and answer.status_code < 300:
                return True
            if answer is not None and answer.status_code < 500:
                self.book.wrong.append(f"{order.key}: {answer.status_code} {answer.text[:300]}")
                return False
            if order.once:
                return False
            self._home.wait(_PAUSE_S)

    # -- the supervisor -------------------------------------------------------------------------------------------

    def _supervise(self) -> None:
        with client(self._base, headers={"Authorization": f"Bearer {self._token}"}) as http:
            while not self._home.wait(2 * _PAUSE_S):
                page = _answered(lambda: http.get("/api/user-tasks", params={"limit": 50}))
                for task in page.json()["items"] if page is not None and page.is_success else ():
                    self._decide(http, task["id"])

    def _decide(self, http: httpx.Client, task: str) -> None:
        body = {"outcome": "approved", "data": {"comment": "fine"}}
        while not self._home.is_set():
            answer = _answered(lambda: http.post(f"/api/user-tasks/{task}/decide", json=body))
            if answer is None or answer.status_code >= 500:
                self._home.wait(_PAUSE_S)
                continue
            if answer.is_success:
                self.book.decided.append(task)
            elif answer.json()["code"] != "task.over":
                # It is over when the server died between keeping the decision and saying so.
                self.book.wrong.append(f"{task}: {answer.status_code} {answer.text[:300]}")
            return


def _answered(ask: Callable[[], httpx.Response]) -> httpx.Response | None:
    try:
        return ask()
    except httpx.TransportError:
        return None


def _sent(http: httpx.Client, order: Order) -> httpx.Response:
    if order.over == "web":
        body = {"submission_id": f"submission-{order.number}", "data": _form(order)}
        return http.post("/api/forms/order_intake/web", json=body)
    document = simplejson.dumps(_shopify(order)).encode()
    signature = b64encode(hmac.digest(SECRET.encode(), document, "sha256")).decode()
    headers = {
        "content-type": "application/json",
        "x-shopify-hmac-sha256": signature,
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": f"webhook-{order.number}",
    }
    return http.post("/hooks/shop_shopify", content=document, headers=headers)


def _form(order: Order) -> dict[str, Any]:
    return {
        "customer": order.customer,
        "contact": "buyer@example.com",
        "template": order.template,
        "reference": f"R{order.number}",
        "lines": [{"sku": order.sku, "qty": order.qty}],
    }


def _shopify(order: Order) -> dict[str, Any]:
    due = datetime.now(UTC).date() + timedelta(days=30)
    notes = {"customer_code": order.customer, "template": order.template, "due": due.isoformat()}
    return {
        "id": order.number,
        "email": "buyer@example.com",
        "tags": "urgent" if order.number % 5 == 0 else "",
        "note_attributes": [{"name": name, "value": value} for name, value in notes.items()],
        "line_items": [{"sku": order.sku, "quantity": order.qty}],
    }

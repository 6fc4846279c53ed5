"""The factory's customers: orders in the very documents that shops, messengers and forms send, signed as they sign."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any


@dataclass(frozen=True, slots=True)
class Placed:
    """An order as its customer places it. ``number`` is the channel's own: digits for the shops.

    ``lines`` are pairs of product and quantity; ``phone`` is who writes on WhatsApp, digits with the country's code.
    """

    number: str
    lines: Sequence[tuple[str, int]]
    customer: str | None = None
    contact: str = ""
    phone: str = ""
    template: str | None = None
    due: date | None = None
    urgent: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request as the sender makes it: a POST of ``body`` to ``path``."""

    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def forged(self) -> Delivery:
        """The same with a body that its signature does not cover."""
        return Delivery(self.path, self.headers, self.body.replace(b"}", b" }", 1))


def shopify(placed: Placed, secret: str, *, event: str, at: datetime, connection: str = "shop_shopify") -> Delivery:
    """Shopify's ``orders/create`` webhook; ``event`` stays the same when Shopify delivers it again."""
    document = {
        "id": int(placed.number),
        "admin_graphql_api_id": f"gid://shopify/Order/{placed.number}",
        "name": f"#{placed.number}",
        "email": placed.contact,
        "created_at": at.isoformat(),
        "tags": "b2b, urgent" if placed.urgent else "b2b",
        "note_attributes": _named("name", placed),
        "line_items": [
            {"id": int(placed.number) * 100 + place, "sku": sku, "quantity": qty, "title": sku}
            for place, (sku, qty) in enumerate(placed.lines, 1)
        ],
    }
    body = _json(document)
    headers = {
        "content-type": "application/json",
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": event,
        "x-shopify-shop-domain": "flanges-and-valves.myshopify.example",
        "x-shopify-hmac-sha256": _base64(body, secret),
    }
    return Delivery(f"/hooks/{connection}", headers, body)


def woocommerce(placed: Placed, secret: str, *, event: str, at: datetime, connection: str = "shop_woo") -> Delivery:
    """WooCommerce's ``order.created`` webhook."""
    document = {
        "id": int(placed.number),
        "status": "processing",
        "date_created_gmt": at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds"),
        "billing": {"email": placed.contact},
        "line_items": [
            {"id": place, "sku": sku, "quantity": qty, "name": sku} for place, (sku, qty) in enumerate(placed.lines, 1)
        ],
        "meta_data": [*_named("key", placed), {"key": "urgent", "value": "yes" if placed.urgent else "no"}],
    }
    body = _json(document)
    headers = {
        "content-type": "application/json",
        "x-wc-webhook-topic": "order.created",
        "x-wc-webhook-id": "7",
        "x-wc-webhook-delivery-id": event,
        "x-wc-webhook-source": "https://flanges-and-valves.example/",
        "x-wc-webhook-signature": _base64(body, secret),
    }
    return Delivery(f"/hooks/{connection}", headers, body)


def whatsapp_order(placed: Placed, secret: str, *, at: datetime, connection: str = "whatsapp_main") -> Delivery:
    """A catalogue order over WhatsApp; the message's id is ``placed.number``."""
    items = [{"product_retailer_id": sku, "quantity": qty} for sku, qty in placed.lines]
    text = "urgent please" if placed.urgent else placed.text
    order = {"catalog_id": "194836987003835", "text": text, "product_items": items}
    return _whatsapp({**_message(placed, at), "type": "order", "order": order}, placed, secret, connection)


def whatsapp_text(placed: Placed, secret: str, *, at: datetime, connection: str = "whatsapp_main") -> Delivery:
    """A free text over WhatsApp; the message's id is ``placed.number``."""
    message = {**_message(placed, at), "type": "text", "text": {"body": placed.text}}
    return _whatsapp(message, placed, secret, connection)


def web_form(placed: Placed, *, submission: str, form: str = "order_intake/web") -> Delivery:
    """The public order form, filled in; ``submission`` stays the same when the button is pressed again."""
    data = {
        "customer": placed.customer,
        "contact": placed.contact,
        "template": placed.template,
        "due": placed.due.isoformat() if placed.due else None,
        "urgent": placed.urgent,
        "reference": placed.number,
        "lines": [{"sku": sku, "qty": qty} for sku, qty in placed.lines],
    }
    given = {name: value for name, value in data.items() if value is not None}
    body = _json({"submission_id": submission, "data": given})
    return Delivery(f"/api/forms/{form}", {"content-type": "application/json"}, body)


def _named(key: str, placed: Placed) -> list[dict[str, str]]:
    due = placed.due.isoformat() if placed.due else None
    values = {"customer_code": placed.customer, "template": placed.template, "due": due}
    return [{key: name, "value": value} for name, value in values.items() if value is not None]


def _message(placed: Placed, at: datetime) -> dict[str, Any]:
    return {"id": placed.number, "from": placed.phone, "timestamp": str(int(at.timestamp()))}


def _whatsapp(message: Mapping[str, Any], placed: Placed, secret: str, connection: str) -> Delivery:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "8657100000000", "phone_number_id": "106540352242922"},
        "contacts": [{"wa_id": placed.phone, "profile": {"name": placed.contact}}],
        "messages": [message],
    }
    entry = {"id": "102290129340398", "changes": [{"field": "messages", "value": value}]}
    body = _json({"object": "whatsapp_business_account", "entry": [entry]})
    signature = hmac.new(secret.encode(), body, sha256).hexdigest()
    headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={signature}"}
    return Delivery(f"/hooks/{connection}", headers, body)


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _base64(body: bytes, secret: str) -> str:
    return b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()

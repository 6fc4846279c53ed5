"""Takes a WooCommerce shop's webhooks."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated

from pydantic import Field

from taktflow.sdk import (
    BodyUnreadable,
    Channel,
    ChannelEvent,
    ConnectorConfig,
    RawRequest,
    RawResponse,
    Secret,
    SignatureWrong,
    Text,
    Titled,
    plain_loads,
)

_ID_MAX = 100
_PING = re.compile(rb"webhook_id=\d{1,20}")
_TOLD = ("x-wc-webhook-source", "x-wc-webhook-id", "x-wc-webhook-delivery-id")


class WooCommerceConfig(ConnectorConfig):
    """The webhook's secret; two of them are good while it is being changed."""

    secret: Annotated[str, Secret(), Titled("密钥", "Secret")] = Field(
        min_length=1, description="The webhook's secret."
    )
    previous_secret: Annotated[str | None, Secret(), Titled("旧密钥", "Previous secret")] = Field(
        None, min_length=1, description="The secret before, still good while it is being changed."
    )


class WooCommerceChannel(Channel[WooCommerceConfig]):
    """One event a webhook: the topic is WooCommerce's own, such as ``order.created``, the payload the body.

    WooCommerce signs the body alone, without a time: a replay is caught by the event's id.
    """

    kind = "woocommerce"
    title = Text(zh="WooCommerce 店铺", en="WooCommerce shop")
    Config = WooCommerceConfig

    def challenge(self, request: RawRequest) -> RawResponse | None:
        """Answers the ping that WooCommerce sends, unsigned, before it lets a webhook be saved."""
        if "x-wc-webhook-signature" in request.headers or not _PING.fullmatch(request.body):
            return None
        return RawResponse(200, b"pong")

    def verify(self, request: RawRequest) -> None:
        """Compares ``X-WC-Webhook-Signature`` with the base64 HMAC-SHA256 of the raw body."""
        given = request.headers.get("x-wc-webhook-signature", "").encode()
        secrets = [s for s in (self.config.secret, self.config.previous_secret) if s]
        digests = [b64encode(hmac.digest(s.encode(), request.body, "sha256")) for s in secrets]
        if not any(hmac.compare_digest(d, given) for d in digests):
            raise SignatureWrong(
                "x-wc-webhook-signature does not fit the body" if given else "no x-wc-webhook-signature"
            )

    def events(self, request: RawRequest) -> Sequence[ChannelEvent]:
        """The webhook's one event.

        WooCommerce makes its delivery id of the webhook and the second, so two orders of one second share it; the
        event's id therefore adds a digest of the body.
        """
        delivery = _bounded(request, "x-wc-webhook-delivery-id")
        return [
            ChannelEvent(
                id=f"{delivery}-{sha256(request.body).hexdigest()[:32]}",
                topic=_bounded(request, "x-wc-webhook-topic"),
                payload=_document(request.body),
                headers={name: request.headers[name] for name in _TOLD if name in request.headers},
            )
        ]


def _bounded(request: RawRequest, name: str) -> str:
    value = request.headers.get(name, "").strip()
    if not 0 < len(value) <= _ID_MAX:
        raise BodyUnreadable(f"{name} is missing or longer than {_ID_MAX} characters")
    return value


def _document(body: bytes) -> dict[str, object]:
    try:
        document = plain_loads(body)
    except ValueError as wrong:
        raise BodyUnreadable(f"the body is no JSON: {wrong}") from wrong
    if not isinstance(document, dict):
        raise BodyUnreadable("the body is no JSON object")
    return document

"""Takes a Shopify shop's webhooks."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from taktflow.sdk import (
    BodyUnreadable,
    Channel,
    ChannelEvent,
    ConnectorConfig,
    RawRequest,
    Secret,
    SignatureWrong,
    Text,
    Titled,
    plain_loads,
)

_ID_MAX = 200
_TOLD = ("x-shopify-shop-domain", "x-shopify-api-version", "x-shopify-triggered-at", "x-shopify-event-id")


class ShopifyConfig(ConnectorConfig):
    """The shop's signing secret; two of them are good while it is being changed."""

    secret: Annotated[str, Secret(), Titled("密钥", "Secret")] = Field(
        min_length=1, description="The app's client secret."
    )
    previous_secret: Annotated[str | None, Secret(), Titled("旧密钥", "Previous secret")] = Field(
        None, min_length=1, description="The secret before, still good while it is being changed."
    )


class ShopifyChannel(Channel[ShopifyConfig]):
    """One event a webhook: the topic is Shopify's own, such as ``orders/create``, the payload the body.

    Shopify signs the body alone, without a time: a replay is caught by the event's id.
    """

    kind = "shopify"
    title = Text(zh="Shopify 店铺", en="Shopify shop")
    Config = ShopifyConfig

    def verify(self, request: RawRequest) -> None:
        """Compares ``X-Shopify-Hmac-Sha256`` with the base64 HMAC-SHA256 of the raw body."""
        given = request.headers.get("x-shopify-hmac-sha256", "").encode()
        secrets = [s for s in (self.config.secret, self.config.previous_secret) if s]
        digests = [b64encode(hmac.digest(s.encode(), request.body, "sha256")) for s in secrets]
        if not any(hmac.compare_digest(d, given) for d in digests):
            raise SignatureWrong("x-shopify-hmac-sha256 does not fit the body" if given else "no x-shopify-hmac-sha256")

    def events(self, request: RawRequest) -> Sequence[ChannelEvent]:
        """The webhook's one event; ``X-Shopify-Webhook-Id`` stays the same when Shopify sends it again."""
        return [
            ChannelEvent(
                id=_bounded(request, "x-shopify-webhook-id"),
                topic=_bounded(request, "x-shopify-topic"),
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

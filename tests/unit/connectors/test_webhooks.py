"""The webhook channels: who is let in, and what events come out."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from taktflow.sdk import BodyUnreadable, Channel, RawRequest, SignatureWrong, plain_dumps
from taktflow_connectors.shopify.channel import ShopifyChannel, ShopifyConfig
from taktflow_connectors.web_form.channel import WebFormChannel, WebFormConfig
from taktflow_connectors.whatsapp.channel import WhatsAppChannel, WhatsAppConfig
from taktflow_connectors.woocommerce.channel import WooCommerceChannel, WooCommerceConfig

ORDER = b'{"id":1,"total_price":"10.00"}'
SHOP_SECRET = "hush"
HUB_SECRET = "It's a Secret to Everybody"
GOLDEN = "3ExhP4awn0YdYCYBfHaJzuf4Scd3dWGj2Va0su1GZEc="


def a_request(
    body: bytes = b"", headers: Mapping[str, str] | None = None, method: str = "POST", **query: str
) -> RawRequest:
    return RawRequest(method, headers or {}, query, body, datetime(2026, 1, 15, tzinfo=UTC))


def shopify(secret: str = SHOP_SECRET, previous: str | None = None) -> ShopifyChannel:
    return ShopifyChannel(ShopifyConfig(secret=secret, previous_secret=previous))


def woocommerce(secret: str = SHOP_SECRET, previous: str | None = None) -> WooCommerceChannel:
    return WooCommerceChannel(WooCommerceConfig(secret=secret, previous_secret=previous))


def whatsapp(secret: str = HUB_SECRET, previous: str | None = None) -> WhatsAppChannel:
    return WhatsAppChannel(WhatsAppConfig(secret=secret, previous_secret=previous, verify_token="our-token"))


def is_let_in(channel: Channel[Any], request: RawRequest) -> bool:
    try:
        channel.verify(request)
    except SignatureWrong:
        return False
    return True


SHOPS = pytest.mark.parametrize(
    ("open_shop", "header"), [(shopify, "x-shopify-hmac-sha256"), (woocommerce, "x-wc-webhook-signature")]
)


@SHOPS
def test_a_shops_signature_over_the_raw_body_is_accepted(open_shop: Any, header: str) -> None:
    assert is_let_in(open_shop(), a_request(ORDER, {header: GOLDEN}))


@SHOPS
@pytest.mark.parametrize(
    ("body", "given"),
    [
        (ORDER + b" ", GOLDEN),
        (ORDER.replace(b"10.00", b"01.00"), GOLDEN),
        (ORDER, GOLDEN.lower()),
        (ORDER, GOLDEN[:-1]),
        (ORDER, ""),
        (ORDER, "£é"),
        (b"", GOLDEN),
    ],
)
def test_a_tampered_body_or_signature_is_refused(open_shop: Any, header: str, body: bytes, given: str) -> None:
    assert not is_let_in(open_shop(), a_request(body, {header: given}))


@SHOPS
def test_a_missing_signature_or_another_secret_is_refused(open_shop: Any, header: str) -> None:
    assert not is_let_in(open_shop(), a_request(ORDER))
    assert not is_let_in(open_shop("other"), a_request(ORDER, {header: GOLDEN}))


@SHOPS
def test_both_secrets_are_good_while_they_are_changed(open_shop: Any, header: str) -> None:
    assert is_let_in(open_shop("new", "hush"), a_request(ORDER, {header: GOLDEN}))
    assert is_let_in(open_shop("hush", "old"), a_request(ORDER, {header: GOLDEN}))
    assert not is_let_in(open_shop("new", "newer"), a_request(ORDER, {header: GOLDEN}))


@pytest.mark.parametrize("empty", ["secret", "previous_secret"])
def test_an_empty_secret_is_no_secret(empty: str) -> None:
    with pytest.raises(ValidationError):
        ShopifyConfig.model_validate({"secret": "hush", "previous_secret": "old", empty: ""})


def test_the_published_vector_of_the_hub_signature_is_accepted() -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    assert is_let_in(whatsapp(), a_request(b"Hello, World!", {"x-hub-signature-256": signature}))
    assert is_let_in(whatsapp("new", HUB_SECRET), a_request(b"Hello, World!", {"x-hub-signature-256": signature}))
    assert not is_let_in(whatsapp(), a_request(b"Hello, world!", {"x-hub-signature-256": signature}))
    assert not is_let_in(whatsapp(), a_request(b"Hello, World!", {"x-hub-signature-256": signature[7:]}))
    assert not is_let_in(whatsapp("other"), a_request(b"Hello, World!", {"x-hub-signature-256": signature}))
    assert not is_let_in(whatsapp(), a_request(b"Hello, World!"))


@settings(derandomize=True, max_examples=100)
@given(st.binary(max_size=200), st.text(min_size=1, max_size=40), st.integers(0, 199))
def test_any_signed_body_is_let_in_and_one_changed_byte_is_not(body: bytes, secret: str, place: int) -> None:
    key = secret.encode("utf-8", "replace").decode()
    signature = b64encode(hmac.digest(key.encode(), body, "sha256")).decode()
    changed = bytearray(body or b"x")
    changed[place % len(changed)] ^= 1

    assert is_let_in(shopify(key), a_request(body, {"x-shopify-hmac-sha256": signature}))
    assert not is_let_in(shopify(key), a_request(bytes(changed), {"x-shopify-hmac-sha256": signature}))


def test_a_shopify_webhook_is_one_event_named_by_its_sender() -> None:
    headers = {
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": "b54557e4",
        "x-shopify-shop-domain": "valves.myshopify.com",
        "authorization": "not kept",
    }

    (event,) = shopify().events(a_request(b'{"id":1,"qty":1.50}', headers))

    assert (event.id, event.topic, event.payload) == ("b54557e4", "orders/create", {"id": 1, "qty": Decimal("1.50")})
    assert event.headers == {"x-shopify-shop-domain": "valves.myshopify.com"}


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        (b"{", {}),
        (b"[]", {}),
        (b"\xff", {}),
        (ORDER, {"x-shopify-topic": ""}),
        (ORDER, {"x-shopify-webhook-id": ""}),
        (ORDER, {"x-shopify-webhook-id": "x" * 201}),
    ],
)
def test_a_shopify_webhook_without_topic_id_or_json_is_unreadable(body: bytes, changes: dict[str, str]) -> None:
    headers = {"x-shopify-topic": "orders/create", "x-shopify-webhook-id": "1", **changes}

    with pytest.raises(BodyUnreadable):
        shopify().events(a_request(body, headers))


def woo_event(body: bytes, delivery: str = "d-1") -> Any:
    headers = {"x-wc-webhook-topic": "order.created", "x-wc-webhook-delivery-id": delivery}
    (event,) = woocommerce().events(a_request(body, headers))
    return event


def test_a_woocommerce_webhook_sent_again_has_the_same_id() -> None:
    assert woo_event(ORDER) == woo_event(ORDER)
    assert woo_event(ORDER).topic == "order.created"
    assert len(woo_event(ORDER, "d" * 100).id) <= 200


@pytest.mark.mission("C1")
def test_two_woocommerce_orders_of_one_second_share_a_delivery_id_and_are_both_kept() -> None:
    assert woo_event(b'{"id":1}').id != woo_event(b'{"id":2}').id


@pytest.mark.parametrize("missing", ["x-wc-webhook-topic", "x-wc-webhook-delivery-id"])
def test_a_woocommerce_webhook_without_topic_or_delivery_is_unreadable(missing: str) -> None:
    headers = {"x-wc-webhook-topic": "order.created", "x-wc-webhook-delivery-id": "d-1", missing: ""}

    with pytest.raises(BodyUnreadable):
        woocommerce().events(a_request(ORDER, headers))


def test_the_ping_of_woocommerce_is_answered_without_a_signature() -> None:
    answer = woocommerce().challenge(a_request(b"webhook_id=42"))

    assert answer is not None
    assert answer.status == 200


@pytest.mark.parametrize("body", [ORDER, b"webhook_id=", b"webhook_id=1&x=2", b"webhook_id=1\n"])
def test_nothing_else_passes_for_a_ping(body: bytes) -> None:
    assert woocommerce().challenge(a_request(body)) is None


def ask(**query: str) -> Any:
    request = a_request(method="GET")
    named = {f"hub.{name}": value for name, value in query.items()}
    return whatsapp().challenge(RawRequest("GET", {}, named, b"", request.received_at))


def test_metas_challenge_is_given_back_when_it_shows_our_token() -> None:
    answer = ask(mode="subscribe", verify_token="our-token", challenge="1158201444")

    assert (answer.status, answer.body, answer.content_type) == (200, b"1158201444", "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"mode": "subscribe", "challenge": "1"},
        {"mode": "subscribe", "verify_token": "other", "challenge": "1"},
        {"mode": "unsubscribe", "verify_token": "our-token", "challenge": "1"},
        {"mode": "subscribe", "verify_token": "our-token"},
        {"mode": "subscribe", "verify_token": "our-token", "challenge": "<script>"},
    ],
)
def test_any_other_question_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(SignatureWrong):
        ask(**query)


def test_a_post_is_no_challenge() -> None:
    assert whatsapp().challenge(a_request(b"{}")) is None


def messages(*given: Any, statuses: Any = (), field: str = "messages") -> list[Any]:
    value = {
        "metadata": {"phone_number_id": "106540352242922"},
        "contacts": [{"wa_id": "8613800000000", "profile": {"name": "Ann"}}],
        "messages": list(given),
        "statuses": list(statuses),
    }
    document = {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": field, "value": value}]}]}
    return list(whatsapp().events(a_request(plain_dumps(document).encode())))


TEXT = {
    "id": "wamid.1",
    "from": "8613800000000",
    "timestamp": "1768464000",
    "type": "text",
    "text": {"body": "要 DN50 法兰 200 件"},
}
CATALOGUE_ORDER = {
    "id": "wamid.2",
    "from": "8613800000000",
    "timestamp": "1768464001",
    "type": "order",
    "order": {
        "catalog_id": "c-1",
        "text": "quickly please",
        "product_items": [
            {"product_retailer_id": "FL-DN50", "quantity": 200, "item_price": Decimal("12.50"), "currency": "USD"}
        ],
    },
}


@pytest.mark.mission("I1")
def test_a_batch_becomes_one_event_a_message_in_order() -> None:
    first, second = messages(TEXT, CATALOGUE_ORDER)

    assert (first.id, first.topic, first.payload["text"]) == ("wamid.1", "text", "要 DN50 法兰 200 件")
    assert (first.payload["from"], first.payload["name"]) == ("8613800000000", "Ann")
    assert (first.payload["to"], first.payload["sent_at"]) == ("106540352242922", "2026-01-15T08:00:00Z")
    assert (second.id, second.topic, second.payload["text"]) == ("wamid.2", "order", "quickly please")
    assert second.payload["order"]["product_items"][0]["item_price"] == Decimal("12.50")


def test_delivery_reports_of_one_message_are_told_apart() -> None:
    reports = [
        {"id": "wamid.9", "status": s, "recipient_id": "86", "timestamp": "1768464000"} for s in ("sent", "read")
    ]

    events = messages(statuses=reports)

    assert [e.id for e in events] == ["wamid.9:sent", "wamid.9:read"]
    assert {e.topic for e in events} == {"status"}


def test_a_picture_is_kept_as_other() -> None:
    (event,) = messages({"id": "wamid.3", "from": "86", "type": "image", "image": {"id": "m-1"}})

    assert (event.topic, event.payload["message"]["image"]) == ("other", {"id": "m-1"})


def test_a_broken_message_does_not_stop_the_one_beside_it() -> None:
    events = messages({"type": "text"}, "nonsense", TEXT)

    assert [e.topic for e in events] == ["unreadable", "unreadable", "text"]
    assert len({e.id for e in events}) == 3


def test_a_very_long_message_id_is_shortened_and_stays_its_own() -> None:
    first, second = messages({**TEXT, "id": "w" * 500}, {**TEXT, "id": "w" * 501})

    assert len(first.id) <= 200
    assert first.id != second.id


def test_changes_of_another_field_are_passed_over() -> None:
    assert messages(TEXT, field="account_update") == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"entry":{}}', b"\xff\xfe"])
def test_a_body_that_is_no_batch_is_unreadable(body: bytes) -> None:
    with pytest.raises(BodyUnreadable):
        whatsapp().events(a_request(body))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "text", "wamid.1", "1768464000"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "type", "text", "body", "order", "timestamp", "status", "from", "profile", "wa_id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(derandomize=True, max_examples=200)
@given(JSON, JSON, JSON, JSON)
def test_whatever_a_signed_batch_holds_gives_events_or_is_unreadable(a: Any, b: Any, c: Any, d: Any) -> None:
    value = {"metadata": c, "contacts": d, "messages": a, "statuses": b}
    document = {"entry": [{"changes": [{"value": value}, c]}, d]}

    events = whatsapp().events(a_request(plain_dumps(document).encode()))

    assert all(0 < len(e.id) <= 200 and e.topic for e in events)


def web_form(**config: Any) -> WebFormChannel:
    return WebFormChannel(WebFormConfig(**config))


SUBMISSION = {"submission_id": "0b9c1f6e-1", "form": "order_request", "data": {"sku": "A", "qty": Decimal("1.5")}}


def test_a_submission_is_one_event_named_by_the_page_that_sent_it() -> None:
    request = a_request(plain_dumps(SUBMISSION).encode())

    web_form().verify(request)
    (event,) = web_form().events(request)

    assert (event.id, event.topic, event.payload) == (
        "0b9c1f6e-1",
        "order_request",
        {"sku": "A", "qty": Decimal("1.5")},
    )


def test_a_form_cannot_be_declared_anything_but_public() -> None:
    with pytest.raises(ValidationError):
        WebFormConfig.model_validate({"public": False})


@pytest.mark.parametrize(
    "changes",
    [
        {"submission_id": "short"},
        {"submission_id": "x" * 101},
        {"submission_id": "../../etc"},
        {"submission_id": None},
        {"form": "Order Request"},
        {"form": None},
        {"data": []},
        {"extra": 1},
        {"data": {"note": "x" * 300_000}},
    ],
)
def test_a_submission_of_another_shape_or_size_is_unreadable(changes: dict[str, Any]) -> None:
    with pytest.raises(BodyUnreadable):
        web_form().events(a_request(plain_dumps({**SUBMISSION, **changes}).encode()))

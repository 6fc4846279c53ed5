"""What the factory's customers and staff send is what the channels take."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from taktflow.sdk import Channel, RawRequest, SignatureWrong
from taktflow_connectors.drop_folder.channel import DropFolderChannel, DropFolderConfig
from taktflow_connectors.plant import traffic, traffic_files
from taktflow_connectors.plant.traffic import Delivery, Placed
from taktflow_connectors.shopify.channel import ShopifyChannel, ShopifyConfig
from taktflow_connectors.whatsapp.channel import WhatsAppChannel, WhatsAppConfig
from taktflow_connectors.woocommerce.channel import WooCommerceChannel, WooCommerceConfig

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ORDER = Placed(
    "5001",
    [("FL-DN50", 200)],
    customer="DE-MUE",
    contact="jana@mueller.example",
    phone="4915100000001",
    template="export",
    due=date(2026, 3, 30),
    urgent=True,
)
SHOPIFY = ShopifyChannel(ShopifyConfig(secret="s"))
WOO = WooCommerceChannel(WooCommerceConfig(secret="s"))
WHATSAPP = WhatsAppChannel(WhatsAppConfig(secret="s", verify_token="v"))
SIGNED: list[tuple[Channel[Any], Delivery, str, str]] = [
    (SHOPIFY, traffic.shopify(ORDER, "s", event="e-1", at=AT), "orders/create", "e-1"),
    (WOO, traffic.woocommerce(ORDER, "s", event="e-1", at=AT), "order.created", "e-1-"),
    (WHATSAPP, traffic.whatsapp_order(ORDER, "s", at=AT), "order", "5001"),
    (WHATSAPP, traffic.whatsapp_text(ORDER, "s", at=AT), "text", "5001"),
]


def request(delivery: Delivery) -> RawRequest:
    return RawRequest("POST", dict(delivery.headers), {}, delivery.body, AT)


@pytest.mark.parametrize(("channel", "delivery", "topic", "id"), SIGNED)
def test_a_signed_delivery_is_taken_as_one_event(
    channel: Channel[Any], delivery: Delivery, topic: str, id: str
) -> None:
    channel.verify(request(delivery))

    [event] = channel.events(request(delivery))

    assert event.topic == topic
    assert event.id.startswith(id)


@pytest.mark.parametrize(("channel", "delivery"), [(channel, delivery) for channel, delivery, *_ in SIGNED])
def test_a_forged_delivery_is_refused(channel: Channel[Any], delivery: Delivery) -> None:
    with pytest.raises(SignatureWrong):
        channel.verify(request(delivery.forged()))


def test_the_same_order_makes_the_same_bytes() -> None:
    first = traffic.woocommerce(ORDER, "s", event="e-1", at=AT)

    assert traffic.woocommerce(ORDER, "s", event="e-1", at=AT) == first


@pytest.mark.parametrize(("name", "qty"), [("a.xlsx", Decimal(1200)), ("a.csv", "1,200")])
def test_a_dropped_list_is_read_row_by_row(tmp_path: Path, name: str, qty: Decimal | str) -> None:
    rows: list[traffic_files.Row] = [
        {"单号": "2601", "客户": "CN-HD", "产品": "FL-DN50", "数量": 1200, "交期": date(2026, 3, 30), "加急": "是"}
    ]
    write = traffic_files.workbook if name.endswith("xlsx") else traffic_files.csv_file
    (tmp_path / name).write_bytes(write(rows))

    [batch] = DropFolderChannel(DropFolderConfig(path=str(tmp_path), id_column="单号", stable_s=0)).poll()

    [event] = batch.events
    assert event.id == "2601"
    assert isinstance(event.payload, dict)
    cells = event.payload["cells"]
    assert cells["数量"] == qty
    assert cells["交期"] == "2026-03-30"
    assert cells["录入人"] is None

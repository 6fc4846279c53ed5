"""What comes in from outside: webhooks, files and the clock; each event starts what it must, once."""

from __future__ import annotations

import hmac
import json
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from taktflow.errors import Unauthenticated
from taktflow.sdk import (
    Batch,
    BodyUnreadable,
    Channel,
    ChannelEvent,
    ConnectorConfig,
    RawRequest,
    Text,
)
from taktflow.services.inbound import receive_webhook
from taktflow.store import InboundRow
from taktflow_connectors.drop_folder.channel import DropFolderChannel
from taktflow_connectors.shopify.channel import ShopifyChannel
from taktflow_connectors.whatsapp.channel import WhatsAppChannel
from tests.builders import a_workflow, feel
from tests.scenario.databases import another_world, postgres_server, postgres_template, sqlite_template, world
from tests.scenario.world import Life, World, instances, publish, wait_until

__all__ = ["another_world", "postgres_server", "postgres_template", "sqlite_template", "world"]

SECRET = "secret"


def a_connection(id: str, channel: str, **config: Any) -> dict[str, Any]:
    return {"kind": "connection", "id": id, "title": {"zh": id, "en": id}, "channel": channel, "config": config}


def taking(connection: str, type: str, **start: Any) -> a_workflow:
    """A workflow that an event starts and that tells the outside what came."""
    flow = a_workflow().step("tell", "test.tell", value=feel("event"), out="told")
    flow.document["start"] = [{"id": "begin", "type": type, "connection": connection, "as": "event", **start}]
    flow.document["data"] = {"vars": {"event": {"type": "any"}, "told": {"type": "any"}}}
    return flow


def inbound(life: Life) -> Sequence[InboundRow]:
    return life.engine.store.inbounds.page().rows


# -- webhooks -------------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(world: World) -> Life:
    """An engine that takes a shop's webhooks."""
    world.channels = (ShopifyChannel,)
    world.settings = {"secrets_file": _secrets(world, {"shop": SECRET})}
    life = world.born().work()
    publish(life.engine, a_connection("shop", "shopify", secret="secret:shop"), taking("shop", "webhook"))
    return life


def _secrets(world: World, secrets: Mapping[str, str]) -> Path:
    file = world.folder / "secrets.json"
    file.write_text(json.dumps(secrets))
    file.chmod(0o600)
    return file


def ordered(number: int, webhook: str, secret: str = SECRET) -> RawRequest:
    body = json.dumps({"id": number}).encode()
    headers = {
        "content-type": "application/json",
        "x-shopify-hmac-sha256": b64encode(hmac.digest(secret.encode(), body, "sha256")).decode(),
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": webhook,
    }
    return RawRequest("POST", headers, {}, body, datetime.now(UTC))


def test_a_webhook_delivered_many_times_starts_one_instance(shop: Life, world: World) -> None:
    answers = [receive_webhook(shop.engine, "shop", ordered(7, "w7")).status for _ in range(2)]
    shop.idle()
    threads = [threading.Thread(target=receive_webhook, args=(shop.engine, "shop", ordered(8, "w8"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shop.idle()

    assert answers == [200, 200]
    assert sorted(v["id"] for v in world.outside.applied.values()) == [7, 8]
    assert len(world.outside.calls) == len(instances(shop)) == 2
    assert {r.status for r in inbound(shop)} == {"done"}


def test_a_wrongly_signed_webhook_is_kept_nowhere(shop: Life) -> None:
    with pytest.raises(Unauthenticated):
        receive_webhook(shop.engine, "shop", ordered(7, "w7", secret="guess"))

    assert inbound(shop) == ()
    assert instances(shop) == []


def test_a_webhook_that_came_while_nobody_worked_is_taken_in_by_the_next_life(shop: Life, world: World) -> None:
    assert shop.executor is not None
    shop.executor.stop()
    receive_webhook(shop.engine, "shop", ordered(7, "w7"))
    shop.end()

    life = world.born().work()
    life.idle()

    assert [r.status for r in instances(life)] == ["ended"]


def test_every_message_of_one_webhook_starts_its_own_instance(world: World) -> None:
    world.channels = (WhatsAppChannel,)
    world.settings = {"secrets_file": _secrets(world, {"hub": SECRET})}
    life = world.born().work()
    config = {"secret": "secret:hub", "verify_token": "secret:hub"}
    publish(life.engine, a_connection("chat", "whatsapp", **config), taking("chat", "webhook", topic="text"))
    messages = [
        {"id": f"m{n}", "from": "49", "timestamp": "1767225600", "type": "text", "text": {"body": f"hello {n}"}}
        for n in range(3)
    ]
    value = {"messages": messages, "statuses": [{"id": "m0", "status": "sent"}]}
    body = json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()
    signature = "sha256=" + hmac.new(SECRET.encode(), body, "sha256").hexdigest()

    for _ in range(2):
        receive_webhook(
            life.engine, "chat", RawRequest("POST", {"x-hub-signature-256": signature}, {}, body, datetime.now(UTC))
        )
    life.idle()

    assert sorted(v["text"] for v in world.outside.applied.values()) == ["hello 0", "hello 1", "hello 2"]
    assert [r.status for r in inbound(life)] == ["done"]


# -- channels that break ----------------------------------------------------------------------------------------------


class NoConfig(ConnectorConfig):
    """Nothing to set."""


class Bare(Channel[NoConfig]):
    """Takes whatever comes, a line an event; breaks over the line ``break`` once its body is kept."""

    kind = "bare"
    title = Text("简单", "Bare")
    Config = NoConfig

    def verify(self, request: RawRequest) -> None:
        """Lets everybody in."""

    def events(self, request: RawRequest) -> Sequence[ChannelEvent]:
        """An event a line."""
        lines = request.body.decode().split()
        if "unreadable" in lines and "x-first" not in request.headers:
            raise BodyUnreadable("not so any more")
        if "break" in lines and "x-first" not in request.headers:
            raise SystemExit("a plug-in that wants to end the process")
        return [ChannelEvent(f"{line}", "line", {"n": line}) for line in lines]


class Sour(Bare):
    """Breaks whenever it is polled."""

    kind = "sour"
    polled = True

    def poll(self) -> Iterator[Batch]:
        """Nothing but trouble."""
        raise OSError("the folder is gone")


def test_one_event_that_fits_no_start_does_not_take_its_neighbours_with_it(world: World) -> None:
    world.channels = (Bare,)
    life = world.born().work()
    flow = taking("line", "webhook")
    flow.document["data"]["vars"]["event"] = {
        "type": "object",
        "fields": {"n": {"type": "text", "max_length": 3}},
    }
    publish(life.engine, a_connection("line", "bare"), flow)

    receive_webhook(life.engine, "line", RawRequest("POST", {}, {}, b"a much_too_long b", datetime.now(UTC)))
    life.idle()

    (kept,) = inbound(life)
    assert sorted(v["n"] for v in world.outside.applied.values()) == ["a", "b"]
    assert kept.status == "failed"
    assert kept.error is not None and "start.data" in kept.error


@pytest.mark.parametrize("line", ["break", "unreadable"])
def test_a_channel_that_breaks_over_a_kept_body_leaves_it_with_the_reason(world: World, line: str) -> None:
    world.channels = (Bare,)
    life = world.born()
    publish(life.engine, a_connection("line", "bare"), taking("line", "webhook"))
    body = line.encode()
    receive_webhook(life.engine, "line", RawRequest("POST", {"x-first": "1"}, {}, body, datetime.now(UTC)))
    stripped = "UPDATE inbound SET headers = '{}'"
    life.engine.store.write(lambda tx: tx.run(stripped)).result()

    life.work(threads=1)
    life.idle()
    receive_webhook(life.engine, "line", RawRequest("POST", {}, {}, b"fine", datetime.now(UTC)))
    life.idle()

    assert {r.status for r in inbound(life)} == {"failed", "done"}
    assert len(instances(life)) == 1


# -- folders --------------------------------------------------------------------------------------------------------


def test_each_row_of_a_dropped_file_starts_an_instance_and_the_same_file_again_none(world: World) -> None:
    world.channels = (DropFolderChannel, Sour)
    life = world.born()
    folder = world.folder / "in"
    folder.mkdir()
    config = {"path": str(folder), "id_column": "no", "stable_s": 0}
    publish(
        life.engine,
        a_connection("another", "sour"),
        a_connection("files", "drop_folder", **config),
        taking("files", "message", name="row", topic="row"),
    )
    life.work()

    for name in ("first.csv", "again.csv"):
        (folder / name).write_text("no,qty\nA,1\nB,2\n")
        wait_until((folder / "done" / name).exists, "the file was not taken")
        life.idle()

    assert sorted(v["cells"]["no"] for v in world.outside.applied.values()) == ["A", "B"]
    assert len(instances(life)) == 2

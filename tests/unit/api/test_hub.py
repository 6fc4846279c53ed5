from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from taktflow.api import events
from taktflow.api.events import Hub
from taktflow.store import Notice


def a_notice(instance: str, rev: int = 1) -> Notice:
    return Notice(instance, rev, "running", frozenset(), workflow="intake")


async def welcome() -> bool:
    return True


async def read(
    hub: Hub, count: int, last: str | None = None, still: Callable[[], Awaitable[bool]] = welcome
) -> list[str]:
    """The first ``count`` chunks behind the opening one; fewer when the stream ends."""
    found: list[str] = []
    async for chunk in hub.stream(last, still):
        found.append(chunk.decode())
        if len(found) > count:
            break
    return found[1:]


def ids(chunks: list[str]) -> list[str]:
    return re.findall(r'"id":"([^"]+)"', "".join(chunks))


def test_a_commit_reaches_every_reader() -> None:
    async def scene() -> list[list[str]]:
        hub = Hub()
        hub.open()
        readers = [asyncio.create_task(read(hub, 1)) for _ in range(3)]
        await asyncio.sleep(0)
        while hub.readers < 3:
            await asyncio.sleep(0.001)
        await asyncio.to_thread(hub.told, [a_notice("i-1", 4)])
        return await asyncio.gather(*readers)

    for chunks in asyncio.run(scene()):
        assert 'data: {"id":"i-1","rev":4,"status":"running","workflow":"intake"}' in chunks[0]
        assert chunks[0].startswith("event: instance\n")


def test_of_many_commits_to_one_instance_the_last_is_told() -> None:
    async def scene() -> list[str]:
        hub = Hub()
        hub.open()
        hub.told([a_notice("i-1", n) for n in range(50)] + [a_notice("i-2")])
        await asyncio.sleep(0.01)
        return await read(hub, 2, last=f"{hub.run}-0")

    chunks = asyncio.run(scene())

    assert ids(chunks) == ["i-1", "i-2"]
    assert '"rev":49' in chunks[0]


def test_a_reader_who_comes_back_gets_what_they_missed() -> None:
    async def scene() -> list[str]:
        hub = Hub()
        hub.open()
        for n in range(5):
            hub.told([a_notice(f"i-{n}")])
            await asyncio.sleep(0.001)
        return await read(hub, 2, last=f"{hub.run}-3")

    assert ids(asyncio.run(scene())) == ["i-3", "i-4"]


def test_a_reader_of_an_earlier_run_is_told_to_load_again() -> None:
    async def scene(last: str) -> list[str]:
        hub = Hub()
        hub.open()
        return await read(hub, 1, last=last)

    for last in ("0badcafe-3", "nonsense", "-", "٣-٣"):
        assert asyncio.run(scene(last))[0].startswith("event: reset\n")


def test_a_reader_who_is_too_slow_is_told_to_load_again_and_goes_on() -> None:
    async def scene() -> tuple[str, str]:
        hub = Hub()
        hub.open()
        stream = hub.stream(None, welcome)
        await anext(stream)
        for n in range(events.QUEUE + 10):
            hub.told([a_notice(f"i-{n}")])
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        reset = await anext(stream)
        hub.told([a_notice("i-last")])
        return reset.decode(), (await anext(stream)).decode()

    reset, after = asyncio.run(scene())

    assert reset.startswith("event: reset\n")
    assert ids([after]) == ["i-last"]


def test_closing_the_hub_ends_every_stream() -> None:
    async def scene() -> list[str]:
        hub = Hub()
        hub.open()
        reading = asyncio.create_task(read(hub, 5))
        while hub.readers < 1:
            await asyncio.sleep(0.001)
        await asyncio.to_thread(hub.close_soon)
        return await asyncio.wait_for(reading, 1)

    assert asyncio.run(scene()) == []


def test_a_stream_ends_at_the_heartbeat_after_its_session() -> None:
    async def nobody() -> bool:
        return False

    async def scene() -> list[str]:
        hub = Hub(heartbeat_s=0.01)
        hub.open()
        return await asyncio.wait_for(read(hub, 5, still=nobody), 1)

    assert asyncio.run(scene()) == []


def test_commits_before_the_server_listens_are_nobodys_loss() -> None:
    hub = Hub()

    hub.told([a_notice("i-1")])

    assert hub.readers == 0

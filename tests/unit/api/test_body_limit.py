from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from taktflow.api.body_limit import BodyLimit
from taktflow.errors import TooLarge


def read_through_limit(chunks: Sequence[bytes], headers: Sequence[tuple[bytes, bytes]] = ()) -> tuple[bytes, int]:
    """What a handler gets through a limit of 10 bytes, and how many messages were taken from the network."""
    taken = 0
    got = b""

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": chunks[taken - 1], "more_body": taken < len(chunks)}

    async def handler(_scope: Scope, receive: Receive, _send: Send) -> None:
        nonlocal got
        more = True
        while more:
            message = await receive()
            got += message["body"]
            more = message["more_body"]

    async def send(message: Message) -> None:
        raise AssertionError(message)

    scope: dict[str, Any] = {"type": "http", "headers": list(headers)}
    try:
        asyncio.run(BodyLimit(handler, 10)(scope, receive, send))
    except TooLarge:
        return got, -taken
    return got, taken


def test_a_body_at_the_limit_passes() -> None:
    assert read_through_limit([b"12345", b"67890"]) == (b"1234567890", 2)


def test_an_announced_length_beyond_the_limit_is_refused_before_a_byte_is_read() -> None:
    assert read_through_limit([b"x" * 11], [(b"content-length", b"11")]) == (b"", 0)


def test_a_body_that_grows_beyond_the_limit_is_refused_at_the_chunk_that_crosses_it() -> None:
    assert read_through_limit([b"12345", b"678901", b"never"]) == (b"12345", -2)


@pytest.mark.parametrize("length", [b"-5", b"much", b"\xb2"])
def test_a_length_that_is_no_number_is_not_believed(length: bytes) -> None:
    assert read_through_limit([b"x" * 11], [(b"content-length", length)])[1] == -1

"""What is committed reaches open pages, and a stopping server lets them go."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.door import Door, Person, a_door, an_engine, serving


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with a_door(tmp_path_factory.mktemp("door")) as door:
        yield door


class Stream:
    """One open event stream, read event by event."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.iter_lines()

    def next(self) -> dict[str, Any]:
        """The next event; comments are passed over. StopIteration at the end of the stream."""
        event: dict[str, Any] = {}
        while True:
            line = next(self._lines)
            if not line and event.get("event"):
                return event
            name, _, value = line.partition(": ")
            if name in ("event", "id"):
                event[name] = value
            elif name == "data":
                event["data"] = json.loads(value)


@contextmanager
def listening(person: Person, last: str | None = None) -> Iterator[Stream]:
    headers = {"last-event-id": last} if last else {}
    with person.http.stream("GET", "/api/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = Stream(answer)
        assert next(stream._lines) == ": open"
        yield stream


def start(door: Door) -> str:
    done = door.user("sam").send(
        "/api/instances", {"workflow": "complaint", "start": "hand", "data": {"what": "an event"}}
    )
    id: str = done.json()["id"]
    return id


@pytest.mark.mission("E5")
def test_a_commit_is_told_to_an_open_page(door: Door) -> None:
    with listening(door.fresh("sue")) as stream:
        begun = time.monotonic()
        id = start(door)

        event = stream.next()

    assert event["event"] == "instance"
    assert event["data"] == {"id": id, "rev": 1, "status": "running", "workflow": "complaint"}
    assert time.monotonic() - begun < 2


def test_a_page_that_comes_back_gets_what_it_missed(door: Door) -> None:
    sue = door.fresh("sue")
    with listening(sue) as stream:
        start(door)
        seen = stream.next()["id"]
    missed = [start(door), start(door)]

    with listening(sue, last=seen) as stream:
        told = [stream.next()["data"]["id"] for _ in missed]

    assert told == missed


def test_a_page_of_an_earlier_server_is_told_to_load_again(door: Door) -> None:
    with listening(door.fresh("sue"), last="deadbeef-7") as stream:
        assert stream.next()["event"] == "reset"


def test_a_stream_is_for_those_who_are_signed_in(door: Door) -> None:
    assert door.stranger().ask("GET", "/api/events").status_code == 401


def test_a_stream_ends_with_its_session(tmp_path: Path) -> None:
    with an_engine(tmp_path) as engine, serving(engine, heartbeat_s=0.05) as door:
        sue, same = door.fresh("sue"), door.stranger()
        same.http.cookies, same.csrf = sue.http.cookies, sue.csrf
        with listening(sue) as stream:
            assert same.ask("DELETE", "/api/session").status_code == 204

            with pytest.raises(StopIteration):
                stream.next()


def test_a_stopping_server_ends_its_streams_at_once(tmp_path: Path) -> None:
    with an_engine(tmp_path) as engine, serving(engine) as door, listening(door.fresh("sue")) as stream:
        begun = time.monotonic()
        threading.Timer(0.1, door.server.stop).start()

        with pytest.raises(StopIteration):
            stream.next()

        assert time.monotonic() - begun < 3


def test_a_page_that_goes_away_is_forgotten(door: Door) -> None:
    hub = door.server.config.app.state.rim.hub  # type: ignore[union-attr]  # the app is ours, never a path
    with listening(door.fresh("sue")):
        assert hub.readers >= 1

    until = time.monotonic() + 5
    while hub.readers and time.monotonic() < until:
        start(door)
        time.sleep(0.02)

    assert hub.readers == 0

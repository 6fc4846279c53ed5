"""Schedules at the HTTP door: seen by operators and analysts, paused, resumed and fired by operators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.door import Door, Person, a_door, publish

SNAPSHOT = """\
kind: workflow
id: snapshot
title: {zh: 快照, en: Snapshot}
start:
  - {id: night, type: schedule, title: {zh: 每夜, en: Every night}, cron: "0 2 * * *", catch_up: {all: 7}}
  - {id: monthly, type: schedule, cron: "0 9 1 * *", calendar: plant, on_holiday: before}
nodes: {done: {type: end}}
edges: [[night, done], [monthly, done]]
"""
PLANT = """\
kind: calendar
id: plant
title: {zh: 工厂, en: Plant}
timezone: Europe/Berlin
week: {mon: ["08:00-17:00"], thu: ["08:00-17:00"]}
"""


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with a_door(tmp_path_factory.mktemp("door"), timezone="Asia/Shanghai") as door:
        pack = "kind: pack\nid: clocks\ntitle: {zh: 钟, en: Clocks}\n"
        publish(door.engine, {"pack.yaml": pack, "snapshot.yaml": SNAPSHOT, "plant.yaml": PLANT})
        yield door


def told(person: Person, path: str, body: Any = None) -> Any:
    answer = person.send(path, body) if body is not None else person.ask("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_list_tells_when_each_schedule_fires(door: Door) -> None:
    monthly, night = told(door.user("ann"), "/api/schedules?workflow=snapshot")["items"]

    assert (night["title"], night["workflow_title"]["en"]) == ({"zh": "每夜", "en": "Every night"}, "Snapshot")
    assert (night["timezone"], night["catch_up"], night["status"], night["last_at"]) == (
        "Asia/Shanghai",
        "all:7",
        "active",
        None,
    )
    assert (monthly["timezone"], monthly["calendar"], monthly["on_holiday"]) == ("Europe/Berlin", "plant@1", "before")
    assert night["next_at"].endswith("T18:00:00Z")


def test_a_schedule_tells_its_next_moments(door: Door) -> None:
    found = told(door.user("ann"), "/api/schedules/snapshot/night")

    assert found["upcoming"][0] == found["next_at"]
    assert len(found["upcoming"]) == len(set(found["upcoming"])) == 10


def test_an_operator_pauses_resumes_and_fires(door: Door) -> None:
    otto = door.user("otto")

    paused = told(otto, "/api/schedules/snapshot/night/pause", {"why": "stocktaking"})
    listed = told(otto, "/api/schedules?status=paused")["items"]
    fired = told(otto, "/api/schedules/snapshot/night/fire", {"why": "by hand"})
    resumed = told(otto, "/api/schedules/snapshot/night/resume", {})

    assert (paused["status"], paused["why"], paused["paused_by"], paused["upcoming"]) == (
        "paused",
        "stocktaking",
        "otto",
        [],
    )
    assert [one["start"] for one in listed] == ["night"]
    assert (resumed["status"], resumed["last_instance"]) == ("active", fired["instance"])
    assert told(otto, f"/api/instances/{fired['instance']}")["status"] == "ended"
    acts = told(door.user("ada"), "/api/audit?object=schedule:snapshot/night")["items"]
    assert [a["action"] for a in acts] == ["schedule.resumed", "schedule.fired", "schedule.paused"]


def test_what_is_not_there_is_said_to_be_missing(door: Door) -> None:
    answer = door.user("otto").send("/api/schedules/snapshot/noon/pause", {})

    assert (answer.status_code, answer.json()["code"]) == (404, "schedule.unknown")


def test_analysts_look_and_do_nothing(door: Door) -> None:
    assert door.user("ann").send("/api/schedules/snapshot/night/pause", {}).status_code == 403
    assert door.user("sam").ask("GET", "/api/schedules").status_code == 403

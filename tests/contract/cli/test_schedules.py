"""Schedules from the command line: listed, stopped, resumed and fired."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.cli.terminal import run

SNAPSHOT = """\
kind: workflow
id: snapshot
title: {zh: 快照, en: Snapshot}
start: [{id: night, type: schedule, cron: "0 2 * * *", timezone: Europe/Berlin}]
nodes: {done: {type: end}}
edges: [[night, done]]
"""


@pytest.fixture(autouse=True)
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKTFLOW_DATABASE_URL", f"sqlite:///{tmp_path / 'cli.db'}")
    monkeypatch.setenv("TAKTFLOW_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("TAKTFLOW_LANGUAGE", "en")
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "pack.yaml").write_text("kind: pack\nid: clocks\ntitle: {zh: 钟, en: Clocks}\n", encoding="utf-8")
    (folder / "snapshot.yaml").write_text(SNAPSHOT, encoding="utf-8")
    code, said = run("publish", folder)
    assert code == 0, said


def test_a_schedule_is_listed_in_its_own_time_zone() -> None:
    code, said = run("schedules", "list")

    assert code == 0, said
    assert "snapshot/night@1  active  '0 2 * * *' Europe/Berlin  latest" in said
    assert " 02:00+0" in said
    assert run("schedules", "list", "--status", "retired") == (0, "")


def test_a_schedule_is_paused_and_resumed() -> None:
    paused = run("schedules", "pause", "snapshot", "night", "--why", "stocktaking")
    resumed = run("schedules", "resume", "snapshot", "night")
    shown = run("schedules", "show", "snapshot", "night")

    assert "paused" in paused[1]
    assert "next -" in paused[1]
    assert "active" in resumed[1]
    assert shown[1].count(" 02:00+0") == 11


def test_a_schedule_is_fired_by_hand() -> None:
    code, said = run("schedules", "fire", "snapshot", "night")

    assert (code, said.startswith("instance ")) == (0, True)
    assert run("schedules", "fire", "snapshot", "noon")[0] == 1

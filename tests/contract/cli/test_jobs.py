"""Incidents, events and instances from the command line: seen by cause, settled and moved many at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from taktflow.services.engine import open_engine
from taktflow.settings import Settings
from taktflow.store import NewInbound
from tests.contract.cli.terminal import run

WORKFLOW = """\
kind: workflow
id: greet
title: {zh: 问候, en: Greet}
data: {key: no, vars: {no: {type: text}, go: {type: boolean}, words: {type: any}}}
start: [{id: begin, type: manual}]
nodes:
  hello: {type: transform, set: {text: Hello}, out: words}
  wait: {type: user_task, title: {zh: 检查, en: Check}, who: [role:sales]}
  done: {type: end, outcome: greeted}
edges:
  - [begin, hello]
  - {from: hello, to: wait, when: go}
  - [wait, done]
"""
PACK = """\
kind: pack
id: small
title: {zh: 小, en: Small}
roles: {sales: {title: {zh: 销售, en: Sales}}}
"""


@pytest.fixture(autouse=True)
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published workflow whose instances stop unless told to go."""
    monkeypatch.setenv("TAKTFLOW_DATABASE_URL", f"sqlite:///{tmp_path / 'cli.db'}")
    monkeypatch.setenv("TAKTFLOW_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("TAKTFLOW_LANGUAGE", "en")
    folder = tmp_path / "pack"
    folder.mkdir()
    source = WORKFLOW
    for name, text in (("pack.yaml", PACK), ("greet.yaml", source)):
        (folder / name).write_text(text, encoding="utf-8")
    code, said = run("publish", folder)
    assert code == 0, said
    return folder


def started(tmp_path: Path, *keys: str) -> None:
    for key in keys:
        data = tmp_path / "data.yaml"
        data.write_text(f"no: {key}\ngo: false\n", encoding="utf-8")
        code, said = run("run", "greet", "--input", data)
        assert code == 0, said


def test_a_group_of_incidents_is_retried_after_a_change(tmp_path: Path) -> None:
    started(tmp_path, "a", "b")

    _, groups = run("incidents", "groups")
    cause = groups.split()[0]
    _, listed = run("incidents", "list", "--group", cause)
    code, said = run("incidents", "retry", "--group", cause, "--set", "go=true")
    _, left = run("incidents", "list")

    assert "greet/hello" in groups
    assert "edge.none" in groups
    assert len(listed.splitlines()) == 2
    assert code == 0, said
    assert "Retry incidents: 2 of 2 done, 0 failed, 0 left out" in said
    assert left == ""


def test_what_is_left_out_is_told_with_the_reason(tmp_path: Path) -> None:
    started(tmp_path, "a")

    code, said = run("instances", "resume", "--workflow", "greet")
    named, told = run("incidents", "cancel", "nobody", "--why", "x")
    job = told.split()[1]
    _, shown = run("jobs", "show", job, "--items", "5")
    over, why = run("jobs", "cancel", job)
    _, listed = run("jobs", "list")

    assert (code, named, over) == (0, 0, 1)
    assert "0 of 0 done" in said
    assert "1 skipped incident.unknown: There is no incident nobody" in told
    assert "skipped  nobody" in shown
    assert "jobs.over" in why
    assert len(listed.splitlines()) == 2


def test_a_migration_is_shown_before_it_is_done(tmp_path: Path, pack: Path) -> None:
    started(tmp_path, "a", "b")
    run("incidents", "retry", "--workflow", "greet", "--set", "go=true")
    source = (pack / "greet.yaml").read_text(encoding="utf-8").replace("wait", "check")
    (pack / "greet.yaml").write_text(source, encoding="utf-8")
    run("publish", pack)

    _, blocked = run("instances", "migrate", "greet", "--to", 2)
    _, shown = run("instances", "migrate", "greet", "--to", 2, "--node", "wait=check")
    code, done = run("instances", "migrate", "greet", "--to", 2, "--node", "wait=check", "--apply")

    assert "2 running: 0 move, 2 need a choice, 0 cannot" in blocked
    assert "2 running: 2 move, 0 need a choice, 0 cannot" in shown
    assert "job" not in shown
    assert code == 0
    assert "Move to another version: 2 of 2 done" in done


def test_failed_events_are_listed_with_the_reason_and_dropped() -> None:
    engine = open_engine(Settings())
    at = engine.now()
    kept = engine.store.receive(NewInbound("shop", "e1", "orders", {}, b"{}", at)).result()
    engine.store.settle_inbound(kept.id, "failed", error="start.data: no such customer").result()
    engine.store.close()

    _, listed = run("inbound", "list")
    code, said = run("inbound", "drop", kept.id, "--why", "a test")
    _, left = run("inbound", "list")

    assert "shop  orders  e1" in listed
    assert "no such customer" in listed
    assert code == 0
    assert "Drop failed events: 1 of 1 done" in said
    assert left == ""


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("incidents", "retry"), "jobs.nothing"),
        (("incidents", "retry", "a", "--node", "b"), "jobs.both"),
        (("incidents", "retry", "a", "--set", "novalue"), "jobs.pair"),
        (("incidents", "answer", "a", "--happened"), "incident.unknown"),
        (("instances", "cancel"), "jobs.nothing"),
        (("instances", "migrate", "greet", "--to", "9"), "definition.unknown"),
        (("instances", "migrate", "greet", "--to", "1", "--node", "x"), "jobs.pair"),
        (("jobs", "show", "a"), "jobs.unknown"),
        (("jobs", "cancel", "a"), "jobs.unknown"),
        (("inbound", "drop", "x"), "inbound.number"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(command: tuple[str, ...], code: str) -> None:
    ended, said = run(*command)

    assert ended == 1
    assert f"{code}: " in said

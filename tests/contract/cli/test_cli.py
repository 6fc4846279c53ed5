"""The command line, from a pack's first check to an instance that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.cli.terminal import run

WORKFLOW = """\
kind: workflow
id: greet
title: {zh: 问候, en: Greet}
data: {vars: {name: {type: text, required: true}, words: {type: any}}}
start: [{id: begin, type: manual}]
nodes:
  hello: {type: transform, set: {text: {$: '"Hello " + name'}}, out: words}
  done: {type: end, outcome: greeted}
edges: [[begin, hello], [hello, done]]
"""
CASES = """\
cases:
  - name: greets by name
    workflow: greet
    given: {name: Ann}
    expect: {outcome: greeted, variables: {words.text: Hello Ann}}
"""
PACK = "kind: pack\nid: small\ntitle: {zh: 小, en: Small}\n"


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small pack, and a database of its own."""
    monkeypatch.setenv("TAKTFLOW_DATABASE_URL", f"sqlite:///{tmp_path / 'cli.db'}")
    monkeypatch.setenv("TAKTFLOW_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("TAKTFLOW_LANGUAGE", "en")
    folder = tmp_path / "pack"
    folder.mkdir()
    for name, text in (("pack.yaml", PACK), ("greet.yaml", WORKFLOW), ("cases.yaml", CASES)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_sound_pack_passes_its_check_and_its_cases(pack: Path) -> None:
    checked, said = run("check", pack)
    tested, told = run("test", pack)

    assert (checked, tested) == (0, 0)
    assert "0 errors" in said
    assert "pass  greets by name" in told
    assert "1 of 1 cases passed" in told


def test_a_finding_names_file_line_and_remedy_and_nothing_is_published(pack: Path) -> None:
    file = pack / "greet.yaml"
    file.write_text(WORKFLOW.replace("type: transform", "type: tranform"), encoding="utf-8")

    checked, said = run("check", pack)
    published, _ = run("publish", pack)
    listed, _ = run("run", "greet")

    assert (checked, published, listed) == (1, 1, 1)
    assert "greet.yaml:7:" in said
    assert "transform" in said


def test_a_failing_case_stops_publishing_and_says_what_came_instead(pack: Path) -> None:
    (pack / "cases.yaml").write_text(CASES.replace("Hello Ann", "Bye Ann"), encoding="utf-8")

    code, said = run("publish", pack)

    assert code == 1
    assert "Hello Ann" in said
    assert "Bye Ann" in said


def test_a_published_workflow_runs_to_its_end(pack: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.yaml"
    data.write_text("name: Bob\n", encoding="utf-8")

    first, said = run("publish", pack)
    again, told = run("publish", pack)
    ran, end = run("run", "greet", "--input", data)

    assert (first, again, ran) == (0, 0, 0)
    assert "published workflow greet@1" in said
    assert "0 published, 2 unchanged" in told
    assert "status ended  outcome greeted" in end
    assert "Hello Bob" in end


def test_data_that_does_not_fit_is_refused_with_its_place(pack: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.yaml"
    data.write_text("nome: Bob\n", encoding="utf-8")
    run("publish", pack)

    code, said = run("run", "greet", "--input", data)

    assert code == 1
    assert "/nome" in said


def test_a_new_node_is_a_project_and_never_overwrites_one(tmp_path: Path) -> None:
    made, _ = run("new", "node", "acme.weight", "--folder", tmp_path)
    again, said = run("new", "node", "acme.weight", "--folder", tmp_path)

    assert (made, again) == (0, 1)
    assert any(tmp_path.rglob("pyproject.toml"))
    assert "exists" in said


def test_plugins_are_listed_with_what_they_are() -> None:
    code, said = run("plugins")

    assert code == 0
    assert "record.create" in said
    assert "shopify" in said


def test_a_user_gets_a_password_that_is_told_once(pack: Path) -> None:
    del pack
    code, said = run("user", "add", "eva", "--role", "sales")
    again, _ = run("user", "add", "eva")

    assert (code, again) == (0, 1)
    assert "password:" in said


def test_migrating_twice_is_harmless(pack: Path) -> None:
    del pack

    assert run("migrate") == run("migrate")

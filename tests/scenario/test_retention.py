"""What ended long ago moves to the archive, whole and once, whatever happens on the way."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from taktflow.errors import Invalid, NotFound, Refused
from taktflow.sdk import NodeError
from taktflow.services.archive import INDEX, Archive
from taktflow.services.retention import Retention, archive_of
from taktflow.store import AuditEntry, NewInbound, NewMessage
from tests.builders import a_workflow, feel
from tests.contract.cli.terminal import run
from tests.scenario.databases import another_world, postgres_server, postgres_template, sqlite_template, world
from tests.scenario.world import Life, World, an_entity, begin, fresh_sqlite, instances, publish, row, wait_until

__all__ = ["another_world", "postgres_server", "postgres_template", "sqlite_template", "world"]
MONTH = timedelta(days=31)


def a_life_with(world: World, ended: int, waiting: int = 0) -> Life:
    """A process with so many ended instances, each with a record and an effect, and so many that wait."""
    life = world.born()
    done = a_workflow().step("tell", "test.tell", value=1, out="told")
    done.step("keep", "record.create", entity="part", id_=feel("string(n)"), fields={"n": 1})
    publish(life.engine, an_entity("part"), done, a_workflow("idle").step("w", "wait", message="go", key="k"))
    life.work()
    for n in range(ended):
        begin(life, data={"n": n})
    for _ in range(waiting):
        begin(life, "idle")
    life.idle()
    assert {i.status for i in instances(life)} == {"ended"}
    return life


def archived(life: Life) -> list[str]:
    """The ids in the archive, each file checked."""
    found: list[str] = []
    for batch in archive_of(life.engine).batches():
        lines = [json.loads(line) for line in archive_of(life.engine).lines(batch)]
        assert [one["instance"]["id"] for one in lines] == [kept.id for kept in batch.instances]
        found += [kept.id for kept in batch.instances]
    return found


def rows_left(life: Life, table: str) -> int:
    """How many rows ``table`` has."""
    return int(life.store.write(lambda tx: tx.rows(f"SELECT count(*) FROM {table}")).result()[0][0])  # noqa: S608


def test_ended_instances_move_whole_and_running_ones_stay(world: World) -> None:
    life = a_life_with(world, 3, waiting=2)
    ids = [i.id for i in instances(life)]
    journal = rows_left(life, "journal")

    moved = Retention(life.engine).step(life.engine.now() + MONTH)

    assert moved == 3
    assert sorted(archived(life)) == sorted(ids)
    assert instances(life) == []
    assert len(instances(life, "idle")) == 2
    assert rows_left(life, "effect") == 0
    assert 0 < rows_left(life, "journal") < journal
    whole: Any = archive_of(life.engine).instance(ids[0])
    assert whole["instance"]["status"] == "ended"
    assert whole["effect"][0]["response"] == 1
    assert whole["journal"][0]["batch"][0]["step"] == "started"
    assert rows_left(life, "record") == 3, "records are not touched"
    assert rows_left(life, "record_change") == 3
    (entry,) = [a for a in life.engine.store.audits.page().rows if a.action == "instances.archived"]
    assert entry.details["instances"] == 3


def test_what_ended_lately_stays(world: World) -> None:
    life = a_life_with(world, 2)

    assert Retention(life.engine).step(life.engine.now() - timedelta(days=1)) == 0

    assert len(instances(life)) == 2


def test_an_ended_call_stays_as_long_as_its_caller_runs(world: World) -> None:
    life = world.born()
    caller = a_workflow().step("sub", "call", ref="child").step("w", "wait", message="go", key="k")
    publish(life.engine, a_workflow("child").step("s", "test.set", value=1), caller)
    life.work()
    begin(life)
    wait_until(lambda: [i.status for i in instances(life, "child")] == ["ended"], "no child")
    life.idle()

    assert Retention(life.engine).step(life.engine.now() + MONTH) == 0
    life.engine.store.post_message(
        NewMessage("m", "go", "k", None, life.engine.now(), life.engine.now() + MONTH)
    ).result()
    wait_until(lambda: [i.status for i in instances(life)] == ["ended"], "still waits")
    life.idle()

    assert Retention(life.engine).step(life.engine.now() + MONTH) >= 2
    assert instances(life) == instances(life, "child") == []


class Stop(Exception):
    """The process dies here."""


@pytest.mark.parametrize("place", ["lines", "data", "index", "remove"])
def test_a_crash_anywhere_loses_and_doubles_nothing(
    another_world: Callable[[], World], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    world = another_world()
    life = a_life_with(world, 4)
    ids = sorted(i.id for i in instances(life))
    ends = life.engine.now() + MONTH
    life.end()
    dying = world.born()

    def dies(*_: object) -> Any:
        raise Stop

    archive = archive_of(dying.engine)
    if place in ("lines", "remove"):
        monkeypatch.setattr(dying.store.retention, place, dies)
    if place == "index":
        archive.folder.mkdir(parents=True)
        (archive.folder / INDEX).mkdir()
    if place == "data":
        monkeypatch.setattr("taktflow.services.archive._write", lambda file, content: dies(file.write(content[:50])))
    with pytest.raises((Stop, OSError)):
        Retention(dying.engine).step(ends)
    monkeypatch.undo()
    if place == "index":
        # What a crash leaves in the middle of a line.
        (archive.folder / INDEX).rmdir()
        (archive.folder / INDEX).write_bytes(b'{"file":"instan')
    dying.end()

    left = world.born()
    retention = Retention(left.engine)
    while retention.step(ends):
        pass

    assert sorted(archived(left)) == ids
    assert instances(left) == []
    for file in archive.folder.glob("*.gz"):
        assert len(gzip.decompress(file.read_bytes()).splitlines()) == 4


def test_a_damaged_file_is_told_and_an_unknown_id_too(world: World) -> None:
    life = a_life_with(world, 1)
    (one,) = instances(life)
    Retention(life.engine).step(life.engine.now() + MONTH)
    archive = archive_of(life.engine)
    (file,) = archive.folder.glob("*.gz")
    file.write_bytes(file.read_bytes()[:-3] + b"abc")

    with pytest.raises(Invalid) as damaged:
        archive.instance(one.id)
    assert damaged.value.code == "archive.damaged"
    with pytest.raises(NotFound):
        archive.instance("nothing")


def test_one_process_archives_at_a_time(world: World) -> None:
    life = a_life_with(world, 1)

    with Archive(archive_of(life.engine).folder).locked(), pytest.raises(Refused) as busy:
        Retention(life.engine).step(life.engine.now() + MONTH)

    assert busy.value.code == "archive.busy"
    assert len(instances(life)) == 1


def test_an_open_incident_keeps_its_instance(world: World) -> None:
    life = world.born()
    publish(life.engine, a_workflow().step("tell", "test.tell_once", value=1))
    world.outside.trouble = [NodeError("no", "no")]
    life.work()
    started = begin(life)
    life.idle()

    assert Retention(life.engine).step(life.engine.now() + MONTH) == 0
    assert row(life, started.id).status == "running"


def test_used_up_messages_and_bodies_go_and_events_stay_known(world: World) -> None:
    life = world.born()
    now = life.engine.now()
    store = life.engine.store
    for name in ("old", "new"):
        expires = now - MONTH if name == "old" else now + MONTH
        store.post_message(NewMessage(name, "go", name, None, now - 2 * MONTH, expires)).result()
    event = NewInbound("shop", "e1", "orders", {}, b"a body", now - MONTH)
    taken = store.receive(event).result()
    store.settle_inbound(taken.id, "ignored").result()
    store.expire_messages(now).result()

    Retention(life.engine).step(now)

    assert rows_left(life, "message") == 1
    kept = store.inbound_event(taken.id)
    assert kept is not None
    assert kept.body == b""
    assert not store.receive(event).result().fresh


def test_the_log_of_a_file_is_cut_and_freed_pages_go_back(sqlite_template: Path, tmp_path: Path) -> None:
    world = World(fresh_sqlite(sqlite_template, tmp_path), tmp_path)
    life = world.born()
    path = Path(world.url.removeprefix("sqlite:///"))
    entry = AuditEntry(life.engine.now(), "ann", "test", "x" * 400_000)
    life.store.write(lambda tx: tx.run("CREATE TABLE big AS SELECT ? AS a", (entry.object * 10,))).result()
    life.store.write(lambda tx: tx.run("DROP TABLE big")).result()
    log = path.with_name(path.name + "-wal")
    assert log.stat().st_size > 1_000_000
    before = path.stat().st_size

    Retention(life.engine).look()

    assert log.stat().st_size == 0
    assert path.stat().st_size <= max(before, 1_000_000)
    world.end()


def test_the_command_line_lists_and_shows_what_was_moved(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    life = a_life_with(world, 2)
    (one, other) = instances(life)
    life.end()
    monkeypatch.setenv("TAKTFLOW_DATABASE_URL", world.url)
    monkeypatch.setenv("TAKTFLOW_VAR", str(world.folder))
    monkeypatch.setenv("TAKTFLOW_ARCHIVE", str(tmp_path / "kept"))
    monkeypatch.setenv("TAKTFLOW_LANGUAGE", "en")

    assert run("archive", "run", "--days", 0)[0] == 0
    code, listed = run("archive", "list")
    named = run("archive", "list", "--workflow", "flow")[1]
    shown = json.loads(run("archive", "show", one.id)[1])
    missing = run("archive", "show", "x")

    assert code == 0
    assert "2 instances" in listed
    assert one.id in named
    assert other.id in named
    assert shown["instance"]["id"] == one.id
    assert missing[0] == 1
    assert "archive.unknown" in missing[1]


def test_a_server_archives_by_itself(world: World) -> None:
    world.settings = {"retention_days": 1}
    life = a_life_with(world, 2)

    world.jump(timedelta(days=3), life)

    wait_until(lambda: instances(life) == [], "nobody archived")
    assert len(archived(life)) == 2

"""Whenever a process dies, the next one goes on, and the end is the one it would have been."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs

from taktflow.errors import Refused
from taktflow.executor.embedded import EmbeddedExecutor
from taktflow.sdk import NodeError
from taktflow.services.incidents import retry_incident, skip_incident
from taktflow.services.perform import settle_orphans
from taktflow.store import StoreFailed
from taktflow.values import loads
from tests.builders import a_workflow, feel
from tests.scenario.databases import another_world, copied, postgres_server, postgres_template, sqlite_template, world
from tests.scenario.world import (
    ANN,
    Dead,
    Life,
    World,
    an_entity,
    begin,
    effects,
    incident,
    instances,
    publish,
    row,
    state,
    steps,
    wait_until,
)

__all__ = ["another_world", "postgres_server", "postgres_template", "sqlite_template", "world"]

SILENCE = timedelta(minutes=5)
"""After so long, executors on a server take one that is not heard of for dead."""


def everything() -> tuple[dict[str, Any], ...]:
    """Workflows with pure nodes, effects, own-database writes, timers, a call, a fork and a for-each."""
    item = {"nodes": {"one": {"type": "test.tell", "value": feel("item * 10"), "out": "told"}}, "edges": []}
    flow = (
        a_workflow()
        .step("plan", "test.set", value=feel("n + 1"), out="m")
        .step("ask", "test.tell", value=feel("m"), out="answer")
        .step("keep", "record.create", entity="part", id_="A", fields={"n": feel("answer")})
        .step("each", "foreach", over="[1, 2, 3]", as_="item", collect="told", out="all", **item)
        .step("pause", "wait", after="PT0.05S")
        .step("sub", "call", ref="child", with_={"n": feel("m * 100")}, collect="told", out="got")
        .step("split", "fork")
        .node("left", "test.tell", value=5, out="l")
        .node("right", "test.tell", value=6, out="r")
        .node("meet", "join")
        .edge("split", "left")
        .edge("split", "right")
        .edge("left", "meet")
        .edge("right", "meet")
        .node("mark", "record.update", entity="part", id_="A", fields={"n": feel("got"), "seen": "yes"})
        .node("fin", "end", outcome="fine")
        .edge("meet", "mark")
        .edge("mark", "fin")
    )
    child = (
        a_workflow("child")
        .step("tell", "test.tell", value=feel("n"), out="told")
        .step("keep", "record.create", entity="part", id_="B", fields={"n": feel("told")})
    )
    return an_entity("part"), child.document, flow.document


def finished(life: Life) -> bool:
    """Whether the main instance is over."""
    return [r.status for r in instances(life)] == ["ended"]


def prepared(world: World) -> World:
    """``world`` with everything published."""
    life = world.born()
    publish(life.engine, *everything())
    life.end()
    return world


def lived(world: World, dies_after: int = 0) -> Life | None:
    """One life that starts the instance, as a client does who knows no answer yet; None when it died on the way."""
    life = world.born(dies_after=dies_after)
    try:
        life.work()
        begin(life, data={"n": 1}, start_key="once")
    except Dead:
        life.end()
        return None
    wait_until(lambda: life.store.dead or finished(life), f"stuck: {instances(life)}")
    if life.store.dead:
        life.end()
        return None
    life.idle()
    return life


def told_and_kept(world: World, life: Life | None) -> dict[str, Any]:
    """All that can be seen of a run, without the ids that differ from run to run; proves that nothing is owed."""
    assert life is not None
    (main,) = instances(life)
    assert life.engine.store.incidents.page().rows == ()
    for one in (main, *instances(life, "child")):
        assert Counter(steps(life, one.id)).most_common(1)[0][1] == (3 if one is main else 1)
        assert all(status == "done" for _, status, _ in effects(life, one.id))
    parts = {}
    for id in ("A", "B"):
        found = life.engine.store.records.find("part", id)
        assert found is not None
        assert len(life.engine.store.records.history("part", id).rows) == found.rev
        parts[id] = (found.rev, loads(found.fields))
    return {
        "outcome": main.outcome,
        "variables": state(life, main.id).variables,
        "applied": Counter(world.outside.applied.values()),
        "parts": parts,
        "children": [r.status for r in instances(life, "child")],
    }


@pytest.mark.mission("E2")
def test_a_crash_after_any_commit_leads_to_the_end_that_no_crash_leads_to(another_world: Callable[[], World]) -> None:
    calm = prepared(another_world())
    expected = told_and_kept(calm, lived(calm))

    # Databases on a server take longer to make: every third commit will do there.
    for k in itertools.count(1, step=1 if calm.url.startswith("sqlite") else 3):
        world = prepared(another_world())
        if lived(world, dies_after=k) is not None:
            break
        world.offset += SILENCE
        assert told_and_kept(world, lived(world)) == expected, f"after commit {k}"
        world.end()

    assert k > 8


@pytest.mark.mission("E2")
def test_processes_that_die_after_each_commit_get_there_all_the_same(another_world: Callable[[], World]) -> None:
    calm = prepared(another_world())
    world = prepared(another_world())

    died = 0
    while (life := lived(world, dies_after=1)) is None:
        died += 1
        world.offset += SILENCE
        assert died < 200

    assert told_and_kept(world, life) == told_and_kept(calm, lived(calm))
    assert died > 8


@pytest.mark.mission("E2")
def test_an_effect_that_must_not_be_sent_twice_asks_a_person_after_a_crash(world: World) -> None:
    life = world.born().work()
    publish(life.engine, a_workflow().step("pay", "test.tell_once", value=7, out="paid").step("fin", "end"))
    world.outside.gate.clear()
    done = begin(life)
    assert world.outside.entered.wait(10)
    life.kill()
    world.outside.gate.set()
    life.end()
    world.offset += SILENCE

    life = world.born().work()
    life.idle()
    asked = incident(life)
    skip_incident(life.engine, asked.id, ANN, "paid by hand")
    life.idle()

    assert (asked.node, asked.code) == ("pay", "effect.unknown")
    assert len(world.outside.calls) == 1
    assert row(life, done.id).status == "ended"
    assert state(life, done.id).variables["paid"] == "paid by hand"


def test_the_person_may_also_have_it_sent_again(world: World) -> None:
    life = world.born().work()
    publish(life.engine, a_workflow().step("pay", "test.tell_once", value=7, out="paid").step("fin", "end"))
    world.outside.trouble = [NodeError("timeout", "no answer", retryable=True, unknown=True)]
    done = begin(life)
    life.idle()

    retry_incident(life.engine, incident(life).id, ANN)
    life.idle()

    assert len(world.outside.calls) == 2
    assert row(life, done.id).status == "ended"


def test_what_an_executor_took_but_did_not_begin_is_free_when_it_stops(world: World) -> None:
    life = world.born().work(threads=1)
    publish(life.engine, a_workflow().step("tell", "test.tell", value=7, out="told").step("fin", "end"))
    world.outside.gate.clear()
    first = begin(life)
    assert world.outside.entered.wait(10)
    second = begin(life)
    assert effects(life, second.id) == [("tell", "running", 1)]

    threading.Timer(0.2, world.outside.gate.set).start()
    life.end()

    life = world.born()
    assert effects(life, first.id) == [("tell", "done", 1)]
    assert effects(life, second.id) == [("tell", "pending", 1)]


def test_work_goes_on_when_the_database_was_away_for_a_while(world: World) -> None:
    life = world.born().work()
    publish(life.engine, a_workflow().step("tell", "test.tell", value=7, out="told").step("fin", "end"))
    world.outside.gate.clear()
    done = begin(life)
    assert world.outside.entered.wait(10)

    life.kill()
    world.outside.gate.set()
    time.sleep(0.3)
    life.store.dead = False
    world.jump(timedelta(seconds=15), life)
    wait_until(lambda: row(life, done.id).status == "ended", "the effect was not taken up again")

    assert len(world.outside.applied) == 1
    assert effects(life, done.id) == [("tell", "done", 1)]


def test_connections_cut_while_instances_run_lose_nothing_and_double_nothing(
    postgres_template: str, tmp_path: Path
) -> None:
    with copied(postgres_template) as url:
        world = World(url, tmp_path)
        life = world.born().work()
        publish(life.engine, a_workflow().step("tell", "test.tell", value=feel("n")).step("fin", "end"))
        stop = threading.Event()
        cutter = threading.Thread(target=cut_connections, args=(url, stop))
        cutter.start()

        ids = [started(life, n) for n in range(40)]
        stop.set()
        cutter.join()
        world.jump(timedelta(seconds=15), life)
        wait_until(lambda: all(row(life, id).status == "ended" for id in ids), "an instance did not end")

        assert len(set(ids)) == len(instances(life)) == 40
        assert sorted(world.outside.applied.values()) == list(range(40))
        for id in ids:
            assert steps(life, id).count(("done", "tell")) == 1
        world.end()


def started(life: Life, n: int) -> str:
    """Starts one instance, asking again as a client does that heard no answer."""
    while True:
        try:
            return begin(life, data={"n": n}, start_key=f"k{n}").id
        except StoreFailed:
            time.sleep(0.01)


def cut_connections(url: str, stop: threading.Event) -> None:
    """Ends every other connection to the database, again and again."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        while not stop.wait(0.05):
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


def test_work_that_always_breaks_rests_and_keeps_nobody_else_from_working(world: World) -> None:
    life = world.born()
    publish(life.engine, a_workflow().step("tell", "test.tell", value=7))
    broken = begin(life).id
    life.engine.store.write(lambda tx: tx.run("UPDATE instance SET runnable = ?, plan_id = 'gone'", (True,))).result()

    with capture_logs() as logs:
        life.work(threads=1)
        sound = begin(life).id
        wait_until(lambda: row(life, sound).status == "ended", "nobody works any more")
        time.sleep(1.2)

    tries = [line for line in logs if line.get("job") == f"ready:{broken}"]
    assert 1 <= len(tries) <= 3


def test_the_result_of_an_executor_that_was_taken_for_dead_is_not_told_twice(world: World) -> None:
    slow = world.born().work()
    publish(slow.engine, a_workflow().step("tell", "test.tell", value=7, out="told").step("fin", "end"))
    world.outside.gate.clear()
    done = begin(slow)
    assert world.outside.entered.wait(10)
    other = world.born()

    settle_orphans(other.engine, [slow.engine.epoch])
    (claimed,) = other.engine.store.claim_effects(10, world.now(), other.engine.epoch)
    world.outside.gate.set()
    slow.idle()

    assert claimed.instance == done.id
    assert row(other, done.id).status == "running"
    other.engine.store.release_effects([claimed.perform.key], world.now(), other.engine.epoch)
    world.jump(timedelta(0), slow)
    slow.idle()
    assert steps(slow, done.id).count(("done", "tell")) == 1
    assert len(world.outside.applied) == 1
    assert row(slow, done.id).status == "ended"


def test_a_second_executor_keeps_off_the_work_of_one_that_lives(world: World) -> None:
    first = world.born().work()
    publish(first.engine, a_workflow().step("tell", "test.tell", value=7, out="told").step("fin", "end"))
    world.outside.gate.clear()
    done = begin(first)
    assert world.outside.entered.wait(10)
    second = world.born()

    if world.url.startswith("sqlite"):
        with pytest.raises(Refused) as refused:
            EmbeddedExecutor(second.engine).start()
        assert refused.value.code == "executor.taken"
    else:
        second.work()
    world.outside.gate.set()
    first.idle()

    assert len(world.outside.calls) == 1
    assert row(first, done.id).status == "ended"

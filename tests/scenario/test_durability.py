"""When what an instance has done is on the disk, in each of the four ways, and what a crash takes."""

from __future__ import annotations

import itertools
from concurrent.futures import Future
from typing import Any

import pytest

from taktflow.runtime.state import loads_state
from taktflow.services.incidents import cancel_instance
from taktflow.store import Commit, CommitResult, StoreBusy
from taktflow.store.transaction import Transaction
from tests.builders import a_workflow, feel
from tests.scenario.databases import another_world, postgres_server, postgres_template, sqlite_template, world
from tests.scenario.world import (
    ANN,
    Dead,
    Life,
    World,
    an_entity,
    begin,
    effects,
    instances,
    publish,
    row,
    state,
    wait_until,
)

__all__ = ["another_world", "postgres_server", "postgres_template", "sqlite_template", "world"]
LONG = 150
"""Nodes in a row: more than one segment holds."""


def a_row_of(nodes: int, durability: str, *, then: str = "end", **more: Any) -> a_workflow:
    """A workflow of so many nodes that count up, and then another."""
    flow = a_workflow().with_(durability=durability)
    for n in range(nodes):
        flow.step(f"n{n}", "test.set", value=feel("n + 1"), out="n")
    return flow.step("last", then, **more)


def commits(life: Life, id: str) -> int:
    """How many commits changed the instance: each adds an entry to its journal."""
    return row(life, id).seq


@pytest.mark.parametrize(
    ("durability", "expected"), [("strict", LONG + 2), ("segment", 2), ("relaxed", 2), ("volatile", 1)]
)
def test_each_way_commits_as_often_as_it_says(world: World, durability: str, expected: int) -> None:
    life = world.born()
    publish(life.engine, a_row_of(LONG, durability))

    started = begin(life, data={"n": 0})

    assert row(life, started.id).status == "ended"
    assert state(life, started.id).variables["n"] == LONG
    if durability in ("segment", "relaxed"):
        # A slow machine cuts more often, since a segment has a time limit, too.
        assert expected <= commits(life, started.id) < LONG
    else:
        assert commits(life, started.id) == expected


def test_a_strict_workflow_keeps_own_database_nodes_one_by_one(world: World) -> None:
    life = world.born()
    flow = a_workflow().with_(durability="strict")
    for id in ("A", "B", "C"):
        flow.step(f"keep_{id.lower()}", "record.create", entity="part", id_=id, fields={"n": 1})
    publish(life.engine, an_entity("part"), flow)

    started = begin(life)

    assert commits(life, started.id) == 4
    assert {life.engine.store.records.find("part", id) is not None for id in ("A", "B", "C")} == {True}


def test_a_strict_workflow_loses_no_finished_node_in_a_crash(world: World) -> None:
    first = world.born()
    publish(first.engine, a_row_of(5, "strict"))
    first.end()
    dying = world.born(dies_after=4)

    with pytest.raises(Dead):
        begin(dying, data={"n": 0}, start_key="once")
    dying.end()

    left = world.born()
    (kept,) = instances(left)
    assert loads_state(left.engine.store.load_instance(kept.id).state).variables["n"] == 3
    left.work()
    wait_until(lambda: row(left, kept.id).status == "ended", "nobody went on")
    assert state(left, kept.id).variables["n"] == 5
    assert commits(left, kept.id) == 7


def test_a_volatile_workflow_loses_a_running_segment_but_never_a_wait(world: World) -> None:
    first = world.born()
    publish(first.engine, a_row_of(LONG, "volatile", then="wait", message="go", key="k"))
    first.end()
    dying = world.born(dies_after=1)

    with pytest.raises(Dead):
        begin(dying, data={"n": 0}, start_key="once")
    dying.end()

    left = world.born()
    (kept,) = instances(left)
    assert commits(left, kept.id) == 1
    assert state(left, kept.id).variables["n"] == LONG
    assert [t.wait["on"] for t in state(left, kept.id).tokens.values() if t.wait] == ["wait"]


def test_a_volatile_workflow_keeps_what_it_owes_before_it_is_done(world: World) -> None:
    life = world.born()
    publish(life.engine, a_row_of(LONG, "volatile", then="test.tell_once", value=1))
    started = begin(life, data={"n": 0})
    assert effects(life, started.id) == [("last", "pending", 1)]
    assert world.outside.calls == []

    life.work()
    wait_until(lambda: row(life, started.id).status == "ended", f"stuck: {effects(life, started.id)}")

    assert len(world.outside.calls) == 1


@pytest.mark.parametrize("lives", range(1, 5))
def test_a_relaxed_workflow_goes_on_where_a_killed_process_stood(world: World, lives: int) -> None:
    first = world.born()
    flow = a_workflow().with_(durability="relaxed").step("one", "test.tell", value=1, out="a")
    publish(first.engine, flow.step("two", "test.tell", value=feel("a + 1"), out="b"))
    first.end()
    dying = world.born(dies_after=lives)
    try:
        dying.work()
        begin(dying, start_key="once")
        wait_until(lambda: dying.store.dead or row(dying, instances(dying)[0].id).status == "ended", "stuck")
    except Dead:
        pass
    dying.end()

    left = world.born().work()
    again = begin(left, start_key="once")
    wait_until(lambda: row(left, again.id).status == "ended", "nobody went on")

    assert state(left, again.id).variables["b"] == 2
    assert list(world.outside.applied.values()) == [1, 2]


def synchronous(tx: Transaction) -> str:
    """How the open transaction will be kept."""
    sqlite = tx.skip_locked == ""
    return str(tx.rows("PRAGMA synchronous" if sqlite else "SHOW synchronous_commit")[0][0])


def test_only_a_batch_of_relaxed_commits_is_relaxed(world: World) -> None:
    life = world.born()
    writer = life.store._writer
    full, relaxed = ("2", "1") if world.url.startswith("sqlite") else ("on", "off")
    seen: list[str] = []

    def note(tx: Transaction) -> tuple[None, None]:
        seen.append(synchronous(tx))
        return None, None

    writer.submit(note, relaxed=True).result()
    writer.submit(note).result()
    with writer._turn:
        both = [writer.submit(note, relaxed=True), writer.submit(note)]
    for future in both:
        future.result()
    writer.submit(note, relaxed=True).result()

    assert seen == [relaxed, full, full, full, relaxed]


def test_commits_of_a_relaxed_workflow_are_relaxed_except_what_a_person_did(world: World) -> None:
    life = world.born()
    publish(life.engine, a_row_of(1, "relaxed", then="wait", message="go", key="k"))
    kept: list[bool] = []
    commit = life.store.commit

    def noted(one: Any) -> Any:
        kept.append(one.relaxed)
        return commit(one)

    life.store.commit = noted  # type: ignore[method-assign,assignment]  # To see what is asked of the store.
    started = begin(life, data={"n": 0})
    cancel_instance(life.engine, started.id, ANN, "changed my mind")

    assert kept == [True, False]


def test_a_start_that_is_kept_is_no_refusal_when_the_queue_fills_up_after_it(world: World) -> None:
    life = world.born()
    publish(life.engine, a_row_of(3, "strict"))
    commit, asked = life.store.commit, itertools.count(1)

    def full_at_the_second(one: Commit) -> Future[CommitResult]:
        if next(asked) == 2:
            raise StoreBusy
        return commit(one)

    life.store.commit = full_at_the_second  # type: ignore[method-assign,assignment]  # A queue that is full at this very moment.
    started = begin(life, data={"n": 0})
    assert commits(life, started.id) == 1

    life.work()

    wait_until(lambda: row(life, started.id).status == "ended", "nobody went on")
    assert state(life, started.id).variables["n"] == 3

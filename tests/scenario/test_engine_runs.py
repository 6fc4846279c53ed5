"""Instances from start to end, through the executor, on both databases."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from taktflow.errors import Invalid, Refused
from taktflow.sdk import NodeError
from taktflow.services.incidents import cancel_incident, cancel_instance, retry_incident, skip_incident
from taktflow.services.messages import post_message
from taktflow.services.work import decide_task
from taktflow.store import StoreBusy
from tests.builders import a_workflow, feel
from tests.scenario.databases import another_world, postgres_server, postgres_template, sqlite_template, world
from tests.scenario.world import (
    ANN,
    BOSS,
    BREAKS,
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


def told(id: str = "flow", **more: object) -> a_workflow:
    """A workflow that tells the outside its ``n`` and keeps the answer."""
    return a_workflow(id).step("tell", "test.tell", value=feel("n"), out="answer", **more)


# -- effects and their trouble ------------------------------------------------------------------------------------


def test_an_instance_runs_through_its_effects_to_its_end(world: World) -> None:
    life = world.born().work()
    publish(life.engine, told().step("again", "test.tell", value=feel("answer + 1"), out="m"))

    done = begin(life, data={"n": 1})
    life.idle()

    assert row(life, done.id).status == "ended"
    assert state(life, done.id).variables == {"n": 1, "answer": 1, "m": 2}
    assert effects(life, done.id) == [("again", "done", 1), ("tell", "done", 1)]
    assert [s for s, _ in steps(life, done.id)] == ["started", "requested", "done", "requested", "done", "ended"]


def test_a_failed_effect_is_tried_again_with_its_own_key(world: World) -> None:
    life = world.born().work()
    publish(life.engine, told(retry={"max": 2, "first": "PT0.02S"}))
    world.outside.trouble = [NodeError("timeout", "slow", retryable=True)] * 2

    done = begin(life, data={"n": 7})
    wait_until(lambda: row(life, done.id).status == "ended", "the retries did not come")

    assert len(world.outside.calls) == 3
    assert set(world.outside.calls) == set(world.outside.applied)
    assert effects(life, done.id) == [("tell", "done", 3)]


@pytest.mark.parametrize("kind", ["test.break", "test.break_pure", "test.break_native"])
def test_a_node_that_breaks_its_contract_becomes_an_incident_and_no_thread_dies(world: World, kind: str) -> None:
    life = world.born().work(threads=1)
    publish(life.engine, a_workflow().step("broken", kind, how=feel("how")), told("sound"))
    ways = [*BREAKS, "value", "nothing", "settings"]

    broken = {how: begin(life, data={"how": how}).id for how in ways}
    wait_until(lambda: len(life.engine.store.incidents.page().rows) == len(ways), "an incident is missing")
    after = begin(life, "sound", data={"n": 1})
    life.idle()

    codes = {i.instance: i.code for i in life.engine.store.incidents.page().rows}
    assert {how: codes[id] for how, id in broken.items()} == {
        how: "own" if how in ("node_error", "details") else "node.crashed" for how in ways
    }
    assert row(life, after.id).status == "ended"


def test_an_incident_is_settled_by_retry_with_changes_by_skip_or_by_cancel(world: World) -> None:
    life = world.born().work()
    publish(life.engine, told())
    ids = []
    for n in range(3):
        world.outside.trouble = [NodeError("rejected", "no such customer")]
        ids.append(begin(life, data={"n": n}).id)
        life.idle()
    retried, skipped, cancelled = ids
    open_ = {i.instance: i.id for i in life.engine.store.incidents.page().rows}

    retry_incident(life.engine, open_[retried], ANN, {"n": 10})
    skip_incident(life.engine, open_[skipped], ANN, "by hand")
    cancel_incident(life.engine, open_[cancelled], ANN, "a mistake")
    life.idle()

    assert state(life, retried).variables["answer"] == 10
    assert state(life, skipped).variables["answer"] == "by hand"
    assert [row(life, i).status for i in ids] == ["ended", "ended", "cancelled"]
    assert [row(life, i).incidents for i in ids] == [0, 0, 0]
    audits = {a.action for a in life.engine.store.audits.page().rows}
    assert {"incident.retry", "incident.skip", "instance.cancelled"} <= audits


def test_a_late_result_of_a_cancelled_instance_changes_nothing(world: World) -> None:
    life = world.born().work()
    publish(life.engine, told())
    world.outside.gate.clear()
    done = begin(life, data={"n": 1})
    assert world.outside.entered.wait(10)

    cancel_instance(life.engine, done.id, ANN, "not wanted")
    world.outside.gate.set()
    life.idle()

    assert row(life, done.id).status == "cancelled"
    assert "answer" not in state(life, done.id).variables
    assert effects(life, done.id)[0][1] == "dropped"
    assert steps(life, done.id)[-1] == ("cancelled", "")


# -- records --------------------------------------------------------------------------------------------------------


def keeping(id: str = "flow", **more: object) -> a_workflow:
    return a_workflow(id).step(
        "keep", "record.create", entity="part", id_=feel("no"), fields={"n": feel("n")}, out="kept", **more
    )


def test_a_record_that_exists_already_takes_the_declared_route(world: World) -> None:
    flow = keeping(on={"exists": "known"}).step("fin", "end", outcome="new").node("known", "end", outcome="known")
    life = world.born().work()
    publish(life.engine, an_entity("part"), flow)

    outcomes = [begin(life, data={"no": "A", "n": n}).outcome for n in (1, 2)]

    assert outcomes == ["new", "known"]
    assert revision(life) == 1


def test_many_instances_that_keep_one_record_at_once_make_it_once(world: World) -> None:
    flow = keeping(on={"exists": "known"}).step("fin", "end", outcome="new").node("known", "end", outcome="known")
    life = world.born().work()
    publish(life.engine, an_entity("part"), flow)

    threads = [threading.Thread(target=begin, args=(life,), kwargs={"data": {"no": "A", "n": n}}) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    life.idle()

    assert sorted(r.outcome or "-" for r in instances(life)) == ["known"] * 11 + ["new"]
    assert revision(life) == 1


def test_a_result_and_its_record_are_kept_together_or_not_at_all(world: World) -> None:
    life = world.born().work()
    publish(life.engine, an_entity("part"), keeping().step("tell", "test.tell", value=1))

    done = begin(life, data={"no": "A", "n": "no number"})
    life.idle()

    assert incident(life).code == "invalid"
    assert life.engine.store.records.find("part", "A") is None
    assert row(life, done.id).incidents == 1


def revision(life: Life) -> int:
    """How often the one part was written."""
    found = life.engine.store.records.find("part", "A")
    return found.rev if found else 0


# -- waits ----------------------------------------------------------------------------------------------------------


def waiting() -> a_workflow:
    return (
        a_workflow()
        .with_(data={"key": "no", "vars": {"no": {"type": "text"}, "paid": {"type": "any"}}})
        .step("pay", "wait", message="paid", out="paid")
        .step("fin", "end")
    )


def test_a_message_wakes_the_one_who_waits_for_its_key(world: World) -> None:
    life = world.born().work()
    publish(life.engine, waiting())
    mine, other = (begin(life, data={"no": no}).id for no in ("A", "B"))

    for _ in range(2):
        post_message(life.engine, "paid", "A", {"sum": 5}, caller=ANN, id="m1")
    life.idle()

    assert state(life, mine).variables["paid"] == {"sum": 5}
    assert [row(life, i).status for i in (mine, other)] == ["ended", "running"]


def test_a_message_that_comes_before_its_instance_is_kept_for_it(world: World) -> None:
    life = world.born().work()
    publish(life.engine, waiting())
    post_message(life.engine, "paid", "A", {"sum": 5}, caller=ANN)

    done = begin(life, data={"no": "A"})
    life.idle()

    assert state(life, done.id).variables["paid"] == {"sum": 5}


def test_a_message_that_waited_too_long_wakes_nobody(world: World) -> None:
    life = world.born().work()
    publish(life.engine, waiting())
    post_message(life.engine, "paid", "A", None, caller=ANN, ttl="PT1H")
    world.jump(timedelta(hours=2), life)

    done = begin(life, data={"no": "A"})
    life.idle()

    assert row(life, done.id).status == "running"


def test_a_timer_fires_when_its_moment_comes_and_not_before(world: World) -> None:
    life = world.born().work()
    publish(life.engine, a_workflow().step("pause", "wait", after="P2D").step("fin", "end"))
    done = begin(life)

    world.jump(timedelta(days=1), life)
    life.idle()
    assert row(life, done.id).status == "running"
    world.jump(timedelta(days=1), life)
    life.idle()

    assert row(life, done.id).status == "ended"


def test_a_timer_that_fell_due_while_nobody_lived_fires_at_the_next_start(world: World) -> None:
    life = world.born().work()
    publish(life.engine, a_workflow().step("pause", "wait", after="PT1H").step("fin", "end"))
    done = begin(life)
    life.end()

    world.jump(timedelta(days=3))
    life = world.born().work()
    life.idle()

    assert row(life, done.id).status == "ended"


def test_of_a_message_and_a_timer_whichever_comes_first_wins_and_the_other_is_gone(world: World) -> None:
    flow = (
        a_workflow()
        .step("race", "wait", any={"paid": {"message": "paid", "key": "A"}, "late": {"after": "P1D"}})
        .node("yes", "end", outcome="yes")
        .node("no", "end", outcome="no")
        .edge("race", "yes", "paid")
        .edge("race", "no", "late")
    )
    life = world.born().work()
    publish(life.engine, flow)
    done = begin(life)

    post_message(life.engine, "paid", "A", None, caller=ANN)
    life.idle()
    world.jump(timedelta(days=2), life)
    life.idle()

    assert row(life, done.id).outcome == "yes"
    assert life.engine.store.instances.timers(done.id) == ()


# -- people ---------------------------------------------------------------------------------------------------------


def test_a_task_under_four_eyes_is_decided_by_another_person_once(world: World) -> None:
    flow = (
        a_workflow()
        .step("ok", "approval", who=["role:boss"], four_eyes=True, out="answer")
        .node("yes", "test.tell", value=1)
        .node("no", "end")
        .edge("ok", "yes", "approved")
        .edge("ok", "no", "rejected")
    )
    life = world.born().work()
    publish(life.engine, flow)
    done = begin(life, caller=BOSS)
    (task,) = life.engine.store.tasks.page().rows
    other = type(BOSS)("carl", BOSS.roles)

    with pytest.raises(Refused) as own:
        decide_task(life.engine, task.id, "approved", {}, BOSS)
    decide_task(life.engine, task.id, "approved", {}, other)
    with pytest.raises(Refused) as twice:
        decide_task(life.engine, task.id, "rejected", {}, other)
    life.idle()

    assert (own.value.code, twice.value.code) == ("task.four_eyes", "task.over")
    assert state(life, done.id).variables["answer"]["by"] == "carl"
    assert len(world.outside.applied) == 1


def test_two_people_who_decide_at_once_decide_once(world: World) -> None:
    flow = a_workflow().step("ok", "approval", who=["role:boss"], out="answer").step("tell", "test.tell", value=1)
    life = world.born().work()
    publish(life.engine, flow)
    answers: list[str] = []

    def decide(task: str, who: str) -> None:
        try:
            decide_task(life.engine, task, "approved", {}, type(BOSS)(who, BOSS.roles))
            answers.append("done")
        except Refused as refused:
            answers.append(refused.code)

    for _ in range(10):
        begin(life)
        (task,) = life.engine.store.tasks.page().rows
        pair = [threading.Thread(target=decide, args=(task.id, who)) for who in ("x", "y")]
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()
    life.idle()

    assert sorted(answers) == ["done"] * 10 + ["task.over"] * 10
    assert len(world.outside.applied) == 10


# -- calls ----------------------------------------------------------------------------------------------------------


def calling(**more: object) -> a_workflow:
    return a_workflow("parent").step("sub", "call", ref="flow", with_={"n": feel("n")}, out="got", **more)


def test_a_call_runs_its_child_and_takes_its_answer(world: World) -> None:
    life = world.born().work()
    publish(life.engine, told(), calling(collect="answer").step("fin", "end"))

    done = begin(life, "parent", data={"n": 4})
    life.idle()

    assert state(life, done.id).variables["got"] == 4
    (child,) = instances(life)
    assert (child.parent_id, child.status) == (done.id, "ended")


def test_cancelling_a_parent_cancels_its_child(world: World) -> None:
    life = world.born().work()
    publish(life.engine, a_workflow().step("pause", "wait", after="P1D"), calling())
    done = begin(life, "parent", data={"n": 4})
    life.idle()

    cancel_instance(life.engine, done.id, ANN, "not wanted")
    life.idle()

    assert [r.status for r in (*instances(life), *instances(life, "parent"))] == ["cancelled", "cancelled"]


def test_a_cancelled_child_is_a_fault_its_parent_can_route(world: World) -> None:
    flow = calling(on={"child": "plan_b"}).node("plan_b", "end", outcome="plan_b")
    life = world.born().work()
    publish(life.engine, a_workflow().step("pause", "wait", after="P1D"), flow)
    done = begin(life, "parent", data={"n": 4})
    life.idle()

    (child,) = instances(life)
    cancel_instance(life.engine, child.id, ANN, "not wanted")
    life.idle()

    assert row(life, done.id).outcome == "plan_b"


# -- starts ---------------------------------------------------------------------------------------------------------


def test_starting_twice_with_one_key_is_one_instance(world: World) -> None:
    life = world.born().work()
    publish(life.engine, told())

    first = begin(life, data={"n": 1}, start_key="k")
    again = begin(life, data={"n": 2}, start_key="k")
    life.idle()

    assert (again.id, first.existing, again.existing) == (first.id, False, True)
    assert list(world.outside.applied.values()) == [1]


def test_a_start_with_wrong_data_keeps_nothing(world: World) -> None:
    flow = told().with_(data={"vars": {"n": {"type": "number"}, "answer": {"type": "number"}}})
    life = world.born().work()
    publish(life.engine, flow)

    with pytest.raises(Invalid) as wrong:
        begin(life, data={"n": "many", "other": 1})

    assert {f.at for f in wrong.value.findings} == {"/n", "/other"}
    assert instances(life) == []


# -- too much -------------------------------------------------------------------------------------------------------


def test_an_overloaded_engine_says_so_and_loses_nothing_it_took(world: World) -> None:
    world.settings = {"queue_limit": 3}
    life = world.born().work()
    publish(life.engine, told())
    taken: list[str] = []
    refused: list[str] = []

    def ask(n: int) -> None:
        try:
            taken.append(begin(life, data={"n": n}).id)
        except StoreBusy as busy:
            refused.append(busy.code)

    with held_writer(life):
        threads = [threading.Thread(target=ask, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        wait_until(lambda: refused, "nobody was refused")
    for thread in threads:
        thread.join()
    life.idle()

    assert set(refused) == {"store.busy"}
    assert len(taken) + len(refused) == 20
    assert {r.id for r in instances(life) if r.status == "ended"} == set(taken)
    assert len(world.outside.applied) == len(taken)


class held_writer:  # noqa: N801  # Reads as a phrase where it is used.
    """Keeps the database busy for the length of a block."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._go = threading.Event()

    def __enter__(self) -> None:
        begun = threading.Event()

        def hold(_: object) -> None:
            begun.set()
            self._go.wait(10)

        self._thread = threading.Thread(target=lambda: self._life.engine.store.write(hold).result())
        self._thread.start()
        assert begun.wait(10)

    def __exit__(self, *_: object) -> None:
        self._go.set()
        self._thread.join()

"""Acts on many instances, incidents and events at once, as jobs that survive whoever works on them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from taktflow.errors import Invalid, NotFound, Refused
from taktflow.sdk import NodeError
from taktflow.services.changes import Target, preview_migration, suspend_instance
from taktflow.services.incidents import answer_incident, cancel_instance
from taktflow.services.jobs import Chosen, JobWork, cancel_job, job_row, start_job, work_on_jobs
from taktflow.services.work import decide_task
from taktflow.store import AuditFilter, InstanceFilter, JobRow, Part, TaskFilter
from tests.builders import a_workflow, feel
from tests.scenario.databases import another_world, postgres_server, postgres_template, sqlite_template, world
from tests.scenario.world import ANN, BOSS, Dead, Life, World, begin, effects, incident, publish, row, state, wait_until

__all__ = ["another_world", "postgres_server", "postgres_template", "sqlite_template", "world"]


def task_flow(*nodes: str) -> a_workflow:
    flow = a_workflow()
    for node in nodes:
        flow.step(node, "user_task", who=["role:boss"], title={"zh": node, "en": node})
    return flow.step("done", "end")


def tell_flow(kind: str = "test.tell") -> a_workflow:
    return a_workflow().step("tell", kind, value=feel("n"), out="said").step("done", "end")


def decide(life: Life, instance: str) -> None:
    (task,) = life.engine.store.tasks.page(TaskFilter(instance=instance)).rows
    decide_task(life.engine, task.id, "done", {}, BOSS)


def a_job(life: Life, action: str, chosen: Chosen, **options: Any) -> JobRow:
    return start_job(life.engine, action, chosen, ANN, why="told to", options=options)


def finished(life: Life, job: JobRow) -> JobRow:
    wait_until(lambda: job_row(life.engine, job.id).status == "done", "the job does not end")
    return job_row(life.engine, job.id)


def counts(job: JobRow) -> tuple[int, int, int, int]:
    return job.total, job.done, job.failed, job.skipped


def acts(life: Life) -> Counter[str]:
    return Counter(a.action for a in life.engine.store.audits.page(AuditFilter(by="ann"), Part(limit=500)).rows)


def failing(life: Life, world: World, count: int, message: str = "order {} is locked") -> list[str]:
    world.outside.trouble = [NodeError("erp.locked", message.format(f"A-{4711 + n}")) for n in range(count)]
    found = [begin(life, data={"n": n}).id for n in range(count)]
    life.idle()
    return found


def test_a_migration_moves_what_the_preview_promised_and_says_what_keeps_the_rest(world: World) -> None:
    life = world.born().work()
    publish(life.engine, task_flow("check", "ship"))
    here = [begin(life).id for _ in range(5)]
    further = [begin(life).id for _ in range(2)]
    over = begin(life).id
    for one in further:
        decide(life, one)
    cancel_instance(life.engine, over, ANN, "")
    publish(life.engine, task_flow("check", "pack"))
    promised = preview_migration(life.engine, "flow", Target(2)).counts

    done = finished(
        life, a_job(life, "instance.migrate", Chosen(filter={"workflow": "flow"}), workflow="flow", version=2, nodes={})
    )

    assert dict(promised) == {"move": 5, "choice": 2}
    assert counts(done) == (7, 5, 0, 2)
    assert {row(life, i).version for i in here} == {2}
    assert {row(life, i).version for i in (*further, over)} == {1}
    (reason,) = life.engine.store.jobs.reasons(done.id)
    left = life.engine.store.jobs.items(done.id).rows
    assert (reason.code, reason.count, reason.status) == ("migrate.choice", 2, "skipped")
    assert {i.object for i in left} == set(further)
    assert all(i.text is not None and "ship" in i.text.en and i.text.zh != i.text.en for i in left)
    assert acts(life)["job.started"] == 1
    assert acts(life)["instance.migrated"] == 5


def test_a_chosen_node_for_those_left_behind_moves_them_too(world: World) -> None:
    life = world.born().work()
    publish(life.engine, task_flow("check", "ship"))
    one, other = begin(life).id, begin(life).id
    decide(life, one)
    publish(life.engine, task_flow("check", "pack"))

    named = Chosen(ids=[one, one, other, "nobody"])
    done = finished(life, a_job(life, "instance.migrate", named, workflow="flow", version=2, nodes={"ship": "pack"}))

    assert counts(done) == (3, 2, 0, 1)
    assert [t.node for t in state(life, one).tokens.values()] == ["pack"]


def test_a_filter_finds_what_fits_all_of_it(world: World) -> None:
    life = world.born().work()
    publish(life.engine, task_flow("check").with_(data={"key": "no", "vars": {"no": {"type": "text"}}}))
    old = begin(life, data={"no": "A-1"}).id
    publish(life.engine, task_flow("check", "ship").with_(data={"key": "no", "vars": {"no": {"type": "text"}}}))
    begun = world.now()
    named, other, third = (begin(life, data={"no": no}).id for no in ("A-2", "B-1", "A-3"))
    suspend_instance(life.engine, third, ANN, "")
    fits = {"version": 2, "key_prefix": "A-", "started_from": begun, "status": "running", "has_incidents": False}

    done = finished(life, a_job(life, "instance.cancel", Chosen(filter=fits)))

    assert counts(done) == (1, 1, 0, 0)
    assert [row(life, i).status for i in (old, named, other, third)] == [
        "running",
        "cancelled",
        "running",
        "suspended",
    ]


@pytest.mark.mission("E5")
def test_a_thousand_instances_move_while_the_job_tells_how_far_it_is(world: World) -> None:
    life = world.born()
    publish(life.engine, task_flow("check"))
    all_of_them = [begin(life).id for _ in range(1_000)]
    publish(life.engine, task_flow("check", "ship"))
    job = a_job(life, "instance.migrate", Chosen(filter={"workflow": "flow"}), workflow="flow", version=2, nodes={})
    seen = [job]

    while work_on_jobs(life.engine, share_s=0.1):
        seen.append(job_row(life.engine, job.id))

    last = job_row(life.engine, job.id)
    assert (last.status, counts(last)) == ("done", (1_000, 1_000, 0, 0))
    assert [s.done for s in seen] == sorted(s.done for s in seen)
    assert len({s.done for s in seen}) > 3
    moved = life.engine.store.instances.page(InstanceFilter(workflow="flow", version=2), Part(limit=1)).total
    assert moved == len(all_of_them)
    assert life.engine.store.audits.page(AuditFilter(action="instance.migrated"), Part(limit=1)).total == 1_000
    assert life.engine.store.jobs.items(job.id).rows == ()


@pytest.mark.mission("E7")
@pytest.mark.parametrize("dies_after", [1, 4, 9])
def test_a_job_whose_process_dies_is_finished_by_the_next_and_repeats_nothing(world: World, dies_after: int) -> None:
    life = world.born()
    publish(life.engine, task_flow("check"))
    many = [begin(life).id for _ in range(12)]
    job = a_job(life, "instance.modify", Chosen(filter={"workflow": "flow"}), at="check", change="repeat", node=None)
    doomed = world.born(dies_after=dies_after)
    with pytest.raises(Dead):
        work_on_jobs(doomed.engine, share_s=30)
    at_death = job_row(life.engine, job.id)

    held = work_on_jobs(life.engine)
    untouched = job_row(life.engine, job.id).done
    world.jump(timedelta(seconds=31))
    life.work()

    # The lease keeps others out until it is over; the very commit that killed the process still counts.
    assert (held, untouched) == (True, at_death.done)
    assert at_death.done == dies_after
    assert counts(finished(life, job)) == (12, 12, 0, 0)
    modified = [a.object for a in life.engine.store.audits.page(AuditFilter(action="instance.modified")).rows]
    assert sorted(modified) == sorted(f"instance:{i}" for i in many)


def test_what_an_executor_alone_on_a_file_finds_it_goes_on_with_at_once(world: World) -> None:
    life = world.born()
    publish(life.engine, task_flow("check"))
    for _ in range(4):
        begin(life)
    job = a_job(life, "instance.suspend", Chosen(filter={"workflow": "flow"}))
    life.engine.store.jobs.claim(life.engine.epoch, world.now(), world.now() + timedelta(minutes=5))

    after = world.born().work()
    if life.engine.store.address.path is None:
        world.jump(timedelta(minutes=6))

    assert counts(finished(after, job)) == (4, 4, 0, 0)


def test_a_cancelled_job_leaves_alone_what_it_has_not_done(world: World) -> None:
    life = world.born()
    publish(life.engine, task_flow("check"))
    many = [begin(life).id for _ in range(6)]
    job = a_job(life, "instance.cancel", Chosen(ids=many))
    suspend_instance(life.engine, many[0], ANN, "")

    over = cancel_job(life.engine, job.id, ANN)

    assert not work_on_jobs(life.engine)
    assert (over.status, over.ended_by, counts(over)) == ("cancelled", "ann", (6, 0, 0, 0))
    assert {row(life, i).status for i in many[1:]} == {"running"}
    with pytest.raises(Refused, match="over already"):
        cancel_job(life.engine, job.id, ANN)
    with pytest.raises(NotFound):
        cancel_job(life.engine, "nobody", ANN)
    assert acts(life)["job.cancelled"] == 1


def test_instances_stop_go_on_and_end_in_bulk(world: World) -> None:
    life = world.born().work()
    publish(life.engine, task_flow("check"))
    many = [begin(life).id for _ in range(3)]
    suspend_instance(life.engine, many[0], ANN, "")
    all_of_them = Chosen(filter={"workflow": "flow"})

    stopped = finished(life, a_job(life, "instance.suspend", Chosen(ids=many)))
    assert {row(life, i).status for i in many} == {"suspended"}
    resumed = finished(life, a_job(life, "instance.resume", all_of_them))
    assert {row(life, i).status for i in many} == {"running"}
    ended = finished(life, a_job(life, "instance.cancel", all_of_them))

    assert [counts(j) for j in (stopped, resumed, ended)] == [(3, 2, 0, 1), (3, 3, 0, 0), (3, 3, 0, 0)]
    assert {row(life, i).status for i in many} == {"cancelled"}


def test_jobs_that_were_over_long_ago_are_forgotten_and_their_acts_are_not(world: World) -> None:
    world.settings = {"retention_days": 30}
    life = world.born()
    publish(life.engine, task_flow("check"))
    old = a_job(life, "instance.cancel", Chosen(ids=[begin(life).id, "nobody"]))
    never_begun = a_job(life, "instance.cancel", Chosen(ids=["nobody"]))
    cancel_job(life.engine, never_begun.id, ANN)
    JobWork(life.engine).look()
    world.jump(timedelta(days=31))
    young = a_job(life, "instance.cancel", Chosen(ids=["nobody"]))

    JobWork(life.engine).look()

    assert [j.id for j in life.engine.store.jobs.page().rows] == [young.id]
    assert life.engine.store.jobs.items(old.id).rows == ()
    assert acts(life)["job.started"] == 3


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        (Chosen(), "jobs.nothing"),
        (Chosen(ids=[]), "jobs.nothing"),
        (Chosen(filter={"workflow": None}), "jobs.nothing"),
        (Chosen(ids=["a"], filter={"workflow": "flow"}), "jobs.both"),
        (Chosen(ids=[str(n) for n in range(10_001)]), "jobs.many"),
    ],
)
def test_a_job_about_nothing_or_everything_is_refused(world: World, chosen: Chosen, code: str) -> None:
    life = world.born()

    with pytest.raises(Invalid) as refused:
        a_job(life, "instance.cancel", chosen)

    assert refused.value.code == code
    assert life.engine.store.jobs.page().rows == ()


def test_incidents_of_one_cause_are_one_group_whatever_order_they_are_about(world: World) -> None:
    life = world.born().work()
    publish(life.engine, tell_flow())
    failing(life, world, 3)
    failing(life, world, 1, "customer {} is unknown")

    groups = life.engine.store.incidents.groups()

    assert [(g.node, g.code, g.count) for g in groups] == [("tell", "erp.locked", 3), ("tell", "erp.locked", 1)]
    assert groups[0].oldest < groups[0].newest
    assert groups[1].oldest == groups[1].newest


def test_a_group_is_retried_with_changed_variables_and_only_it(world: World) -> None:
    life = world.born().work()
    publish(life.engine, tell_flow())
    locked = failing(life, world, 3)
    (other,) = failing(life, world, 1, "customer {} is unknown")
    group = life.engine.store.incidents.groups()[0]

    done = finished(life, a_job(life, "incident.retry", Chosen(filter={"cause": group.cause}), changes={"n": 99}))
    life.idle()

    assert counts(done) == (3, 3, 0, 0)
    assert [state(life, i).variables["said"] for i in locked] == [99, 99, 99]
    assert row(life, other).status == "running"
    assert [g.count for g in life.engine.store.incidents.groups()] == [1]


def test_a_retry_that_fails_again_is_not_retried_by_the_same_job(world: World) -> None:
    life = world.born().work()
    publish(life.engine, tell_flow())
    failing(life, world, 4)
    world.outside.trouble = [NodeError("erp.locked", f"order A-{n} is locked") for n in range(4)]

    done = finished(life, a_job(life, "incident.retry", Chosen(filter={"workflow": "flow"}), changes={}))
    life.idle()

    assert counts(done) == (4, 4, 0, 0)
    assert [g.count for g in life.engine.store.incidents.groups()] == [4]
    assert len(world.outside.calls) == 8


def test_incidents_are_skipped_with_a_result_or_their_instances_ended(world: World) -> None:
    life = world.born().work()
    publish(life.engine, tell_flow())
    first, second, third = failing(life, world, 3)
    found = {i.instance: i.id for i in life.engine.store.incidents.page().rows}

    skipped = finished(life, a_job(life, "incident.skip", Chosen(ids=[found[first]]), value="by hand"))
    ended = finished(life, a_job(life, "incident.cancel", Chosen(ids=[found[second], found[first]])))

    assert (counts(skipped), counts(ended)) == ((1, 1, 0, 0), (2, 1, 0, 1))
    assert state(life, first).variables["said"] == "by hand"
    assert [row(life, i).status for i in (first, second, third)] == ["ended", "cancelled", "running"]


def doubtful(life: Life, world: World) -> str:
    world.outside.trouble = [NodeError("timeout", "no answer", unknown=True)]
    found = begin(life, data={"n": 7}).id
    life.idle()
    return found


def test_a_bulk_retry_leaves_out_what_may_have_happened_and_says_how_many(world: World) -> None:
    life = world.born().work()
    publish(life.engine, tell_flow("test.tell_once"))
    unsure = doubtful(life, world)
    failing(life, world, 2)
    calls = len(world.outside.calls)

    done = finished(life, a_job(life, "incident.retry", Chosen(filter={"workflow": "flow"}), changes={}))
    life.idle()

    assert counts(done) == (3, 2, 0, 1)
    (reason,) = life.engine.store.jobs.reasons(done.id)
    assert (reason.code, reason.count) == ("incident.doubtful", 1)
    assert len(world.outside.calls) == calls + 2
    assert incident(life).instance == unsure


@pytest.mark.parametrize("happened", [True, False])
def test_a_person_says_whether_it_happened(world: World, happened: bool) -> None:
    life = world.born().work()
    publish(life.engine, tell_flow("test.tell_once"))
    unsure = doubtful(life, world)

    settled = answer_incident(life.engine, incident(life).id, ANN, happened=happened, value="order 17")
    life.idle()

    assert settled.status == "closed"
    assert row(life, unsure).status == "ended"
    assert state(life, unsure).variables["said"] == ("order 17" if happened else 7)
    assert len(world.outside.calls) == (1 if happened else 2)
    assert effects(life, unsure) == [("tell", "done", 1)]


def test_what_happened_is_taken_back_with_the_rest(world: World) -> None:
    life = world.born().work()
    flow = a_workflow().step("tell", "test.tell_once", value=1, out="said", undo="untell")
    flow.step("back", "compensate").step("done", "end").node("untell", "test.tell", value=2)
    publish(life.engine, flow)
    unsure = doubtful(life, world)

    answer_incident(life.engine, incident(life).id, ANN, happened=True, value=1)
    life.idle()

    assert [node for node, _, _ in effects(life, unsure)] == ["tell", "untell"]


def test_a_plain_failure_does_not_ask_whether_it_happened(world: World) -> None:
    life = world.born().work()
    publish(life.engine, tell_flow())
    failing(life, world, 1)

    with pytest.raises(Refused, match="does not ask"):
        answer_incident(life.engine, incident(life).id, ANN, happened=True)

"""Schedules: who fires them, what is made up for, and what becomes of them when they change or an operator acts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taktflow.errors import NotFound, Refused
from taktflow.services.caller import Caller
from taktflow.services.declared_schedules import keep_schedules
from taktflow.services.publish import retire
from taktflow.services.schedule_acts import fire_now, pause_schedule, resume_schedule, upcoming
from taktflow.services.schedules import ScheduleWork, fire_due
from taktflow.store import AuditFilter, ScheduleRow
from tests.builders import a_workflow
from tests.scenario.databases import another_world, postgres_server, postgres_template, sqlite_template, world
from tests.scenario.world import ANN, BOSS, Life, World, begin, instances, publish, row, state, wait_until

__all__ = ["another_world", "postgres_server", "postgres_template", "sqlite_template", "world"]

OPERATOR = Caller("olga", frozenset({"operator"}))


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    """A moment of a week in which nothing is a holiday; the second is a Monday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def it_is(world: World, moment: datetime) -> None:
    world.offset = moment - datetime.now(UTC)


def scheduled(cron: str = "0 2 * * *", **start: Any) -> a_workflow:
    flow = a_workflow().step("tell", "test.tell", value=1)
    flow.document["start"] = [{"id": "begin", "type": "schedule", "cron": cron, "timezone": "UTC", **start}]
    return flow


def plant(*holidays: str, **more: Any) -> dict[str, Any]:
    week = {day: ["08:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    title = {"zh": "工厂", "en": "Plant"}
    return {"kind": "calendar", "id": "plant", "title": title, "week": week, "holidays": list(holidays), **more}


def declared(world: World, moment: datetime, *parts: a_workflow | Mapping[str, Any]) -> Life:
    """A process on a database in which ``parts`` were published at ``moment``."""
    it_is(world, moment)
    life = world.born()
    publish(life.engine, *parts)
    return life


def fire(life: Life) -> int:
    return fire_due(life.engine, life.engine.now())


def night(life: Life) -> ScheduleRow:
    found = life.engine.store.schedules.find("flow", "begin")
    assert found is not None
    return found


def fired(life: Life) -> list[str]:
    """The moments for which an instance began, by its start key."""
    sql = "SELECT start_key FROM instance WHERE workflow = 'flow' ORDER BY start_key"
    keys = life.engine.store.write(lambda tx: tx.rows(sql)).result()
    return [datetime.fromisoformat(key.partition(":")[2]).strftime("%d %H:%M") for (key,) in keys]


# -- firing ---------------------------------------------------------------------------------------------------------


def test_a_moment_is_fired_once_whoever_looks_and_however_often(world: World) -> None:
    lives = [declared(world, at(1), scheduled("*/10 * * * *", catch_up="all"))]
    lives += [world.born() for _ in range(3)]
    it_is(world, at(3, 5))
    started: list[int] = []

    def look(life: Life) -> None:
        for _ in range(4):
            started.append(fire(life))

    threads = [threading.Thread(target=look, args=(life,)) for life in lives]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(started) == 12
    assert fired(lives[0]) == [f"02 {h:02}:{m:02}" for h in (1, 2, 3) for m in range(0, 60, 10)][1:13]
    assert night(lives[0]).next_at == at(3, 10)


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [
        ("latest", ["02 03:00"]),
        ("none", []),
        ("all", ["02 01:30", "02 02:00", "02 02:30", "02 03:00"]),
        ({"all": 2}, ["02 02:30", "02 03:00"]),
    ],
)
def test_what_came_while_nobody_looked_is_made_up_for_as_declared(
    world: World, catch_up: Any, expected: list[str]
) -> None:
    life = declared(world, at(1, 10), scheduled("*/30 * * * *", catch_up=catch_up))
    it_is(world, at(3, 5))

    caught_up, nothing_new = fire(life), fire(life)
    it_is(world, at(3, 30))
    on_time = fire(life)

    assert (caught_up, nothing_new, on_time) == (len(expected), 0, 1)
    assert fired(life) == [*expected, "02 03:30"]


def test_a_server_that_starts_anew_within_a_minute_has_missed_nothing(world: World) -> None:
    life = declared(world, at(1), scheduled("0 2 * * *", catch_up="none"))
    it_is(world, at(2) + timedelta(seconds=50))

    assert fire(life) == 1


def test_a_moment_before_the_first_publication_is_nobodys(world: World) -> None:
    life = declared(world, at(2, 1), scheduled(catch_up="all"))

    assert fire(life) == 0
    assert night(life).next_at == at(2, day=3)


@pytest.mark.parametrize("survives", [0, 1])
def test_a_process_that_dies_around_the_commit_neither_loses_nor_repeats_a_moment(world: World, survives: int) -> None:
    first = declared(world, at(1), scheduled())
    it_is(world, at(2))
    if survives:
        first.store.lives = 1
    else:
        first.kill()
    heard = fire(first)
    second = world.born()

    started = fire(second)

    assert (heard, started) == (0, 1 - survives)
    assert fired(second) == ["02 02:00"]
    assert night(second).next_at == at(2, day=3)


def test_executors_look_by_themselves(another_world: Callable[[], World]) -> None:
    world = another_world()
    first = declared(world, at(1, 59), scheduled("* * * * *")).work()
    if not world.url.startswith("sqlite"):
        world.born().work()

    world.jump(timedelta(minutes=1), first)
    wait_until(lambda: instances(first), "the schedule did not fire")
    world.jump(timedelta(minutes=1), first)
    wait_until(lambda: len(instances(first)) > 1, "the schedule did not fire again")
    first.idle()

    assert len(fired(first)) == len(set(fired(first))) == len(world.outside.calls)


def test_a_scheduled_instance_lives_like_any_other(world: World) -> None:
    life = declared(world, at(1), scheduled(), a_workflow("other").step("tell", "test.tell", value=2)).work()
    it_is(world, at(2))

    wait_until(lambda: fire(life) or instances(life), "the schedule did not fire")
    begin(life, "other")
    life.idle()

    (done,) = instances(life)
    assert (done.by, row(life, done.id).status) == ("engine", "ended")
    assert state(life, done.id).variables == {}


def test_an_instance_may_know_which_moment_it_stands_for(world: World) -> None:
    flow = scheduled("0 2 * * *", catch_up="all", timezone="Asia/Shanghai", **{"as": "moment"})
    flow.document["data"] = {"vars": {"moment": {"type": "datetime"}}}
    life = declared(world, at(1, day=2), flow)
    it_is(world, at(1, day=4))

    fire(life)

    told = {str(state(life, i.id).variables["moment"]) for i in instances(life)}
    assert told == {"2026-03-02 18:00:00+00:00", "2026-03-03 18:00:00+00:00"}


def test_a_start_that_cannot_be_is_told_and_holds_up_no_later_one(world: World) -> None:
    flow = scheduled("0 * * * *", **{"as": "moment"})
    flow.document["data"] = {"vars": {"moment": {"type": "number"}}}
    life = declared(world, at(1, 30), flow)
    it_is(world, at(2))

    assert fire(life) == 0

    told = night(life)
    assert (told.code, told.next_at, told.last_at) == ("start.data", at(3), None)
    assert told.problem is not None
    assert fire(life) == 0


# -- what is declared -----------------------------------------------------------------------------------------------


def test_another_version_changes_the_schedule_at_once(world: World) -> None:
    life = declared(world, at(1), scheduled("0 2 * * *"))
    publish(life.engine, scheduled("30 1 * * *"))
    it_is(world, at(2, 5))

    assert fire(life) == 1
    assert fired(life) == ["02 01:30"]
    assert instances(life)[0].version == 2


def test_a_version_that_recurs_as_before_still_makes_up_for_what_was_missed(world: World) -> None:
    life = declared(world, at(1), scheduled("0 2 * * *"))
    it_is(world, at(3))

    publish(life.engine, scheduled("0 2 * * *").step("more", "test.tell", value=2))

    assert fire(life) == 1
    assert fired(life) == ["02 02:00"]


def test_a_schedule_that_is_declared_no_more_never_fires_again(world: World) -> None:
    by_hand = a_workflow().step("tell", "test.tell", value=1)
    life = declared(world, at(1), scheduled())
    publish(life.engine, by_hand)
    it_is(world, at(3))

    assert fire(life) == 0
    assert night(life).status == "retired"
    with pytest.raises(Refused) as refused:
        pause_schedule(life.engine, "flow", "begin", OPERATOR, "")
    assert refused.value.code == "schedule.retired"

    # Declared anew, it goes on from now; nobody had asked for the moment in between.
    publish(life.engine, scheduled())
    assert (fire(life), night(life).next_at) == (0, at(2, day=3))


def test_a_retired_workflow_takes_its_schedules_with_it(world: World) -> None:
    life = declared(world, at(1), scheduled())
    retire(life.engine, "workflow", "flow", BOSS)
    it_is(world, at(3))

    assert fire(life) == 0
    assert night(life).status == "retired"


def test_a_node_that_has_not_heard_of_a_version_can_neither_fire_nor_bring_back_the_old_one(world: World) -> None:
    old = declared(world, at(1), scheduled("0 2 * * *"))
    new = world.born()
    publish(new.engine, scheduled("30 1 * * *"))
    it_is(world, at(2, 5))

    brought_back = keep_schedules(old.engine)
    started = fire(old)

    assert (brought_back, started) == (False, 1)
    assert [(i.version, k) for i, k in zip(instances(old), fired(old), strict=True)] == [(2, "02 01:30")]
    old.engine.published.refresh_if_changed()
    assert keep_schedules(old.engine)


def test_what_was_published_by_a_process_that_died_at_once_is_kept_by_the_next_look(world: World) -> None:
    life = declared(world, at(1), scheduled())
    # As if the process had died between publishing and keeping its schedules.
    life.engine.store.write(lambda tx: tx.run("DELETE FROM schedule")).result()
    it_is(world, at(3))

    ScheduleWork(life.engine).look()

    assert fired(life) == ["02 02:00"]


def test_days_off_follow_the_calendar_in_force(world: World) -> None:
    friday = at(12, day=6)
    life = declared(world, friday, plant(timezone="UTC"), scheduled("0 2 * * 0", calendar="plant", on_holiday="after"))
    before = night(life).next_at

    publish(life.engine, plant("2026-03-09", timezone="UTC"))

    assert (before, night(life).next_at, night(life).calendar) == (at(2, day=9), at(2, day=10), "plant@2")
    it_is(world, at(2, day=10))
    assert fire(life) == 1


# -- what operators do ----------------------------------------------------------------------------------------------


def test_what_comes_while_a_schedule_is_paused_is_not_made_up_for(world: World) -> None:
    life = declared(world, at(1), scheduled("0 * * * *", catch_up="all"))
    paused = pause_schedule(life.engine, "flow", "begin", OPERATOR, "stocktaking")
    it_is(world, at(4, 30))

    while_paused = fire(life)
    resumed = resume_schedule(life.engine, "flow", "begin", OPERATOR)
    it_is(world, at(5))

    assert (paused.status, paused.paused_by, paused.why, paused.next_at) == ("paused", "olga", "stocktaking", None)
    assert (while_paused, resumed.status, resumed.next_at) == (0, "active", at(5))
    assert fire(life) == 1
    assert fired(life) == ["02 05:00"]


def test_a_pause_outlives_another_version(world: World) -> None:
    life = declared(world, at(1), scheduled())
    pause_schedule(life.engine, "flow", "begin", OPERATOR, "")

    publish(life.engine, scheduled("0 3 * * *"))
    it_is(world, at(4))

    assert (night(life).status, night(life).cron, fire(life)) == ("paused", "0 3 * * *", 0)
    assert resume_schedule(life.engine, "flow", "begin", OPERATOR).next_at == at(3, day=3)


def test_a_schedule_may_be_fired_by_hand_and_goes_on_as_it_was(world: World) -> None:
    life = declared(world, at(1), scheduled())

    first = fire_now(life.engine, "flow", "begin", OPERATOR, "the scales were away")
    second = fire_now(life.engine, "flow", "begin", OPERATOR, "")

    assert first.id != second.id
    assert {i.by for i in instances(life)} == {"olga"}
    told = night(life)
    assert (told.last_instance, told.last_at, told.next_at) == (second.id, None, at(2))


def test_what_operators_do_is_audited_once(world: World) -> None:
    life = declared(world, at(1), scheduled())
    for _ in range(2):
        pause_schedule(life.engine, "flow", "begin", OPERATOR, "because")
    for _ in range(2):
        resume_schedule(life.engine, "flow", "begin", OPERATOR)
    fire_now(life.engine, "flow", "begin", OPERATOR, "now")

    acts = life.engine.store.audits.page(AuditFilter(object="schedule:flow/begin")).rows

    assert [(a.action, a.by) for a in acts] == [
        ("schedule.fired", "olga"),
        ("schedule.resumed", "olga"),
        ("schedule.paused", "olga"),
    ]
    assert acts[2].details == {"why": "because"}


def test_a_list_tells_what_fired_last_and_what_comes(world: World) -> None:
    life = declared(world, at(1), scheduled(), a_workflow("other").step("tell", "test.tell", value=2))
    it_is(world, at(2))
    fire(life)

    page = life.engine.store.schedules.page(status="active")

    (only,) = page.rows
    assert (only.workflow, only.last_at, only.next_at) == ("flow", at(2), at(2, day=3))
    assert only.last_instance == instances(life)[0].id
    assert list(upcoming(life.engine, only, 3)) == [at(2, day=d) for d in (3, 4, 5)]
    assert not life.engine.store.schedules.page(status="paused").rows
    with pytest.raises(NotFound):
        fire_now(life.engine, "other", "begin", ANN, "")

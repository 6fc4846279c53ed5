"""Running work is changed on both databases, and every change is in the audit log."""

from __future__ import annotations

import pytest

from taktflow.errors import Invalid, Refused
from taktflow.runtime.events import Change
from taktflow.services.changes import (
    Target,
    migrate_instance,
    modify_instance,
    preview_migration,
    resume_instance,
    suspend_instance,
)
from taktflow.services.incidents import cancel_instance
from taktflow.services.messages import post_message
from taktflow.services.work import decide_task
from taktflow.store import AuditFilter, Page, TaskFilter
from tests.builders import a_workflow, feel
from tests.scenario.databases import another_world, postgres_server, postgres_template, sqlite_template, world
from tests.scenario.world import ANN, BOSS, Life, World, begin, effects, publish, row, state, steps

__all__ = ["another_world", "postgres_server", "postgres_template", "sqlite_template", "world"]


def task_flow(*nodes: str) -> a_workflow:
    flow = a_workflow()
    for node in nodes:
        flow.step(node, "user_task", who=["role:boss"], title={"zh": node, "en": node})
    return flow.step("done", "end")


def open_task(life: Life, instance: str) -> str:
    page: Page[object] = life.engine.store.tasks.page(TaskFilter(instance=instance))  # type: ignore[assignment]
    (found,) = page.rows
    return str(found.id)  # type: ignore[attr-defined]


def acts(life: Life) -> list[str]:
    return [a.action for a in life.engine.store.audits.page(AuditFilter(by="ann")).rows]


def test_instances_move_to_a_new_version_as_the_preview_says(world: World) -> None:
    life = world.born().work()
    publish(life.engine, task_flow("check", "ship"))
    here, further, over = (begin(life).id for _ in range(3))
    decide_task(life.engine, open_task(life, further), "done", {}, BOSS)
    cancel_instance(life.engine, over, ANN, "not needed")
    publish(life.engine, task_flow("check", "pack"))

    target = Target(2)
    preview = preview_migration(life.engine, "flow", target)

    assert dict(preview.counts) == {"move": 1, "choice": 1}
    assert {p.instance: p.how for p in preview.prospects} == {here: "move", further: "choice"}
    with pytest.raises(Refused, match="ship"):
        migrate_instance(life.engine, further, target, ANN)
    assert (row(life, further).version, [t.node for t in state(life, further).tokens.values()]) == (1, ["ship"])

    migrate_instance(life.engine, here, target, ANN)
    migrate_instance(life.engine, further, Target(2, {"ship": "pack"}), ANN)
    for instance in (here, here, further):
        decide_task(life.engine, open_task(life, instance), "done", {}, BOSS)

    assert [(row(life, i).version, row(life, i).status) for i in (here, further)] == [(2, "ended"), (2, "ended")]
    assert ("migrated", "") in steps(life, here)
    assert acts(life).count("instance.migrated") == 2


def test_nodes_that_the_version_does_not_have_are_refused_before_anything_is_looked_at(world: World) -> None:
    life = world.born()
    publish(life.engine, task_flow("check"))

    with pytest.raises(Invalid, match="nowhere"):
        preview_migration(life.engine, "flow", Target(1, {"check": "nowhere"}))


def test_an_operator_moves_a_path_by_hand(world: World) -> None:
    life = world.born().work()
    publish(life.engine, task_flow("check", "ship"))
    id = begin(life).id
    (token,) = state(life, id).tokens

    with pytest.raises(Refused):
        modify_instance(life.engine, id, [Change("move", token, "nowhere")], ANN, "stuck")
    modify_instance(life.engine, id, [Change("move", token, "ship")], ANN, "stuck")
    decide_task(life.engine, open_task(life, id), "done", {}, BOSS)

    assert row(life, id).status == "ended"
    assert acts(life) == ["instance.modified"]


def test_a_suspended_instance_begins_nothing_and_loses_nothing(world: World) -> None:
    life = world.born()
    flow = a_workflow().step("tell", "test.tell", value=feel("n"), out="said").step("w", "wait", message="go", key="k")
    publish(life.engine, flow.step("done", "end"))
    id = begin(life, data={"n": 1}).id

    suspend_instance(life.engine, id, ANN, "customer asks")
    life.work().idle()
    assert (row(life, id).status, world.outside.calls) == ("suspended", [])
    assert effects(life, id) == [("tell", "held", 1)]
    resume_instance(life.engine, id, ANN)
    life.idle()

    assert effects(life, id) == [("tell", "done", 1)]
    suspend_instance(life.engine, id, ANN, "again")
    post_message(life.engine, "go", "k", None, caller=ANN)
    life.idle()
    assert row(life, id).status == "suspended"
    resume_instance(life.engine, id, ANN)
    life.idle()

    assert row(life, id).status == "ended"
    assert acts(life) == [
        "instance.resumed",
        "instance.suspended",
        "instance.resumed",
        "instance.suspended",
    ]


def test_a_suspended_instance_can_be_cancelled(world: World) -> None:
    life = world.born().work()
    publish(life.engine, task_flow("check"))
    id = begin(life).id
    suspend_instance(life.engine, id, ANN, "")

    cancel_instance(life.engine, id, ANN, "not needed")

    assert row(life, id).status == "cancelled"
    with pytest.raises(Refused):
        resume_instance(life.engine, id, ANN)

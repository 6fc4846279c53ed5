"""Running work moves to another version, by hand, or stops for a while, and loses nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taktflow.definitions.workflow import Workflow
from taktflow.errors import Refused
from taktflow.runtime.effects import (
    CloseTask,
    DropTimer,
    FreeEffects,
    HoldEffects,
    OpenTask,
    Perform,
    SetTimer,
    Subscribe,
    Unsubscribe,
)
from taktflow.runtime.events import (
    Change,
    ChildEnded,
    EffectDone,
    EffectFailed,
    Event,
    Fault,
    LockGranted,
    MessageArrived,
    ModifyRequested,
    ResumeRequested,
    SuspendRequested,
    TimerFired,
    held_event,
)
from taktflow.runtime.migrate import migrate, obstacles
from taktflow.runtime.plan import Plan
from taktflow.runtime.state import State, loads_state
from tests.builders import NOON, a_plan, a_workflow
from tests.unit.runtime.flows import Block, Outside, blocks, document
from tests.unit.runtime.test_decide import Run

few = settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
TASK: dict[str, Any] = {"who": ["role:worker"]}


def moved(run: Run, new: Plan, **nodes: str) -> Run:
    """The run on the plan ``new``."""
    assert obstacles(run.state, run.plan, new, nodes) == []
    decision = migrate(run.state, run.plan, new, nodes, NOON, "op")
    run.plan = new
    run._take(decision)
    return run


def stands(run: Run) -> list[str]:
    return sorted(t.node for t in run.state.tokens.values())


def codes(run: Run, new: Plan, **nodes: str) -> list[tuple[str, str, str]]:
    return [(o.kind, o.code, o.node) for o in obstacles(run.state, run.plan, new, nodes)]


# -- another version ----------------------------------------------------------------------------------------------


def test_a_waiting_task_goes_on_in_the_new_version_as_the_same_task() -> None:
    run = Run(a_plan(a_workflow().step("check", "user_task", **TASK).step("done", "end")))
    task = run.one(OpenTask).task

    moved(run, a_plan(a_workflow().step("check", "user_task", **TASK).step("pack", "user_task", **TASK)))
    assert run.effects == []
    run.decided("w", "done", "worker", task=task)

    assert stands(run) == ["pack"]


def test_a_node_that_has_another_id_is_found_by_the_map() -> None:
    run = Run(a_plan(a_workflow().step("check", "user_task", **TASK).step("done", "end")))
    new = a_plan(a_workflow().step("inspect", "user_task", **TASK).step("done", "end"))

    assert codes(run, new) == [("choice", "migrate.gone", "check")]
    assert stands(moved(run, new, check="inspect")) == ["inspect"]


def test_a_task_whose_outcomes_changed_is_opened_anew() -> None:
    run = Run(a_plan(a_workflow().step("check", "user_task", outcomes=["good"], **TASK).step("done", "end")))
    old = run.one(OpenTask).task

    flow = a_workflow().step("check", "user_task", outcomes=["good", "bad"], **TASK).step("done", "end")
    moved(run, a_plan(flow))

    assert [e.task for e in run.owed(CloseTask)] == [old]
    assert run.one(OpenTask).outcomes == ("good", "bad")


def test_a_path_at_work_cannot_become_work_of_another_kind() -> None:
    run = Run(a_plan(a_workflow().step("a", "test.send", value=1).step("done", "end")))
    new = a_plan(a_workflow().step("a", "user_task", **TASK).step("done", "end"))

    assert codes(run, new) == [("cannot", "migrate.kind", "a")]


def test_a_path_cannot_move_to_another_level() -> None:
    run = Run(a_plan(a_workflow().step("a", "user_task", **TASK).step("done", "end")))
    inside = {"nodes": {"a": {"type": "user_task", **TASK}}}
    new = a_plan(a_workflow().step("around", "scope", **inside).step("done", "end"))

    assert codes(run, new) == [("choice", "migrate.level", "a")]


def test_the_inside_of_a_scope_and_its_items_move_with_it() -> None:
    def flow(scope: str, task: str) -> Plan:
        inside = {"nodes": {task: {"type": "user_task", **TASK}}}
        return a_plan(a_workflow().step(scope, "foreach", over="[1, 2]", as_="n", **inside).step("done", "end"))

    run = Run(flow("each", "make"))
    moved(run, flow("every", "build"), each="every", make="build")

    assert stands(run) == ["build", "build", "every"]
    for task in [t.wait["task"] for t in run.state.tokens.values() if t.wait and t.wait["on"] == "task"]:
        run.decided("w", "done", "worker", task=task)
    assert run.state.status == "ended"


def test_what_a_wait_no_longer_waits_for_is_taken_back_and_what_is_new_is_asked_for() -> None:
    def flow(**any: Any) -> Plan:
        return a_plan(a_workflow().step("w", "wait", any=any).step("done", "end"))

    paid, late = {"message": "paid", "key": "k"}, {"after": "PT1H"}
    run = Run(flow(paid=paid, late=late))
    kept = run.one(Subscribe).subscription

    moved(run, flow(paid=paid, gone={"message": "gone", "key": "k"}))

    assert len(run.owed(DropTimer)) == 1
    assert [e.name for e in run.owed(Subscribe)] == ["gone"]
    assert run.owed(Unsubscribe) == []
    run.happen(MessageArrived(NOON, kept, "m", None))
    assert run.state.status == "ended"


def test_a_boundary_event_of_the_new_version_holds_for_work_that_waits_already() -> None:
    run = Run(a_plan(a_workflow().step("a", "user_task", **TASK).step("done", "end")))
    flow = a_workflow().step("a", "user_task", events={"late": {"after": "PT1H", "to": "late"}}, **TASK)
    flow.step("done", "end").node("late", "end", outcome="late")

    moved(run, a_plan(flow))
    run.happen(TimerFired(NOON, run.one(SetTimer).timer))

    assert (run.state.status, run.state.outcome) == ("ended", "late")


def test_a_path_at_a_join_keeps_the_edge_it_came_by() -> None:
    def flow(*order: str) -> Plan:
        made = a_workflow().step("split", "fork").node("a", "user_task", **TASK).node("b", "user_task", **TASK)
        made.node("all", "join").node("done", "end").edge("split", "a").edge("split", "b")
        for name in order:
            made.edge(name, "all")
        return a_plan(made.edge("all", "done"))

    run = Run(flow("a", "b"))
    first, second = (t.task for t in run.owed(OpenTask))
    run.decided("w", "done", "worker", task=first)

    moved(run, flow("b", "a")).decided("w", "done", "worker", task=second)

    assert run.state.status == "ended"


def test_a_join_whose_edge_is_gone_keeps_the_path_from_moving() -> None:
    def flow(*sources: str) -> Plan:
        made = a_workflow().step("split", "fork").node("all", "join").node("done", "end")
        for name in ("a", "b", "c"):
            made.node(name, "user_task", **TASK).edge("split", name)
        for name in sources:
            made.edge(name, "all")
        return a_plan(made.edge("all", "done"))

    run = Run(flow("a", "b", "c"))
    run.decided("w", "done", "worker", task=next(t.task for t in run.owed(OpenTask) if t.node == "a"))

    assert codes(run, flow("b", "c")) == [("cannot", "migrate.edge", "all")]


@few
@given(blocks(races=True), st.integers(0, 2**16), st.integers(0, 12))
def test_moving_to_an_equal_version_with_other_ids_changes_nothing_but_the_ids(
    block: Block, seed: int, after: int
) -> None:
    text = document(block)
    names = _ids(text)
    other = _renamed(text, names)
    old, new = (a_plan(Workflow.model_validate(d)) for d in (text, other))

    outside = Outside(old, seed)
    for _ in range(after):
        if outside.state.status != "running":
            break
        outside.happen(outside.next_answer())
    if outside.state.status == "running":
        nodes = {n: f"x_{n}" for n in names}
        assert obstacles(outside.state, old, new, nodes) == []
        decision = migrate(outside.state, old, new, nodes, NOON, "op")
        assert decision.effects == []
        outside.plan = new
        outside._take(decision)
    assert outside.run().status == "ended"
    assert outside.incidents == []


def _ids(level: Any) -> set[str]:
    found: set[str] = set()
    for id, node in level["nodes"].items():
        found |= {id} | (_ids(node) if "nodes" in node else set())
    return found


def _renamed(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {(f"x_{k}" if k in names else k): _renamed(v, names) for k, v in value.items()}
    if isinstance(value, list):
        return [_renamed(v, names) for v in value]
    return f"x_{value}" if isinstance(value, str) and value in names else value


# -- by hand ------------------------------------------------------------------------------------------------------


def changed(run: Run, *changes: Change) -> Run:
    return run.happen(ModifyRequested(NOON, "op", "stuck", changes))


def token_at(run: Run, node: str) -> int:
    (found,) = [t.id for t in run.state.tokens.values() if t.node == node]
    return found


def three_tasks() -> Run:
    flow = a_workflow().step("a", "user_task", **TASK).step("b", "user_task", **TASK).step("c", "user_task", **TASK)
    return Run(a_plan(flow.step("done", "end")))


def test_a_path_is_moved_and_what_it_waited_for_taken_back() -> None:
    run = three_tasks()
    task = run.one(OpenTask).task

    changed(run, Change("move", token_at(run, "a"), "c"))

    assert [e.task for e in run.owed(CloseTask)] == [task]
    assert stands(run) == ["c"]


def test_a_step_is_skipped_by_an_outcome_that_an_operator_names() -> None:
    flow = a_workflow().step("check", "user_task", outcomes=["good", "bad"], **TASK)
    flow.node("yes", "end", outcome="y").node("no", "end", outcome="n").edge("check", "yes", "good")
    run = Run(a_plan(flow.edge("check", "no", "bad")))

    with pytest.raises(Refused, match="good, bad"):
        changed(run, Change("skip", token_at(run, "check"), "fine"))
    changed(run, Change("skip", token_at(run, "check"), "bad"))

    assert run.state.outcome == "n"


def test_a_step_is_repeated_with_an_effect_of_its_own() -> None:
    run = Run(a_plan(a_workflow().step("a", "test.send", value=1).step("done", "end")))
    first = run.one(Perform).key

    changed(run, Change("repeat", token_at(run, "a")))
    again = run.one(Perform).key

    assert again != first
    run.happen(EffectDone(NOON, first, None))
    assert stands(run) == ["a"]
    run.happen(EffectDone(NOON, again, None))
    assert run.state.status == "ended"


def test_paths_begin_and_end_by_hand_all_of_them_or_none() -> None:
    run = three_tasks()
    before = run.state.dumps()

    with pytest.raises(Refused):
        changed(run, Change("begin", None, "c"), Change("move", token_at(run, "a"), "nowhere"))
    assert run.state.dumps() == before
    changed(run, Change("begin", None, "c"), Change("end", token_at(run, "a")))

    assert stands(run) == ["c"]


@pytest.mark.parametrize("change", [Change("move", 99, "b"), Change("begin", None, "begin"), Change("begin", None, "")])
def test_what_is_not_there_cannot_be_changed(change: Change) -> None:
    with pytest.raises(Refused):
        changed(three_tasks(), change)


# -- for a while --------------------------------------------------------------------------------------------------


def test_a_suspended_instance_keeps_what_comes_in_and_goes_on_with_it() -> None:
    flow = a_workflow().step("split", "fork").node("a", "test.send", value=1).node("b", "wait", message="m", key="k")
    flow.node("all", "join").node("done", "end")
    for source, target in [("split", "a"), ("split", "b"), ("a", "all"), ("b", "all"), ("all", "done")]:
        flow.edge(source, target)
    run = Run(a_plan(flow))
    key, subscription = run.one(Perform).key, run.one(Subscribe).subscription

    run.happen(SuspendRequested(NOON, "op", "wait for the customer"))
    assert run.owed(HoldEffects) == [HoldEffects()]
    run.happen(EffectDone(NOON, key, 7)).happen(MessageArrived(NOON, subscription, "m1", {"n": 1}))
    assert (run.state.status, stands(run)) == ("running", ["a", "b"])
    run.happen(ResumeRequested(NOON, "op"))

    assert run.owed(FreeEffects) == [FreeEffects()]
    assert run.state.status == "ended"


def test_a_person_hears_that_the_instance_is_suspended() -> None:
    run = three_tasks()
    task = run.one(OpenTask).task
    run.happen(SuspendRequested(NOON, "op", ""))

    with pytest.raises(Refused, match="suspended"):
        run.decided("w", "done", "worker", task=task)
    with pytest.raises(Refused, match="suspended"):
        run.happen(SuspendRequested(NOON, "op", ""))
    run.happen(ResumeRequested(NOON, "op")).decided("w", "done", "worker", task=task)

    assert stands(run) == ["b"]
    with pytest.raises(Refused, match="not suspended"):
        run.happen(ResumeRequested(NOON, "op"))


@few
@given(blocks(races=False), st.integers(0, 2**16), st.integers(1, 9))
def test_stopping_for_a_while_changes_nothing(block: Block, seed: int, every: int) -> None:
    plan = a_plan(Workflow.model_validate(document(block)))
    straight = Outside(plan, seed)
    straight.run()

    halting = Halting(plan, seed, every)
    state = halting.run()

    assert state.status == "ended"
    assert halting.incidents == []
    assert sorted(s for s in halting.steps if s[0] in ("ran", "done", "reached")) == sorted(
        s for s in straight.steps if s[0] in ("ran", "done", "reached")
    )


class Halting(Outside):
    """Stops the instance before every so many answers, lets a few come in, and resumes it."""

    def __init__(self, plan: Plan, seed: int, every: int) -> None:
        self.every = every
        self.count = 0
        super().__init__(plan, seed)

    def run(self) -> State:
        while self.state.status == "running":
            self.count += 1
            assert self.count < 3_000
            if self.count % self.every == 0 and self.state.held is None:
                self.happen(SuspendRequested(NOON, "op", ""))
            kept = [k for k, e in self.open.items() if not isinstance(e, OpenTask)]
            if self.state.held is not None and (not kept or self.chance.random() < 0.5):
                self.happen(ResumeRequested(NOON, "op"))
                continue
            wanted = kept if self.state.held is not None else sorted(self.open)
            self.happen(self._answer(self.open[self.chance.choice(sorted(wanted))]))
        return self.state


def test_what_is_kept_reads_back_as_it_was() -> None:
    run = Run(a_plan(a_workflow().step("a", "test.send", value=1).step("done", "end")))
    events: list[Event] = [
        EffectDone(NOON, run.one(Perform).key, {"n": Decimal(1)}),
        EffectFailed(NOON, "e", Fault("timeout", "超时", "late", {"ms": Decimal(5)}), True, False, 2),
        TimerFired(NOON, "t"),
        MessageArrived(NOON, "s", "m", None, "bob"),
        LockGranted(NOON, "l"),
        ChildEnded(NOON, "c", None, None, Fault("child.cancelled", "已取消", "cancelled")),
    ]

    run.happen(SuspendRequested(NOON, "op", ""))
    for event in events:
        run.happen(event)

    held = loads_state(run.state.dumps()).held
    assert held is not None
    assert [held_event(h) for h in held] == events

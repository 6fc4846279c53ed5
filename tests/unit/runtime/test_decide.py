"""The interpreter's grammar, node by node."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from taktflow.definitions.kinds import Calendar
from taktflow.errors import Refused
from taktflow.runtime.decide import Decision, begin, decide
from taktflow.runtime.effects import (
    ChangeTask,
    CloseTask,
    DropEffect,
    DropTimer,
    EndInstance,
    OpenTask,
    Perform,
    RaiseIncident,
    Retry,
    SetTimer,
    StartChild,
    Subscribe,
    Tell,
    Unsubscribe,
)
from taktflow.runtime.events import (
    CancelRequested,
    ChildEnded,
    Continue,
    EffectDone,
    EffectFailed,
    Event,
    Fault,
    IncidentResolved,
    MessageArrived,
    Started,
    TaskDecided,
    TimerFired,
)
from taktflow.runtime.plan import Plan
from taktflow.runtime.state import State, loads_state
from tests.builders import NOON, a_plan, a_workflow, feel

WEEKDAYS = Calendar.model_validate(
    {
        "kind": "calendar",
        "id": "plant",
        "title": {"zh": "厂", "en": "Plant"},
        "week": {d: ["08:00-12:00", "13:00-17:00"] for d in ("mon", "tue", "wed", "thu", "fri")},
    }
)


class Run:
    """One instance under test; every state passes through its stored form."""

    def __init__(self, plan: Plan, variables: dict[str, Any] | None = None, by: str = "ann") -> None:
        self.plan = plan
        self.now = NOON
        self.effects: list[Any] = []
        self.records: list[dict[str, Any]] = []
        self.state: State
        self._take(begin(plan, "i1", Started(NOON, by, "begin", variables or {})))

    def _take(self, decision: Decision) -> None:
        self.state = loads_state(decision.state.dumps())
        self.effects = decision.effects
        self.records += decision.records
        while decision.more:
            decision = decide(self.plan, self.state, Continue(self.now))
            self.state = loads_state(decision.state.dumps())
            self.effects = [*self.effects, *decision.effects]
            self.records += decision.records

    def happen(self, event: Event) -> Run:
        self._take(decide(self.plan, self.state, event))
        return self

    def owed(self, kind: type[Any]) -> list[Any]:
        return [e for e in self.effects if isinstance(e, kind)]

    def one(self, kind: type[Any]) -> Any:
        (found,) = self.owed(kind)
        return found

    def done(self, value: Any = None) -> Run:
        return self.happen(EffectDone(self.now, self.one(Perform).key, value))

    def failed(self, code: str, *, retryable: bool = False, unknown: bool = False, key: str = "") -> Run:
        key = key or self.one(Perform).key
        return self.happen(EffectFailed(self.now, key, Fault(code, code, code), retryable, unknown))

    def decided(self, by: str, outcome: str, *roles: str, task: str, **data: Any) -> Run:
        return self.happen(TaskDecided(self.now, task, by, frozenset(roles), outcome, data))

    def visited(self) -> list[str]:
        return [r["node"] for r in self.records]


def test_pure_nodes_run_in_one_decision() -> None:
    flow = a_workflow().step("a", "test.set", value=1, out="a").step("b", "test.set", value=feel("a + 1"), out="b")

    run = Run(a_plan(flow))

    assert run.state.variables["b"] == Decimal(2)
    assert run.state.status == "ended"
    assert run.one(EndInstance).value == {"a": Decimal(1), "b": Decimal(2)}


def test_deciding_does_not_change_the_state_it_is_given() -> None:
    plan = a_plan(a_workflow().step("ask", "wait", message="go", key="k").step("a", "test.set", value=1, out="a"))
    run = Run(plan)
    before = run.state.dumps()

    decide(plan, run.state, MessageArrived(NOON, run.one(Subscribe).subscription, "m1", None))

    assert run.state.dumps() == before


def test_an_exclusive_branch_takes_the_first_edge_that_holds() -> None:
    flow = (
        a_workflow()
        .step("which", "branch")
        .node("big", "end", outcome="big")
        .node("small", "end", outcome="small")
        .edge("which", "big", "amount > 100")
        .edge("which", "small", otherwise=True)
    )

    assert Run(a_plan(flow), {"amount": Decimal(101)}).state.outcome == "big"
    assert Run(a_plan(flow), {"amount": Decimal(100)}).state.outcome == "small"
    assert Run(a_plan(flow), {"amount": None}).state.outcome == "small"


def test_a_branch_without_a_way_out_is_an_incident_that_a_retry_settles() -> None:
    flow = a_workflow().step("which", "branch").node("big", "end").edge("which", "big", "amount > 100")
    run = Run(a_plan(flow), {"amount": Decimal(1)})
    incident = run.one(RaiseIncident)

    run.happen(IncidentResolved(NOON, incident.incident, "op", "retry", {"amount": Decimal(500)}))

    assert incident.fault.code == "edge.none"
    assert run.state.status == "ended"


def test_an_inclusive_branch_and_an_active_join_wait_for_just_the_taken_paths() -> None:
    flow = (
        a_workflow()
        .step("which", "branch", mode="inclusive")
        .node("x", "test.send")
        .node("y", "test.send")
        .node("z", "test.set")
        .node("meet", "join", mode="active")
        .node("fin", "end", outcome="fin")
        .edge("which", "x", "a")
        .edge("which", "y", "b")
        .edge("which", "z", "c")
        .edge("x", "meet")
        .edge("y", "meet")
        .edge("z", "meet")
        .edge("meet", "fin")
    )
    run = Run(a_plan(flow), {"a": True, "b": True, "c": False})
    first, second = (p.key for p in run.owed(Perform))

    run.happen(EffectDone(NOON, first, 1))
    assert "fin" not in run.visited()
    run.happen(EffectDone(NOON, second, 1))

    assert run.state.outcome == "fin"
    assert "z" not in run.visited()


def test_a_join_of_all_waits_for_every_branch_of_a_fork() -> None:
    flow = (
        a_workflow()
        .step("split", "fork")
        .node("x", "test.send", out="x")
        .node("y", "test.set", value=2, out="y")
        .node("meet", "join")
        .node("fin", "end")
        .edge("split", "x")
        .edge("split", "y")
        .edge("x", "meet")
        .edge("y", "meet")
        .edge("meet", "fin")
    )
    run = Run(a_plan(flow))
    assert "fin" not in run.visited()

    run.done(1)

    assert run.state.variables == {"x": 1, "y": 2}
    assert run.state.status == "ended"


@pytest.mark.parametrize(("rest", "dropped"), [("cancel", 2), ("ignore", 0)])
def test_a_join_of_the_first_goes_on_once(rest: str, dropped: int) -> None:
    flow = a_workflow().step("split", "fork").node("meet", "join", mode={"first": 1, "rest": rest}).node("fin", "end")
    for name in ("x", "y", "z"):
        flow.node(name, "test.send").edge("split", name).edge(name, "meet")
    flow.edge("meet", "fin")
    run = Run(a_plan(flow))
    keys = [p.key for p in run.owed(Perform)]

    run.happen(EffectDone(NOON, keys[1], 1))
    assert len(run.owed(DropEffect)) == dropped
    for key in (keys[0], keys[2]):
        run.happen(EffectDone(NOON, key, 1))

    assert run.visited().count("fin") == 1
    assert run.state.status == "ended"


def test_a_join_that_nothing_can_complete_is_an_incident_not_a_silent_wait() -> None:
    flow = (
        a_workflow()
        .step("which", "branch")
        .node("meet", "join")
        .node("fin", "end")
        .node("x", "test.set")
        .node("y", "test.set")
        .edge("which", "x", "true")
        .edge("which", "y", otherwise=True)
        .edge("x", "meet")
        .edge("y", "meet")
        .edge("meet", "fin")
    )

    run = Run(a_plan(flow))

    assert run.one(RaiseIncident).fault.code == "join.stuck"


def test_an_effect_is_owed_with_a_key_of_its_own_and_its_result_goes_on() -> None:
    flow = (
        a_workflow()
        .step("send", "test.send", value=feel("n"), idempotency=feel('"order-" + n'), out="got")
        .step("fin", "end")
    )
    run = Run(a_plan(flow), {"n": "7"})
    perform = run.one(Perform)

    run.happen(EffectDone(NOON, perform.key, {"ok": True}))

    assert perform.business_key == "order-7"
    assert perform.config == {"value": "7"}
    assert run.state.variables["got"] == {"ok": True}
    assert run.state.status == "ended"


def test_a_second_result_of_one_effect_changes_nothing() -> None:
    run = Run(a_plan(a_workflow().step("send", "test.send", out="got").step("again", "test.send").step("fin", "end")))
    key = run.one(Perform).key
    run.done(1)

    decision = decide(run.plan, run.state, EffectDone(NOON, key, 2))

    assert decision.records == []
    assert decision.effects == []


def test_a_failed_effect_is_tried_again_later_and_then_routed() -> None:
    flow = (
        a_workflow()
        .step("send", "test.send", retry={"max": 2, "first": "PT1S"}, on={"timeout": "plan_b"})
        .node("plan_b", "end", outcome="plan_b")
    )
    run = Run(a_plan(flow))
    key = run.one(Perform).key

    pauses = []
    for _ in range(2):
        run.failed("timeout", retryable=True, key=key)
        again = run.one(Retry)
        pauses.append(again.not_before - NOON)
    run.failed("timeout", retryable=True, key=key)

    assert pauses == [timedelta(seconds=1), timedelta(seconds=2)]
    assert again.attempt == 3
    assert run.state.outcome == "plan_b"


def test_a_route_can_see_the_error_it_was_taken_for() -> None:
    flow = (
        a_workflow()
        .step("try", "test.set", fail="price.none", on={"price": "note"})
        .node("note", "test.set", value=feel("error.code"), out="seen")
    )

    assert Run(a_plan(flow)).state.variables["seen"] == "price.none"


def test_a_failure_without_a_route_is_an_incident_that_retry_sends_with_the_same_key() -> None:
    run = Run(a_plan(a_workflow().step("send", "test.send", value=feel("n"), out="got")), {"n": 1})
    key = run.one(Perform).key
    run.failed("rejected")
    incident = run.one(RaiseIncident).incident

    run.happen(IncidentResolved(NOON, incident, "op", "retry", {"n": Decimal(2)}))

    again = run.one(Perform)
    assert again.key == key
    assert again.config == {"value": Decimal(2)}


def test_an_incident_can_be_skipped_with_a_value() -> None:
    run = Run(a_plan(a_workflow().step("send", "test.send", out="got").step("fin", "end")))
    run.failed("rejected")

    run.happen(IncidentResolved(NOON, run.one(RaiseIncident).incident, "op", "skip", {}, Decimal(9)))

    assert run.state.variables["got"] == Decimal(9)
    assert run.state.status == "ended"


def test_an_unknown_outcome_of_an_unrepeatable_effect_asks_a_person() -> None:
    run = Run(a_plan(a_workflow().step("send", "test.send_once", on={"error": "x"}).node("x", "end")))

    run.failed("timeout", retryable=True, unknown=True)

    assert run.one(RaiseIncident).fault.code == "effect.unknown"


def test_a_pure_node_runs_for_each_item_and_changes_it() -> None:
    flow = a_workflow().step("price", "test.set", each="order.lines", as_="l", value=feel("l.qty * 2"), out="l.price")
    order = {"lines": [{"qty": Decimal(1)}, {"qty": Decimal(5)}]}

    run = Run(a_plan(flow), {"order": order})

    assert [line["price"] for line in run.state.variables["order"]["lines"]] == [Decimal(2), Decimal(10)]


# -- waits --------------------------------------------------------------------------------------------------------


def test_a_wait_ends_by_whichever_comes_first() -> None:
    flow = (
        a_workflow()
        .step(
            "until",
            "wait",
            any={"paid": {"message": "paid", "key": feel("n"), "out": "payment"}, "late": {"after": "P1D"}},
        )
        .node("ship", "end", outcome="ship")
        .node("remind", "end", outcome="remind")
        .edge("until", "ship", "paid")
        .edge("until", "remind", "late")
    )
    by_message = Run(a_plan(flow), {"n": "7"})
    by_time = Run(a_plan(flow), {"n": "7"})
    timer = by_message.one(SetTimer)
    wanted = by_message.one(Subscribe)

    by_message.happen(MessageArrived(NOON, wanted.subscription, "m1", {"sum": 3}))
    by_time.happen(TimerFired(NOON, timer.timer))

    assert (wanted.name, wanted.key) == ("paid", "7")
    assert timer.due == NOON + timedelta(days=1)
    assert by_message.state.outcome == "ship"
    assert by_message.state.variables["payment"] == {"sum": 3}
    assert by_message.one(DropTimer).timer == timer.timer
    assert by_time.state.outcome == "remind"
    assert by_time.one(Unsubscribe)


def test_a_late_timer_changes_nothing() -> None:
    run = Run(a_plan(a_workflow().step("pause", "wait", after="PT1H").step("then", "wait", after="PT1H")))
    timer = run.one(SetTimer).timer
    run.happen(TimerFired(NOON, timer))

    assert decide(run.plan, run.state, TimerFired(NOON, timer)).records == []


def test_working_time_skips_the_lunch_break_and_the_night() -> None:
    flow = a_workflow().step("pause", "wait", after={"work": "PT6H", "calendar": "plant"})

    run = Run(a_plan(flow, calendars={"plant": WEEKDAYS}))

    assert run.one(SetTimer).due == NOON + timedelta(hours=22)


# -- people -------------------------------------------------------------------------------------------------------


def approval(**settings: Any) -> a_workflow:
    return (
        a_workflow()
        .step("ok", "approval", out="answer", **settings)
        .node("yes", "end", outcome="yes")
        .node("no", "end", outcome="no")
        .edge("ok", "yes", "approved")
        .edge("ok", "no", "rejected")
    )


@pytest.mark.mission("I9")
def test_the_submitter_may_not_approve_under_four_eyes() -> None:
    run = Run(a_plan(approval(who=["role:boss"], four_eyes=True)), by="ann")
    task = run.one(OpenTask).task

    with pytest.raises(Refused, match="another person") as refused:
        run.decided("ann", "approved", "boss", task=task)
    run.decided("bob", "approved", "boss", task=task, comment="fine")

    assert refused.value.code == "task.four_eyes"
    assert run.state.outcome == "yes"
    assert run.state.variables["answer"]["comment"] == "fine"


def test_somebody_without_the_role_is_refused() -> None:
    run = Run(a_plan(approval(who=["role:boss"])))

    with pytest.raises(Refused) as refused:
        run.decided("eve", "approved", "guest", task=run.one(OpenTask).task)

    assert refused.value.code == "task.not_yours"


def test_all_named_must_approve_and_one_rejection_ends_it() -> None:
    plan = a_plan(approval(who=["role:a", "role:b"], rule={"mode": "all"}))
    both, one = Run(plan), Run(plan)

    both.decided("x", "approved", "a", task=both.one(OpenTask).task)
    assert both.one(ChangeTask).who == ("role:b",)
    both.decided("y", "approved", "b", task=both.one(ChangeTask).task)
    one.decided("y", "rejected", "b", task=one.one(OpenTask).task)

    assert both.state.outcome == "yes"
    assert one.state.outcome == "no"


def test_one_person_cannot_fill_two_seats() -> None:
    run = Run(a_plan(approval(who=["role:a", "role:b"], rule={"mode": "all"})))
    task = run.one(OpenTask).task
    run.decided("x", "approved", "a", "b", task=task)

    with pytest.raises(Refused) as refused:
        run.decided("x", "approved", "a", "b", task=task)

    assert refused.value.code == "task.twice"


def test_approvals_in_turn_ask_one_after_another() -> None:
    run = Run(a_plan(approval(who=["user:x", "user:y"], rule={"mode": "sequential"})))
    task = run.one(OpenTask)
    assert task.who == ("user:x",)

    with pytest.raises(Refused):
        run.decided("y", "approved", task=task.task)
    run.decided("x", "approved", task=task.task).decided("y", "approved", task=task.task)

    assert run.state.outcome == "yes"


def test_two_of_three_are_enough_and_two_rejections_too() -> None:
    plan = a_plan(approval(who=["user:x", "user:y", "user:z"], rule={"mode": "at_least", "n": 2}))
    yes, no = Run(plan), Run(plan)

    task = yes.one(OpenTask).task
    yes.decided("x", "approved", task=task).decided("y", "rejected", task=task).decided("z", "approved", task=task)
    no.decided("x", "rejected", task=task).decided("y", "rejected", task=task)

    assert yes.state.outcome == "yes"
    assert no.state.outcome == "no"


def test_an_overdue_task_escalates_to_others_who_may_then_decide() -> None:
    run = Run(
        a_plan(
            approval(who=["role:boss"], due={"work": "PT4H", "calendar": "plant"}, escalate={"to": ["role:gm"]}),
            calendars={"plant": WEEKDAYS},
        )
    )
    opened, timer = run.one(OpenTask), run.one(SetTimer)
    assert opened.due == timer.due

    run.happen(TimerFired(timer.due, timer.timer))
    assert run.one(Tell).alert.to == ("role:gm",)
    assert run.one(ChangeTask).who == ("role:boss", "role:gm")
    run.decided("zed", "approved", "gm", task=opened.task)

    assert run.state.outcome == "yes"


def test_an_overdue_route_takes_the_task_back() -> None:
    flow = (
        a_workflow()
        .step("do", "user_task", who=["role:a"], due="PT1H", on={"overdue": "late"})
        .node("late", "end", outcome="late")
    )
    run = Run(a_plan(flow))

    run.happen(TimerFired(NOON, run.one(SetTimer).timer))

    assert run.one(CloseTask).outcome is None
    assert run.state.outcome == "late"


def test_a_user_task_ends_by_one_of_its_outcomes() -> None:
    flow = (
        a_workflow()
        .step("do", "user_task", who=[feel("owner")], outcomes=["keep", "drop"], out="did")
        .node("kept", "end", outcome="kept")
        .node("gone", "end", outcome="gone")
        .edge("do", "kept", "keep")
        .edge("do", "gone", "drop")
    )
    run = Run(a_plan(flow), {"owner": "zoe"})
    task = run.one(OpenTask)
    assert task.who == ("user:zoe",)

    with pytest.raises(Refused) as refused:
        run.decided("zoe", "maybe", task=task.task)
    run.decided("zoe", "drop", task=task.task)

    assert refused.value.code == "task.outcome"
    assert run.state.outcome == "gone"


def test_nobody_to_ask_is_an_incident() -> None:
    run = Run(a_plan(a_workflow().step("do", "user_task", who=[feel("owner")])), {"owner": None})

    assert run.one(RaiseIncident).fault.code == "task.nobody"


# -- for each -----------------------------------------------------------------------------------------------------


def for_each(**settings: Any) -> a_workflow:
    inner = {"nodes": {"send": {"type": "test.send", "value": feel("x"), "out": "got"}}, "edges": []}
    return a_workflow().step("all", "foreach", over="xs", as_="x", out="results", collect="got", **inner, **settings)


def test_items_run_in_parallel_and_results_keep_their_order() -> None:
    run = Run(a_plan(for_each()), {"xs": ["a", "b", "c"]})
    keys = [p.key for p in run.owed(Perform)]
    assert [p.config["value"] for p in run.owed(Perform)] == ["a", "b", "c"]

    for position in (2, 0, 1):
        run.happen(EffectDone(NOON, keys[position], position))

    assert run.state.variables["results"] == [0, 1, 2]
    assert run.state.status == "ended"


def test_items_run_one_after_another_when_asked() -> None:
    run = Run(a_plan(for_each(mode="sequential")), {"xs": ["a", "b"]})
    assert run.one(Perform).config["value"] == "a"

    run.done(1)
    assert run.one(Perform).config["value"] == "b"
    run.done(2)

    assert run.state.variables["results"] == [1, 2]


def test_a_for_each_ends_early_and_withdraws_the_rest() -> None:
    run = Run(a_plan(for_each(complete_when="done >= 1")), {"xs": ["a", "b", "c"]})

    run.happen(EffectDone(NOON, run.owed(Perform)[1].key, 5))

    assert len(run.owed(DropEffect)) == 2
    assert run.state.variables["results"] == [5]
    assert run.state.status == "ended"


def test_an_empty_list_is_done_at_once() -> None:
    assert Run(a_plan(for_each()), {"xs": []}).state.status == "ended"


def test_what_is_no_list_is_an_incident() -> None:
    assert Run(a_plan(for_each()), {"xs": None}).one(RaiseIncident).fault.code == "each.no_list"


# -- calls, cancelling, ending, loops -----------------------------------------------------------------------------


def test_a_call_waits_for_its_child_and_takes_what_it_collects() -> None:
    flow = a_workflow().step("sub", "call", ref="child", with_={"n": feel("n + 1")}, collect="m", out="got")
    run = Run(a_plan(flow, pins={"workflow:child": "child@3"}), {"n": Decimal(1)})
    child = run.one(StartChild)
    assert (child.ref, child.variables) == ("child@3", {"n": Decimal(2)})

    run.happen(ChildEnded(NOON, child.child, "fine", {"m": Decimal(8)}))

    assert run.state.variables["got"] == Decimal(8)


def test_cancelling_takes_back_everything_owed() -> None:
    flow = (
        a_workflow()
        .step("split", "fork")
        .node("a", "test.send")
        .node("b", "user_task", who=["role:x"], due="PT1H", on={"overdue": "c"})
        .node("c", "wait", message="m", key="k")
        .edge("split", "a")
        .edge("split", "b")
        .edge("split", "c")
    )
    run = Run(a_plan(flow))

    run.happen(CancelRequested(NOON, "op", "wrong order"))

    assert run.state.status == "cancelled"
    assert run.one(DropEffect) and run.one(CloseTask) and run.one(DropTimer) and run.one(Unsubscribe)
    assert run.state.tokens == {}


def test_a_terminating_end_withdraws_the_other_paths() -> None:
    flow = (
        a_workflow()
        .step("split", "fork")
        .node("slow", "test.send")
        .node("stop", "end", terminate=True, outcome="stopped")
        .edge("split", "slow")
        .edge("split", "stop")
    )

    run = Run(a_plan(flow))

    assert run.state.status == "ended"
    assert run.state.outcome == "stopped"


def test_a_loop_stops_at_its_declared_bound() -> None:
    flow = a_workflow().step("a", "test.set", value=feel("n + 1"), out="n", max_visits=7).edge("a", "a")

    run = Run(a_plan(flow), {"n": Decimal(0)})

    assert run.state.variables["n"] == Decimal(7)
    assert run.one(RaiseIncident).fault.code == "loop.endless"


def test_a_long_flow_is_cut_into_segments_with_the_same_outcome() -> None:
    flow = a_workflow()
    for n in range(250):
        flow.step(f"n{n}", "test.set", value=feel("x + 1"), out="x")
    plan = a_plan(flow)
    started = Started(NOON, "ann", "begin", {"x": Decimal(0)})

    decision, cuts = begin(plan, "i1", started, nodes=100), 0
    while decision.more:
        decision, cuts = decide(plan, decision.state, Continue(NOON), nodes=100), cuts + 1

    assert cuts == 2
    assert decision.state.variables["x"] == Decimal(250)
    assert replace(begin(plan, "i1", started, nodes=1000).state, pure_steps=0) == replace(decision.state, pure_steps=0)

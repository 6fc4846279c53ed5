"""What holds for every workflow, whatever its shape and whatever order its questions are answered in."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from taktflow.definitions.workflow import Workflow
from taktflow.errors import Refused
from taktflow.runtime.decide import Decision, decide
from taktflow.runtime.events import Event, MessageArrived, TaskDecided
from taktflow.runtime.plan import Plan
from taktflow.runtime.shape import shape_findings
from taktflow.runtime.state import State, loads_state
from taktflow.values import has_errors
from tests.builders import a_plan, a_workflow, feel
from tests.unit.runtime.flows import LAST, Block, Outside, bare, blocks, document
from tests.unit.runtime.test_decide import Run

few = settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
SEEDS = st.integers(0, 2**16)


def planned(block: Block) -> Plan:
    return a_plan(Workflow.model_validate(document(block)))


INNER: Block = ("inclusive", [False] * 3, [("set",), ("task",)])


@few
@given(blocks(races=True), SEEDS)
@example(("loop", 2, ("fork", "all", [("set",), INNER])), 0).via("an inner join must not wait for the next turn")
@example(("loop", 2, ("inclusive", [False, True, True], [("set",), INNER, ("task",)])), 0).via("the same, twice active")
@example(("loop", 1, ("first", 2, "ignore", [("send",), ("first", 2, "cancel", [("set",), ("set",)])])), 0).via(
    "when all have come, nobody is left to cancel"
)
@example(("first", 2, "cancel", [("set",), ("set",), ("set",)]), 0).via("a third who comes at once is too late")
@example(("loop", 2, ("fork", "all", [("first", 1, "cancel", [("set",), ("task",)]), ("task",)])), 0).via(
    "whoever wins a race must not cancel what runs beside it"
)
def test_every_sound_workflow_ends_when_its_questions_are_answered_in_any_order(block: Block, seed: int) -> None:
    workflow = Workflow.model_validate(document(block))
    assert not has_errors(shape_findings(workflow))

    outside = Outside(a_plan(workflow), seed)
    state = outside.run()

    assert state.status == "ended"
    assert outside.incidents == []
    assert outside.open == {}
    assert state.tokens == {}
    assert list(state.frames) == [0]
    assert outside.steps.count(("reached", LAST)) == 1


@few
@given(blocks(races=True), SEEDS)
def test_deciding_gives_the_same_for_the_same_and_leaves_its_input_alone(block: Block, seed: int) -> None:
    plan = planned(block)

    def look(before: State, event: Event, decision: Decision) -> None:
        given = before.dumps()
        again = decide(plan, before, event)
        assert before.dumps() == given
        assert again.state.dumps() == decision.state.dumps()
        assert again.records == decision.records
        assert again.effects == decision.effects
        assert loads_state(decision.state.dumps()) == decision.state

    Outside(plan, seed, look=look).run()


@few
@given(blocks(races=True), SEEDS, st.integers(1, 7))
def test_where_segments_are_cut_changes_nothing(block: Block, seed: int, nodes: int) -> None:
    plan = planned(block)

    whole = Outside(plan, seed)
    cut = Outside(plan, seed, nodes=nodes)

    assert bare(cut.run()) == bare(whole.run())
    assert cut.past == whole.past


@few
@given(blocks(races=False), SEEDS, SEEDS)
def test_without_races_the_order_of_answers_does_not_change_the_outcome(block: Block, one: int, other: int) -> None:
    plan = planned(block)

    assert Outside(plan, one).run().variables == Outside(plan, other).run().variables


@few
@given(blocks(races=True), SEEDS)
def test_events_that_come_again_or_too_late_change_nothing(block: Block, seed: int) -> None:
    plan = planned(block)
    outside = Outside(plan, seed)

    def again(event: Event) -> None:
        if isinstance(event, TaskDecided):
            _refused(plan, outside.state, event)
            return
        late = decide(plan, outside.state, event)
        assert late.records == []
        assert late.effects == []
        assert bare(late.state) == bare(outside.state)

    while outside.state.status == "running":
        outside.happen(outside.next_answer())
        again(outside.past[-1])
        again(outside.chance.choice(outside.past))
    for event in outside.past:
        again(event)


def _refused(plan: Plan, state: State, event: TaskDecided) -> None:
    """Whoever decided once hears that it is over, or that they have decided."""
    with pytest.raises(Refused) as refused:
        decide(plan, state, event)
    assert refused.value.code in ("task.over", "task.twice")


@pytest.mark.parametrize("kind", ["test.set", "test.send"])
def test_the_state_does_not_grow_with_history(kind: str) -> None:
    flow = (
        a_workflow()
        .step("count", "test.set", value=feel("n + 1"), out="n")
        .step("act", kind, value=feel("n"), out="got")
        .step("turn", "branch")
        .node("ask", "wait", message="on", key="k")
        .edge("turn", "count", "modulo(n, 1000) != 10 and n < 1000")
        .edge("turn", "ask", otherwise=True)
        .edge("ask", "count")
    )
    run = Run(a_plan(flow), {"n": 0})
    sizes = []

    for _ in range(2):
        while (wait := next(iter(run.state.tokens.values())).wait) is not None and wait["on"] == "effect":
            run.effects = [e for e in run.effects if getattr(e, "key", "") == wait["key"]]
            run.done(1)
        sizes.append(len(run.state.dumps()))
        run.happen(_woken(run))

    assert run.state.variables["n"] >= 1000
    assert abs(sizes[1] - sizes[0]) < 30


def _woken(run: Run) -> MessageArrived:
    (token,) = run.state.tokens.values()
    assert token.wait is not None
    return MessageArrived(run.now, token.wait["subscriptions"]["only"], "on/k", None)

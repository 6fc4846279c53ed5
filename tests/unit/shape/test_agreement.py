"""What the token game promises is what the interpreter does: a flow judged sound never gets stuck at a join."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from taktflow.runtime.decide import Decision, begin, decide
from taktflow.runtime.effects import CloseTask, OpenTask, RaiseIncident
from taktflow.runtime.events import Started, TaskDecided
from taktflow.runtime.plan import Plan
from taktflow.runtime.shape import shape_findings
from tests.builders import NOON, a_plan, a_workflow

STEPS = 120


@dataclass
class Walk:
    """One random run of a flow, in which people decide open tasks in any order and any way."""

    plan: Plan
    luck: random.Random
    open: dict[str, tuple[str, ...]] = field(default_factory=dict)
    stuck: list[str] = field(default_factory=list)
    most: int = 0

    def take(self, decision: Decision) -> None:
        self.most = max(self.most, len(decision.state.tokens))
        for effect in decision.effects:
            match effect:
                case OpenTask():
                    self.open[effect.task] = effect.outcomes
                case CloseTask():
                    self.open.pop(effect.task, None)
                case RaiseIncident():
                    self.stuck.append(effect.fault.code)
                case _:
                    pass

    def run(self, variables: dict[str, bool]) -> str:
        decision = begin(self.plan, "i", Started(NOON, "ann", "begin", variables))
        self.take(decision)
        for _ in range(STEPS):
            if decision.state.status != "running" or not self.open:
                break
            task = self.luck.choice(sorted(self.open))
            event = TaskDecided(
                NOON, task, f"u{self.luck.random()}", frozenset({"any"}), self.luck.choice(self.open[task]), {}
            )
            decision = decide(self.plan, decision.state, event)
            self.take(decision)
        return decision.state.status


def a_random_flow(luck: random.Random) -> a_workflow:
    """Tasks with one or two outcomes, forks, joins and inclusive branches, wired to later nodes at random."""
    flow = a_workflow()
    kinds = [
        luck.choice(["task", "task", "fork", "join", "active", "first", "inclusive"]) for _ in range(luck.randint(3, 8))
    ]
    ids = [f"n{i}" for i in range(len(kinds))]
    flow.node("done", "end")
    for i, (id, kind) in enumerate(zip(ids, kinds, strict=True)):
        later = [*ids[i + 1 : i + 4], "done"]
        if luck.random() < 0.1 and i:
            later.append(luck.choice(ids[:i]))
        targets = luck.sample(later, min(len(later), luck.randint(1, 2)))
        _wire(flow, id, kind, targets)
    flow.document["edges"].append(["begin", "n0"])
    return flow


def _wire(flow: a_workflow, id: str, kind: str, targets: list[str]) -> None:
    match kind:
        case "task":
            outcomes = ["a", "b"][: len(targets)]
            flow.node(id, "user_task", who=["role:any"], outcomes=outcomes)
            for outcome, target in zip(outcomes, targets, strict=True):
                flow.edge(id, target, outcome if len(targets) > 1 else None)
        case "fork":
            flow.node(id, "fork")
            for target in targets:
                flow.edge(id, target)
        case "inclusive":
            flow.node(id, "branch", mode="inclusive")
            # Each condition has a variable of its own: the game knows nothing of conditions that exclude one another.
            flow.edge(id, targets[0], f"{id}_a")
            flow.edge(id, targets[-1], f"{id}_b")
            flow.edge(id, "done")
        case _:
            mode: Any = {"join": "all", "active": "active", "first": {"first": 1}}[kind]
            flow.node(id, "join", mode=mode)
            flow.edge(id, targets[0])


def codes(flow: a_workflow) -> set[str]:
    return {
        f.code for f in shape_findings(flow.build()) if f.code.startswith(("shape.join_", "shape.growth", "shape.inc"))
    }


def chances(luck: random.Random) -> dict[str, bool]:
    """What the conditions come out as."""
    return {f"n{i}_{side}": luck.random() < 0.5 for i in range(8) for side in "ab"}


HARMLESS = {"shape.join_single", "shape.growth_slow"}


@pytest.mark.parametrize("seed", range(8))
def test_a_flow_judged_sound_never_gets_stuck_at_a_join(seed: int) -> None:
    luck = random.Random(seed)
    sound = 0

    for _ in range(60):
        flow = a_random_flow(luck)
        if codes(flow) - HARMLESS:
            continue
        sound += 1
        plan = a_plan(flow)
        for _ in range(6):
            walk = Walk(plan, luck)
            walk.run(chances(luck))
            assert "join.stuck" not in walk.stuck, flow.document
    assert sound >= 5


@pytest.mark.parametrize("seed", range(4))
def test_a_flow_judged_to_get_stuck_does_so_for_somebody(seed: int) -> None:
    luck = random.Random(100 + seed)
    judged = shown = 0

    for _ in range(100):
        flow = a_random_flow(luck)
        if not codes(flow) & {"shape.join_never", "shape.join_stuck"}:
            continue
        judged += 1
        plan = a_plan(flow)
        walks = [Walk(plan, luck) for _ in range(40)]
        for walk in walks:
            walk.run(chances(luck))
        shown += any("join.stuck" in w.stuck for w in walks)

    assert judged >= 5
    assert shown == judged

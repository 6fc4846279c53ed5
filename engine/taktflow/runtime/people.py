"""User tasks and approvals: who may act, what their acts add up to, and what happens when nobody does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from taktflow.definitions.envelope import Computed
from taktflow.definitions.workflow import Approval, UserTask
from taktflow.errors import Refused
from taktflow.expressions import parse
from taktflow.runtime.effects import ChangeTask, CloseTask, DropTimer, OpenTask, SetTimer, Tell
from taktflow.runtime.events import TaskDecided
from taktflow.runtime.plan import NodePlan
from taktflow.runtime.segment import Segment, fault
from taktflow.runtime.state import Token
from taktflow.sdk import Alert
from taktflow.values import Text, Value

APPROVAL_OUTCOMES = ("approved", "rejected")


def enter(segment: Segment, token: Token, node: NodePlan) -> None:
    """Opens the task; nobody to ask is a fault, not a task that waits for ever."""
    model = node.model
    assert isinstance(model, UserTask | Approval)
    scope = segment.scope(token)
    who = _principals(segment, model.who, scope)
    if not who:
        segment.fail(token, fault("task.nobody", node=node.id))
        return
    exclude = [segment.state.by] if model.four_eyes else []
    exclude += [p.removeprefix("user:") for p in _principals(segment, model.exclude, scope)]
    task = segment.name(node.id)
    wait: dict[str, Any] = {
        "on": "approval" if isinstance(model, Approval) else "task",
        "task": task,
        "who": who,
        "exclude": exclude,
        "decisions": [],
        "timers": {},
        "extra": [],
    }
    due = segment.plan.due(model.due, segment.at, scope) if model.due is not None else None
    if due is not None:
        if "overdue" in model.on:
            wait["timers"]["due"] = _timer(segment, node, due)
        if model.escalate is not None:
            wait["timers"]["escalate"] = _timer(segment, node, segment.plan.due(model.escalate.after, due, scope))
    segment.park(token, wait)
    segment.owe(
        OpenTask(
            task=task,
            node=node.id,
            kind=model.type,
            title=segment.plan.titles[node.id],
            who=tuple(_open_seats(model, wait)),
            exclude=tuple(exclude),
            outcomes=APPROVAL_OUTCOMES if isinstance(model, Approval) else model.outcomes,
            form=segment.plan.pins.get(f"form:{model.form}", model.form) if model.form else None,
            shown={t: node.parts[f"show.{t}"].evaluate(scope, segment.clock) for t in model.show},
            due=due,
        )
    )
    segment.record("asked", node.id, task=task, who=who, due=due)


def _timer(segment: Segment, node: NodePlan, due: Any) -> str:
    timer = segment.name(node.id)
    segment.owe(SetTimer(timer, due))
    return timer


def _principals(segment: Segment, who: Iterable[str | Computed], scope: Mapping[str, Value]) -> list[str]:
    found: list[str] = []
    for one in who:
        value: Value = one
        if isinstance(one, Computed):
            value = parse(one.feel).evaluate(scope, segment.clock)
        for name in value if isinstance(value, list) else [value]:
            if isinstance(name, str) and name:
                found.append(name if name.startswith(("role:", "user:")) else f"user:{name}")
    return list(dict.fromkeys(found))


def _open_seats(model: UserTask | Approval, wait: Mapping[str, Any]) -> list[str]:
    """Who may act next: the seats not yet taken, and whoever it was escalated to."""
    who: list[str] = list(wait["who"])
    if isinstance(model, Approval):
        taken = [d["seat"] for d in wait["decisions"]]
        if model.rule.mode == "sequential":
            who = who[len(taken) : len(taken) + 1]
        elif model.rule.mode == "all":
            who = [p for p in who if p not in taken]
    return list(dict.fromkeys([*who, *wait["extra"]]))


def decided(segment: Segment, token: Token, event: TaskDecided) -> None:
    """One person's part; raises Refused when a declared rule forbids it."""
    node = segment.plan.nodes[token.node]
    model, wait = node.model, token.wait
    assert isinstance(model, UserTask | Approval) and wait is not None
    seat = _seat(model, wait, event)
    decision = {"by": event.by, "at": event.at, "outcome": event.outcome, "seat": seat, "data": dict(event.data)}
    decisions = [*wait["decisions"], decision]
    segment.record("decided", node.id, task=event.task, by=event.by, outcome=event.outcome, data=dict(event.data))
    outcome = event.outcome if isinstance(model, UserTask) else _verdict(model, wait["who"], decisions)
    if outcome is None:
        parked = {**wait, "decisions": decisions}
        segment.park(token, parked)
        exclude = (*wait["exclude"], *(d["by"] for d in decisions))
        segment.owe(ChangeTask(event.task, tuple(_open_seats(model, parked)), exclude, decisions))
        return
    for timer in wait["timers"].values():
        segment.owe(DropTimer(timer))
    segment.owe(CloseTask(event.task, outcome, event.by, event.data))
    segment.assign(token, model.out, _answer(model, outcome, decisions))
    outcomes = model.outcomes if isinstance(model, UserTask) else APPROVAL_OUTCOMES
    segment.leave(replace(token, wait=None), outcome, outcomes)


def _seat(model: UserTask | Approval, wait: Mapping[str, Any], event: TaskDecided) -> str:
    """The principal as which ``event.by`` acts."""
    outcomes = model.outcomes if isinstance(model, UserTask) else APPROVAL_OUTCOMES
    if event.outcome not in outcomes:
        raise Refused("task.outcome", outcome=event.outcome, outcomes=", ".join(outcomes))
    if event.by in wait["exclude"]:
        raise Refused("task.four_eyes", by=event.by)
    if any(d["by"] == event.by for d in wait["decisions"]):
        raise Refused("task.twice", by=event.by)
    mine = {f"user:{event.by}", *(f"role:{r}" for r in event.roles)}
    seats = _open_seats(model, wait)
    found = next((s for s in seats if s in mine and s not in wait["extra"]), None)
    if found is None and mine & set(wait["extra"]):
        # Whoever it was escalated to acts in place of the first one who did not.
        found = seats[0]
    if found is None:
        raise Refused("task.not_yours", by=event.by, who=", ".join(seats))
    return found


def _verdict(model: Approval, who: list[str], decisions: list[dict[str, Any]]) -> str | None:
    """What the decisions add up to; None while more are needed."""
    approved = sum(d["outcome"] == "approved" for d in decisions)
    rejected = len(decisions) - approved
    match model.rule.mode:
        case "any":
            return "approved" if approved else "rejected"
        case "all" | "sequential":
            needed, spare = len(who), 0
        case "at_least":
            needed = model.rule.n or 1
            spare = max(len(who), needed) - needed
    if approved >= needed:
        return "approved"
    return "rejected" if rejected > spare else None


def _answer(model: UserTask | Approval, outcome: str, decisions: list[dict[str, Any]]) -> Value:
    last = decisions[-1]
    answer = {**last["data"], "outcome": outcome, "by": last["by"], "at": last["at"]}
    if isinstance(model, Approval):
        answer["decisions"] = [{"by": d["by"], "at": d["at"], "outcome": d["outcome"], **d["data"]} for d in decisions]
    return answer


def timer_fired(segment: Segment, token: Token, name: str) -> None:
    """The task is due, or escalates."""
    node = segment.plan.nodes[token.node]
    model, wait = node.model, token.wait
    assert isinstance(model, UserTask | Approval) and wait is not None
    timers = {k: v for k, v in wait["timers"].items() if k != name}
    if name == "due":
        for timer in timers.values():
            segment.owe(DropTimer(timer))
        segment.owe(CloseTask(wait["task"], None, ""))
        segment.fail(replace(token, wait=None), fault("overdue", node=node.id))
        return
    assert model.escalate is not None
    parked = {**wait, "timers": timers, "extra": [*wait["extra"], *model.escalate.to]}
    segment.park(token, parked)
    exclude = (*wait["exclude"], *(d["by"] for d in wait["decisions"]))
    segment.owe(
        ChangeTask(wait["task"], tuple(_open_seats(model, parked)), exclude, wait["decisions"] or None, escalated=True)
    )
    title = segment.plan.titles[node.id]
    key = segment.state.key
    segment.owe(
        Tell(
            Alert(
                to=model.escalate.to,
                title=Text(zh=f"待办升级：{title['zh']}", en=f"Escalated: {title['en']}"),
                body=Text(zh=f"{key} 的待办已逾期，请处理。", en=f"The task for {key} is overdue; please act."),
                severity="warning",
                link=f"/user-tasks/{wait['task']}",
            )
        )
    )
    segment.record("escalated", node.id, task=wait["task"], to=list(model.escalate.to))

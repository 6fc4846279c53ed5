"""One stretch of deciding: a working copy of the state, what is recorded and what is owed.

Node grammars (:mod:`activities`, :mod:`people`, :mod:`waits`, :mod:`loops`, :mod:`calls`, :mod:`joins`) act through it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from taktflow.runtime.effects import (
    CancelChild,
    CloseIncident,
    CloseTask,
    DropEffect,
    DropTimer,
    Effect,
    RaiseIncident,
    Unsubscribe,
)
from taktflow.runtime.events import Fault
from taktflow.runtime.plan import EdgePlan, NodePlan, Plan
from taktflow.runtime.state import ROOT, Frame, State, Token
from taktflow.texts import catalogue
from taktflow.values import Json, Value, shown


class Segment:
    """The mutable side of one :func:`decide` call; never escapes it."""

    def __init__(self, plan: Plan, state: State, at: datetime) -> None:
        self.plan = plan
        self.state = state
        self.at = at
        self.clock = plan.clock(at)
        self.records: list[dict[str, Json]] = []
        self.effects: list[Effect] = []
        self.queue: deque[int] = deque(t.id for t in state.tokens.values() if t.ready)
        self.on_frame_done: Callable[[Frame], None] = lambda _frame: None

    # -- numbers, records, effects --------------------------------------------------------------------------------

    def number(self) -> int:
        """A number this instance has not used yet."""
        taken = self.state.next
        self.state.next = taken + 1
        return taken

    def name(self, node: str) -> str:
        """An id this instance has not used yet, telling where it comes from."""
        return f"{self.state.instance}:{node}:{self.number()}"

    def record(self, step: str, node: str, **facts: Json) -> None:
        """Adds a step record to the journal's batch."""
        self.records.append({"step": step, "node": node, **facts})

    def owe(self, effect: Effect) -> None:
        """Adds an effect to commit with the state."""
        self.effects.append(effect)

    # -- variables ------------------------------------------------------------------------------------------------

    def scope(self, token: Token, extra: Mapping[str, Value] | None = None) -> dict[str, Value]:
        """The names that expressions see at ``token``: inner frames hide outer ones."""
        frames = self.state.frames
        frame = frames[token.frame]
        if frame.parent is None:
            names = dict(frame.variables)
        else:
            chain = [frame]
            while chain[-1].parent is not None:
                chain.append(frames[chain[-1].parent])
            names = {}
            for one in reversed(chain):
                names.update(one.variables)
        state = self.state
        names["instance"] = {
            "id": state.instance,
            "key": state.key,
            "by": state.by,
            "started_at": state.started_at,
            "workflow": state.workflow,
        }
        if token.fault is not None:
            names["error"] = dict(token.fault)
        if extra:
            names.update(extra)
        return names

    def assign(self, token: Token, path: str | None, value: Value) -> None:
        """Sets ``path`` (dotted) in the nearest frame that has its first name, else in the token's own."""
        if path is None:
            return
        head, _, rest = path.partition(".")
        frames = self.state.frames
        frame = frames[token.frame]
        home = frame
        while head not in home.variables and home.parent is not None:
            home = frames[home.parent]
        if head not in home.variables:
            home = frame
        variables = dict(home.variables)
        variables[head] = with_path(variables.get(head), rest.split("."), value) if rest else value
        frames[home.id] = replace(home, variables=variables)

    # -- tokens ---------------------------------------------------------------------------------------------------

    def put(self, node: str, frame: int = ROOT, fault: Mapping[str, Any] | None = None) -> Token:
        """A new ready token at ``node``."""
        return self._last_in_turn(Token(self.number(), node, frame, None, fault))

    def park(self, token: Token, wait: Mapping[str, Any]) -> Token:
        """The token now waits as ``wait`` says."""
        parked = replace(token, wait=wait)
        self.state.tokens[token.id] = parked
        return parked

    def wake(self, token: Token) -> Token:
        """The token is ready to run its node again."""
        return self._last_in_turn(replace(token, wait=None))

    def _last_in_turn(self, token: Token) -> Token:
        # Taken out first: the dictionary's order is the order of turns.
        self.state.tokens.pop(token.id, None)
        self.state.tokens[token.id] = token
        self.queue.append(token.id)
        return token

    def consume(self, token: Token) -> None:
        """The token is gone; its frame is done when it was the last one."""
        self.state.tokens.pop(token.id, None)
        if not any(t.frame == token.frame for t in self.state.tokens.values()):
            self.on_frame_done(self.state.frames[token.frame])

    def leave(self, token: Token, outcome: str | None = None, outcomes: Iterable[str] = ()) -> None:
        """Goes on from the token's node along the edge that holds; an ``outcome`` is visible to the conditions."""
        node = self.plan.nodes[token.node]
        if not node.edges:
            self.consume(token)
            return
        if len(node.edges) == 1 and node.edges[0].when is None:
            self.move(token, node.edges[0])
            return
        names = {name: name == outcome for name in outcomes}
        edge = self.first_edge(node, self.scope(token, {**names, "outcome": outcome}))
        if edge is None:
            self.incident(token, fault("edge.none", node=node.id), stage="leave")
        else:
            self.move(token, edge)

    def first_edge(self, node: NodePlan, scope: Mapping[str, Value]) -> EdgePlan | None:
        """The first edge whose condition is true, else the ``else`` edge."""
        fallback = None
        for edge in node.edges:
            if edge.when is None:
                fallback = fallback or edge
            elif edge.when.evaluate(scope, self.clock) is True:
                return edge
        return fallback

    def move(self, token: Token, edge: EdgePlan) -> None:
        """The token goes along ``edge`` and is ready at its target."""
        self.state.tokens[token.id] = Token(token.id, edge.target, token.frame, None, None)
        self.arrive(token.id, edge.target, edge.index)

    def arrive(self, id: int, target: str, edge: int) -> None:
        """The ready token stands at ``target``, having come by ``edge``."""
        token = self.state.tokens[id]
        if self.plan.nodes[target].model.type == "join":
            # Joins need to know the edge; it rides in the wait until the join has looked at it.
            token = replace(token, wait={"on": "arrival", "edge": edge})
        self._last_in_turn(token)

    # -- failing --------------------------------------------------------------------------------------------------

    def fail(self, token: Token, problem: Fault, *, stage: str = "enter", effect: str | None = None) -> None:
        """Takes the node's error route for the problem, or raises an incident when it has none."""
        node = self.plan.nodes[token.node]
        routes: Mapping[str, str] = getattr(node.model, "on", {})
        target = routes.get(problem.code) or routes.get(problem.code.partition(".")[0]) or routes.get("error")
        if target is None:
            self.incident(token, problem, stage=stage, effect=effect)
            return
        self.record("routed", node.id, to=target, **_told(problem))
        context = {
            "code": problem.code,
            "message": problem.en,
            "zh": problem.zh,
            "details": problem.details,
            "node": node.id,
        }
        self.state.tokens[token.id] = Token(token.id, target, token.frame, None, context)
        self.arrive(token.id, target, self.plan.nodes[target].entries.get(node.id, -1))

    def incident(self, token: Token, problem: Fault, *, stage: str, effect: str | None = None) -> None:
        """The token stops until a person settles it; ``stage`` says where a retry goes on: enter, leave or effect."""
        id = self.name(token.node)
        self.park(
            token,
            {"on": "incident", "incident": id, "stage": stage, "effect": effect, "was": token.wait},
        )
        self.record("incident", token.node, incident=id, **_told(problem))
        self.owe(RaiseIncident(id, token.node, problem, effect))

    # -- withdrawing ----------------------------------------------------------------------------------------------

    def withdraw(self, token: Token, why: str) -> None:
        """Ends the token and everything it waits for; its frame is not asked whether it is done."""
        self.state.tokens.pop(token.id, None)
        if token.wait is not None:
            self.release(token.wait, why)
            if token.wait["on"] == "foreach":
                self.withdraw_items(token, why)

    def withdraw_items(self, token: Token, why: str) -> None:
        """Ends all items of the for-each at which ``token`` stands."""
        frames = [f for f in self.state.frames.values() if f.owner == token.id]
        for frame in frames:
            for inner in [t for t in self.state.tokens.values() if t.frame == frame.id]:
                self.withdraw(inner, why)
            self.drop_frame(frame)

    def drop_frame(self, frame: Frame) -> None:
        """Forgets an item's variables and the arrivals at its joins."""
        self.state.frames.pop(frame.id, None)
        suffix = f"/{frame.id}"
        for key in [k for k in self.state.joins if k.endswith(suffix)]:
            del self.state.joins[key]

    def release(self, wait: Mapping[str, Any], why: str) -> None:
        """Takes back what a wait has asked of the world."""
        match wait["on"]:
            case "effect":
                self.owe(DropEffect(wait["key"]))
            case "task" | "approval":
                self.owe(CloseTask(wait["task"], None, ""))
            case "call":
                self.owe(CancelChild(wait["child"], why))
            case "incident":
                self.owe(CloseIncident(wait["incident"], "cancel", ""))
                if wait.get("effect"):
                    self.owe(DropEffect(wait["effect"]))
            case _:
                pass
        for timer in (wait.get("timers") or {}).values():
            self.owe(DropTimer(timer))
        for subscription in (wait.get("subscriptions") or {}).values():
            self.owe(Unsubscribe(subscription))


def _told(problem: Fault) -> dict[str, Json]:
    """What the journal keeps of a problem."""
    told: dict[str, Json] = {"code": problem.code, "message": {"zh": problem.zh, "en": problem.en}}
    return told if problem.details is None else {**told, "details": problem.details}


def with_path(base: Value, path: list[str], value: Value) -> Value:
    """``base`` with ``value`` at ``path``; what is no context on the way becomes one. Shares all else with ``base``."""
    found = dict(base) if isinstance(base, dict) else {}
    head = path[0]
    found[head] = value if len(path) == 1 else with_path(found.get(head), path[1:], value)
    return found


def fault(code: str, details: Json = None, /, **args: Value) -> Fault:
    """A fault whose sentences come from the text catalogue."""
    words = catalogue().get(code)
    filled = {k: v if isinstance(v, str) else shown(v) for k, v in args.items()}
    if words is None:
        return Fault(code, code, code, details)
    return Fault(code, words.zh.format(**filled), words.en.format(**filled), details)

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
    FreeLock,
    RaiseIncident,
    Unsubscribe,
)
from taktflow.runtime.events import Fault
from taktflow.runtime.plan import EdgePlan, NodePlan, Plan
from taktflow.runtime.state import ROOT, Done, Frame, State, Token
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
        """Sets ``path`` (dotted) in the nearest frame that has its first name.

        A new name belongs to the item, or to the instance; a scope holds only what it declares.
        """
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
            while home.parent is not None and not self._keeps(home):
                home = frames[home.parent]
        variables = dict(home.variables)
        variables[head] = with_path(variables.get(head), rest.split("."), value) if rest else value
        frames[home.id] = replace(home, variables=variables)

    def _keeps(self, frame: Frame) -> bool:
        owner = self.state.tokens.get(frame.owner) if frame.owner is not None else None
        return owner is None or owner.wait is None or owner.wait["on"] not in ("scope", "compensate")

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

    def over(self, token: Token) -> None:
        """The token's node is done and leads nowhere from here."""
        if self.plan.nodes[token.node].undo is not None:
            self._remember(token)
        self.consume(self._unguarded(token))

    def leave(
        self, token: Token, outcome: str | None = None, outcomes: Iterable[str] = (), *, done: bool = True
    ) -> None:
        """Goes on from the token's node along the edge that holds; an ``outcome`` is visible to the conditions.

        A node that was ``done`` may be taken back later, where it declares how.
        """
        node = self.plan.nodes[token.node]
        if node.undo is not None and done:
            self._remember(token)
        token = self._unguarded(token)
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

    def go(self, token: Token, target: str, fault: Mapping[str, Any] | None = None) -> None:
        """The token leaves its node by an error route or a boundary event to ``target``."""
        token = self._unguarded(token)
        self.state.tokens[token.id] = Token(token.id, target, token.frame, None, fault)
        self.arrive(token.id, target, self.plan.nodes[target].entries.get(token.node, -1))

    def _remember(self, token: Token) -> None:
        names: dict[str, Value] = {}
        frame = self.state.frames[token.frame]
        chain = [frame]
        while chain[-1].parent is not None:
            chain.append(self.state.frames[chain[-1].parent])
        for one in reversed(chain[:-1]):
            names.update(one.variables)
        step = Done(token.node, (), names)
        self.state.frames[frame.id] = replace(frame, done=(*frame.done, step))

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
        at, target = self._catcher(token, problem)
        if target is None:
            self.incident(token, problem, stage=stage, effect=effect)
            return
        self.record("routed", at.node, to=target, **_told(problem))
        context = {
            "code": problem.code,
            "message": problem.en,
            "zh": problem.zh,
            "details": problem.details,
            "node": token.node,
        }
        if at.id != token.id:
            # Its own wait is over; what else lives inside the node that catches is not.
            self.state.tokens[token.id] = replace(token, wait=None)
            self.give_up(at, "failed")
        self.go(at, target, context)

    def _catcher(self, token: Token, problem: Fault) -> tuple[Token, str | None]:
        """The token, or the nearest one around it, whose node routes the problem, and where to."""
        at = token
        while True:
            routes: Mapping[str, str] = getattr(self.plan.nodes[at.node].model, "on", {})
            target = routes.get(problem.code) or routes.get(problem.code.partition(".")[0]) or routes.get("error")
            owner = self.state.frames[at.frame].owner
            if target is not None or owner is None:
                return at, target
            at = self.state.tokens[owner]

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
        self.give_up(token, why)
        self._unguarded(token)

    def give_up(self, token: Token, why: str) -> None:
        """Takes back what the token waits for, its inner flow included; the token itself is left to the caller."""
        if token.wait is not None:
            self.release(token.wait, why)
        self.withdraw_items(token, why)

    def withdraw_items(self, token: Token, why: str) -> None:
        """Ends the inner flow of the node at which ``token`` stands: every item, or the scope's inside."""
        for frame in [f for f in self.state.frames.values() if f.owner == token.id]:
            for inner in [t for t in self.state.tokens.values() if t.frame == frame.id]:
                self.withdraw(inner, why)
            self.drop_frame(frame)

    def _unguarded(self, token: Token) -> Token:
        """The token without what its node held: events no longer happen, the lock is given back."""
        if token.guard is None:
            return token
        for timer in token.guard.get("timers", {}).values():
            self.owe(DropTimer(timer))
        for subscription in token.guard.get("subscriptions", {}).values():
            self.owe(Unsubscribe(subscription))
        if "lock" in token.guard:
            self.owe(FreeLock(token.guard["lock"]))
        return replace(token, guard=None)

    def drop_frame(self, frame: Frame) -> None:
        """Forgets an inner flow's variables and the arrivals at its joins; what it did can still be taken back."""
        # What was done inside may have changed since the caller looked.
        frame = self.state.frames.pop(frame.id, frame)
        suffix = f"/{frame.id}"
        for key in [k for k in self.state.joins if k.endswith(suffix)]:
            del self.state.joins[key]
        outer = self.state.frames.get(frame.parent) if frame.parent is not None else None
        owner = self.state.tokens.get(frame.owner) if frame.owner is not None else None
        if not frame.done or outer is None or owner is None or self.plan.nodes[owner.node].undo is not None:
            return
        inner = tuple(replace(step, inside=(owner.node, *step.inside)) for step in frame.done)
        self.state.frames[outer.id] = replace(outer, done=(*outer.done, *inner))

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

"""Random sound workflows, built from blocks, and an outside that answers whatever they ask in random order."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeAlias

from hypothesis import strategies as st

from taktflow.runtime.decide import Decision, begin, decide
from taktflow.runtime.effects import (
    AskLock,
    CancelChild,
    ChangeTask,
    CloseTask,
    DropEffect,
    DropTimer,
    Effect,
    FreeLock,
    OpenTask,
    Perform,
    RaiseIncident,
    Retry,
    SetTimer,
    StartChild,
    Subscribe,
    Unsubscribe,
)
from taktflow.runtime.events import (
    ChildEnded,
    Continue,
    EffectDone,
    EffectFailed,
    Event,
    Fault,
    LockGranted,
    MessageArrived,
    Started,
    TaskDecided,
    TimerFired,
)
from taktflow.runtime.plan import Plan
from taktflow.runtime.state import State, loads_state
from tests.builders import NOON

Block: TypeAlias = tuple[Any, ...]
"""A kind and its parts: ``("send",)``, ``("sequence", [...])``, ``("fork", "all", [...])`` ..."""

LEAVES = ("set", "send", "timer", "message", "either", "task", "approval", "call", "guarded", "reminded", "locked")
RACES = ("either", "guarded")
"""What ends differently when another answer comes first."""
LAST = "last"
"""The node with which every workflow ends."""
_MOST_EVENTS = 3_000


def _arms(blocks: st.SearchStrategy[Block]) -> st.SearchStrategy[list[Block]]:
    return st.lists(blocks, min_size=2, max_size=3)


def _grown(blocks: st.SearchStrategy[Block], *, races: bool) -> st.SearchStrategy[Block]:
    kinds = [
        st.tuples(st.just("sequence"), st.lists(blocks, min_size=1, max_size=4)),
        st.tuples(st.just("exclusive"), st.booleans(), blocks, blocks),
        st.tuples(st.just("inclusive"), st.lists(st.booleans(), min_size=3, max_size=3), _arms(blocks)),
        st.tuples(st.just("fork"), st.sampled_from(("all", "active")), _arms(blocks)),
        st.tuples(st.just("each"), st.sampled_from(("parallel", "sequential")), st.integers(0, 3), blocks),
        st.tuples(st.just("loop"), st.integers(1, 3), blocks),
        st.tuples(st.just("scope"), st.booleans() if races else st.just(value=False), blocks),
        st.tuples(st.just("apart"), st.integers(0, 2), blocks),
    ]
    if races:
        kinds.append(
            st.tuples(st.just("first"), st.integers(1, 2), st.sampled_from(("ignore", "cancel")), _arms(blocks))
        )
    return st.one_of(kinds)


def blocks(*, races: bool) -> st.SearchStrategy[Block]:
    """Blocks of a dozen parts or so; with ``races`` also those whose outcome depends on who is faster."""
    leaves = st.sampled_from([(leaf,) for leaf in LEAVES if races or leaf not in RACES])
    return st.recursive(leaves, lambda inner: _grown(inner, races=races), max_leaves=12)


End: TypeAlias = tuple[str, str | None]
"""A node whose edge is still open, with the edge's condition; ``else`` for the other way."""


@dataclass
class Drawing:
    """A level under construction."""

    nodes: dict[str, Any] = field(default_factory=dict)
    edges: list[Any] = field(default_factory=list)
    names: list[int] = field(default_factory=lambda: [0])

    def node(self, kind: str, ends: Sequence[End], **settings: Any) -> str:
        """A new node behind ``ends``."""
        self.names[0] += 1
        id = f"{kind.rpartition('.')[2]}{self.names[0]}"
        self.nodes[id] = {"type": kind, **settings}
        for source, when in ends:
            condition = {} if when is None else {"else": True} if when == "else" else {"when": when}
            self.edges.append({"from": source, "to": id, **condition})
        return id

    def draw(self, block: Block, ends: Sequence[End]) -> list[End]:
        """``block`` behind ``ends``; gives back its own open ends."""
        drawn: list[End] = getattr(self, f"_{block[0]}")(ends, *block[1:])
        return drawn

    def _one(self, kind: str, ends: Sequence[End], **settings: Any) -> list[End]:
        id = self.node(kind, ends, **settings)
        return [(id, None)]

    def _set(self, ends: Sequence[End]) -> list[End]:
        n = self.names[0] + 1
        return self._one("test.set", ends, value=n, out=f"v{n}")

    def _send(self, ends: Sequence[End]) -> list[End]:
        n = self.names[0] + 1
        return self._one("test.send", ends, value=n, out=f"v{n}", retry={"max": 2})

    def _timer(self, ends: Sequence[End]) -> list[End]:
        return self._one("wait", ends, after="PT1H")

    def _message(self, ends: Sequence[End]) -> list[End]:
        n = self.names[0] + 1
        return self._one("wait", ends, message="m", key="k", out=f"v{n}")

    def _either(self, ends: Sequence[End]) -> list[End]:
        any = {"message": {"message": "m", "key": "k"}, "time": {"after": "PT1H"}}
        id = self.node("wait", ends, any=any)
        return [(id, "message"), (id, "time")]

    def _guarded(self, ends: Sequence[End]) -> list[End]:
        """An effect that is given up when time comes first."""
        n = self.names[0] + 1
        late = self.node("test.set", [], value=0, out=f"v{n}")
        id = self.node("test.send", ends, value=1, out=f"v{n}", events={"late": {"after": "PT1H", "to": late}})
        return [(id, None), (late, None)]

    def _reminded(self, ends: Sequence[End]) -> list[End]:
        """A task beside which a second path may begin."""
        told = self.node("test.send", [], value=1)
        self.edges.append({"from": told, "to": self.node("end", [])})
        event = {"after": "PT1H", "interrupt": False, "to": told}
        return self._one("user_task", ends, who=["role:worker"], events={"late": event})

    def _locked(self, ends: Sequence[End]) -> list[End]:
        return self._one("test.send", ends, value=1, lock={"name": "press"})

    def _scope(self, ends: Sequence[End], guarded: bool, body: Block) -> list[End]:
        """An inside of its own; guarded, it may be left early, and all that lives in it with it."""
        inner = Drawing(names=self.names)
        first = inner.node("test.set", [], value=1, out="mine")
        inner.edges.append({"from": inner.draw_last(body, first), "to": inner.node("end", [])})
        level = {"vars": {"mine": 0}, "nodes": inner.nodes, "edges": inner.edges}
        if not guarded:
            return self._one("scope", ends, **level)
        late = self.node("test.set", [], value=0, out=f"v{self.names[0] + 1}")
        id = self.node("scope", ends, events={"late": {"after": "PT1H", "to": late}}, **level)
        return [(id, None), (late, None)]

    def draw_last(self, body: Block, first: str) -> str:
        """``body`` behind ``first``, its ends brought together in one node."""
        return self.node("test.set", self.draw(body, [(first, None)]), value=2, out="mine")

    def _apart(self, ends: Sequence[End], items: int, body: Block) -> list[End]:
        """Items for which the flow does not wait."""
        inner = Drawing(names=self.names)
        first = inner.node("test.set", [], value=1, out="mine")
        inner.edges.append({"from": inner.draw_last(body, first), "to": inner.node("end", [])})
        over = f"[{', '.join(str(i) for i in range(items))}]"
        level = {"nodes": inner.nodes, "edges": inner.edges}
        return self._one("foreach", ends, over=over, wait=False, **{"as": "item"}, **level)

    def _task(self, ends: Sequence[End]) -> list[End]:
        return self._one("user_task", ends, who=["role:worker"])

    def _approval(self, ends: Sequence[End]) -> list[End]:
        id = self.node(
            "approval", ends, who=["user:p1", "user:p2"], rule={"mode": "all"}, due="PT1H", escalate={"to": ["user:p3"]}
        )
        return [(id, "approved"), (id, "rejected")]

    def _call(self, ends: Sequence[End]) -> list[End]:
        n = self.names[0] + 1
        return self._one("call", ends, ref="child", collect="answer", out=f"v{n}")

    def _sequence(self, ends: Sequence[End], parts: Sequence[Block]) -> list[End]:
        open_ = list(ends)
        for part in parts:
            open_ = self.draw(part, open_)
        return open_

    def _exclusive(self, ends: Sequence[End], flag: bool, one: Block, other: Block) -> list[End]:
        id = self.node("branch", ends)
        return [*self.draw(one, [(id, str(flag).lower())]), *self.draw(other, [(id, "else")])]

    def _inclusive(self, ends: Sequence[End], flags: Sequence[bool], arms: Sequence[Block]) -> list[End]:
        id = self.node("branch", ends, mode="inclusive")
        conditions = [str(f).lower() for f in flags[1 : len(arms)]]
        return self._joined(id, ["true", *conditions], arms, "active")

    def _fork(self, ends: Sequence[End], mode: str, arms: Sequence[Block]) -> list[End]:
        return self._joined(self.node("fork", ends), [None] * len(arms), arms, mode)

    def _first(self, ends: Sequence[End], n: int, rest: str, arms: Sequence[Block]) -> list[End]:
        mode = {"first": n, "rest": rest}
        return self._joined(self.node("fork", ends), [None] * len(arms), arms, mode)

    def _joined(self, id: str, conditions: Sequence[str | None], arms: Sequence[Block], mode: Any) -> list[End]:
        closed: list[End] = []
        for condition, arm in zip(conditions, arms, strict=True):
            open_ = self.draw(arm, [(id, condition)])
            # One edge an arm: a join counts edges, and only one way out of the arm is taken.
            closed += [(self.node("test.set", open_), None)]
        return self._one("join", closed, mode=mode)

    def _each(self, ends: Sequence[End], mode: str, items: int, body: Block) -> list[End]:
        inner = Drawing(names=self.names)
        n = self.names[0] = self.names[0] + 1
        first = inner.node("test.set", [], value={"$": "item"}, out="mine")
        last = inner.node("test.set", inner.draw(body, [(first, None)]), value={"$": "mine * 2"}, out="mine")
        inner.edges.append({"from": last, "to": inner.node("end", [])})
        level = {"nodes": inner.nodes, "edges": inner.edges}
        over = f"[{', '.join(str(i) for i in range(items))}]"
        return self._one(
            "foreach", ends, over=over, mode=mode, at_once=2, collect="mine", out=f"v{n}", **{"as": "item"}, **level
        )

    def _loop(self, ends: Sequence[End], times: int, body: Block) -> list[End]:
        n = self.names[0] + 1
        zero = self.node("test.set", ends, value=0, out=f"v{n}")
        again = self.node("test.set", [(zero, None)], value={"$": f"v{n} + 1"}, out=f"v{n}", max_visits=1000)
        turn = self.node("branch", self.draw(body, [(again, None)]))
        self.edges.append({"from": turn, "to": again, "when": f"v{n} < {times}"})
        return [(turn, "else")]


def document(block: Block) -> dict[str, Any]:
    """The workflow that ``block`` describes."""
    drawing = Drawing()
    ends = drawing.draw(block, [("begin", None)])
    drawing.nodes[LAST] = drawing.nodes.pop(last := drawing.node("end", ends))
    for edge in drawing.edges:
        edge["to"] = LAST if edge["to"] == last else edge["to"]
    return {
        "kind": "workflow",
        "id": "flow",
        "title": {"zh": "随机", "en": "Random"},
        "start": [{"id": "begin", "type": "manual"}],
        "nodes": drawing.nodes,
        "edges": drawing.edges,
    }


Look: TypeAlias = Callable[[State, Event, Decision], None]
"""Sees every decision with what it was made from."""


class Outside:
    """Everybody whom an instance may ask; answers one open question after another, in an order drawn from a seed."""

    def __init__(self, plan: Plan, seed: int, *, nodes: int = 100, look: Look | None = None) -> None:
        self.plan = plan
        self.chance = random.Random(seed)
        self.nodes = nodes
        self.look = look
        self.open: dict[str, Effect] = {}
        self.performs: dict[str, Perform] = {}
        self.attempts: dict[str, int] = {}
        self.incidents: list[RaiseIncident] = []
        self.past: list[Event] = []
        self.steps: list[tuple[str, str]] = []
        self.queue: list[str] = []
        """Who waits for the press, its holder first."""
        self.holder = ""
        started = Started(NOON, "ann", "begin", {})
        self._take(begin(plan, "i1", started, nodes=nodes))

    def run(self) -> State:
        """Answers until the instance is over."""
        for _ in range(_MOST_EVENTS):
            if self.state.status != "running":
                return self.state
            self.happen(self.next_answer())
        raise AssertionError("it does not end")

    def next_answer(self) -> Event:
        """The answer to one of the open questions."""
        assert self.open, f"nothing is asked, but it runs: {self.state.tokens}"
        return self._answer(self.open[self.chance.choice(sorted(self.open))])

    def happen(self, event: Event) -> None:
        """One event, and the segments that follow by themselves."""
        self.past.append(event)
        self._take(self._decided(event))

    def _decided(self, event: Event) -> Decision:
        before = self.state
        decision = decide(self.plan, before, event, nodes=self.nodes)
        if self.look is not None:
            self.look(before, event, decision)
        return decision

    def _take(self, decision: Decision) -> None:
        self._note(decision)
        while decision.more:
            decision = self._decided(Continue(NOON))
            self._note(decision)

    def _note(self, decision: Decision) -> None:
        self.state = loads_state(decision.state.dumps())
        self.steps += [(str(r["step"]), str(r["node"])) for r in decision.records]
        for effect in decision.effects:
            self._owe(effect)

    def _owe(self, effect: Effect) -> None:  # noqa: C901  # One flat match over the effects.
        match effect:
            case Perform(key=id) | StartChild(child=id) | SetTimer(timer=id) | OpenTask(task=id):
                self.open[id] = effect
            case Subscribe(subscription=id):
                self.open[id] = effect
            case AskLock(lock=id):
                self.queue.append(id)
                if self.queue == [id]:
                    self.open[id] = effect
            case FreeLock(lock=id):
                self.queue.remove(id)
                self.open.pop(id, None)
                if self.queue and self.queue[0] != self.holder:
                    self.open[self.queue[0]] = AskLock(self.queue[0], "press", "")
            case Retry(key=id):
                self.open[id] = replace(self.performs[id], attempt=effect.attempt)
            case DropEffect(key=id) | CancelChild(child=id) | DropTimer(timer=id) | Unsubscribe(subscription=id):
                self.open.pop(id, None)
            case ChangeTask(task=id):
                before = self.open[id]
                assert isinstance(before, OpenTask)
                self.open[id] = replace(before, who=effect.who, exclude=effect.exclude)
            case CloseTask(task=id):
                self.open.pop(id, None)
            case RaiseIncident():
                self.incidents.append(effect)
            case _:
                pass

    def _answer(self, effect: Effect) -> Event:
        match effect:
            case Perform(key=key):
                del self.open[key]
                self.performs[key] = effect
                # The same tries fail whatever the order, so that two runs can be compared.
                if effect.attempt <= len(key) % 3:
                    return EffectFailed(NOON, key, Fault("timeout", "超时", "timeout"), True, False, effect.attempt)
                return EffectDone(NOON, key, Decimal(7))
            case AskLock(lock=id):
                del self.open[id]
                self.holder = id
                return LockGranted(NOON, id)
            case StartChild(child=id):
                del self.open[id]
                return ChildEnded(NOON, id, None, {"answer": Decimal(3)})
            case SetTimer(timer=id):
                del self.open[id]
                return TimerFired(NOON, id)
            case Subscribe(subscription=id):
                del self.open[id]
                return MessageArrived(NOON, id, "m/k", Decimal(5))
            case OpenTask(task=id, who=who):
                by = next(w for w in who if w.removeprefix("user:") not in effect.exclude).partition(":")[2]
                return TaskDecided(NOON, id, by, frozenset({"worker"}), effect.outcomes[0], {})
            case _:
                raise AssertionError(effect)


def bare(state: State) -> str:
    """What is kept of a state, but for the count that bounds endless loops."""
    return replace(state, pure_steps=0).dumps()

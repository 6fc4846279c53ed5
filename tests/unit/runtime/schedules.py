"""Seeded schedules: processes, clients and clocks that act in any order on a store that breaks, until all is done."""

from __future__ import annotations

import json
import random
import zlib
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, cast

from taktflow.catalog import Catalog
from taktflow.definitions.workflow import Workflow
from taktflow.errors import Refused, TaktflowError
from taktflow.runtime.events import EffectDone, Event, MessageArrived, Started, TaskDecided, TimerFired
from taktflow.runtime.plan import Plan
from taktflow.runtime.state import loads_state
from taktflow.sdk import NodeContext, NodeError, Result
from taktflow.services import advance as advancing
from taktflow.services.advance import advance, start
from taktflow.services.engine import Engine
from taktflow.services.perform import perform
from taktflow.services.published import Published
from taktflow.services.signals import deliver, fire, run_on
from taktflow.settings import Settings
from taktflow.store import AlreadyStarted, ClaimedEffect, Commit, NewMessage, SignalRow, StoreFailed, TimerRow
from tests.builders import NOON, Send, SendOnce, SetConfig, SetValue, a_plan, a_workflow
from tests.unit.runtime.flows import LEAVES, RACES, Block, document
from tests.unit.runtime.memory import Dead, Fault, MemoryStore

_FAULTS: tuple[Fault, ...] = ("fail", "lost", "die before", "die after")
_MOST_STEPS = 4_000


class Ledger:
    """The outside: what was sent to it, by key, and what it applied."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.applied: dict[str, Any] = {}

    def take(self, key: str, value: Any, node: str, attempt: int) -> Any:
        """One request. The same tries at a node fail in every run; what fails may have been applied."""
        self.sent[key] += 1
        failing = zlib.crc32(node.encode()) % 3
        if attempt > failing or failing == 2:
            self.applied.setdefault(key, value)
        if attempt <= failing:
            raise NodeError("timeout", "timeout", retryable=True, unknown=True)
        return self.applied[key]


class Reach(Send):
    """An effect that reaches the ledger of the schedule that runs."""

    ledger: ClassVar[Ledger]

    def run(self, config: SetConfig, context: NodeContext) -> Result:
        return Result(value=self.ledger.take(context.business_key, config.value, context.node, context.attempt))


NODES = Catalog.of(nodes=[SetValue, Reach, SendOnce])
CHILD = a_plan(
    a_workflow("child")
    .step("ask", "test.send", value=3, out="answer")
    .step("pause", "wait", after="PT1H")
    .step("fin", "end"),
    catalog=NODES,
)


class Plans(Published):
    """The workflow of the schedule, and its child."""

    def __init__(self, plan: Plan) -> None:
        self._known = {"flow": plan, "child": CHILD}

    def plan(self, id: str) -> Plan:
        return self._known[id]

    def plan_to_start(self, ref: str) -> tuple[str, Plan]:
        return ref, self._known[ref]


class Open:
    """No lock: two processes do not share theirs."""

    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


_SETTINGS = Settings(_env_file=None)


@dataclass
class Node:
    """A process: what it has taken and not begun, and what the store did not take from it."""

    epoch: int
    taken: deque[ClaimedEffect] = field(default_factory=deque)
    dropped: set[str] = field(default_factory=set)
    busy: Counter[str] = field(default_factory=Counter)
    """What it performs right now."""


@dataclass
class Client:
    """People and systems outside: what they asked for, and what they were told was kept."""

    asked: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Unanswered decisions: task to instance, person and outcome."""
    posted: int = 0
    unsure: list[NewMessage] = field(default_factory=list)
    started: bool = False
    decided: set[tuple[str, str]] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)


class Schedule:
    """One run of ``plan``; with ``faults`` things break at every tenth commit or so, for a while."""

    def __init__(self, plan: Plan, seed: int, *, faults: bool = True) -> None:
        self.chance = random.Random(seed)
        self.faults = faults
        self.store = MemoryStore(self._fault, self._meanwhile)
        self.ledger = Reach.ledger = Ledger()
        self.client = Client()
        self.now = NOON
        self.epochs = 2
        self.nodes = [Node(1), Node(2)]
        self.seen: list[Callable[[Engine], object]] = []
        """What was told before, to be told again."""
        self.breaks: Counter[str] = Counter()
        self.steps = 0
        self._acting: list[Node] = []
        """Whose steps are under way, each within the one before it."""
        self._alone = False
        self._plans = Plans(plan)

    def run(self) -> MemoryStore:
        """Acts until nothing is left to do. Segments are cut after every node or never, not by the time they take."""
        before = advancing.SEGMENT_S
        advancing.SEGMENT_S = self.chance.choice((-1.0, 3600.0))
        try:
            return self._run()
        finally:
            advancing.SEGMENT_S = before

    def _run(self) -> MemoryStore:
        while self._step():
            self.steps += 1
            assert self.steps < _MOST_STEPS, "it does not end"
            if self.faults and self.chance.random() < 0.02:
                wrong = [str(anomaly) for anomaly in self.store.anomalies()]
                assert not wrong, wrong
        return self.store

    # -- what goes wrong ------------------------------------------------------------------------------------------

    @property
    def _breaking(self) -> bool:
        return self.faults and self.steps < 400

    def _fault(self) -> Fault:
        if not self._breaking or self.chance.random() > 0.15:
            return ""
        fault = self.chance.choice(_FAULTS)
        self.breaks[fault] += 1
        return fault

    def _meanwhile(self) -> None:
        """Between reading and writing another process, or a client, may act."""
        if self._breaking and not self._alone and len(self._acting) < 3 and self.chance.random() < 0.15:
            self.breaks["meanwhile"] += 1
            self._step()
        if self._acting and not any(node is self._acting[-1] for node in self.nodes):
            raise Dead

    def _die(self, node: Node) -> None:
        """The process is gone with all it had taken; its successor has another epoch."""
        if any(one is node for one in self.nodes):
            self.breaks["deaths"] += 1
            self.epochs += 1
            self.nodes = [Node(self.epochs) if one is node else one for one in self.nodes]
        self.store.give_back(node.epoch)

    # -- one step -------------------------------------------------------------------------------------------------

    def _step(self) -> bool:
        """Somebody does something that is to be done; False when there is nothing."""
        node = self.chance.choice(self.nodes)
        acts = self._acts(node)
        if not acts:
            return any(other.taken or other.dropped or self._strays(other) for other in self.nodes)
        if self._breaking and self.seen and self.chance.random() < 0.1:
            acts = [self.chance.choice(self.seen)]
            self.breaks["again"] += 1
        if self._breaking and self.chance.random() < 0.02:
            # Taken for dead while it lives: what it tells later counts for nothing.
            self.breaks["taken for dead"] += 1
            self.store.give_back(self.chance.choice(self.nodes).epoch)
        self._acting.append(node)
        try:
            self.chance.choice(acts)(self._engine(node))
        except Dead:
            self._die(node)
        except StoreFailed:
            self.breaks["unheard"] += 1
        finally:
            self._acting.pop()
        return True

    def _engine(self, node: Node) -> Engine:
        engine = Engine(
            self.store,
            NODES,
            _SETTINGS,
            self._plans,
            cast(Any, None),
            lambda: self.now,
            node.epoch,
            stripes=cast(Any, [Open()] * 256),
        )
        engine.take.append(lambda found: node.taken.extend(effect for _, effect in found))
        return engine

    def _acts(self, node: Node) -> list[Callable[[Engine], object]]:
        store = self.store
        acts: list[Callable[[Engine], object]] = []
        if not self.client.started:
            return [self._start]
        acts += [partial(self._deliver, signal) for signal, _ in store.signals.values()]
        acts += [partial(self._fire, timer) for timer in store.due_timers_of()]
        acts += [partial(_run_on, instance) for instance in sorted(store.runnable)]
        acts += [partial(self._claim, node, k) for k, o in store.effects.items() if o.status == "pending"]
        acts += [partial(self._perform, node)] if node.taken else []
        acts += [partial(self._release, node)] if node.dropped or self._strays(node) else []
        acts += [partial(self._decide, task) for task in {**store.asked, **self.client.asked}]
        acts += [self._post] if self._wants_message() else []
        return acts

    def _deliver(self, signal: SignalRow, engine: Engine) -> None:
        deliver(engine, signal)
        if signal.kind == "message" and signal.id not in self.store.signals:
            event = MessageArrived(NOON, signal.event["subscription"], signal.event["message"], signal.event["payload"])
            self._again(signal.instance, event)
        self.seen.append(lambda e: deliver(e, signal))

    def _fire(self, timer: TimerRow, engine: Engine) -> None:
        self.now = max(self.now, timer.due)
        fire(engine, timer)
        if (timer.instance, timer.timer) not in self.store.timers:
            self._again(timer.instance, TimerFired(self.now, timer.timer))
        self.seen.append(lambda e: fire(e, timer))

    def _claim(self, node: Node, key: str, _: Engine) -> None:
        self.now = max(self.now, self.store.effects[key].perform.not_before)
        node.taken.append(self.store.claim(key, node.epoch))

    def _perform(self, node: Node, engine: Engine) -> None:
        effect = node.taken.popleft()
        key = effect.perform.key
        node.busy[key] += 1
        try:
            perform(engine, effect)
        except Dead:
            raise
        except StoreFailed:
            node.dropped.add(key)
            raise
        finally:
            node.busy[key] -= 1
        if self.store.effects[key].status == "done":
            self._again(effect.instance, EffectDone(NOON, key, self.ledger.applied.get(key)))
        self.seen.append(lambda e: perform(e, effect))

    def _again(self, instance: str, event: Event) -> None:
        """Tells ``event`` once more later, past every guard of the store: the core alone must know better."""

        def told(engine: Engine) -> None:
            # An instance whose segment was cut goes on with whatever comes.
            ready = instance in self.store.runnable
            self._alone = True
            try:
                assert advance(engine, instance, event).rev == 0 or ready, f"{event} counted twice"
            finally:
                self._alone = False

        self.seen.append(told)

    def _release(self, node: Node, _: Engine) -> None:
        self.store.give_back(node.epoch, sorted(node.dropped | self._strays(node)))
        node.dropped.clear()

    def _strays(self, node: Node) -> set[str]:
        """What the node holds and does not know of: it never heard of the commit that took it."""
        known = {effect.perform.key for effect in node.taken} | {key for key, n in node.busy.items() if n}
        held = {k for k, o in self.store.effects.items() if o.status == "running" and o.epoch == node.epoch}
        return held - known - node.dropped

    # -- clients --------------------------------------------------------------------------------------------------

    def _start(self, engine: Engine) -> None:
        event = Started(self.now, "ann", "begin", {})
        with suppress(AlreadyStarted):
            start(engine, "flow", self._plans.plan("flow"), "i1", event, "key")
        self.client.started = True

    def _decide(self, task: str, engine: Engine) -> None:
        asked = self.client.asked.get(task)
        if asked is None:
            instance, opened = self.store.asked[task]
            seat = next(w for w in opened.who if w.removeprefix("user:") not in opened.exclude)
            asked = self.client.asked[task] = (instance, seat.partition(":")[2], opened.outcomes[0])
        instance, by, outcome = asked
        event = TaskDecided(self.now, task, by, frozenset({"worker"}), outcome, {})
        try:
            advance(engine, instance, event)
            self.client.decided.add((task, by))
        except Refused as refused:
            if refused.code not in ("task.over", "task.twice", "task.not_yours"):
                raise
        self.client.asked.pop(task, None)

    def _wants_message(self) -> bool:
        waiting = sum(by is None for _, by in self.store.messages.values())
        return bool(self.client.unsure) or len(self.store.ears) > waiting

    def _post(self, engine: Engine) -> None:
        if not self.client.unsure:
            self.client.posted += 1
            later = self.now + timedelta(days=7)
            self.client.unsure.append(NewMessage(f"m{self.client.posted}", "m", "k", 5, self.now, later))
        message = self.client.unsure[0]
        engine.store.commit(Commit(at=self.now, messages=(message,))).result()
        self.client.messages.add(message.id)
        self.client.unsure = [m for m in self.client.unsure if m.id != message.id]


def _run_on(instance: str, engine: Engine) -> None:
    run_on(engine, instance)


@dataclass(frozen=True)
class Outcome:
    """What came of a schedule."""

    variables: Mapping[str, Any]
    commits: int
    steps: int
    breaks: Counter[str]


def checked(schedule: Schedule) -> Outcome:
    """Runs the schedule and proves that nothing was lost and nothing counted twice."""
    store = schedule.run()
    wrong = [str(anomaly) for anomaly in store.anomalies()]
    assert not wrong, wrong
    assert store.raised == []
    living = [one for one in store.loaded.values() if one.status not in ("ended", "cancelled")]
    assert not living, living
    assert store.loaded["i1"].status == "ended"
    assert not store.signals and not store.timers and not store.asked and not store.ears and not store.runnable
    assert not any(store.queues.values())
    steps = [(id, s) for id, rows in store.journal.items() for batch in rows for s in json.loads(batch)]
    _acknowledged(schedule, steps)
    _ledger(schedule, steps)
    state = loads_state(store.loaded["i1"].state)
    return Outcome(state.variables, store.commits, schedule.steps, schedule.breaks)


def _acknowledged(schedule: Schedule, steps: list[tuple[str, Mapping[str, Any]]]) -> None:
    """What a client was told is kept, is kept once."""
    decided = Counter((s["task"], s["by"]) for _, s in steps if s["step"] == "decided")
    assert all(decided[act] == 1 for act in schedule.client.decided)
    consumed = Counter(s["message"] for _, s in steps if "message" in s and s["step"] in ("came", "happened"))
    for id in schedule.client.messages:
        _, taken_by = schedule.store.messages[id]
        assert consumed[id] == (0 if taken_by is None else 1), id


def _ledger(schedule: Schedule, steps: list[tuple[str, Mapping[str, Any]]]) -> None:
    """What is done was applied, and what was applied is done, or was given up while it was under way."""
    done = Counter(s["effect"] for _, s in steps if s["step"] == "done")
    assert set(done.values()) <= {1}
    assert done.keys() <= schedule.ledger.applied.keys()
    for key in schedule.ledger.applied.keys() - done.keys():
        assert schedule.store.effects[key].status == "dropped", key


def random_block(chance: random.Random, *, races: bool, parts: int = 6) -> Block:
    """A block of about so many parts at most."""
    if parts <= 1 or chance.random() < 0.15:
        return (chance.choice([leaf for leaf in LEAVES if races or leaf not in RACES]),)

    def some(n: int) -> list[Block]:
        return [random_block(chance, races=races, parts=parts // n) for _ in range(n)]

    kinds: dict[str, Callable[[], Block]] = {
        "sequence": lambda: ("sequence", some(chance.randint(2, 4))),
        "exclusive": lambda: ("exclusive", chance.random() < 0.5, *some(2)),
        "inclusive": lambda: ("inclusive", [chance.random() < 0.5 for _ in range(3)], some(chance.randint(2, 3))),
        "fork": lambda: ("fork", chance.choice(("all", "active")), some(chance.randint(2, 3))),
        "each": lambda: ("each", chance.choice(("parallel", "sequential")), chance.randint(0, 3), *some(1)),
        "loop": lambda: ("loop", chance.randint(1, 2), *some(1)),
        "scope": lambda: ("scope", races and chance.random() < 0.5, *some(1)),
        "apart": lambda: ("apart", chance.randint(0, 2), *some(1)),
    }
    if races:
        kinds["first"] = lambda: (
            "first", chance.randint(1, 2), chance.choice(("ignore", "cancel")), some(chance.randint(2, 3))
        )  # fmt: skip
    # One part goes to the block itself, so that nesting comes to an end.
    parts -= 1
    return kinds[chance.choice(sorted(kinds))]()


def shares(block: Any, *, inside: bool = False) -> bool:
    """Whether items that run side by side write one variable: those of a for-each within an item or a scope do."""
    if isinstance(block, list):
        return any(shares(part, inside=inside) for part in block)
    if not isinstance(block, tuple):
        return False
    if inside and block[0] in ("each", "apart"):
        return True
    inside = inside or block[0] in ("each", "apart", "scope")
    return any(shares(part, inside=inside) for part in block[1:])


def planned(block: Block) -> Plan:
    """The plan of ``block``."""
    return a_plan(Workflow.model_validate(document(block)), catalog=NODES)


def tried(seed: int, schedules: int) -> Counter[str]:
    """So many broken schedules of one random workflow, each compared with its straight run where order is no matter."""
    chance = random.Random(seed)
    races = chance.random() < 0.6
    block = random_block(chance, races=races)
    plan, races = planned(block), races or shares(block)
    straight = checked(Schedule(plan, 0, faults=False))
    told: Counter[str] = Counter()
    for n in range(schedules):
        try:
            found = checked(Schedule(plan, seed * 1_000 + n))
            assert races or found.variables == straight.variables, "the order of events changed the outcome"
        except (AssertionError, TaktflowError, LookupError) as wrong:
            raise AssertionError(f"workflow {seed}, schedule {n}: {wrong!r}") from wrong
        told.update(found.breaks)
        told["commits"] += found.commits
        told["schedules"] += 1
    return told

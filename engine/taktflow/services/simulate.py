"""Runs a workflow in memory: cases, previews and trials use it. Nothing leaves the process.

Pure and native nodes run for real (native ones on in-memory records); nodes that talk to systems answer as mocked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from taktflow.catalog import Catalog
from taktflow.definitions.data import read_data
from taktflow.definitions.kinds import Entity
from taktflow.errors import Invalid
from taktflow.runtime.decide import Decision, begin, decide
from taktflow.runtime.effects import (
    Announce,
    AskLock,
    CancelChild,
    ChangeTask,
    CloseIncident,
    CloseTask,
    DropEffect,
    DropTimer,
    Effect,
    EndInstance,
    FreeEffects,
    FreeLock,
    Hear,
    HoldEffects,
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
    LockGranted,
    MessageArrived,
    Started,
    TaskDecided,
    TimerFired,
)
from taktflow.runtime.plan import Plan
from taktflow.runtime.state import State
from taktflow.sdk import Alert, NodeContext, NodeError, RecordWrite
from taktflow.sdk.testing import MemoryRecords
from taktflow.services.foreign import configured, invoked
from taktflow.values import Json, Value, shown

MOST_EVENTS = 20_000
"""Events after which a simulation is taken to go on for ever."""

Mock = Value | NodeError
Answers = Mapping[str, Sequence[Mock]]
"""What a node answers by node id, one a call; the last one answers from then on."""


@dataclass
class Simulation:
    """One instance and its children, alive in memory."""

    catalog: Catalog
    plan_of: Callable[[str], Plan]
    now: datetime
    answers: Answers = field(default_factory=dict)
    entities: Mapping[str, Entity] = field(default_factory=dict)
    records: MemoryRecords = field(default_factory=MemoryRecords)
    states: dict[str, State] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    journal: list[dict[str, Json]] = field(default_factory=list)
    tasks: dict[str, tuple[str, OpenTask]] = field(default_factory=dict)
    timers: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    subscriptions: dict[str, tuple[str, Subscribe]] = field(default_factory=dict)
    listeners: dict[str, tuple[str, str]] = field(default_factory=dict)
    locks: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Each thing's queue, its holder first: instance and lock."""
    messages: list[tuple[str, str, Value]] = field(default_factory=list)
    """Messages that came before anyone waited for them."""
    pending: dict[str, tuple[str, Perform]] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    incidents: dict[str, RaiseIncident] = field(default_factory=dict)
    performed: dict[str, list[Perform]] = field(default_factory=dict)
    _waiting: list[tuple[str, Event]] = field(default_factory=list)
    _events: int = 0
    _clock: datetime | None = None

    def start(self, workflow: str, start: str, variables: Mapping[str, Value], by: str, instance: str = "case") -> None:
        """Starts ``workflow`` and runs until everything waits for people, time or messages."""
        self._begin(instance, workflow, Started(self.now, by, start, variables))
        self.settle()

    def _begin(self, instance: str, ref: str, event: Started) -> None:
        plan = self.plan_of(ref)
        self.plans[instance] = plan
        self._take(instance, begin(plan, instance, event))

    def happen(self, instance: str, event: Event) -> None:
        """Lets ``event`` happen and everything that follows from it."""
        self._decide(instance, event)
        self.settle()

    def open_task(self, node: str, of: str | None = None) -> tuple[str, OpenTask]:
        """The instance and the task that waits at ``node`` longest; raises Invalid when there is none."""
        for instance, opened in self.tasks.values():
            if opened.node == node and of in (None, instance):
                return instance, opened
        raise Invalid("case.no_task", node=node)

    def decide_task(
        self,
        node: str,
        by: str,
        roles: frozenset[str],
        outcome: str,
        data: Mapping[str, Value],
        of: str | None = None,
    ) -> None:
        """``by`` decides the open task at ``node``; raises Refused, or Invalid when there is none."""
        instance, opened = self.open_task(node, of)
        self.happen(instance, TaskDecided(self.now, opened.task, by, roles, outcome, data))

    def message(self, name: str, key: str, payload: Value, *, early: bool = False) -> None:
        """A message arrives; raises Invalid when nobody waits for it, unless it may come ``early``."""
        for id, (instance, wanted) in self.subscriptions.items():
            if wanted.name == name and wanted.key == key:
                del self.subscriptions[id]
                self.happen(instance, MessageArrived(self.now, id, f"{name}/{key}", payload))
                return
        if not early:
            raise Invalid("case.no_message", name=name, key=key)
        self.messages.append((name, key, payload))

    def _subscribe(self, instance: str, wanted: Subscribe) -> None:
        """Waits for a message, or takes one that came before."""
        for early in self.messages:
            if early[:2] == (wanted.name, wanted.key):
                self.messages.remove(early)
                event = MessageArrived(self.now, wanted.subscription, f"{wanted.name}/{wanted.key}", early[2])
                self._waiting.append((instance, event))
                return
        self.subscriptions[wanted.subscription] = (instance, wanted)

    def broadcast(self, name: str, payload: Value) -> None:
        """Tells every instance that listens now."""
        for id, (instance, heard) in self.listeners.items():
            if heard == name:
                self._waiting.append((instance, MessageArrived(self.now, id, f"broadcast/{name}", payload)))

    def _ask(self, instance: str, asked: AskLock) -> None:
        queue = self.locks.setdefault(asked.name, [])
        queue.append((instance, asked.lock))
        if len(queue) == 1:
            self._waiting.append((instance, LockGranted(self.now, asked.lock)))

    def _free(self, lock: str) -> None:
        for queue in self.locks.values():
            held = bool(queue) and queue[0][1] == lock
            queue[:] = [waiting for waiting in queue if waiting[1] != lock]
            if held and queue:
                self._waiting.append((queue[0][0], LockGranted(self.now, queue[0][1])))

    def wait(self, span: timedelta) -> None:
        """Lets time pass; timers and retries on the way fire in order."""
        end = self.now + span
        while True:
            due = self._next_due()
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            self.settle()
        self.now = end
        self.settle()

    def _next_due(self) -> datetime | None:
        moments = [due for _, due in self.timers.values()]
        moments += [p.not_before for _, p in self.pending.values() if p.not_before > self.now]
        return min(moments, default=None)

    def settle(self) -> None:
        """Runs until nothing more happens without people, time or messages."""
        while True:
            if self._waiting:
                instance, event = self._waiting.pop(0)
                self._decide(instance, event)
                continue
            due = next((t for t, (_, at) in self.timers.items() if at <= self.now), None)
            if due is not None:
                instance, _ = self.timers.pop(due)
                self._decide(instance, TimerFired(self.now, due))
                continue
            key = next((k for k, (_, p) in self.pending.items() if p.not_before <= self.now), None)
            if key is None:
                return
            instance, perform = self.pending.pop(key)
            self._decide(instance, self._performed(instance, perform))

    def _decide(self, instance: str, event: Event) -> None:
        self._events += 1
        if self._events > MOST_EVENTS:
            raise Invalid("case.endless", most=MOST_EVENTS)
        self._take(instance, decide(self.plans[instance], self.states[instance], event))

    def _take(self, instance: str, decision: Decision) -> None:
        self.states[instance] = decision.state
        self.journal += [{"instance": instance, **r} for r in decision.records]
        for effect in decision.effects:
            self._owe(instance, effect)
        if decision.more:
            self._waiting.append((instance, Continue(self.now)))

    def _owe(self, instance: str, effect: Effect) -> None:  # noqa: C901  # One flat match over the effects.
        match effect:
            case Perform():
                self.pending[effect.key] = (instance, effect)
            case Retry():
                _, first = self.pending.get(effect.key) or (instance, self._last(effect.key))
                again = Perform(
                    first.key, first.node, first.kind, first.idempotency, first.config, first.business_key,
                    effect.attempt, effect.not_before, first.timeout_s,
                )  # fmt: skip
                self.pending[effect.key] = (instance, again)
            case DropEffect():
                self.pending.pop(effect.key, None)
            case SetTimer():
                self.timers[effect.timer] = (instance, effect.due)
            case DropTimer():
                self.timers.pop(effect.timer, None)
            case OpenTask():
                self.tasks[effect.task] = (instance, effect)
            case CloseTask():
                self.tasks.pop(effect.task, None)
            case Subscribe():
                self._subscribe(instance, effect)
            case Unsubscribe():
                self.subscriptions.pop(effect.subscription, None)
                self.listeners.pop(effect.subscription, None)
            case Hear():
                self.listeners[effect.subscription] = (instance, effect.name)
            case Announce():
                self.broadcast(effect.name, effect.payload)
            case AskLock():
                self._ask(instance, effect)
            case FreeLock():
                self._free(effect.lock)
            case RaiseIncident():
                self.incidents[effect.incident] = effect
            case CloseIncident():
                self.incidents.pop(effect.incident, None)
            case Tell():
                self.alerts.append(effect.alert)
            case StartChild():
                event = Started(self.now, instance, "", effect.variables, (instance, effect.token), effect.depth)
                self._begin_child(effect, event)
            case EndInstance() if effect.parent is not None:
                parent, _ = effect.parent
                self._waiting.append((parent, ChildEnded(self.now, instance, effect.outcome, effect.value)))
            case CancelChild() if effect.child in self.states:
                self._waiting.append((effect.child, CancelRequested(self.now, instance, effect.why)))
            case EndInstance() | ChangeTask() | CancelChild() | HoldEffects() | FreeEffects():
                pass

    def _begin_child(self, effect: StartChild, event: Started) -> None:
        plan = self.plan_of(effect.ref)
        start = next(iter(plan.nodes))
        self._begin(effect.child, effect.ref, replace(event, start=start))

    def _last(self, key: str) -> Perform:
        return next(p for calls in self.performed.values() for p in reversed(calls) if p.key == key)

    def _performed(self, instance: str, perform: Perform) -> Event:
        calls = self.performed.setdefault(perform.node, [])
        calls.append(perform)
        try:
            value, trace = self._answer(instance, perform, len(calls))
        except NodeError as problem:
            fault = Fault(problem.code, problem.text.zh, problem.text.en, problem.details)
            return EffectFailed(self.now, perform.key, fault, problem.retryable, problem.unknown)
        return EffectDone(self.now, perform.key, value, trace)

    def _answer(self, instance: str, perform: Perform, call: int) -> tuple[Value, Any]:
        mocked = self.answers.get(perform.node)
        if mocked:
            answer = mocked[min(call, len(mocked)) - 1]
            if isinstance(answer, NodeError):
                raise answer
            return answer, None
        if perform.idempotency != "native":
            # A system nobody mocked: the case must say what it answers, silence would prove nothing.
            raise NodeError("not_mocked", f"{perform.node} talks to a system; say what it answers under mock")
        node = self.catalog.node(perform.kind)
        result = invoked(
            node,
            configured(node, perform.config, perform.node),
            NodeContext(
                instance=instance,
                node=perform.node,
                key=perform.key,
                now=self.now,
                zone=self.plans[instance].zone,
                scope={},
                library=self.plans[instance].library,
                records=self.records,
                business_key=perform.business_key,
                attempt=perform.attempt,
            ),
        )
        self.records.apply([self._checked(w) for w in result.writes])
        self.alerts += result.alerts
        return result.value, result.trace

    def _checked(self, write: RecordWrite) -> RecordWrite:
        """The write as its entity takes it; NodeError ``invalid`` or ``duplicate`` as the engine would say."""
        entity = self.entities.get(write.entity)
        if entity is None:
            raise NodeError("missing", f"there is no entity {write.entity}")
        earlier = self.records.read(write.entity, write.id)
        given = dict(write.fields) if earlier else {entity.key: write.id, **write.fields}
        values, findings = read_data(entity.fields, given, entities=self.entities, partial=earlier is not None)
        if findings:
            told = "; ".join(f"{f.at} {f.code} {shown(dict(f.args))}" for f in findings)
            raise NodeError("invalid", f"{write.entity} {write.id} does not fit: {told}")
        after = {**(earlier.fields if earlier else {}), **values}
        for rule in entity.unique:
            where = {name: after.get(name) for name in rule.fields}
            same = self.records.find(write.entity, where, limit=2) if None not in where.values() else ()
            if any(record.id != write.id for record in same):
                raise NodeError("duplicate", f"another {write.entity} has the same {', '.join(rule.fields)}")
        return replace(write, fields=values)

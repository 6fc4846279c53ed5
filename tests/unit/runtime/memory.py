"""A store in memory that keeps what ours keeps and breaks when it is told to, at every commit."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias

from taktflow.errors import NotFound, TaktflowError
from taktflow.runtime.effects import (
    AskLock,
    CancelChild,
    ChangeTask,
    CloseTask,
    DropEffect,
    DropTimer,
    EndInstance,
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
from taktflow.store import (
    AlreadyStarted,
    AlreadyTaken,
    ClaimedEffect,
    Commit,
    CommitResult,
    InstanceUpdate,
    LoadedInstance,
    NewInstance,
    NewMessage,
    SignalRow,
    StaleInstance,
    Store,
    StoreFailed,
    TimerRow,
)
from taktflow.store.rows import SignalKind
from tests.builders import NOON
from tools.history.journal import Anomaly, Past
from tools.history.standing import Kept, Wanted, ledger, owed_by_nobody, standing, wanted

Fault: TypeAlias = Literal["fail", "lost", "die before", "die after", ""]
"""Nothing is kept; it is kept and nobody hears; the process dies right before or right after; nothing goes wrong."""


class Dead(StoreFailed):
    """The process that asked has died."""

    def __init__(self) -> None:
        super().__init__("this process is dead")


@dataclass
class Owed:
    """An effect's row."""

    instance: str
    perform: Perform
    status: str
    epoch: int | None


@dataclass
class MemoryStore(Store):
    """``fault`` is asked at each commit, after ``meanwhile`` has let others act. Nothing here is shared by threads."""

    fault: Callable[[], Fault]
    meanwhile: Callable[[], None]
    loaded: dict[str, LoadedInstance] = field(default_factory=dict)
    runnable: set[str] = field(default_factory=set)
    journal: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    revisions: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    effects: dict[str, Owed] = field(default_factory=dict)
    timers: dict[tuple[str, str], datetime] = field(default_factory=dict)
    signals: dict[int, tuple[SignalRow, str]] = field(default_factory=dict)
    asked: dict[str, tuple[str, OpenTask]] = field(default_factory=dict)
    ears: list[tuple[str, Subscribe]] = field(default_factory=list)
    messages: dict[str, tuple[NewMessage, str | None]] = field(default_factory=dict)
    queues: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    raised: list[RaiseIncident] = field(default_factory=list)
    given_up: set[str] = field(default_factory=set)
    """Children whose callers want them no more."""
    unwanted: list[str] = field(default_factory=list)
    """Those of them that began all the same, and that nobody will cancel."""
    commits: int = 0
    _signal: int = 0

    def commit(self, commit: Commit) -> Future[CommitResult]:
        """All of it or nothing, unless a fault comes in between."""
        self.meanwhile()
        fault = self.fault()
        if fault == "die before":
            raise Dead
        done: Future[CommitResult] = Future()
        try:
            if fault == "fail":
                raise StoreFailed("the disk is away")
            result = self._apply(commit)
            if fault == "lost":
                raise StoreFailed("the connection broke", unknown=True)
            done.set_result(result)
        except TaktflowError as refused:
            done.set_exception(refused)
        if fault == "die after":
            raise Dead
        return done

    def load_instance(self, id: str) -> LoadedInstance:
        """What deciding needs."""
        if id not in self.loaded:
            raise NotFound("store.instance.missing", id=id)
        return self.loaded[id]

    def claim(self, key: str, epoch: int) -> ClaimedEffect:
        """Takes one effect that is pending."""
        owed = self.effects[key]
        assert owed.status == "pending"
        owed.status, owed.epoch = "running", epoch
        return ClaimedEffect(owed.instance, owed.perform, epoch)

    def give_back(self, epoch: int, keys: Sequence[str] | None = None) -> None:
        """Lets others have what the run ``epoch`` held."""
        for key, owed in self.effects.items():
            if owed.status == "running" and owed.epoch == epoch and (keys is None or key in keys):
                owed.status = "pending"

    # -- one commit -----------------------------------------------------------------------------------------------

    def _apply(self, commit: Commit) -> CommitResult:
        self._guard(commit)
        self.commits += 1
        instance, rev = commit.instance, 0
        id = instance.id if instance else ""
        if instance is not None:
            rev = self._keep(instance)
            assert commit.journal is not None
            self.journal[id].append(commit.journal)
            self.revisions[id].append(rev)
        for timer in commit.consumed.timers:
            del self.timers[self._timer(commit, timer)]
        for signal in commit.consumed.signals:
            del self.signals[signal]
        if commit.finished is not None:
            self.effects[commit.finished.key].status = commit.finished.status
        claimed = [key for effect in commit.effects for key in self._owe(id, effect, commit.claim)]
        for message in commit.messages:
            self._post(message)
        return CommitResult(rev, rev, (), tuple(claimed), frozenset())

    def _timer(self, commit: Commit, timer: str) -> tuple[str, str]:
        """A late timer's commit names no instance when nothing changed: timers are told by their own name then."""
        known = commit.instance.id if commit.instance else None
        return next((k for k in self.timers if k[1] == timer and known in (None, k[0])), ("", timer))

    def _guard(self, commit: Commit) -> None:
        match commit.instance:
            case NewInstance(id=id) if id in self.loaded:
                raise AlreadyStarted(id)
            case InstanceUpdate(id=id, rev=rev) if self.loaded[id].rev != rev:
                raise StaleInstance(id)
        for timer in commit.consumed.timers:
            if self._timer(commit, timer) not in self.timers:
                raise AlreadyTaken("timer", timer)
        for signal in commit.consumed.signals:
            if signal not in self.signals:
                raise AlreadyTaken("signal", str(signal))
        done = commit.finished
        if done is not None and done.epoch is not None:
            owed = self.effects[done.key]
            held = (owed.status, owed.epoch, owed.perform.attempt)
            if held != ("running", done.epoch, done.attempt or owed.perform.attempt):
                raise AlreadyTaken("effect", done.key)

    def _keep(self, instance: NewInstance | InstanceUpdate) -> int:
        rev = 1
        if isinstance(instance, NewInstance):
            plan, version = instance.plan_id, instance.version
            cancelled = any(s.instance == instance.id and s.kind == "cancel_child" for s, _ in self.signals.values())
            if instance.id in self.given_up and not cancelled:
                self.unwanted.append(instance.id)
        else:
            before = self.loaded[instance.id]
            plan, version, rev = before.plan_id, before.version, before.rev + 1
        self.loaded[instance.id] = LoadedInstance(
            instance.id, plan, instance.workflow, version, instance.status, rev, rev, instance.state
        )
        (self.runnable.add if instance.runnable else self.runnable.discard)(instance.id)
        return rev

    def _owe(self, id: str, effect: Any, claim: int | None) -> list[str]:  # noqa: C901  # One flat match.
        match effect:
            case Perform(key=key):
                ours = claim if effect.idempotency != "none" else None
                self.effects[key] = Owed(id, effect, "pending" if ours is None else "running", ours)
                return [] if ours is None else [key]
            case Retry(key=key):
                owed = self.effects[key]
                again = replace(owed.perform, attempt=effect.attempt, not_before=effect.not_before)
                self.effects[key] = Owed(id, again, "pending", owed.epoch)
            case DropEffect(key=key):
                if self.effects[key].status in ("pending", "running"):
                    self.effects[key].status = "dropped"
            case SetTimer(timer=timer):
                self.timers[id, timer] = effect.due
            case DropTimer(timer=timer):
                self.timers.pop((id, timer), None)
            case OpenTask(task=task):
                self.asked[task] = (id, effect)
            case ChangeTask(task=task):
                opened = replace(self.asked[task][1], who=effect.who, exclude=effect.exclude)
                self.asked[task] = (id, opened)
            case CloseTask(task=task):
                self.asked.pop(task, None)
            case Subscribe():
                self.ears.append((id, effect))
                self._match(effect.name, effect.key)
            case Unsubscribe(subscription=ear):
                self._unsubscribe(id, ear)
            case AskLock():
                self.queues[effect.name].append((id, effect.lock))
                if len(self.queues[effect.name]) == 1:
                    self._tell(id, "lock", {"lock": effect.lock}, effect.lock)
            case FreeLock(lock=lock):
                self._free(id, lock)
            case StartChild():
                told = {"ref": effect.ref, "variables": dict(effect.variables), "parent": id, "token": effect.token}
                self._tell(effect.child, "start_child", {**told, "depth": effect.depth})
            case CancelChild():
                self._cancel_child(id, effect)
            case EndInstance() if effect.parent is not None:
                told = {"child": id, "token": effect.parent[1], "status": effect.status}
                told |= {"outcome": effect.outcome, "value": effect.value}
                self._tell(effect.parent[0], "child_ended", told)
            case RaiseIncident():
                self.raised.append(effect)
        return []

    def _cancel_child(self, id: str, effect: CancelChild) -> None:
        self.given_up.add(effect.child)
        unheard = [n for n, (s, _) in self.signals.items() if (s.instance, s.kind) == (effect.child, "start_child")]
        for n in unheard:
            del self.signals[n]
        if unheard:
            return
        self._tell(effect.child, "cancel_child", {"why": effect.why, "parent": id})

    def _tell(self, id: str, kind: SignalKind, event: dict[str, Any], subject: str = "") -> None:
        self._signal += 1
        self.signals[self._signal] = (SignalRow(self._signal, id, kind, event, NOON), subject)

    def _free(self, id: str, lock: str) -> None:
        for queue in self.queues.values():
            held = bool(queue) and queue[0] == (id, lock)
            queue[:] = [place for place in queue if place != (id, lock)]
            if held and queue:
                self._tell(queue[0][0], "lock", {"lock": queue[0][1]}, queue[0][1])

    def _post(self, message: NewMessage) -> None:
        if message.id not in self.messages:
            self.messages[message.id] = (message, None)
            self._match(message.name, message.key)

    def _match(self, name: str, key: str) -> None:
        """The message that waits longest meets whoever has waited longest."""
        ear = next(((i, e) for i, e in self.ears if (e.name, e.key) == (name, key)), None)
        waiting = next((m for m, by in self.messages.values() if by is None and (m.name, m.key) == (name, key)), None)
        if ear is None or waiting is None:
            return
        self.ears.remove(ear)
        self.messages[waiting.id] = (waiting, ear[0])
        told = {"subscription": ear[1].subscription, "message": waiting.id, "payload": waiting.payload}
        self._tell(ear[0], "message", {**told, "by": waiting.by}, ear[1].subscription)

    def _unsubscribe(self, id: str, ear: str) -> None:
        self.ears = [(i, e) for i, e in self.ears if (i, e.subscription) != (id, ear)]
        for n, (signal, subject) in list(self.signals.items()):
            if (signal.instance, signal.kind, subject) == (id, "message", ear):
                del self.signals[n]
                message, _ = self.messages[signal.event["message"]]
                self.messages[message.id] = (message, None)
                self._match(message.name, message.key)

    # -- what it comes to -----------------------------------------------------------------------------------------

    def due_timers_of(self) -> list[TimerRow]:
        """Every timer, due or not."""
        return [TimerRow(instance, timer, due) for (instance, timer), due in self.timers.items()]

    def anomalies(self) -> list[Anomaly]:
        """What the checker of histories finds wrong at this moment."""
        kept, standings = self._kept(), dict[str, Wanted]()
        found = [Anomaly("child", id, "began though nobody wants it") for id in self.unwanted]
        for id, one in self.loaded.items():
            past, state = Past(id), json.loads(one.state)
            for seq, batch in enumerate(self.journal[id], 1):
                past.take(seq, json.loads(batch))
            if one.status == "running":
                standings[id] = wanted(state)
            found += past.anomalies()
            found += standing(id, one.status, id in self.runnable, state, kept)
            found += ledger(past, kept, held=False)
            if self.revisions[id] != list(range(1, one.rev + 1)):
                found.append(Anomaly("revision", id, str(self.revisions[id])))
        return [*found, *owed_by_nobody(kept, standings)]

    def _kept(self) -> Kept:
        kept = Kept()
        kept.statuses = {id: one.status for id, one in self.loaded.items()}
        kept.effects = {key: (owed.instance, owed.status) for key, owed in self.effects.items()}
        for instance, timer in self.timers:
            kept.timers[instance].add(timer)
        for instance, ear in self.ears:
            kept.ears[instance].add(ear.subscription)
        for signal, subject in self.signals.values():
            kept.signals[signal.instance].append((signal.kind, subject, signal.event))
        for task, (instance, _) in self.asked.items():
            kept.tasks[instance].add(task)
        for queue in self.queues.values():
            for place, (instance, lock) in enumerate(queue):
                kept.locks[instance][lock] = place == 0
        return kept

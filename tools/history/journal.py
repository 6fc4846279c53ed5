"""What one instance's journal says: an event comes after what it answers, and once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Step: TypeAlias = Mapping[str, Any]
_OVER = ("ended", "cancelled")


@dataclass(frozen=True)
class Anomaly:
    """Something that no correct run leaves behind: its kind, the instance or row it is about, and what is wrong."""

    kind: str
    where: str
    told: str

    def __str__(self) -> str:
        return f"{self.kind} {self.where}: {self.told}"


@dataclass
class Past:
    """One instance's journal, read once, in its order."""

    instance: str
    seqs: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    attempts: dict[str, int] = field(default_factory=dict)
    """Each effect asked for, with how many of its attempts failed since."""
    done: set[str] = field(default_factory=set)
    by_hand: set[str] = field(default_factory=set)
    """Nodes at which a person settled an incident: their effects may be asked for again, or be done by a person."""
    asked: dict[str, set[str]] = field(default_factory=dict)
    """Each user task with those who decided."""
    called: dict[str, bool] = field(default_factory=dict)
    """Each child with whether it came back."""
    consumed: Counter[str] = field(default_factory=Counter)
    """Messages and broadcasts taken."""
    seen: Counter[str] = field(default_factory=Counter)
    """Steps by what they are."""
    over: str | None = None
    """How it ended. Who cancels is told before, without an outcome."""
    incidents: dict[str, bool] = field(default_factory=dict)
    """Each incident with whether it was settled."""
    _open: Counter[tuple[str, str]] = field(default_factory=Counter)
    _escalated: Counter[str] = field(default_factory=Counter)

    def take(self, seq: int, steps: Sequence[Step]) -> None:
        """The next row of the journal."""
        if seq != len(self.seqs) + 1:
            self.wrong.append(f"row {seq} follows row {len(self.seqs)}")
        self.seqs.append(seq)
        for step in steps:
            self._step(step)

    def anomalies(self) -> Iterator[Anomaly]:
        """What is wrong with the journal by itself."""
        yield from (Anomaly("journal", self.instance, wrong) for wrong in self.wrong)

    def _say(self, step: Step, why: str) -> None:
        self.wrong.append(f"row {self.seqs[-1]}, {step['step']} at {step['node'] or 'the instance'}: {why}")

    def _step(self, step: Step) -> None:
        kind = step["step"]
        if not self.seen and kind != "started":
            self._say(step, "comes before the start")
        if self.seen["started"] and kind == "started":
            self._say(step, "began before")
        if self.over is not None:
            self._say(step, f"comes after the instance has {self.over}")
        if kind in _OVER and "outcome" in step:
            self.over = kind
        self.seen[kind] += 1
        if (rule := _RULES.get(kind)) is not None:
            rule(self, step)

    # -- effects --------------------------------------------------------------------------------------------------

    def _requested(self, step: Step) -> None:
        key = step["effect"]
        if key in self.done:
            self._say(step, f"{key} is done")
        elif key in self.attempts and step["node"] not in self.by_hand:
            self._say(step, f"{key} was asked for before")
        self.attempts[key] = 0

    def _failed(self, step: Step) -> None:
        key = step["effect"]
        if key not in self.attempts or key in self.done:
            self._say(step, f"nobody waits for {key}")
        elif int(step["attempt"]) != self.attempts[key] + 1:
            self._say(step, f"attempt {step['attempt']} of {key} after {self.attempts[key]}")
        self.attempts[key] = int(step["attempt"])

    def _done(self, step: Step) -> None:
        key = step["effect"]
        if key not in self.attempts:
            self._say(step, f"{key} was never asked for")
        if key in self.done:
            self._say(step, f"{key} was done before")
        self.done.add(key)

    # -- people, children, messages -------------------------------------------------------------------------------

    def _asked(self, step: Step) -> None:
        if step["task"] in self.asked:
            self._say(step, f"task {step['task']} was opened before")
        self.asked[step["task"]] = set()

    def _decided(self, step: Step) -> None:
        people = self.asked.get(step["task"])
        if people is None:
            self._say(step, f"task {step['task']} was never opened")
        elif step["by"] in people:
            self._say(step, f"{step['by']} decided task {step['task']} before")
        else:
            people.add(step["by"])

    def _called(self, step: Step) -> None:
        if step["child"] in self.called:
            self._say(step, f"{step['child']} was called before")
        self.called[step["child"]] = False

    def _returned(self, step: Step) -> None:
        if self.called.get(step["child"]) is not False:
            self._say(step, f"{step['child']} is not under way")
        self.called[step["child"]] = True

    def _message(self, step: Step) -> None:
        if "message" in step:
            self.consumed[step["message"]] += 1

    def _came(self, step: Step) -> None:
        self._message(step)
        self._close(step, ("waiting", step["node"]))

    def _escalation(self, step: Step) -> None:
        self._escalated[step["task"]] += 1
        if self._escalated[step["task"]] > 1:
            self._say(step, f"task {step['task']} was escalated before")

    # -- what is opened and closed --------------------------------------------------------------------------------

    def _waiting(self, step: Step) -> None:
        self._open["waiting", step["node"]] += 1

    def _queued(self, step: Step) -> None:
        self._open[f"lock {step['lock']}", step["node"]] += 1

    def _locked(self, step: Step) -> None:
        self._close(step, (f"lock {step['lock']}", step["node"]))

    def _suspended(self, step: Step) -> None:
        self._open["suspended", ""] += 1
        if self._open["suspended", ""] > 1:
            self._say(step, "it was suspended before")

    def _resumed(self, step: Step) -> None:
        self._close(step, ("suspended", ""))

    def _incident(self, step: Step) -> None:
        if step["incident"] in self.incidents:
            self._say(step, f"incident {step['incident']} was raised before")
        self.incidents[step["incident"]] = False

    def _settled(self, step: Step) -> None:
        if self.incidents.get(step["incident"]) is not False:
            self._say(step, f"incident {step['incident']} is not open")
        self.incidents[step["incident"]] = True
        self.by_hand.add(step["node"])

    def _close(self, step: Step, what: tuple[str, str]) -> None:
        self._open[what] -= 1
        if self._open[what] < 0:
            self._say(step, "happened more often than it was waited for")


_RULES: Mapping[str, Callable[[Past, Step], None]] = {
    "requested": Past._requested,
    "failed": Past._failed,
    "done": Past._done,
    "asked": Past._asked,
    "decided": Past._decided,
    "escalated": Past._escalation,
    "called": Past._called,
    "returned": Past._returned,
    "happened": Past._message,
    "waiting": Past._waiting,
    "came": Past._came,
    "queued": Past._queued,
    "locked": Past._locked,
    "suspended": Past._suspended,
    "resumed": Past._resumed,
    "incident": Past._incident,
    "settled": Past._settled,
}


def taken_more_than_once(pasts: Iterable[Past], addressed: frozenset[str]) -> Iterator[Anomaly]:
    """Messages to one instance, ``addressed``, that several waits took."""
    taken: Counter[str] = Counter()
    for past in pasts:
        taken.update({m: n for m, n in past.consumed.items() if m in addressed})
    yield from (Anomaly("message", m, f"taken {n} times") for m, n in taken.items() if n > 1)

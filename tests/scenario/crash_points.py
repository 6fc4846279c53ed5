"""Plays the cases of a pack on a process that dies at a chosen write, and tells everything that can be seen afterwards.

One thread and a clock that stands still but for the case's own waits: two runs differ only by their crash.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from taktflow.catalog import Catalog, announced
from taktflow.definitions.pack import read_pack
from taktflow.sdk import Node, NodeContext, NodeError, RecordWrite, Result
from taktflow.services.caller import ENGINE, Caller
from taktflow.services.case_form import Act, Case
from taktflow.services.engine import Engine
from taktflow.services.messages import announce, post_message
from taktflow.services.perform import perform, settle_orphans
from taktflow.services.publish import pack_cases, publish_pack
from taktflow.services.published import Published
from taktflow.services.records import row_write
from taktflow.services.secrets import Secrets
from taktflow.services.signals import deliver, fire, run_on
from taktflow.services.start import start_instance
from taktflow.services.work import decide_task
from taktflow.settings import Settings
from taktflow.store import ClaimedEffect, Commit, CommitResult, Store, TaskFilter
from taktflow.store.writer import Change
from taktflow.values import normal, parse_duration
from tests.scenario.world import Dead

WORKFLOWS = Path(__file__).parents[2] / "workflows"
Where: TypeAlias = Literal["before", "after"]
Seen: TypeAlias = Mapping[str, Any]


class Brittle(Store):
    """A store whose process dies right before or right after its ``last``-th write, and never says whether it did."""

    last = 0
    where: Where = "after"
    writes = 0
    dead = False
    counting = False

    def commit(self, commit: Commit) -> Future[CommitResult]:
        """The commit, unless the process dies first."""
        return self._written(lambda: super(Brittle, self).commit(commit))

    def submit(self, change: Change[Any]) -> Future[Any]:
        """Any other write, likewise."""
        return self._written(lambda: super(Brittle, self).submit(change))

    def _written(self, write: Callable[[], Future[Any]]) -> Future[Any]:
        if self.dead:
            raise Dead
        due = self.counting and self.writes + 1 == self.last
        if due and self.where == "before":
            self.dead = True
            raise Dead
        done = write()
        if self.counting and done.exception() is None:
            self.writes += 1
            self.dead = self.writes == self.last
            if self.dead:
                raise Dead
        return done


class Systems:
    """The systems of a case: they answer as it says, and keep each key once."""

    def __init__(self) -> None:
        self.case: Case | None = None
        self.applied: dict[str, Any] = {}
        self.refused: set[tuple[str, int]] = set()

    def take(self, case: Case) -> None:
        """From now on the systems of ``case``, with empty books."""
        self.case, self.applied, self.refused = case, {}, set()

    def answer(self, context: NodeContext) -> Result:
        """What the case has the node's system say to this attempt."""
        assert self.case is not None
        told = self.case.mock.get(context.node)
        answers = told if isinstance(told, tuple) else (told,)
        one = answers[min(context.attempt, len(answers)) - 1]
        if one is None:
            raise NodeError("not_mocked", f"{context.node} talks to a system; the case must say what it answers")
        if one.error:
            self.refused.add((context.key, context.attempt))
            raise NodeError(one.error, one.error, retryable=one.retryable, unknown=one.unknown)
        return Result(value=self.applied.setdefault(context.business_key or context.key, normal(one.value)))


def simulated(systems: Systems) -> Catalog:
    """Everything installed, but what talks to a system talks to ``systems``."""
    installed = Catalog(announced())
    nodes: list[type[Node[Any]]] = []
    for kind in installed.node_kinds():
        made = type(installed.node(kind))
        if made.idempotency in ("key", "none"):
            answer = lambda _self, _config, context: systems.answer(context)  # noqa: E731  # A method of a new class.
            made = type(f"{made.__name__}Here", (made,), {"run": answer})
        nodes.append(made)
    listing = installed.listing()
    return Catalog.of(
        nodes=nodes,
        connectors=[installed.connector(i.kind) for i in listing if i.group == "taktflow.connectors"],
        channels=[installed.channel(i.kind) for i in listing if i.group == "taktflow.channels"],
    )


class NumberedEngine(Engine):
    """Gives numbers as ids, so that what is sorted by id has one order in every run."""

    numbers: Iterator[int]

    def new_id(self) -> str:
        """The next number."""
        return f"i{next(self.numbers):04}"


@dataclass
class Stage:
    """A pack published once on a database that can be copied, with its plans ready."""

    cases: Sequence[Case]
    systems: Systems
    catalog: Catalog
    settings: Settings
    published: Published
    copies: Callable[[], Any]
    """A context manager with the address of a fresh copy."""


@contextmanager
def staged(pack: str, url: str, copies: Callable[[], Any], folder: Path) -> Iterator[Stage]:
    """``pack`` published at ``url``, which ``copies`` copies."""
    systems = Systems()
    catalog = simulated(systems)
    settings = Settings(_env_file=None, database_url=url, var=folder, language="en")
    secrets = Secrets(settings)

    def engine(store: Store) -> Engine:
        return Engine(store, catalog, settings, Published(store, catalog, secrets, settings.timezone), secrets)

    with Store.open(url) as store:
        publish_pack(engine(store), WORKFLOWS / pack, ENGINE)
    with Store.open(url) as store:
        _warm(engine(store))
    file, findings = pack_cases(read_pack(WORKFLOWS / pack))
    assert file is not None and findings == []
    cases = [c for c in file.cases if c.workflow is not None and c.expect.error is None]
    with copies() as kept, Store.open(kept) as store:
        published = engine(store).published
        _warm(Engine(store, catalog, settings, published, secrets))
        yield Stage(cases, systems, catalog, settings, published, copies)


def _warm(engine: Engine) -> None:
    """Makes every plan, so that no run has to keep one."""
    for workflow in engine.published.shelf.listed("workflow"):
        engine.published.plan_to_start(workflow)


@dataclass
class Process:
    """One process's life: it does what is due, one thing after another."""

    engine: Engine
    store: Brittle
    taken: deque[ClaimedEffect] = field(default_factory=deque)

    def settle(self) -> None:
        """Works until nothing is due."""
        while self._step():
            pass

    def _step(self) -> bool:
        store, now = self.store, self.engine.now()
        if self.taken:
            perform(self.engine, self.taken.popleft())
        elif signals := store.pending_signals(1):
            deliver(self.engine, signals[0])
        elif timers := store.due_timers(now, 1):
            fire(self.engine, timers[0])
        elif ready := store.ready_instances(1):
            run_on(self.engine, ready[0])
        elif self._owed(now):
            self.taken.extend(store.claim_effects(1, now, self.engine.epoch))
        else:
            return False
        return True

    def _owed(self, now: datetime) -> bool:
        # Asking first spares a write that would find nothing, and so a crash point that proves nothing.
        due = self.store.next_due()
        return due is not None and due <= now


@dataclass
class Run:
    """One case played on one database, through as many lives as it takes."""

    stage: Stage
    case: Case
    url: str
    last: int = 0
    """In which write a process dies; 0 for never."""
    where: Where = "after"
    always: bool = False
    """Whether every process dies so, not only the first."""
    now: datetime = field(init=False)
    ids: dict[str, str] = field(default_factory=dict)
    tasks: dict[int, str] = field(default_factory=dict)
    deaths: int = 0
    writes: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    ends: dict[int, datetime] = field(default_factory=dict)

    def play(self) -> Seen:
        """Everything that can be seen after the last act."""
        self.now = self.case.at
        self.stage.systems.take(self.case)
        process = self._born()
        try:
            for act in self._acts():
                while True:
                    try:
                        act(process)
                        process.settle()
                        break
                    except Dead:
                        process.store.close()
                        self.deaths += 1
                        assert self.deaths < 500, f"{self.case.title} does not get on"
                        process = self._born()
            process.settle()
            self.writes = process.store.writes
            process.store.counting = False
            return seen(process.store, self.ids, self.stage.systems)
        finally:
            process.store.close()

    def _born(self) -> Process:
        store = Brittle.open(self.url)
        assert isinstance(store, Brittle)
        now = lambda: self.now  # noqa: E731  # The engine asks it again and again.
        stage = self.stage
        secrets = Secrets(stage.settings)
        engine = NumberedEngine(
            store, stage.catalog, stage.settings, stage.published, secrets, now, store.boot("test", self.now)
        )
        object.__setattr__(engine, "numbers", self.numbers)
        process = Process(engine, store)
        engine.take.append(lambda found: process.taken.extend(effect for _, effect in found))
        settle_orphans(engine)
        store.last = self.last if self.always or not self.deaths else 0
        store.where = self.where
        store.counting = True
        return process

    # -- what happens ---------------------------------------------------------------------------------------------

    def _acts(self) -> Iterator[Callable[[Process], None]]:
        yield self._given
        yield lambda p: self._begin(p, "case", self.case.workflow or "", self.case.given, self.case.by, self.case.start)
        for n, act in enumerate(self.case.act):
            if act.refused is None:
                yield self._act(n, act)

    def _given(self, process: Process) -> None:
        engine = process.engine
        writes = []
        for name, rows in self.case.records.items():
            key = engine.published.entity(name).key
            for one in rows:
                if engine.store.records.find(name, str(one[key])) is None:
                    write = RecordWrite(name, "create", str(one[key]), one)
                    writes.append(row_write(engine, write, by="engine", source="test"))
        if writes:
            engine.store.commit(Commit(at=self.now, writes=writes)).result()

    def _begin(self, process: Process, name: str, workflow: str, given: Any, by: str, start: str | None) -> None:
        caller = Caller(by, frozenset({"admin"}))
        data, key = given or {}, f"play:{name}"
        self.ids[name] = start_instance(
            process.engine, workflow, start=start, data=data, caller=caller, start_key=key
        ).id

    def _act(self, n: int, act: Act) -> Callable[[Process], None]:
        def happen(process: Process) -> None:
            engine = process.engine
            if act.task is not None:
                self._decide(process, n, act)
            elif act.message is not None:
                post_message(engine, act.message, act.key, act.payload, caller=Caller(act.by), id=f"message-{n}")
            elif act.broadcast is not None:
                # A broadcast has no id of its sender's: whoever is not sure looks whether it was told.
                if self._told(engine) <= sum(a.broadcast is not None for a in self.case.act[:n]):
                    announce(engine, act.broadcast, act.payload, caller=Caller(act.by))
            elif act.begin is not None:
                self._begin(process, act.begin, act.workflow or self.case.workflow or "", act.payload, act.by, None)
            elif act.wait is not None:
                self._wait(process, n, act.wait)

        return happen

    def _told(self, engine: Engine) -> int:
        return sum(row.action == "message.broadcast" for row in engine.store.audits.page().rows)

    def _decide(self, process: Process, n: int, act: Act) -> None:
        engine, caller = process.engine, Caller(act.by, frozenset(act.roles))
        if n not in self.tasks:
            mine = {self.ids[act.of]} if act.of else set(self.ids.values())
            opened = engine.store.tasks.page(TaskFilter(status="open")).rows
            theirs = [t for t in opened if t.node == act.task and t.instance in mine]
            theirs = [t for t in theirs if caller.principals & set(t.who)]
            assert theirs, f"{self.case.title}: nobody may do {act.task}"
            self.tasks[n] = min(theirs, key=lambda t: (t.opened_at, t.id)).id
        row = engine.store.tasks.find(self.tasks[n])
        assert row is not None
        # Whoever heard no answer looks whether it was taken.
        if row.status == "open" and act.by not in [d["by"] for d in row.decisions or ()]:
            decide_task(engine, row.id, act.outcome, act.data, caller)

    def _wait(self, process: Process, n: int, text: str) -> None:
        span = parse_duration(text)
        assert not isinstance(span, str)
        end = self.ends.setdefault(n, self.now + span)  # type: ignore[operator]  # No case waits for months.
        while (due := process.store.next_due()) is not None and due <= end:
            self.now = max(self.now, due)
            process.settle()
        self.now = end


_TABLES = {
    "instances": "SELECT id, workflow, version, business_key, status, outcome, runnable, priority, incidents, parent_id"
    " FROM instance",
    # Own-database nodes ride in the segment when there is time for it, and leave no row then.
    "effects": "SELECT instance_id, node, kind, status, attempts, next_at, request, response FROM effect"
    " WHERE idempotency <> 'native'",
    "records": "SELECT entity, id, rev, fields FROM record",
    "changes": 'SELECT entity, record_id, rev, "by", source, changes FROM record_change',
    "tasks": "SELECT instance_id, node, status, who, exclude, outcome, decided_by, data, escalated FROM user_task",
    "incidents": "SELECT instance_id, node, code, status, how FROM incident",
    "alerts": "SELECT a.instance_id, a.node, a.title_en, r.principal FROM alert a"
    " JOIN alert_recipient r ON r.alert_id = a.id",
    "messages": "SELECT id, name, key, status, taken_by FROM message",
    "waiting": "SELECT instance_id, name, key FROM subscription",
    "hearing": "SELECT instance_id, name FROM listener",
    "timers": "SELECT instance_id, due FROM timer",
    "locks": "SELECT instance_id, name, granted_at FROM lock_queue",
    "signals": "SELECT instance_id, kind, event FROM signal_inbox",
    "audit": 'SELECT "by", action, object FROM audit',
}
_ID = re.compile(r"\bi\d{4}\b", re.IGNORECASE)


def seen(store: Store, ids: Mapping[str, str], systems: Systems) -> Seen:
    """Every row but for moments of writing and the numbers of tokens, and what the systems were told."""
    names = {id: name for name, id in ids.items()}

    def told(value: Any) -> Any:
        text = str(value) if not isinstance(value, str | None | bool | int) else value
        return _ID.sub(lambda found: names.get(found.group().lower(), "?"), text) if isinstance(text, str) else text

    def read(sql: str) -> list[str]:
        return sorted(json.dumps([told(v) for v in row]) for row in store.write(lambda tx: tx.rows(sql)).result())

    found: dict[str, Any] = {table: Counter(read(sql)) for table, sql in _TABLES.items()}
    states = store.write(lambda tx: tx.rows("SELECT id, state FROM instance ORDER BY id")).result()
    found["standing"] = {told(id): _standing(told(state)) for id, state in states}
    journal = store.write(
        lambda tx: tx.rows("SELECT instance_id, batch FROM journal ORDER BY instance_id, seq")
    ).result()
    found["steps"] = Counter(
        f"{told(id)}: {step['step']} {step['node']}" for id, batch in journal for step in json.loads(batch)
    )
    found["applied"] = {told(k): json.dumps(v, default=str, sort_keys=True) for k, v in systems.applied.items()}
    found["refused"] = {(told(key), attempt) for key, attempt in systems.refused}
    return found


def _standing(text: str) -> Any:
    """Where an instance stands, without the numbers of tokens, which tell in what order they came to be."""
    state = json.loads(text)
    places = sorted(f"{t[1]} {t[3]['on'] if t[3] else ''}" for t in state["tokens"])
    variables = [frame[3] for frame in state["frames"] if frame[1] is None]
    return {"places": places, "variables": variables, "frames": len(state["frames"]), "visits": state["visits"]}


def difference(one: Seen, other: Seen) -> dict[str, Any]:
    """What is to be seen in one and not in the other."""
    return {k: (one[k], other[k]) for k in one if one[k] != other[k]}

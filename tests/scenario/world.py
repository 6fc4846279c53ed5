"""A small world for engine tests: a database, an engine with an executor, a clock that can jump, and an outside."""

from __future__ import annotations

import itertools
import json
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from taktflow.catalog import Catalog
from taktflow.errors import Invalid
from taktflow.executor.embedded import EmbeddedExecutor
from taktflow.runtime.state import State, loads_state
from taktflow.sdk import Channel, Idempotency, Node, NodeConfig, NodeContext, NodeError, Result, Text
from taktflow.services.caller import ENGINE, Caller
from taktflow.services.engine import Engine, close_engine
from taktflow.services.publish import File, publish_files
from taktflow.services.published import Published
from taktflow.services.secrets import Secrets
from taktflow.services.start import StartedInstance, start_instance
from taktflow.settings import Settings
from taktflow.store import Commit, CommitResult, IncidentRow, InstanceFilter, InstanceRow, Store, StoreFailed, migrate
from taktflow.store.writer import Change
from taktflow.values import Json, loads
from taktflow_plugins.records.node import RecordCreate, RecordQuery, RecordUpdate
from tests.builders import SetValue, a_workflow

PATIENCE_S = 20.0
ANN = Caller("ann", frozenset({"sales"}))
BOSS = Caller("bob", frozenset({"boss"}))


class Outside:
    """What effects reach: it notes every call, and applies each key once as a well-made system does."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.applied: dict[str, Any] = {}
        self.trouble: list[Exception] = []
        """Raised by the next calls, in turn, before they are applied."""
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self._lock = threading.Lock()

    def call(self, key: str, value: Any) -> Any:
        """One call; waits while the gate is closed."""
        with self._lock:
            self.calls.append(key)
            trouble = self.trouble.pop(0) if self.trouble else None
        self.entered.set()
        assert self.gate.wait(PATIENCE_S)
        if trouble is not None:
            raise trouble
        with self._lock:
            return self.applied.setdefault(key, value)


class TellConfig(NodeConfig):
    """What is told."""

    value: Annotated[Any, Field(description="What is told; it comes back.")] = None


class Tell(Node[TellConfig]):
    """Tells the outside something, with a key."""

    kind = "test.tell"
    title = Text("告知", "Tell")
    idempotency: ClassVar[Idempotency] = "key"
    Config = TellConfig
    outside: ClassVar[Outside]

    def run(self, config: TellConfig, context: NodeContext) -> Result:
        """The value as the outside applied it."""
        return Result(value=self.outside.call(context.business_key, config.value))


class TellOnce(Tell):
    """The same for an outside that would take a second call for another order."""

    kind = "test.tell_once"
    idempotency: ClassVar[Idempotency] = "none"


class BreakConfig(NodeConfig):
    """How it breaks."""

    how: Annotated[str, Field(description="The name of an exception, or of something no node may return.")]

    @field_validator("how")
    @classmethod
    def _breaks(cls, how: str) -> str:
        if how == "settings":
            raise KeyError("a validator that breaks")
        return how


class NoException(BaseException):
    """What no ``except Exception`` catches."""


BREAKS: Mapping[str, BaseException] = {
    "key_error": KeyError("gone"),
    "recursion": RecursionError("too deep"),
    "memory": MemoryError(),
    "exit": SystemExit(3),
    "base": NoException("nothing catches me"),
    "stop": StopIteration(),
    "node_error": NodeError("own", "its own error"),
    "details": NodeError("own", "its own error", details=object()),
}


class Broken(Node[BreakConfig]):
    """Breaks its contract in the way it is told to."""

    kind = "test.break"
    title = Text("损坏", "Break")
    idempotency: ClassVar[Idempotency] = "key"
    Config = BreakConfig

    def run(self, config: BreakConfig, context: NodeContext) -> Result:
        """Never a proper result."""
        if config.how in BREAKS:
            raise BREAKS[config.how]
        if config.how == "value":
            return Result(value=object())
        return None  # type: ignore[return-value]  # That is the point.


class BrokenPure(Broken):
    """The same within a segment."""

    kind = "test.break_pure"
    idempotency: ClassVar[Idempotency] = "pure"


class BrokenNative(Broken):
    """The same as an own-database node."""

    kind = "test.break_native"
    idempotency: ClassVar[Idempotency] = "native"


NODES: Sequence[type[Node[Any]]] = (SetValue, Broken, BrokenPure, BrokenNative, RecordCreate, RecordQuery, RecordUpdate)


class Dead(StoreFailed):
    """The process has died; nothing it still tries reaches the disk."""

    def __init__(self) -> None:
        super().__init__("this process is dead")


class Mortal(Store):
    """A store whose process dies right after its ``lives``-th commit is on the disk, before anybody hears of it."""

    lives = 0
    dead = False
    commits = 0

    def __init__(self, *given: Any) -> None:
        self._count = threading.Lock()
        super().__init__(*given)

    def commit(self, commit: Commit) -> Future[CommitResult]:
        if not self.lives:
            self._alive()
            return super().commit(commit)
        # In a life that is to end, commits are written one by one, so that it is known which is the last.
        with self._count:
            self._alive()
            future = super().commit(commit)
            if future.exception() is None:
                self.commits += 1
                self.dead = self.commits == self.lives
                self._alive()
            return future

    def submit(self, change: Change[Any]) -> Future[Any]:
        self._alive()
        return super().submit(change)

    def next_due(self) -> datetime | None:
        self._alive()
        return super().next_due()

    def _alive(self) -> None:
        if self.dead:
            raise Dead


@dataclass
class Life:
    """One process's life on the database: an engine and perhaps an executor."""

    engine: Engine
    store: Mortal
    executor: EmbeddedExecutor | None = None

    def work(self, threads: int = 4) -> Life:
        """Begins to perform what is owed."""
        self.executor = EmbeddedExecutor(self.engine, threads)
        self.executor.start()
        return self

    def idle(self) -> None:
        """Waits until nothing is due."""
        assert self.executor is not None
        assert self.executor.wait_idle(PATIENCE_S), self.engine.store.instances.page().rows

    def kill(self) -> None:
        """From now on nothing it still does reaches the database."""
        self.store.dead = True

    def end(self) -> None:
        """Lets go of everything; what was under way is left as it is in the database."""
        if self.executor is not None:
            self.executor.stop()
            self.executor = None
        close_engine(self.engine)


@dataclass
class World:
    """The database and who lives on it."""

    url: str
    folder: Path
    offset: timedelta = timedelta(0)
    outside: Outside = field(default_factory=Outside)
    lives: list[Life] = field(default_factory=list)
    channels: Sequence[type[Channel[Any]]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def now(self) -> datetime:
        """The time in this world."""
        return datetime.now(UTC) + self.offset

    def born(self, *, dies_after: int = 0, catalog: Catalog | None = None) -> Life:
        """A new process on the database, which perhaps dies after so many writes."""
        settings = Settings(
            _env_file=None, **{"database_url": self.url, "var": self.folder, "language": "en", **self.settings}
        )
        store = Mortal.open(self.url, settings.queue_limit)
        assert isinstance(store, Mortal)
        secrets = Secrets(settings)
        known = catalog or self.catalog()
        published = Published(store, known, secrets, settings.timezone)
        engine = Engine(store, known, settings, published, secrets, self.now, store.boot("test", self.now()))
        store.lives = dies_after
        life = Life(engine, store)
        self.lives.append(life)
        return life

    def catalog(self) -> Catalog:
        """The installed nodes of this world, bound to its outside."""
        bound = [type(f"{kind.__name__}Here", (kind,), {"outside": self.outside}) for kind in (Tell, TellOnce)]
        return Catalog.of(nodes=[*NODES, *bound], channels=self.channels)

    def jump(self, span: timedelta, *lives: Life) -> None:
        """Lets time pass, and wakes ``lives`` to see it."""
        self.offset += span
        for life in lives:
            life.engine.store.write(lambda _: None, "timers").result()

    def end(self) -> None:
        """Ends whoever still lives."""
        self.outside.gate.set()
        for life in self.lives:
            with suppress(Exception):
                life.end()


def fresh_sqlite(template: Path, folder: Path) -> str:
    """A migrated, empty SQLite database."""
    return f"sqlite:///{shutil.copyfile(template, folder / 'taktflow.db')}"


def migrated_sqlite(folder: Path) -> Path:
    """The file that :func:`fresh_sqlite` copies."""
    path = folder / "template.db"
    migrate(f"sqlite:///{path}")
    return path


PACK = {
    "kind": "pack",
    "id": "world",
    "title": {"zh": "世界", "en": "World"},
    "roles": {"boss": {"title": {"zh": "主管", "en": "Boss"}}, "sales": {"title": {"zh": "销售", "en": "Sales"}}},
}


def publish(engine: Engine, *parts: a_workflow | Mapping[str, Any]) -> None:
    """Publishes workflows under construction and other documents, as a pack."""
    documents = [p.document if isinstance(p, a_workflow) else dict(p) for p in parts]
    files = [File(f"{d['kind']}_{d['id']}.json", json.dumps(d)) for d in (PACK, *documents)]
    try:
        publish_files(engine, files, ENGINE)
    except Invalid as wrong:
        raise AssertionError([(f.file, f.at, f.code, dict(f.args)) for f in wrong.findings]) from wrong


def an_entity(id: str, **more: Any) -> dict[str, Any]:
    """An entity with a key and a number."""
    fields = {"no": {"type": "text", "required": True}, "n": {"type": "number"}, "seen": {"type": "text"}}
    title = {"zh": id, "en": id}
    return {"kind": "entity", "id": id, "title": title, "key": "no", "fields": fields, "index": ["n"], **more}


def begin(life: Life, workflow: str = "flow", data: Json = None, **more: Any) -> StartedInstance:
    """Starts ``workflow``."""
    return start_instance(life.engine, workflow, **{"data": data, "caller": ANN, **more})


def row(life: Life, id: str) -> InstanceRow:
    """The instance."""
    found = life.engine.store.instances.find(id)
    assert found is not None
    return found


def state(life: Life, id: str) -> State:
    """Its state."""
    return loads_state(life.engine.store.load_instance(id).state)


def incident(life: Life) -> IncidentRow:
    """The one open incident."""
    (found,) = life.engine.store.incidents.page().rows
    return found


def effects(life: Life, id: str) -> list[tuple[str, str, int]]:
    """What the instance owed: node, status, attempts."""
    return [(e.node, e.status, e.attempts) for e in life.engine.store.instances.effects(id).rows]


def steps(life: Life, id: str) -> list[tuple[str, str]]:
    """What happened to the instance, after proof that no entry of its journal is missing."""
    rows = life.engine.store.instances.journal(id).rows
    assert [r.seq for r in rows] == list(range(1, row(life, id).seq + 1))
    return [(s["step"], s["node"]) for s in itertools.chain.from_iterable(loads(r.batch) for r in rows)]


def instances(life: Life, workflow: str = "flow") -> list[InstanceRow]:
    """Every instance of ``workflow``."""
    return list(life.engine.store.instances.page(InstanceFilter(workflow=workflow)).rows)


def wait_until(holds: Callable[[], object], why: str) -> None:
    """Waits until ``holds()``."""
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, why
        time.sleep(0.005)

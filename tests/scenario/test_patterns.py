"""Every pattern runs on the real engine, on both databases, as its cases say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from taktflow.catalog import Catalog, announced
from taktflow.definitions.pack import read_pack
from taktflow.services.caller import ENGINE, Caller
from taktflow.services.case_form import Act, Case
from taktflow.services.cases import at_path, fits
from taktflow.services.incidents import cancel_instance
from taktflow.services.messages import announce, post_message
from taktflow.services.publish import pack_cases, publish_pack
from taktflow.services.start import start_instance
from taktflow.services.work import decide_task
from taktflow.store import IncidentFilter, InstanceFilter, Part, TaskFilter
from taktflow.values import parse_duration
from tests.scenario.databases import another_world, postgres_server, postgres_template, sqlite_template, world
from tests.scenario.world import ANN, Life, World, row, state

__all__ = ["another_world", "postgres_server", "postgres_template", "sqlite_template", "world"]

PACK = Path(__file__).parents[2] / "workflows" / "patterns"
SUPPORTED = [*range(1, 17), *range(18, 28), 29, 30, 32, *range(34, 38), 39, 43]
"""The numbers of the patterns the engine has."""


def patterns() -> tuple[Case, ...]:
    file, findings = pack_cases(read_pack(PACK))
    assert file is not None and findings == []
    return tuple(c for c in file.cases if c.workflow is not None)


class Play:
    """One case, played on a life as people and systems would."""

    def __init__(self, world: World, life: Life, case: Case) -> None:
        self.world = world
        self.life = life
        self.case = case
        self.ids: dict[str, str] = {}

    def run(self) -> Iterator[str]:
        """What came out otherwise than the case says."""
        self.begin("case", self.case.workflow or "", self.case.given, self.case.by)
        for act in self.case.act:
            self.act(act)
            self.life.idle()
        yield from self.problems()

    def begin(self, name: str, workflow: str, given: object, by: str) -> None:
        self.ids[name] = start_instance(self.life.engine, workflow, data=given or {}, caller=Caller(by)).id
        self.life.idle()

    def act(self, act: Act) -> None:
        engine = self.life.engine
        if act.task is not None:
            self.decide(act)
        elif act.message is not None:
            post_message(engine, act.message, act.key, act.payload, caller=ANN)
        elif act.broadcast is not None:
            announce(engine, act.broadcast, act.payload, caller=ANN)
        elif act.begin is not None:
            self.begin(act.begin, act.workflow or self.case.workflow or "", act.payload, act.by)
        elif act.wait is not None:
            span = parse_duration(act.wait)
            assert not isinstance(span, str)
            self.world.jump(span, self.life)  # type: ignore[arg-type]  # No pattern waits for months.

    def decide(self, act: Act) -> None:
        engine = self.life.engine
        mine = {self.ids[act.of]} if act.of else set(self.ids.values())
        opened = engine.store.tasks.page(TaskFilter(status="open")).rows
        caller = Caller(act.by, frozenset(act.roles))
        theirs = [t for t in opened if t.node == act.task and t.instance in mine and caller.principals & set(t.who)]
        task = min(theirs, key=lambda t: (t.opened_at, t.id))
        decide_task(engine, task.id, act.outcome, act.data, caller)

    def problems(self) -> Iterator[str]:
        expect, id = self.case.expect, self.ids["case"]
        found = row(self.life, id)
        told = {"status": (expect.status, found.status), "outcome": (expect.outcome, found.outcome)}
        yield from (f"{k} is {is_}, expected {want}" for k, (want, is_) in told.items() if want not in (None, is_))
        stands: Mapping[str, tuple[str, ...] | None] = {
            "case": expect.waits_at,
            **{n: s.waits_at for n, s in expect.instances.items()},
        }
        for name, wanted in stands.items():
            here = sorted({t.node for t in state(self.life, self.ids[name]).tokens.values()})
            if wanted is not None and here != sorted(wanted):
                yield f"{name} waits at {here}, expected {sorted(wanted)}"
        for path, value in expect.variables.items():
            if not fits(value, at_path(state(self.life, id).variables, path)):
                yield f"{path} is {at_path(state(self.life, id).variables, path)}, expected {value}"
        codes = [i.code for i in self.life.engine.store.incidents.page(IncidentFilter()).rows]
        if sorted(codes) != sorted(expect.incidents or ()):
            yield f"incidents are {codes}"


def test_the_pack_shows_thirty_five_of_the_forty_three_patterns() -> None:
    shown = {int(c.workflow[1:3]) for c in patterns() if c.workflow and c.workflow[1:3].isdigit()}

    assert sorted(shown) == SUPPORTED
    assert len(shown) == 35


def test_every_pattern_runs_as_its_cases_say(world: World) -> None:
    life = world.born(catalog=Catalog(announced())).work(threads=2)
    publish_pack(life.engine, PACK, ENGINE)

    wrong: dict[str, list[str]] = {}
    for case in patterns():
        if problems := list(Play(world, life, case).run()):
            wrong[case.title] = problems
        # What is left of a case must not answer the next one.
        for left in life.engine.store.instances.page(InstanceFilter(status="running"), Part(limit=500)).rows:
            if left.parent_id is None:
                cancel_instance(life.engine, left.id, ANN, "over")
        life.idle()

    assert wrong == {}
    assert life.engine.store.locks.page().rows == ()

"""Nodes that touch only our own database run within the segment, and read what was written before them all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from taktflow.definitions.canonical import canonical
from taktflow.definitions.decision import Decision
from taktflow.definitions.envelope import Envelope
from taktflow.definitions.kinds import Entity
from taktflow.executor.embedded import EmbeddedExecutor
from taktflow.services.caller import ENGINE
from taktflow.services.engine import Engine, close_engine, open_engine
from taktflow.services.messages import post_message
from taktflow.services.publish import retire
from taktflow.services.start import start_instance
from taktflow.settings import Settings
from taktflow.store import NewDefinition
from taktflow.values import dumps, loads
from tests.builders import a_workflow, feel

THING = Entity.model_validate(
    {
        "kind": "entity",
        "id": "thing",
        "title": {"zh": "物", "en": "Thing"},
        "key": "code",
        "index": ["colour"],
        "fields": {
            "code": {"type": "text", "required": True},
            "n": {"type": "integer"},
            "colour": {"type": "text"},
        },
    }
)


@dataclass
class World:
    """An engine at work."""

    engine: Engine
    executor: EmbeddedExecutor

    def ended(self, workflow: str) -> dict[str, Any]:
        """The variables of an instance that came to its end."""
        started = start_instance(self.engine, workflow, caller=ENGINE)
        assert self.executor.wait_idle(20)
        row = self.engine.store.instances.find(started.id)
        assert row is not None
        assert (row.status, row.incidents) == ("ended", 0)
        variables: dict[str, Any] = loads(self.engine.store.load_instance(started.id).state)["frames"][0][3]
        return variables


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    opened = open_engine(Settings(database_url=f"sqlite:///{tmp_path / 'test.db'}", var=tmp_path))
    executor = EmbeddedExecutor(opened, threads=2)
    executor.start()
    yield World(opened, executor)
    executor.stop()
    close_engine(opened)


def published(engine: Engine, *definitions: Envelope) -> None:
    new = [NewDefinition(d.kind, d.id, d.id, "", dumps(canonical(d)), "test") for d in definitions]
    engine.store.definitions.publish(new, engine.now())
    engine.published.refresh()


def create(n: int, id: str = "a") -> dict[str, Any]:
    return {"entity": "thing", "id": id, "fields": {"n": n, "colour": "red"}}


def test_a_query_sees_what_was_written_just_before_it(world: World) -> None:
    flow = (
        a_workflow()
        .step("new", "record.create", **create(1))
        .step("more", "record.update", entity="thing", id="a", fields={"n": 2})
        .step("look", "record.query", entity="thing", id="a", out="seen")
        .step("again", "record.update", entity="thing", id="a", fields={"n": feel("seen.n + 1")})
        .step("find", "record.query", entity="thing", where={"colour": "red"}, out="found")
    )
    published(world.engine, THING, flow.build())

    variables = world.ended("flow")

    assert variables["seen"]["n"] == 2
    assert [f["n"] for f in variables["found"]] == [3]


@pytest.mark.mission("V7")
def test_independent_writes_and_alerts_ride_in_one_commit(world: World) -> None:
    words = {"zh": "新", "en": "new"}
    flow = (
        a_workflow()
        .step("one", "record.create", **create(1, "a"))
        .step("two", "record.create", **create(2, "b"))
        .step("tell", "alert", to=["role:boss"], subject=words, body=words)
    )
    published(world.engine, THING, flow.build())

    started = start_instance(world.engine, "flow", caller=ENGINE)

    assert len(world.engine.store.instances.journal(started.id).rows) == 1
    assert world.engine.store.search.one("thing", "b") is not None
    assert world.engine.store.alerts.page(["role:boss"]).total == 1


def test_a_record_that_exists_takes_the_error_route_and_changes_nothing(world: World) -> None:
    flow = (
        a_workflow()
        .step("new", "record.create", **create(9), on={"exists": "known"})
        .node("known", "transform", set={"code": feel("error.code")}, out="known")
    )
    published(world.engine, THING, flow.build())
    world.ended("flow")

    variables = world.ended("flow")

    assert variables["known"] == {"code": "exists"}
    record = world.engine.store.search.one("thing", "a")
    assert record is not None
    assert record.rev == 1


def test_a_called_workflow_that_cannot_start_is_an_incident_of_its_caller(world: World) -> None:
    table = Decision.model_validate(
        {
            "kind": "decision",
            "id": "pick",
            "title": {"zh": "选", "en": "Pick"},
            "inputs": [{"id": "n", "type": "number"}],
            "outputs": [{"id": "m", "type": "number"}],
            "rows": [["r1", "-", "1"]],
        }
    )
    child = a_workflow("child").step("pick", "decision", ref="pick", out="m").build()
    flow = a_workflow().step("ask", "wait", message="go", key="k").step("sub", "call", ref="child").build()
    published(world.engine, table, child, flow)
    started = start_instance(world.engine, "flow", caller=ENGINE)
    retire(world.engine, "decision", "pick", ENGINE)

    post_message(world.engine, "go", "k", None, caller=ENGINE)

    assert world.executor.wait_idle(20)
    (incident,) = world.engine.store.incidents.page().rows
    assert (incident.instance, incident.node, incident.code) == (started.id, "sub", "definition.unknown")

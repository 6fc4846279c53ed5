"""Instances: what runs, where it stands, what happened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import Field

from taktflow.api.deps import Asking, Cursor, Limit, Running
from taktflow.api.door import Door
from taktflow.api.guard import signed_in, who
from taktflow.api.outline import Graph, graph, node_titles, workflow_at, workflow_words
from taktflow.api.reading import Reading, main_variable, reading_of, role_words, variable_fields
from taktflow.api.routes.incidents import Incident, incident_shape
from taktflow.api.routes.work import Task, task_shape
from taktflow.api.shapes import Body, Document, Page, Shape, Words
from taktflow.definitions.workflow import Durability
from taktflow.errors import Forbidden, NotFound
from taktflow.runtime.state import State, loads_state
from taktflow.services import incidents as incident_service
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.services.start import chosen_start, start_instance
from taktflow.store import IncidentFilter as StoredIncidents
from taktflow.store import InstanceFilter, InstanceRow, Part, TaskFilter
from taktflow.values import loads, plain

door = Door("instances")
Status = Literal["running", "suspended", "ended", "cancelled"]
InstanceId = Annotated[str, Path(max_length=64)]
SEES_VARIABLES = frozenset({"admin", "analyst", "operator"})
BARE_STEP = frozenset({"step", "node", "by", "outcome", "to"})
"""What of a step everyone may see."""
STARTS_ANYTHING = frozenset({"admin", "operator"})


class Instance(Shape):
    """An instance as lists show it; ``by`` is who started it, ``incidents`` counts open ones."""

    id: str
    workflow: str
    title: Words
    version: int
    key: str
    status: Status
    outcome: str | None = None
    started_at: datetime
    changed_at: datetime
    ended_at: datetime | None = None
    by: str
    incidents: int = 0
    priority: int | None = None
    rev: int = 0
    parent: str | None = None


class InstancePage(Page[Instance]):
    """One page of instances; ``total`` is null when there are very many."""

    total: int | None = None


class Token(Shape):
    """A place where the instance is, and what it waits for there."""

    id: int
    node: str
    title: Words | None = None
    waits_on: str | None = None


class InstanceDetail(Shape):
    """Everything about one instance; ``incidents`` holds the open ones.

    ``main`` names the variable that the instance is about, ``data`` tells how the variables read, the main one first,
    and ``roles`` what the roles are called that its journal names. ``durability`` says when what it has done is on the
    disk; null when its workflow is not published here any more.
    """

    id: str
    workflow: str
    title: Words
    version: int
    key: str
    status: Status
    outcome: str | None = None
    started_at: datetime
    changed_at: datetime
    ended_at: datetime | None = None
    by: str
    priority: int | None = None
    rev: int = 0
    parent: str | None = None
    durability: Durability | None = None
    variables: Document
    main: str | None = None
    data: list[Reading] = Field(default_factory=list)
    roles: dict[str, Words]
    tokens: list[Token]
    incidents: list[Incident]
    user_tasks: list[Task]
    graph: Graph


class JournalRow(Shape):
    """What one commit did, step by step."""

    seq: int
    at: datetime
    steps: list[Document]


class JournalPage(Page[JournalRow]):
    """One page of the journal, oldest first."""


class Start(Body):
    """What to start with which data; ``start`` may stay out where there is only one."""

    workflow: str = Field(min_length=1, max_length=80)
    start: str | None = Field(None, max_length=63)
    data: Document = Field(default_factory=dict)


class Started(Shape):
    """What a start came to. ``existing`` says that the same thing was started before."""

    id: str
    status: str
    outcome: str | None = None
    existing: bool = False


class Why(Body):
    """The reason, kept with the act."""

    why: str = Field(min_length=1, max_length=1_000)


@door.get("/api/instances", who=signed_in)
def instances(
    engine: Running,
    workflow: Annotated[str | None, Query(max_length=63)] = None,
    status: Status | None = None,
    key: Annotated[str | None, Query(max_length=200, description="What the business key begins with.")] = None,
    incidents: Annotated[
        bool | None, Query(description="Only those with open incidents, or only those without.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> InstancePage:
    """List instances, the newest first."""
    wanted = InstanceFilter(status=status, workflow=workflow, key_prefix=key or None, has_incidents=incidents)
    page = engine.store.instances.page(wanted, Part(limit=limit, cursor=cursor))
    return InstancePage(
        items=[Instance(**_facts(engine, row), incidents=row.incidents) for row in page.rows],
        next_cursor=page.next,
        total=page.total,
    )


@door.get("/api/instances/{id}", who=signed_in)
def instance(engine: Running, caller: Asking, id: InstanceId) -> InstanceDetail:
    """Everything about one instance. Its variables are shown to those who may read what they hold."""
    return detail(engine, caller, id)


@door.get("/api/instances/{id}/journal", who=signed_in)
def journal(engine: Running, caller: Asking, id: InstanceId, limit: Limit = 100, cursor: Cursor = None) -> JournalPage:
    """What happened to the instance, commit by commit, oldest first.

    Whoever may not see the instance's variables is told which steps were taken and by whom, not what they held.
    """
    row = _row(engine, id)
    told = None if _may_see_variables(engine, caller, row) else BARE_STEP
    titles = node_titles(workflow_at(engine, row.workflow, row.version))
    page = engine.store.instances.journal(id, Part(limit=limit, cursor=cursor, count=False))
    return JournalPage(
        items=[
            JournalRow(seq=r.seq, at=r.at, steps=[_step(s, titles, told) for s in loads(r.batch)]) for r in page.rows
        ],
        next_cursor=page.next,
    )


@door.post("/api/instances", who=signed_in, status=201)
def start_workflow(engine: Running, caller: Asking, body: Start) -> Started:
    """Start a workflow by hand. Who may is declared at its start.

    A start that waits for a message, a webhook or its time may be started by an operator only, since nobody proves then
    that the event happened.
    """
    _, definition = engine.published.workflow(body.workflow)
    chosen = chosen_start(definition, body.start)
    if chosen.type not in ("manual", "form") and not caller.roles & STARTS_ANYTHING:
        raise Forbidden("api.forbidden", roles=", ".join(sorted(STARTS_ANYTHING)))
    done = start_instance(engine, body.workflow, start=body.start, data=body.data, caller=caller)
    return Started(id=done.id, status=done.status, outcome=done.outcome, existing=done.existing)


@door.post("/api/instances/{id}/cancel", who=who("operator"))
def cancel_instance(engine: Running, caller: Asking, id: InstanceId, body: Why) -> InstanceDetail:
    """End an instance before its time."""
    incident_service.cancel_instance(engine, id, caller, body.why)
    return detail(engine, caller, id)


def detail(engine: Engine, caller: Caller, id: str) -> InstanceDetail:
    """The instance as ``caller`` may see it; raises NotFound."""
    row = _row(engine, id)
    workflow = workflow_at(engine, row.workflow, row.version)
    titles = node_titles(workflow)
    state = loads_state(engine.store.load_instance(id).state)
    open_incidents = engine.store.incidents.page(StoredIncidents(instance=id), Part(limit=100, count=False))
    tasks = engine.store.tasks.page(TaskFilter(status="open", instance=id), Part(limit=100, count=False))
    variables: Document = plain(dict(state.variables)) if _may_see_variables(engine, caller, row) else {}
    known = variable_fields(engine, workflow)
    return InstanceDetail(
        **_facts(engine, row),
        durability=workflow.durability if workflow else None,
        variables=variables,
        main=main_variable(workflow),
        data=[reading_of(engine, name, field) for name, field in known.items() if name in variables],
        roles=role_words(engine),
        tokens=_tokens(state, titles),
        incidents=[incident_shape(engine, i, caller.language) for i in open_incidents.rows],
        user_tasks=[task_shape(engine, t) for t in tasks.rows],
        graph=graph(workflow),
    )


def _row(engine: Engine, id: str) -> InstanceRow:
    row = engine.store.instances.find(id)
    if row is None:
        raise NotFound("instance.unknown", id=id)
    return row


def _facts(engine: Engine, row: InstanceRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "workflow": row.workflow,
        "title": workflow_words(engine, row.workflow, row.version),
        "version": row.version,
        "key": row.business_key,
        "status": row.status,
        "outcome": row.outcome,
        "started_at": row.started_at,
        "changed_at": row.changed_at,
        "ended_at": row.ended_at,
        "by": row.by,
        "priority": row.priority,
        "rev": row.rev,
        "parent": row.parent_id,
    }


def _may_see_variables(engine: Engine, caller: Caller, row: InstanceRow) -> bool:
    """Variables hold what the workflow's entity holds, so whoever may not read that may not read them either."""
    if caller.roles & SEES_VARIABLES or row.by == caller.name:
        return True
    workflow = workflow_at(engine, row.workflow, row.version)
    if workflow is None or workflow.data.entity is None:
        return False
    entity = engine.published.entities().get(workflow.data.entity)
    return entity is not None and caller.is_any_of(entity.read)


def _tokens(state: State, titles: Mapping[str, Words]) -> list[Token]:
    return [
        Token(
            id=t.id,
            node=t.node,
            title=titles.get(t.node),
            waits_on=None if t.wait is None else str(t.wait.get("on", "")) or None,
        )
        for t in state.tokens.values()
    ]


def _step(step: Mapping[str, Any], titles: Mapping[str, Words], told: frozenset[str] | None) -> Document:
    title = titles.get(str(step.get("node", "")))
    found: Document = plain({k: v for k, v in step.items() if told is None or k in told})
    if title is not None:
        found["title"] = title.model_dump()
    return found

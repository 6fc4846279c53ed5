"""User tasks: the caller's inbox, one task with its form, and what they do about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import Field

from taktflow.api.deps import Asking, Cursor, Limit, Running
from taktflow.api.door import Door
from taktflow.api.guard import signed_in
from taktflow.api.outline import form_view, outcome_words, workflow_at, workflow_words
from taktflow.api.reading import Reading, label_of, reading_at, role_words
from taktflow.api.shapes import Body, Document, Page, Shape, Words
from taktflow.definitions.workflow import Workflow
from taktflow.services import work
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.store import Part, TaskFilter, UserTaskRow
from taktflow.texts import sentence
from taktflow.values import plain

door = Door("user tasks")
TaskId = Annotated[str, Path(max_length=100)]


class Task(Shape):
    """Work for people as lists show it. ``who`` holds principals: ``role:sales``, ``user:ann``."""

    id: str
    instance: str
    workflow: str
    workflow_title: Words
    node: str
    kind: str
    title: Words
    key: str
    status: str = "open"
    due: datetime | None = None
    overdue: bool = False
    escalated: bool = False
    claimed_by: str | None = None
    outcome: str | None = None
    decided_by: str | None = None
    opened_at: datetime
    closed_at: datetime | None = None
    who: list[str]


class TaskPage(Page[Task]):
    """One page of tasks, the longest waiting first."""

    total: int | None = None


class TaskForm(Shape):
    """The form to fill in, in the reader's language."""

    form_schema: Document = Field(alias="schema")
    ui_schema: Document = Field(default_factory=dict)


class Outcome(Shape):
    """One way to end the task."""

    id: str
    title: Words


class Shown(Shape):
    """Something the person sees beside the form; ``data`` tells how the value reads where that is declared."""

    label: str
    value: Any = None
    data: Reading | None = None


class Decision(Shape):
    """One person's part, already done."""

    by: str
    at: datetime
    outcome: str
    comment: str | None = None


class TaskDetail(Task):
    """A task as the person at it sees it.

    ``why_not`` says why they may not decide it, ``roles`` what the roles among ``who`` are called.
    """

    form: TaskForm | None = None
    outcomes: list[Outcome]
    shown: list[Shown]
    decisions: list[Decision]
    roles: dict[str, Words]
    may_decide: bool
    why_not: str | None = None


class Decide(Body):
    """How the person ends their part, with the filled form."""

    outcome: str = Field(min_length=1, max_length=63)
    data: Document = Field(default_factory=dict)


class Decided(Shape):
    """How the task stands now: ``open`` while others must decide too."""

    status: str
    outcome: str | None = None


@door.get("/api/user-tasks", who=signed_in)
def user_tasks(
    engine: Running,
    caller: Asking,
    status: Literal["open", "done"] = "open",
    workflow: Annotated[str | None, Query(max_length=63)] = None,
    key: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> TaskPage:
    """List the tasks the caller may do, or those they have done."""
    if status == "open":
        wanted = TaskFilter(
            status="open", principals=caller.principals, me=caller.name, workflow=workflow, business_key=key
        )
        part = Part(limit=limit, cursor=cursor)
    else:
        wanted = TaskFilter(status=None, decided_by=caller.name, workflow=workflow, business_key=key)
        part = Part(limit=limit, cursor=cursor, sort="-opened_at")
    page = engine.store.tasks.page(wanted, part)
    return TaskPage(items=[task_shape(engine, row) for row in page.rows], next_cursor=page.next, total=page.total)


@door.get("/api/user-tasks/{id}", who=signed_in)
def user_task(engine: Running, caller: Asking, id: TaskId) -> TaskDetail:
    """One task with its form. A task that is not the caller's to see is not found."""
    return _detail(engine, work.task_detail(engine, id, caller), caller)


@door.post("/api/user-tasks/{id}/claim", who=signed_in)
def claim_task(engine: Running, caller: Asking, id: TaskId) -> TaskDetail:
    """Tell colleagues that the caller works on it."""
    return _detail(engine, work.claim_task(engine, id, caller), caller)


@door.post("/api/user-tasks/{id}/release", who=signed_in)
def release_task(engine: Running, caller: Asking, id: TaskId) -> TaskDetail:
    """Leave it to colleagues again."""
    return _detail(engine, work.release_task(engine, id, caller), caller)


@door.post("/api/user-tasks/{id}/decide", who=signed_in)
def decide_task(engine: Running, caller: Asking, id: TaskId, body: Decide) -> Decided:
    """End the caller's part of the task. A declared rule, such as four eyes, may refuse it."""
    row = work.decide_task(engine, id, body.outcome, body.data, caller)
    return Decided(status=row.status, outcome=row.outcome)


def task_shape(engine: Engine, row: UserTaskRow) -> Task:
    """``row`` as lists show it."""
    return Task(**_facts(engine, row))


def _facts(engine: Engine, row: UserTaskRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "instance": row.instance,
        "workflow": row.workflow,
        "workflow_title": workflow_words(engine, row.workflow),
        "node": row.node,
        "kind": row.kind,
        "title": Words(zh=row.title.get("zh", row.node), en=row.title.get("en", row.node)),
        "key": row.business_key,
        "status": row.status,
        "due": row.due,
        "overdue": row.status == "open" and row.due is not None and row.due < engine.now(),
        "escalated": bool(row.escalated),
        "claimed_by": row.claimed_by,
        "outcome": row.outcome,
        "decided_by": row.decided_by,
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
        "who": list(row.who),
    }


def _detail(engine: Engine, detail: work.TaskDetail, caller: Caller) -> TaskDetail:
    row = detail.row
    workflow = _workflow(engine, row)
    roles = {role: words for role, words in role_words(engine).items() if f"role:{role}" in row.who}
    return TaskDetail(
        **_facts(engine, row),
        form=_form(engine, detail, caller),
        outcomes=[Outcome(id=o, title=outcome_words(workflow, row.node, o)) for o in row.outcomes],
        shown=[
            Shown(
                label=label_of(engine, workflow, expression).spoken(caller.language),
                value=plain(value),
                data=reading_at(engine, workflow, expression),
            )
            for expression, value in row.shown.items()
        ],
        decisions=[_decision(d) for d in row.decisions or ()],
        roles=roles,
        may_decide=detail.why_not is None,
        why_not=_why_not(detail, caller, roles),
    )


def _workflow(engine: Engine, row: UserTaskRow) -> Workflow | None:
    instance = engine.store.instances.find(row.instance)
    return workflow_at(engine, row.workflow, instance.version) if instance else None


def _form(engine: Engine, detail: work.TaskDetail, caller: Caller) -> TaskForm | None:
    if detail.form is None:
        return None
    schema, ui_schema = form_view(engine, detail.form, caller, caller.language)
    return TaskForm(form_schema=schema, ui_schema=ui_schema)


def _why_not(detail: work.TaskDetail, caller: Caller, roles: Mapping[str, Words]) -> str | None:
    if detail.why_not is None:
        return None
    row = detail.row
    called = {f"role:{role}": words.spoken(caller.language) for role, words in roles.items()}
    who = ", ".join(called.get(one, one.removeprefix("user:")) for one in row.who)
    args = {"by": row.claimed_by or caller.name, "who": who, "task": row.id}
    return sentence(detail.why_not, caller.language, args)


def _decision(kept: Mapping[str, Any]) -> Decision:
    comment = (kept.get("data") or {}).get("comment")
    return Decision(
        by=kept["by"], at=kept["at"], outcome=kept["outcome"], comment=None if comment is None else str(comment)
    )

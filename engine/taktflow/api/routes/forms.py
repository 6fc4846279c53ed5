"""Forms that start workflows; public ones need no sign-in."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import Path
from pydantic import Field
from starlette.responses import Response

from taktflow.api.deps import Address, Asking, Proof, Running, Shared, take
from taktflow.api.door import Door
from taktflow.api.exact import ExactJson
from taktflow.api.guard import Admitted, anyone
from taktflow.api.outline import form_view
from taktflow.api.routes.instances import Started
from taktflow.api.shapes import Body, Document, Shape, Words
from taktflow.services import forms as service
from taktflow.services.caller import Caller

door = Door("forms")
Workflow = Annotated[str, Path(max_length=63)]
StartId = Annotated[str, Path(max_length=63)]


class StartableForm(Shape):
    """A form the caller may start a workflow with."""

    workflow: str
    start: str
    title: str
    public: bool = False


class FormView(Shape):
    """A form to fill in, in the reader's language."""

    title: str
    form_schema: Document = Field(alias="schema")
    ui_schema: Document = Field(default_factory=dict)
    submit: str | None = None
    thanks: str | None = None


class Submission(Body):
    """A filled form. ``submission_id`` is made by the page: the same one sent twice counts once."""

    submission_id: str = Field(min_length=8, max_length=100)
    data: Document


@door.get("/api/forms", who=anyone)
def forms(engine: Running, caller: Asking, proof: Proof) -> list[StartableForm]:
    """List the forms the caller may start a workflow with; a stranger sees the public ones."""
    return [
        StartableForm(
            workflow=f.workflow.id, start=f.start.id, title=_title(f).spoken(caller.language), public=f.start.public
        )
        for f in service.startable(engine, caller)
        if proof.known or f.start.public
    ]


@door.get("/api/forms/{workflow}/{start}", who=anyone)
def form(engine: Running, caller: Asking, proof: Proof, workflow: Workflow, start: StartId) -> FormView:
    """One form. A form that only others may fill in is not found."""
    found = service.form_of(engine, workflow, start, _person(proof))
    schema, ui_schema = form_view(engine, found.form, _person(proof), caller.language)
    submit, thanks = found.form.submit, found.form.thanks
    return FormView(
        title=Words.of(found.form.title, found.form.id).spoken(caller.language),
        form_schema=schema,
        ui_schema=ui_schema,
        submit=submit.text()[caller.language] if submit else None,
        thanks=thanks.text()[caller.language] if thanks else None,
    )


@door.post("/api/forms/{workflow}/{start}", who=anyone, status=201, answers=Started)
def submit_form(
    engine: Running,
    rim: Shared,
    address: Address,
    proof: Proof,
    workflow: Workflow,
    start: StartId,
    body: Submission,
) -> Response:
    """Start the workflow with a filled form. Strangers may do so only so often from one address."""
    if not proof.known:
        take(rim.public, f"form {address}", time.monotonic())
    done = service.submit_form(engine, workflow, start, body.submission_id, body.data, _person(proof))
    answer = Started(id=done.id, status=done.status, outcome=done.outcome, existing=done.existing)
    return ExactJson(answer, 200 if done.existing else 201)


def _person(proof: Admitted) -> Caller | None:
    return proof.caller if proof.known else None


def _title(found: service.StartForm) -> Words:
    return Words.of(found.start.title or found.form.title, found.form.id)

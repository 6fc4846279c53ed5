"""Starts by form: which forms a person may fill in, and what comes of one."""

from __future__ import annotations

from dataclasses import dataclass

from taktflow.definitions.kinds import Form
from taktflow.definitions.workflow import Start, Workflow
from taktflow.errors import Forbidden, Invalid, NotFound
from taktflow.services.caller import ANYONE, Caller
from taktflow.services.engine import Engine
from taktflow.services.start import StartedInstance, chosen_start, start_instance


@dataclass(frozen=True, slots=True)
class StartForm:
    """A form that starts a workflow."""

    workflow: Workflow
    start: Start
    form: Form


def startable(engine: Engine, caller: Caller) -> list[StartForm]:
    """The forms that ``caller`` may start a workflow with."""
    found = []
    for id in engine.published.shelf.listed("workflow"):
        _, workflow = engine.published.workflow(id)
        found += [
            StartForm(workflow, s, engine.published.form(s.form)) for s in workflow.start if s.form and _may(s, caller)
        ]
    return found


def form_of(engine: Engine, workflow: str, start: str, caller: Caller | None) -> StartForm:
    """The form at ``start``; raises NotFound, and the same for one that only others may see."""
    try:
        _, definition = engine.published.workflow(workflow)
        chosen = chosen_start(definition, start)
    except NotFound as missing:
        raise NotFound("form.unknown", workflow=workflow) from missing
    if chosen.form is None or not _may(chosen, caller):
        raise NotFound("form.unknown", workflow=workflow)
    return StartForm(definition, chosen, engine.published.form(chosen.form))


def submit_form(
    engine: Engine, workflow: str, start: str, submission: str, data: object, caller: Caller | None
) -> StartedInstance:
    """Starts the workflow with the filled form; the same ``submission`` id again gives back the same instance."""
    if not 8 <= len(submission) <= 100:
        raise Invalid("form.submission", where="/submission_id")
    found = form_of(engine, workflow, start, caller)
    who = caller or ANYONE
    try:
        return start_instance(
            engine,
            workflow,
            start=start,
            data=data,
            caller=who,
            start_key=f"{found.start.id}:{who.name}:{submission}",
        )
    except Forbidden as hidden:
        raise NotFound("form.unknown", workflow=workflow) from hidden


def _may(start: Start, caller: Caller | None) -> bool:
    if start.public:
        return True
    return caller is not None and (caller.is_any_of(start.who) or caller.is_admin)

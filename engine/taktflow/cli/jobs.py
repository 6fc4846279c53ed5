"""``taktflow jobs`` and ``taktflow instances``: acts on many instances at once, followed to their end."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from taktflow.cli.telling import language, running_engine, told
from taktflow.errors import Invalid
from taktflow.services.caller import ENGINE
from taktflow.services.changes import Preview, Target, preview_migration
from taktflow.services.engine import Engine
from taktflow.services.jobs import Chosen, cancel_job, job_row, start_job, work_on_jobs
from taktflow.store import JobRow, Part
from taktflow.texts import sentence

jobs = typer.Typer(no_args_is_help=True, help="Acts on many things at once: see how far they are, end one.")
instances = typer.Typer(no_args_is_help=True, help="Move, stop, resume or end many instances at once.")

Ids = Annotated[list[str] | None, typer.Argument(help="Which, by id; or narrow them down with options.")]
Workflow = Annotated[str | None, typer.Option(help="Those of this workflow.")]
Version = Annotated[int | None, typer.Option(min=1, help="Those of this version.")]
Key = Annotated[str | None, typer.Option(help="Those with this business key.")]
Why = Annotated[str, typer.Option(help="The reason, kept with the act.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the job to its end, or leave it to the server.")]
JobName = Annotated[str, typer.Argument(help="The job's id.")]
_LOOK_S = 0.2


def do_in_bulk(
    action: str, ids: Sequence[str] | None, filter: Mapping[str, Any], *, why: str, wait: bool, **options: Any
) -> None:
    """Starts a job about what was chosen on the command line, and follows it; ends with 1 when something failed."""
    with told(), running_engine() as engine:
        row = start_job(engine, action, Chosen(ids or None, filter), ENGINE, why=why, options=options)
        _followed(engine, row, wait)


def _followed(engine: Engine, row: JobRow, wait: bool) -> None:
    print(f"job {row.id}")
    if not wait:
        return
    while row.status in ("gathering", "running"):
        # A server that serves this database may be at it already; then there is nothing to do here but to look.
        if work_on_jobs(engine) and job_row(engine, row.id).done == row.done:
            time.sleep(_LOOK_S)
        row = job_row(engine, row.id)
        print(_progress(row), file=sys.stderr)
    _print_job(engine, row)
    raise typer.Exit(1 if row.failed else 0)


def _progress(row: JobRow) -> str:
    args: dict[str, Any] = {n: getattr(row, n) for n in ("done", "total", "failed", "skipped")}
    return sentence("jobs.progress", language(), {"action": sentence(row.action, language(), {}), **args})


def _print_job(engine: Engine, row: JobRow) -> None:
    print(f"{row.id}  {row.status:9}  {_progress(row)}")
    for reason in engine.store.jobs.reasons(row.id):
        args = {"count": reason.count, "status": reason.status, "code": reason.code, "why": reason.text[language()]}
        print("  " + sentence("jobs.reason", language(), args))


@jobs.command("list")
def list_jobs(
    status: Annotated[str | None, typer.Option(help="gathering, running, done or cancelled.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many.")] = 20,
) -> None:
    """List jobs, the newest first, and how far each is."""
    with told(), running_engine() as engine:
        for row in engine.store.jobs.page(Part(limit=limit, count=False), status=status).rows:
            print(f"{row.id}  {row.status:9}  {row.created_at:%Y-%m-%d %H:%M}  {row.by}  {_progress(row)}")


@jobs.command("show")
def show_job(
    job: JobName,
    items: Annotated[int, typer.Option(min=0, max=500, help="List so many things it has not done.")] = 0,
) -> None:
    """Say how far a job is and why it left things out."""
    with told(), running_engine() as engine:
        _print_job(engine, job_row(engine, job))
        if items:
            for item in engine.store.jobs.items(job, Part(limit=items, count=False)).rows:
                print(f"  {item.status:8} {item.object}  {item.text[language()] if item.text else ''}".rstrip())


@jobs.command("cancel")
def end_job(job: JobName) -> None:
    """End a job; what it did stays done."""
    with told(), running_engine() as engine:
        _print_job(engine, cancel_job(engine, job, ENGINE))


@instances.command("migrate")
def migrate_instances(
    workflow: Annotated[str, typer.Argument(help="The id of the workflow.")],
    to: Annotated[int, typer.Option(min=1, help="The version to move to.")],
    of: Annotated[int | None, typer.Option(min=1, help="Only instances of this version.")] = None,
    node: Annotated[
        list[str] | None, typer.Option(help="old=new for a node with another id; repeat for several.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; else it is only shown.")] = False,
    why: Why = "",
    wait: Wait = True,
) -> None:
    """Say which instances can move to a version and what keeps the others; --apply moves those that can."""
    nodes = dict(_pair(text) for text in node or ())
    with told(), running_engine() as engine:
        preview = preview_migration(engine, workflow, Target(to, nodes), version=of)
        _print_preview(preview)
        if apply:
            options = {"workflow": workflow, "version": to, "nodes": nodes}
            chosen = Chosen(filter={"workflow": workflow, "version": of})
            row = start_job(engine, "instance.migrate", chosen, ENGINE, why=why, options=options)
            _followed(engine, row, wait)


def _print_preview(preview: Preview) -> None:
    counts = preview.counts
    args = {"all": len(preview.prospects) + preview.more, "more": preview.more}
    args |= {how: counts.get(how, 0) for how in ("move", "choice", "cannot")}
    print(sentence("migrate.preview", language(), args))
    for prospect in preview.prospects:
        for obstacle in prospect.obstacles:
            print(f"  {prospect.instance}  {obstacle.node}: {sentence(obstacle.code, language(), obstacle.args)}")


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        with told():
            raise Invalid("jobs.pair", text=text)
    return old, new


@instances.command("suspend")
def suspend_instances(
    ids: Ids = None,
    workflow: Workflow = None,
    version: Version = None,
    key: Key = None,
    why: Why = "",
    wait: Wait = True,
) -> None:
    """Stop instances for a while; what comes in is kept."""
    do_in_bulk("instance.suspend", ids, _filter(workflow, version, key), why=why, wait=wait)


@instances.command("resume")
def resume_instances(
    ids: Ids = None,
    workflow: Workflow = None,
    version: Version = None,
    key: Key = None,
    why: Why = "",
    wait: Wait = True,
) -> None:
    """Let suspended instances go on with what came in meanwhile."""
    do_in_bulk("instance.resume", ids, _filter(workflow, version, key), why=why, wait=wait)


@instances.command("cancel")
def cancel_instances(
    ids: Ids = None,
    workflow: Workflow = None,
    version: Version = None,
    key: Key = None,
    why: Why = "",
    wait: Wait = True,
) -> None:
    """End instances before their time."""
    do_in_bulk("instance.cancel", ids, _filter(workflow, version, key), why=why, wait=wait)


def _filter(workflow: str | None, version: int | None, key: str | None) -> Mapping[str, Any]:
    return {"workflow": workflow, "version": version, "key": key}

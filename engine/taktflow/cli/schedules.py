"""``taktflow schedules``: what recurs by itself; stop one, let it go on, start one now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from taktflow.cli.telling import language, running_engine, told
from taktflow.services import schedule_acts as service
from taktflow.services.caller import ENGINE
from taktflow.store import Part, ScheduleRow

schedules = typer.Typer(no_args_is_help=True, help="Starts that recur: list them, stop one, fire one now.")

Workflow = Annotated[str, typer.Argument(help="The workflow's id.")]
Start = Annotated[str, typer.Argument(help="The id of its start.")]
Why = Annotated[str, typer.Option(help="The reason, kept with the act.")]


@schedules.command("list")
def list_schedules(
    workflow: Annotated[str | None, typer.Option(help="Only of this workflow.")] = None,
    status: Annotated[str | None, typer.Option(help="active, paused or retired.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many.")] = 100,
) -> None:
    """List schedules with their last and next moments, in their own time zones."""
    with told(), running_engine() as engine:
        part = Part(limit=limit, count=False)
        for row in service.schedules(engine, part, workflow=workflow, status=status).rows:
            _print(row)


@schedules.command("show")
def show_schedule(workflow: Workflow, start: Start) -> None:
    """Show a schedule and its next ten moments."""
    with told(), running_engine() as engine:
        row = service.schedule(engine, workflow, start)
        _print(row)
        for moment in service.upcoming(engine, row, 10):
            print(f"  {_local(row, moment)}")


@schedules.command("pause")
def pause_schedule(workflow: Workflow, start: Start, why: Why = "") -> None:
    """Stop a schedule for a while; what comes meanwhile is not made up for."""
    with told(), running_engine() as engine:
        _print(service.pause_schedule(engine, workflow, start, ENGINE, why))


@schedules.command("resume")
def resume_schedule(workflow: Workflow, start: Start) -> None:
    """Let a schedule go on from its next moment."""
    with told(), running_engine() as engine:
        _print(service.resume_schedule(engine, workflow, start, ENGINE))


@schedules.command("fire")
def fire_schedule(workflow: Workflow, start: Start, why: Why = "") -> None:
    """Start an instance now, as the schedule would; a server or worker does what it owes."""
    with told(), running_engine() as engine:
        print(f"instance {service.fire_now(engine, workflow, start, ENGINE, why).id}")


def _print(row: ScheduleRow) -> None:
    days = f"  {row.calendar} {row.on_holiday}" if row.calendar else ""
    print(f"{row.workflow}/{row.start}@{row.version}  {row.status}  '{row.cron}' {row.zone}{days}  {row.catch_up}")
    print(f"  last {_local(row, row.last_at)}  next {_local(row, row.next_at)}")
    if row.problem is not None:
        print(f"  {row.code}: {row.problem[language()]}")


def _local(row: ScheduleRow, moment: datetime | None) -> str:
    return "-" if moment is None else moment.astimezone(ZoneInfo(row.zone)).isoformat(" ", "minutes")

"""``taktflow incidents`` and ``taktflow inbound``: what waits for a person, by cause, settled one by one or at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from taktflow.cli.jobs import Ids, Wait, Why, do_in_bulk
from taktflow.cli.telling import language, running_engine, told
from taktflow.errors import Invalid
from taktflow.services.caller import ENGINE
from taktflow.services.incidents import UNKNOWN, answer_incident, values_given
from taktflow.store import IncidentFilter, Part, pattern
from taktflow.values import Json, plain_loads

incidents = typer.Typer(no_args_is_help=True, help="What cannot go on without a person: see it by cause, settle it.")
inbound = typer.Typer(no_args_is_help=True, help="Events from outside that could not be taken in.")

Group = Annotated[str | None, typer.Option("--group", help="Those of one cause, as `incidents groups` names it.")]
Workflow = Annotated[str | None, typer.Option(help="Those of this workflow.")]
Node = Annotated[str | None, typer.Option(help="Those at this node.")]
Code = Annotated[str | None, typer.Option(help="Those with this error code.")]
Limit = Annotated[int, typer.Option(min=1, max=500, help="At most so many.")]
Connection = Annotated[str | None, typer.Option(help="Those of this connection.")]
Result = Annotated[str | None, typer.Option("--value", help="The result, as JSON or plain text.")]


@incidents.command("groups")
def list_groups(workflow: Workflow = None, node: Node = None, code: Code = None, limit: Limit = 50) -> None:
    """List open incidents by cause, with how many there are and since when."""
    with told(), running_engine() as engine:
        wanted = IncidentFilter(workflow=workflow, node=node, code=code)
        for one in engine.store.incidents.groups(wanted, limit):
            since = f"{one.oldest:%Y-%m-%d %H:%M} .. {one.newest:%Y-%m-%d %H:%M}"
            print(f"{one.cause}  {one.count:6}  {since}  {one.workflow}/{one.node}  {one.code}")
            print(f"    {pattern(one.text[language()])}")


@incidents.command("list")
def list_incidents(
    workflow: Workflow = None, node: Node = None, code: Code = None, group: Group = None, limit: Limit = 50
) -> None:
    """List open incidents, the newest first; a ? marks those that ask whether something happened."""
    with told(), running_engine() as engine:
        wanted = IncidentFilter(workflow=workflow, node=node, code=code, cause=group)
        for row in engine.store.incidents.page(wanted, Part(limit=limit, count=False)).rows:
            mark = "?" if row.code == UNKNOWN else " "
            print(f"{row.id} {mark} {row.opened_at:%Y-%m-%d %H:%M}  {row.workflow}/{row.node}  {row.text[language()]}")


@incidents.command("retry")
def retry_incidents(
    ids: Ids = None,
    group: Group = None,
    workflow: Workflow = None,
    node: Node = None,
    code: Code = None,
    set: Annotated[
        list[str] | None, typer.Option("--set", help="variable=value to change first; repeat for several.")
    ] = None,
    why: Why = "",
    wait: Wait = True,
) -> None:
    """Run failed nodes again; those that may have happened are left out and counted."""
    with told():
        changes, _ = values_given(dict(_assigned(text) for text in set or ()), None)
    chosen = _filter(group, workflow, node, code)
    do_in_bulk("incident.retry", ids, chosen, why=why, wait=wait, changes=changes)


@incidents.command("skip")
def skip_incidents(
    ids: Ids = None,
    group: Group = None,
    workflow: Workflow = None,
    node: Node = None,
    code: Code = None,
    value: Result = None,
    why: Why = "",
    wait: Wait = True,
) -> None:
    """Go on behind failed nodes, as if each had given the value."""
    with told():
        _, given = values_given({}, _value(value))
    do_in_bulk("incident.skip", ids, _filter(group, workflow, node, code), why=why, wait=wait, value=given)


@incidents.command("cancel")
def cancel_incidents(
    ids: Ids = None,
    group: Group = None,
    workflow: Workflow = None,
    node: Node = None,
    code: Code = None,
    why: Why = "",
    wait: Wait = True,
) -> None:
    """End the instances that are held up."""
    do_in_bulk("incident.cancel", ids, _filter(group, workflow, node, code), why=why, wait=wait)


@incidents.command("answer")
def answer(
    incident: Annotated[str, typer.Argument(help="The incident's id.")],
    happened: Annotated[bool, typer.Option("--happened/--did-not-happen", help="Whether it happened.")],
    value: Result = None,
) -> None:
    """Say whether an effect of unknown outcome happened; what did not happen is performed again."""
    with told(), running_engine() as engine:
        row = answer_incident(engine, incident, ENGINE, happened=happened, value=_value(value))
        print(f"{row.id} {row.status} {row.how or ''}")


@inbound.command("list")
def list_events(
    connection: Connection = None,
    status: Annotated[str, typer.Option(help="failed, ignored, pending, done or dropped.")] = "failed",
    limit: Limit = 50,
) -> None:
    """List events that could not be taken in, each with the reason."""
    with told(), running_engine() as engine:
        page = engine.store.inbounds.page(Part(limit=limit, count=False), connection=connection, status=status)
        for row in page.rows:
            print(f"{row.id}  {row.received_at:%Y-%m-%d %H:%M}  {row.connection}  {row.topic}  {row.event_id}")
            print("".join(f"    {line}\n" for line in (row.error or "").splitlines()), end="")


@inbound.command("retry")
def retry_events(ids: Ids = None, connection: Connection = None, why: Why = "", wait: Wait = True) -> None:
    """Take events in once more."""
    do_in_bulk("inbound.retry", _numbers(ids), {"connection": connection}, why=why, wait=wait)


@inbound.command("drop")
def drop_events(ids: Ids = None, connection: Connection = None, why: Why = "", wait: Wait = True) -> None:
    """Set events aside for good; they are kept, and nothing comes of them."""
    do_in_bulk("inbound.drop", _numbers(ids), {"connection": connection}, why=why, wait=wait)


def _numbers(ids: list[str] | None) -> list[str] | None:
    for id in ids or ():
        if not (id.isascii() and id.isdigit() and len(id) < 19):
            with told():
                raise Invalid("inbound.number", id=id)
    return ids


def _filter(group: str | None, workflow: str | None, node: str | None, code: str | None) -> Mapping[str, Any]:
    return {"cause": group, "workflow": workflow, "node": node, "code": code}


def _assigned(text: str) -> tuple[str, Json]:
    path, equals, value = text.partition("=")
    if not (path and equals):
        raise Invalid("jobs.pair", text=text)
    return path, _value(value)


def _value(text: str | None) -> Json:
    """``text`` as JSON where it is some; else the text itself, which saves quotes within quotes."""
    if text is None:
        return None
    try:
        return plain_loads(text)
    except ValueError:
        return text

"""What a job does to each of its items, and where its items come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from taktflow.errors import Refused
from taktflow.runtime.events import Change
from taktflow.runtime.state import loads_state
from taktflow.services.caller import Caller
from taktflow.services.changes import Target, migrate_instance, modify_instance, resume_instance, suspend_instance
from taktflow.services.engine import Engine
from taktflow.services.failed_events import drop_inbound, retry_inbound
from taktflow.services.incidents import (
    UNKNOWN,
    cancel_incident,
    cancel_instance,
    retry_incident,
    skip_incident,
)
from taktflow.store import Consumed, IncidentFilter, InstanceFilter, Part
from taktflow.values import Value

Options: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """One item's turn: what it is, who asked, how, and what the commit that does it takes."""

    object: str
    caller: Caller
    options: Options
    taken: Consumed


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what a filter finds; ``next`` asks for the page after it."""

    objects: Sequence[str]
    next: str | None


@dataclass(frozen=True, slots=True)
class Act:
    """How a job's items are found, and what is done to each. ``do`` raises what keeps it from being done."""

    find: Callable[[Engine, Mapping[str, Value], Options, Part], Found]
    do: Callable[[Engine, Turn], object]


def _instances(engine: Engine, chosen: Mapping[str, Value], options: Options, part: Part) -> Found:
    wanted: dict[str, Any] = dict(chosen)
    if "version" in wanted:
        # Every number that was kept as a value is a decimal.
        wanted["version"] = int(wanted["version"])
    page = engine.store.instances.page(InstanceFilter(**{"alive": "status" not in wanted, **wanted}), part)
    there = options.get("version")
    return Found([row.id for row in page.rows if there is None or row.version != there], page.next)


def _suspended(engine: Engine, chosen: Mapping[str, Value], options: Options, part: Part) -> Found:
    return _instances(engine, {"status": "suspended", **chosen}, options, part)


def _running(engine: Engine, chosen: Mapping[str, Value], options: Options, part: Part) -> Found:
    return _instances(engine, {"status": "running", **chosen}, options, part)


def _incidents(engine: Engine, chosen: Mapping[str, Value], _: Options, part: Part) -> Found:
    wanted: dict[str, Any] = dict(chosen)
    page = engine.store.incidents.page(IncidentFilter(**{"status": "open", **wanted}), part)
    return Found([row.id for row in page.rows], page.next)


def _inbound(engine: Engine, chosen: Mapping[str, Value], _: Options, part: Part) -> Found:
    wanted: dict[str, Any] = dict(chosen)
    page = engine.store.inbounds.page(part, **{"status": "failed", **wanted})
    return Found([str(row.id) for row in page.rows], page.next)


def _migrate(engine: Engine, turn: Turn) -> None:
    target = Target(int(turn.options["version"]), turn.options["nodes"])
    row = engine.store.instances.find(turn.object)
    if row is not None and row.workflow != turn.options["workflow"]:
        raise Refused("migrate.other", id=turn.object, workflow=turn.options["workflow"])
    if row is not None and row.version == target.version:
        raise Refused("migrate.there", id=turn.object, version=target.version)
    migrate_instance(engine, turn.object, target, turn.caller, taken=turn.taken)


def _modify(engine: Engine, turn: Turn) -> None:
    """Every path that stands at the node is changed; they are all changed, or none is."""
    options = turn.options
    state = loads_state(engine.store.load_instance(turn.object).state)
    here = [token.id for token in state.tokens.values() if token.node == options["at"]]
    if not here or state.status != "running":
        raise Refused("modify.nobody", id=turn.object, node=options["at"])
    changes = [Change(options["change"], token, options["node"]) for token in here]
    modify_instance(engine, turn.object, changes, turn.caller, options["why"], taken=turn.taken)


def _suspend(engine: Engine, turn: Turn) -> None:
    suspend_instance(engine, turn.object, turn.caller, turn.options["why"], taken=turn.taken)


def _resume(engine: Engine, turn: Turn) -> None:
    resume_instance(engine, turn.object, turn.caller, taken=turn.taken)


def _cancel(engine: Engine, turn: Turn) -> None:
    cancel_instance(engine, turn.object, turn.caller, turn.options["why"], taken=turn.taken)


def _retry(engine: Engine, turn: Turn) -> None:
    row = engine.store.incidents.find(turn.object)
    if row is not None and row.status == "open" and row.code == UNKNOWN:
        # Whether it happened is known for one order at a time, never for a crowd.
        raise Refused("incident.doubtful", id=turn.object)
    retry_incident(engine, turn.object, turn.caller, turn.options["changes"], taken=turn.taken)


def _skip(engine: Engine, turn: Turn) -> None:
    skip_incident(engine, turn.object, turn.caller, turn.options["value"], taken=turn.taken)


def _cancel_held_up(engine: Engine, turn: Turn) -> None:
    cancel_incident(engine, turn.object, turn.caller, turn.options["why"], taken=turn.taken)


def _take_in(engine: Engine, turn: Turn) -> None:
    retry_inbound(engine, int(turn.object), turn.caller, taken=turn.taken)


def _drop(engine: Engine, turn: Turn) -> None:
    drop_inbound(engine, int(turn.object), turn.caller, turn.options["why"], taken=turn.taken)


ACTS: Mapping[str, Act] = {
    "instance.migrate": Act(_instances, _migrate),
    "instance.modify": Act(_instances, _modify),
    "instance.suspend": Act(_running, _suspend),
    "instance.resume": Act(_suspended, _resume),
    "instance.cancel": Act(_instances, _cancel),
    "incident.retry": Act(_incidents, _retry),
    "incident.skip": Act(_incidents, _skip),
    "incident.cancel": Act(_incidents, _cancel_held_up),
    "inbound.retry": Act(_inbound, _take_in),
    "inbound.drop": Act(_inbound, _drop),
}
"""What can be done in bulk."""

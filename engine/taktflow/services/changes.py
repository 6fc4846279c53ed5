"""Changes running work: to another version, by hand, or stopped for a while. Every change is audited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from taktflow.errors import Invalid, NotFound, Refused
from taktflow.runtime.events import Change, ModifyRequested, ResumeRequested, SuspendRequested
from taktflow.runtime.migrate import Obstacle, migrate, obstacles
from taktflow.runtime.plan import Plan
from taktflow.runtime.state import State, loads_state
from taktflow.services.advance import Along, Moved, advance, move
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.store import AuditEntry, Consumed, InstanceFilter, Part

ALIVE = ("running", "suspended")
MOST_PREVIEWED = 5_000
"""Instances that one preview looks at; the rest is counted."""


_NOTHING = Consumed()


class Obstructed(Refused):
    """The instance cannot move as it stands; ``obstacles`` say why."""

    def __init__(self, id: str, obstacles: Sequence[Obstacle]) -> None:
        super().__init__("migrate.refused", id=id, nodes=", ".join(o.node for o in obstacles))
        self.obstacles = tuple(obstacles)


@dataclass(frozen=True, slots=True)
class Target:
    """Where instances go: the version of their workflow, and other ids for nodes that were renamed."""

    version: int
    nodes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prospect:
    """What would become of one instance. ``how`` is move, choice or cannot, by the gravest of its obstacles."""

    instance: str
    key: str
    version: int
    how: Literal["move", "choice", "cannot"]
    obstacles: Sequence[Obstacle] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of the instances of a workflow; ``more`` were not looked at."""

    workflow: str
    target: Target
    prospects: Sequence[Prospect]
    more: int = 0

    @property
    def counts(self) -> Mapping[str, int]:
        """How many would move, need a choice, or cannot."""
        return Counter(p.how for p in self.prospects)


def preview_migration(engine: Engine, workflow: str, target: Target, *, version: int | None = None) -> Preview:
    """What a migration of the instances of ``workflow`` (of one ``version``, or of all others) would do."""
    plan = target_plan(engine, workflow, target)
    found: list[Prospect] = []
    more = 0
    for status in ALIVE:
        cursor = None
        while True:
            wanted = InstanceFilter(workflow=workflow, status=status)
            page = engine.store.instances.page(wanted, Part(limit=500, cursor=cursor, count=False))
            for row in page.rows:
                if row.version == target.version or version not in (None, row.version):
                    continue
                if len(found) >= MOST_PREVIEWED:
                    more += 1
                else:
                    found.append(prospect(engine, row.id, plan, target))
            cursor = page.next
            if cursor is None:
                break
    return Preview(workflow, target, found, more)


def prospect(engine: Engine, id: str, plan: Plan, target: Target) -> Prospect:
    """What would become of the instance ``id`` in the version ``plan``."""
    loaded = engine.store.load_instance(id)
    state = loads_state(loaded.state)
    found = obstacles(state, engine.published.plan(loaded.plan_id), plan, target.nodes)
    how: Literal["move", "choice", "cannot"] = "move"
    if found:
        how = "cannot" if any(o.kind == "cannot" for o in found) else "choice"
    return Prospect(id, state.key, loaded.version, how, found)


def migrate_instance(engine: Engine, id: str, target: Target, caller: Caller, *, taken: Consumed = _NOTHING) -> None:
    """Moves the instance to the version, or raises Obstructed with what keeps it from moving.

    ``taken`` is what the same commit consumes, such as a job's item.
    """
    row = engine.store.instances.find(id)
    if row is None:
        raise NotFound("instance.unknown", id=id)
    plan_id, plan = engine.published.plan_to_start(f"{row.workflow}@{target.version}")
    _known_nodes(plan, target)
    now = engine.now()

    def moved(state: State, old: Plan) -> Moved:
        if state.status != "running":
            raise Refused("instance.over", id=id)
        found = obstacles(state, old, plan, target.nodes)
        if found:
            raise Obstructed(id, found)
        return Moved(migrate(state, old, plan, target.nodes, now, caller.name), plan_id, plan)

    details = {"from": row.version, "to": target.version, "nodes": dict(target.nodes)}
    audit = AuditEntry(now, caller.name, "instance.migrated", f"instance:{id}", details)
    move(engine, id, moved, Along(audit=(audit,), by=caller.name, consumed=taken))


def modify_instance(
    engine: Engine, id: str, changes: Sequence[Change], caller: Caller, why: str, *, taken: Consumed = _NOTHING
) -> None:
    """Moves, skips, repeats or ends paths by hand; Refused, and nothing done, when one change cannot be made."""
    if not changes:
        raise Invalid("modify.nothing")
    now = engine.now()
    told = [{"action": c.action, "token": c.token, "node": c.node} for c in changes]
    audit = AuditEntry(now, caller.name, "instance.modified", f"instance:{id}", {"why": why, "changes": told})
    event = ModifyRequested(now, caller.name, why, tuple(changes))
    advance(engine, id, event, Along(audit=(audit,), by=caller.name, consumed=taken))


def suspend_instance(engine: Engine, id: str, caller: Caller, why: str, *, taken: Consumed = _NOTHING) -> None:
    """Stops the instance for a while; what comes in is kept until it goes on."""
    now = engine.now()
    audit = AuditEntry(now, caller.name, "instance.suspended", f"instance:{id}", {"why": why})
    advance(engine, id, SuspendRequested(now, caller.name, why), Along(audit=(audit,), by=caller.name, consumed=taken))


def resume_instance(engine: Engine, id: str, caller: Caller, *, taken: Consumed = _NOTHING) -> None:
    """Lets the instance go on with everything that came in meanwhile."""
    now = engine.now()
    audit = AuditEntry(now, caller.name, "instance.resumed", f"instance:{id}")
    advance(engine, id, ResumeRequested(now, caller.name), Along(audit=(audit,), by=caller.name, consumed=taken))


def target_plan(engine: Engine, workflow: str, target: Target) -> Plan:
    """The version to go to; NotFound when there is none, Invalid when it lacks a node that is named."""
    _, plan = engine.published.plan_to_start(f"{workflow}@{target.version}")
    _known_nodes(plan, target)
    return plan


def _known_nodes(plan: Plan, target: Target) -> None:
    unknown = [node for node in target.nodes.values() if node not in plan.nodes]
    if unknown:
        raise Invalid("migrate.unknown", nodes=", ".join(unknown), version=target.version)

"""Running work changed by an operator: another version, another place, a stop for a while."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import Field

from taktflow.api.deps import Asking, Running
from taktflow.api.door import Door
from taktflow.api.guard import who
from taktflow.api.outline import node_titles, workflow_at
from taktflow.api.routes.instances import InstanceDetail, InstanceId, Why, detail
from taktflow.api.shapes import Body, Shape, Words
from taktflow.runtime.events import Change
from taktflow.services import changes as service
from taktflow.texts import sentence

door = Door("changes")
Slug = Annotated[str, Path(max_length=63)]


class Migration(Body):
    """Which version to move to; ``nodes`` maps nodes of the old version to other ids in the new one."""

    version: int = Field(ge=1)
    nodes: dict[str, str] = Field(default_factory=dict, max_length=1_000)


class MigrationOf(Migration):
    """The same for all instances, or those of one version."""

    of: int | None = Field(None, ge=1, description="Only instances of this version; all other versions when unset.")


class Obstacle(Shape):
    """What keeps an instance from moving, and whether choosing another node helps."""

    kind: Literal["choice", "cannot"]
    code: str
    node: str
    title: Words | None = None
    message: str


class Prospect(Shape):
    """What would become of one instance."""

    instance: str
    key: str
    version: int
    how: Literal["move", "choice", "cannot"]
    obstacles: list[Obstacle]


class Preview(Shape):
    """How many would move, need a choice or cannot, and which; ``more`` were not looked at."""

    move: int
    choice: int
    cannot: int
    more: int
    items: list[Prospect]


class ChangeOf(Body):
    """One path moved, skipped, repeated or ended, or a new one begun at ``node``.

    For ``skip``, ``node`` may name the outcome by which the node is left.
    """

    action: Literal["move", "skip", "repeat", "end", "begin"]
    token: int | None = None
    node: str | None = Field(None, max_length=63)


class Modification(Body):
    """The changes, made together, and the reason, kept with the act."""

    changes: list[ChangeOf] = Field(min_length=1, max_length=100)
    why: str = Field(min_length=1, max_length=1_000)


@door.post("/api/workflows/{id}/migration/preview", who=who("operator"))
def preview_migration(engine: Running, caller: Asking, id: Slug, body: MigrationOf) -> Preview:
    """Show what a migration would do to each running instance, without doing anything."""
    target = service.Target(body.version, body.nodes)
    found = service.preview_migration(engine, id, target, version=body.of)
    counts: dict[str, Any] = dict(found.counts)
    items = []
    for one in found.prospects:
        titles = node_titles(workflow_at(engine, id, one.version)) if one.obstacles else {}
        obstacles = [
            Obstacle(
                kind=o.kind,
                code=o.code,
                node=o.node,
                title=titles.get(o.node),
                message=sentence(o.code, caller.language, o.args),
            )
            for o in one.obstacles
        ]
        items.append(
            Prospect(instance=one.instance, key=one.key, version=one.version, how=one.how, obstacles=obstacles)
        )
    return Preview(
        move=counts.get("move", 0),
        choice=counts.get("choice", 0),
        cannot=counts.get("cannot", 0),
        more=found.more,
        items=items,
    )


@door.post("/api/instances/{id}/migrate", who=who("operator"))
def migrate_instance(engine: Running, caller: Asking, id: InstanceId, body: Migration) -> InstanceDetail:
    """Move the instance to another version of its workflow."""
    service.migrate_instance(engine, id, service.Target(body.version, body.nodes), caller)
    return detail(engine, caller, id)


@door.post("/api/instances/{id}/modify", who=who("operator"))
def modify_instance(engine: Running, caller: Asking, id: InstanceId, body: Modification) -> InstanceDetail:
    """Move, skip, repeat or end paths by hand; all changes together, or none."""
    changes = [Change(c.action, c.token, c.node) for c in body.changes]
    service.modify_instance(engine, id, changes, caller, body.why)
    return detail(engine, caller, id)


@door.post("/api/instances/{id}/suspend", who=who("operator"))
def suspend_instance(engine: Running, caller: Asking, id: InstanceId, body: Why) -> InstanceDetail:
    """Stop the instance for a while; what comes in is kept."""
    service.suspend_instance(engine, id, caller, body.why)
    return detail(engine, caller, id)


@door.post("/api/instances/{id}/resume", who=who("operator"))
def resume_instance(engine: Running, caller: Asking, id: InstanceId) -> InstanceDetail:
    """Let the instance go on with what came in meanwhile."""
    service.resume_instance(engine, id, caller)
    return detail(engine, caller, id)

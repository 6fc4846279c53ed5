"""Queues for machines, moulds and whatever else one instance at a time may use."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query

from taktflow.api.deps import Cursor, Limit, Running
from taktflow.api.door import Door
from taktflow.api.guard import who
from taktflow.api.outline import node_titles, workflow_at, workflow_words
from taktflow.api.shapes import Page, Shape, Words
from taktflow.store import Part

door = Door("locks")


class Place(Shape):
    """A place in a queue, in its order; whoever has ``granted_at`` has the thing."""

    lock: str
    instance: str
    workflow: str
    workflow_title: Words
    key: str
    node: str
    title: Words | None = None
    asked_at: datetime
    granted_at: datetime | None


class PlacePage(Page[Place]):
    """One page of queues."""


@door.get("/api/locks", who=who("operator"))
def locks(
    engine: Running,
    name: Annotated[str | None, Query(max_length=200)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PlacePage:
    """Who has which thing, and who waits for it."""
    page = engine.store.locks.page(name, Part(cursor=cursor, limit=limit))
    items = []
    for row in page.rows:
        newest = engine.published.shelf.newest("workflow", row.workflow)
        titles = node_titles(workflow_at(engine, row.workflow, newest[0])) if newest else {}
        items.append(
            Place(
                lock=row.name,
                instance=row.instance,
                workflow=row.workflow,
                workflow_title=workflow_words(engine, row.workflow),
                key=row.key,
                node=row.node,
                title=titles.get(row.node),
                asked_at=row.asked_at,
                granted_at=row.granted_at,
            )
        )
    return PlacePage(items=items, next_cursor=page.next)

"""Journal rows across instances, found by what they mention."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from taktflow.store import Commit, NewInstance, Part, PlanRow, Store
from tests.contract.store.builders import NOW, later, moved, started


def pinned(commit: Commit, plan: str) -> Commit:
    """``commit`` of an instance that runs by ``plan``."""
    assert isinstance(commit.instance, NewInstance)
    return replace(commit, instance=replace(commit.instance, plan_id=plan))


def test_rows_that_mention_something_come_from_instances_that_pin_it_newest_first(store: Store, name: str) -> None:
    mention = f'"decision":"{name}_%1"'
    told = f'[{{"trace":{{{mention}}}}}]'
    store.definitions.keep_plan(PlanRow(f"{name}-p", name, 1, f'{{"decision:{name}_%1":"{name}_%1@3"}}'))
    store.definitions.keep_plan(PlanRow(f"{name}-q", name, 1, f'{{"decision:{name}_x1":"{name}_x1@3"}}'))
    for hour in range(5):
        first = started(f"{name}-{hour}", workflow=name, started_at=later(hours=hour), at=later(hours=hour))
        store.commit(replace(pinned(first, f"{name}-{'q' if hour == 3 else 'p'}"), journal=told)).result()
    store.commit(replace(moved(f"{name}-1", 1, workflow=name, at=later(hours=9)), journal=told)).result()
    store.commit(replace(moved(f"{name}-2", 1, workflow=name, at=later(hours=9)), journal="[]")).result()

    def found(since: datetime | None = None, before: datetime | None = None) -> list[tuple[int, int]]:
        rows, cursor = [], None
        while True:
            part = Part(limit=2, cursor=cursor, count=False)
            page = store.instances.journals(f'"decision:{name}_%1"', mention, since, before, part)
            rows += [(int(r.instance[-1]), r.seq) for r in page.rows]
            cursor = page.next
            if cursor is None:
                return rows

    assert found() == [(4, 1), (2, 1), (1, 2), (1, 1), (0, 1)]
    assert found(since=later(hours=2)) == [(4, 1), (2, 1), (1, 2)]
    assert found(before=later(hours=2)) == [(1, 1), (0, 1)]
    assert found(since=later(hours=1), before=later(hours=4)) == [(2, 1), (1, 1)]
    assert found(before=NOW) == []

"""What the store keeps of jobs, and how incidents of older databases find their groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from taktflow.store import AlreadyTaken, AuditEntry, Commit, Consumed, NewJob, Store, migrate
from taktflow.store.address import parse_address
from taktflow.store.causes import cause
from taktflow.store.migrate import config
from taktflow.values import Text

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
LEASE = timedelta(seconds=30)


def a_job(store: Store, id: str, *objects: str, at: datetime = NOW) -> None:
    audit = AuditEntry(at, "ann", "job.started", f"job:{id}")
    store.jobs.begin(NewJob(id, "instance.cancel", "ann", "", "{}", "{}", at), objects or None, audit)


def end_all(store: Store) -> None:
    while (job := store.jobs.claim(9_999, NOW + timedelta(days=9), NOW + timedelta(days=9))) is not None:
        store.jobs.end(job.id, "cancelled", NOW)


def test_a_job_is_held_by_one_executor_until_its_lease_is_over(store: Store, name: str) -> None:
    end_all(store)
    a_job(store, name, "a")

    ours = store.jobs.claim(1, NOW, NOW + LEASE)
    theirs = store.jobs.claim(2, NOW, NOW + LEASE)
    still_ours = store.jobs.claim(1, NOW, NOW + LEASE)
    later = store.jobs.claim(2, NOW + LEASE, NOW + 2 * LEASE)

    assert ours is not None and still_ours is not None and later is not None
    assert theirs is None
    assert {ours.id, still_ours.id, later.id} == {name}


def test_jobs_take_turns(store: Store, name: str) -> None:
    end_all(store)
    a_job(store, f"{name}1", "a")
    a_job(store, f"{name}2", "a", at=NOW + timedelta(seconds=1))

    turns = []
    for n in range(4):
        job = store.jobs.claim(1, NOW, NOW + LEASE + timedelta(seconds=n))
        assert job is not None
        turns.append(job.id)

    assert turns == [f"{name}1", f"{name}2", f"{name}1", f"{name}2"]


def test_an_item_is_taken_by_one_commit_only(store: Store, name: str) -> None:
    a_job(store, name, "a", "b")
    audit = (AuditEntry(NOW, "ann", "instance.cancelled", f"instance:{name}"),)
    taking = Commit(at=NOW, consumed=Consumed(items=((name, 1),)), audit=audit)

    store.commit(taking).result()
    with pytest.raises(AlreadyTaken):
        store.commit(taking).result()

    job = store.jobs.find(name)
    assert job is not None
    assert (job.total, job.done) == (2, 1)
    assert [i.object for i in store.jobs.pending(name, 10)] == ["b"]


def test_gathering_by_an_executor_that_lost_the_job_adds_nothing(store: Store, name: str) -> None:
    end_all(store)
    a_job(store, name)
    store.jobs.claim(1, NOW, NOW + LEASE)
    store.jobs.gather(name, 1, ["a", "b"], "further", complete=False)
    store.jobs.claim(2, NOW + LEASE, NOW + 2 * LEASE)

    with pytest.raises(AlreadyTaken):
        store.jobs.gather(name, 1, ["c"], None, complete=True)
    store.jobs.gather(name, 2, ["d"], None, complete=True)

    job = store.jobs.find(name)
    assert job is not None
    assert (job.status, job.total) == ("running", 3)
    assert [(i.n, i.object) for i in store.jobs.pending(name, 10)] == [(1, "a"), (2, "b"), (3, "d")]


def test_a_job_is_not_done_while_something_is_left(store: Store, name: str) -> None:
    a_job(store, name, "a", "b", "c")
    store.jobs.settle(name, 1, "failed", "some.code", Text("坏", "broken"))
    store.jobs.settle(name, 2, "skipped", "some.code", Text("多余", "needless"))

    early = store.jobs.end(name, "done", NOW)
    store.jobs.settle(name, 3, "skipped", "some.code", Text("多余", "needless"))
    ended = store.jobs.end(name, "done", NOW)
    again = store.jobs.end(name, "done", NOW)

    job = store.jobs.find(name)
    assert job is not None
    assert (early, ended, again) == (False, True, False)
    assert (job.status, job.total, job.done, job.failed, job.skipped) == ("done", 3, 0, 1, 2)
    assert [(r.status, r.code, r.count) for r in store.jobs.reasons(name)] == [
        ("skipped", "some.code", 2),
        ("failed", "some.code", 1),
    ]


def test_incidents_of_an_older_database_find_their_groups(url: str) -> None:
    engine = create_engine(parse_address(url).url)
    insert = text(
        """INSERT INTO incident (id, instance_id, workflow, node, code, zh, en, details, status, opened_at)
        VALUES (:id, 'i', 'order', 'send', 'erp.locked', 'x', :en, 'null', 'open', 1)"""
    )
    with engine.begin() as connection:
        command.downgrade(config(connection), "0002")
        connection.execute(insert, [{"id": f"old{n}", "en": f"order A-{n} is locked"} for n in range(3)])
    engine.dispose()

    migrate(url)

    with Store.open(url) as store:
        (group,) = store.incidents.groups()
    assert (group.count, group.cause) == (3, cause("order", "send", "erp.locked", "order B-7 is locked"))

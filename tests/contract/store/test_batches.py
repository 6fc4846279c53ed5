"""Many callers, one writer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taktflow.errors import NotFound, TaktflowError
from taktflow.store import Commit, Notice, RowWrite, StaleInstance, Store, StoreBusy, StoreFailed
from taktflow.store.transaction import Transaction
from tests.contract.store.builders import NOW, Held, moved, started


def test_a_failing_item_harms_none_of_its_batch(store: Store, name: str) -> None:
    def broken(tx: Transaction) -> tuple[None, None]:
        tx.run("INSERT INTO record (entity, id) VALUES (?, ?)", (name, "half"))
        return None, None

    def wrong(tx: Transaction) -> tuple[None, None]:
        tx.run("UPDATE timer SET due = 0 WHERE instance_id = ?", (name,))
        raise ZeroDivisionError

    with Held(store):
        before = store.commit(started(f"{name}-1"))
        sql_error = store.submit(broken)
        bug = store.submit(wrong)
        refused = store.commit(
            started(f"{name}-2", writes=[RowWrite(name, "none", "update", "{}")]),
        )
        after = store.commit(started(f"{name}-3"))

    assert before.result().rev == after.result().rev == 1
    assert isinstance(sql_error.exception(), StoreFailed)
    assert isinstance(bug.exception(), ZeroDivisionError)
    assert isinstance(refused.exception(), NotFound)
    assert store.instances.find(f"{name}-2") is None
    assert store.records.find(name, "half") is None


def test_items_of_one_batch_see_one_another_in_order(store: Store, name: str) -> None:
    with Held(store):
        results = [store.commit(started(name)), store.commit(moved(name, 1)), store.commit(moved(name, 1))]

    assert results[1].result().rev == 2
    assert isinstance(results[2].exception(), StaleInstance)


def test_a_full_queue_refuses_at_once_and_takes_again_later(url: str, name: str) -> None:
    with Store.open(url, queue_limit=2) as store:
        with Held(store):
            taken = [store.commit(started(f"{name}-{i}")) for i in range(2)]
            with pytest.raises(StoreBusy) as refused:
                store.commit(started(f"{name}-3"))

        assert [t.result().rev for t in taken] == [1, 1]
        assert refused.value.retry_after_s == 1
        assert store.commit(started(f"{name}-3")).result().rev == 1


def test_closing_writes_what_waits_and_refuses_more(url: str, name: str) -> None:
    store = Store.open(url)
    waiting = [store.commit(started(f"{name}-{i}")) for i in range(20)]

    store.close()

    assert all(w.done() and w.result().rev == 1 for w in waiting)
    with pytest.raises(TaktflowError) as refused:
        store.commit(started(f"{name}-late"))
    assert refused.value.code == "store.closed"


def test_a_caller_that_gave_up_before_its_turn_writes_nothing(store: Store, name: str) -> None:
    with Held(store):
        given_up = store.commit(started(name))
        assert given_up.cancel()

    store.commit(Commit(at=NOW)).result()
    assert store.instances.find(name) is None


def test_listeners_hear_of_each_commit_after_it_is_kept(store: Store, name: str) -> None:
    heard: list[Notice] = []
    all_heard = threading.Event()

    def listen(notices: Sequence[Notice]) -> None:
        heard.extend(notices)
        if any(n.rev == 2 for n in notices):
            all_heard.set()

    def fail(_: Sequence[Notice]) -> None:
        raise RuntimeError("a screen went away")

    store.listen(fail)
    stop = store.listen(listen)
    store.commit(started(name, runnable=True)).result()
    store.commit(moved(name, 1)).result()
    assert all_heard.wait(5)
    stop()
    store.commit(moved(name, 2)).result()
    store.commit(Commit(at=NOW)).result()

    assert [(n.instance, n.rev, n.status) for n in heard] == [(name, 1, "running"), (name, 2, "running")]
    assert heard[0].work == {"runnable"}


def test_sixteen_threads_write_at_once_and_nothing_is_lost(store: Store, name: str) -> None:
    def work(thread: int) -> None:
        for n in range(20):
            id = f"{name}-{thread}-{n}"
            store.commit(started(id, workflow=name)).result()
            store.commit(moved(id, 1, workflow=name, status="ended")).result()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.instances.counts()[name, "ended"] == 320


_ACTS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["go", "stale", "poison", "broken", "pause"])), min_size=1, max_size=40
)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=_ACTS)
def test_however_commits_interleave_revisions_rise_and_journals_have_no_gap(
    store: Store, name: str, acts: list[tuple[int, str]]
) -> None:
    serial = store.instances.counts().get((name, "running"), 0)
    ids = [f"{name}-{serial}-{i}" for i in range(3)]
    expected = dict.fromkeys(ids, 1)
    for id in ids:
        store.commit(started(id, workflow=name)).result()

    def broken(tx: Transaction) -> tuple[None, None]:
        tx.run("INSERT INTO journal (instance_id) VALUES (?)", (name,))
        return None, None

    good: list[Future[Any]] = []
    bad: list[Future[Any]] = []
    for n, (which, act) in enumerate(acts):
        id = ids[which]
        match act:
            case "go":
                good.append(store.commit(moved(id, expected[id], journal=f"[{n}]")))
                expected[id] += 1
            case "stale":
                bad.append(store.commit(moved(id, expected[id] - 1)))
            case "poison":
                missing = RowWrite(name, "missing", "update", "{}")
                bad.append(store.commit(moved(id, expected[id], writes=[missing])))
            case "broken":
                bad.append(store.submit(broken))
            case _:
                wait([*good, *bad])

    assert [g.exception() for g in good] == [None] * len(good)
    assert all(b.exception() is not None for b in bad)
    for id in ids:
        assert store.load_instance(id).rev == expected[id]
        assert [j.seq for j in store.instances.journal(id).rows] == list(range(1, expected[id] + 1))

"""One holder a thing, the others in the order in which they asked."""

from __future__ import annotations

import threading

from taktflow.runtime.effects import AskLock, FreeLock
from taktflow.store import Store
from tests.contract.store.builders import moved, started


def granted(store: Store, *instances: str) -> list[str]:
    return [s.instance for s in store.pending_signals(100_000) if s.kind == "lock" and s.instance in instances]


def test_the_first_has_the_thing_and_the_others_get_it_in_turn(store: Store, name: str) -> None:
    names = [f"{name}-{i}" for i in "abc"]
    for one in names:
        store.commit(started(one, AskLock("l", name, "press"))).result()
    assert granted(store, *names) == names[:1]

    store.commit(moved(names[0], 1, FreeLock("l"))).result()
    assert granted(store, *names) == names[:2]

    store.commit(moved(names[1], 1, FreeLock("l"))).result()
    assert granted(store, *names) == names


def test_whoever_leaves_the_queue_is_passed_over(store: Store, name: str) -> None:
    names = [f"{name}-{i}" for i in "abc"]
    for one in names:
        store.commit(started(one, AskLock("l", name, "press"))).result()

    store.commit(moved(names[1], 1, FreeLock("l"))).result()
    assert granted(store, *names) == names[:1]

    store.commit(moved(names[0], 1, FreeLock("l"))).result()
    assert granted(store, *names) == [names[0], names[2]]


def test_things_of_different_names_do_not_wait_for_one_another(store: Store, name: str) -> None:
    result = store.commit(started(name, AskLock("l1", f"{name}-1", "a"), AskLock("l2", f"{name}-2", "b"))).result()

    assert "signals" in result.woken
    assert granted(store, name) == [name, name]


def test_many_at_once_are_served_one_at_a_time(store: Store, name: str) -> None:
    names = [f"{name}-{i}" for i in range(24)]

    def ask(mine: list[str]) -> None:
        for one in mine:
            store.commit(started(one, AskLock("l", name, "press"))).result()

    threads = [threading.Thread(target=ask, args=(names[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    served: list[str] = []
    while len(served) < len(names):
        (holder,) = [n for n in granted(store, *names) if n not in served]
        served.append(holder)
        store.commit(moved(holder, 1, FreeLock("l"))).result()

    assert sorted(served) == sorted(names)

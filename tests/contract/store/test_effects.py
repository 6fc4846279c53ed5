"""Effects are held by one executor run at a time, and none is forgotten with it."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import get_args

import pytest

from taktflow.runtime.effects import DropEffect, Effect, Retry, SetTimer
from taktflow.store import AlreadyTaken, Commit, EffectOutcome, Store
from taktflow.store.apply.effects import WAYS
from tests.contract.store.builders import NOW, later, moved, perform, started


@pytest.fixture(autouse=True)
def _nothing_left_over(store: Store) -> None:
    store.write(lambda tx: tx.run("UPDATE effect SET status = 'dropped' WHERE status <> 'dropped'")).result()
    store.write(lambda tx: tx.run("DELETE FROM timer")).result()


def test_what_is_due_is_claimed_once_the_longest_due_first(store: Store, name: str) -> None:
    epoch = store.boot("one", NOW)
    effects = [perform(f"{name}:{i}", not_before=later(seconds=-i), config={"n": Decimal(i)}) for i in range(3)]
    store.commit(started(name, *effects, perform(f"{name}:far", not_before=later(seconds=1)))).result()

    claimed = store.claim_effects(2, NOW, epoch)
    rest = store.claim_effects(5, NOW, epoch)

    assert [c.perform.key for c in claimed] == [f"{name}:2", f"{name}:1"]
    assert (claimed[0].instance, claimed[0].epoch, claimed[0].perform) == (name, epoch, effects[2])
    assert [c.perform.key for c in rest] == [f"{name}:0"]
    assert store.claim_effects(5, NOW, epoch) == []
    assert [c.perform.key for c in store.claim_effects(5, later(seconds=1), epoch)] == [f"{name}:far"]


def test_two_threads_never_claim_the_same_effect(store: Store, name: str) -> None:
    epochs = [store.boot("a", NOW), store.boot("b", NOW)]
    store.commit(started(name, *(perform(f"{name}:{i}") for i in range(40)))).result()
    got: list[str] = []

    def work(epoch: int) -> None:
        while claimed := store.claim_effects(3, NOW, epoch):
            got.extend(c.perform.key for c in claimed)

    threads = [threading.Thread(target=work, args=(e,)) for e in epochs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got) == sorted(f"{name}:{i}" for i in range(40))


def test_a_finished_effect_keeps_its_answer(store: Store, name: str) -> None:
    epoch = store.boot("one", NOW)
    store.commit(started(name, perform(f"{name}:1"))).result()
    store.claim_effects(1, NOW, epoch)

    outcome = EffectOutcome(f"{name}:1", "done", {"total": Decimal("9.90")}, epoch)
    store.commit(moved(name, 1, finished=outcome)).result()

    row = store.instances.effects(name).rows[0]
    assert (row.status, row.response, row.attempts) == ("done", '{"total":9.90}', 1)


def test_the_next_attempt_waits_for_its_moment(store: Store, name: str) -> None:
    epoch = store.boot("one", NOW)
    store.commit(started(name, perform(f"{name}:1"))).result()
    store.claim_effects(1, NOW, epoch)

    again = perform(f"{name}:1", attempt=2, not_before=later(minutes=5), timeout_s=2.5)
    store.commit(moved(name, 1, again, finished=EffectOutcome(f"{name}:1", "failed", epoch=epoch))).result()

    assert store.next_due() == later(minutes=5)
    assert store.claim_effects(1, later(minutes=4), epoch) == []
    (claimed,) = store.claim_effects(1, later(minutes=5), epoch)
    assert claimed.perform == again


def test_a_run_that_lost_an_effect_may_not_finish_it(store: Store, name: str) -> None:
    old = store.boot("one", NOW)
    store.commit(started(name, perform(f"{name}:1"), perform(f"{name}:2"))).result()
    store.claim_effects(2, NOW, old)
    new = store.boot("one", NOW)
    freed, asked = store.requeue_orphans(new, NOW)
    store.claim_effects(1, NOW, new)
    store.commit(moved(name, 1, DropEffect(f"{name}:2"))).result()

    assert freed == 2
    assert asked == []
    for key in (f"{name}:1", f"{name}:2"):
        with pytest.raises(AlreadyTaken):
            store.commit(moved(name, 2, finished=EffectOutcome(key, "done", epoch=old))).result()
    assert store.load_instance(name).rev == 2


def test_what_must_never_be_sent_twice_comes_back_until_a_person_was_asked(store: Store, name: str) -> None:
    first = store.boot("one", NOW)
    store.commit(started(name, perform(f"{name}:pay", idempotency="none"), perform(f"{name}:read"))).result()
    store.claim_effects(2, NOW, first)

    second = store.boot("one", NOW)
    freed, asked = store.requeue_orphans(second, NOW)
    third = store.boot("one", NOW)
    _, asked_again = store.requeue_orphans(third, NOW)
    store.commit(moved(name, 1, finished=EffectOutcome(f"{name}:pay", "unknown", epoch=third))).result()
    fourth = store.boot("one", NOW)
    _, settled = store.requeue_orphans(fourth, NOW)

    assert freed == 1
    assert [(a.perform.key, a.epoch) for a in asked] == [(f"{name}:pay", second)]
    assert [(a.perform.key, a.epoch) for a in asked_again] == [(f"{name}:pay", third)]
    assert settled == []


def test_only_what_the_named_runs_hold_is_freed(store: Store, name: str) -> None:
    alive, dead = store.boot("alive", NOW), store.boot("dead", NOW)
    store.commit(started(name, perform(f"{name}:1"), perform(f"{name}:2"))).result()
    (held,) = store.claim_effects(1, NOW, alive)
    (lost,) = store.claim_effects(1, NOW, dead)

    me = store.boot("me", NOW)
    freed, _ = store.requeue_orphans(me, NOW, [dead])

    assert freed == 1
    assert store.holds_effect(held.perform.key, alive)
    assert not store.holds_effect(lost.perform.key, dead)
    status = {r.key: r.status for r in store.instances.effects(name).rows}
    assert status == {held.perform.key: "running", lost.perform.key: "pending"}


def test_a_commit_may_claim_what_it_owes_except_what_must_never_be_sent_twice(store: Store, name: str) -> None:
    epoch = store.boot("one", NOW)
    owed = [
        perform(f"{name}:now"),
        perform(f"{name}:later", not_before=later(seconds=9)),
        perform(f"{name}:pay", idempotency="none"),
    ]

    result = store.commit(started(name, *owed, claim=epoch)).result()

    assert result.claimed == (f"{name}:now",)
    assert [c.perform.key for c in store.claim_effects(9, NOW, epoch)] == [f"{name}:pay"]


def test_what_was_not_begun_can_be_given_back(store: Store, name: str) -> None:
    epoch = store.boot("one", NOW)
    store.commit(started(name, perform(f"{name}:1"))).result()
    store.claim_effects(1, NOW, epoch)

    assert store.release_effects([f"{name}:1", f"{name}:none"], NOW, epoch) == 1
    assert [c.perform.key for c in store.claim_effects(1, NOW, epoch)] == [f"{name}:1"]


def test_the_next_moment_is_the_soonest_of_timers_and_effects(store: Store, name: str) -> None:
    store.commit(started(name, perform(f"{name}:1", not_before=later(hours=2)), SetTimer("t", later(hours=1)))).result()
    assert store.next_due() == later(hours=1)

    store.commit(Commit(at=NOW)).result()
    (timer,) = store.due_timers(later(hours=1), 10)
    assert (timer.instance, timer.timer, timer.due) == (name, "t", later(hours=1))


def test_every_kind_of_effect_has_its_rows() -> None:
    assert set(get_args(Effect)) == set(WAYS)


def test_a_failed_attempt_is_claimed_again_at_its_moment_with_the_settings_of_the_first(
    store: Store, name: str
) -> None:
    epoch = store.boot("one", NOW)
    first = perform(f"{name}:1", config={"n": Decimal(7)})
    store.commit(started(name, first)).result()
    store.claim_effects(1, NOW, epoch)

    failed = EffectOutcome(f"{name}:1", "failed", None, epoch)
    store.commit(moved(name, 1, Retry(f"{name}:1", 2, later(seconds=5)), finished=failed)).result()

    assert store.claim_effects(1, later(seconds=4), epoch) == []
    (again,) = store.claim_effects(1, later(seconds=5), epoch)
    assert (again.perform.attempt, again.perform.config) == (2, {"n": Decimal(7)})

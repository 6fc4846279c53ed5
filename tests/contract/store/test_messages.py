"""Messages and subscriptions never miss one another."""

from __future__ import annotations

import threading
from decimal import Decimal

from taktflow.runtime.effects import Announce, Hear, Subscribe, Unsubscribe
from taktflow.store import Consumed, NewMessage, SignalRow, Store
from tests.contract.store.builders import NOW, later, moved, started


def message(id: str, name: str, key: str = "k", **days: float) -> NewMessage:
    return NewMessage(id, name, key, {"n": Decimal("1.0")}, NOW, later(**(days or {"days": 1})), by="shop")


def signals(store: Store, *instances: str) -> list[SignalRow]:
    return [s for s in store.pending_signals(100_000) if s.instance in instances]


def test_a_message_reaches_the_instance_that_waits(store: Store, name: str) -> None:
    store.commit(started(name, Subscribe("s1", name, "k"), Subscribe("s2", name, "other"))).result()

    assert store.post_message(message(f"{name}-m", name)).result() == "delivered"

    (signal,) = signals(store, name)
    assert signal.kind == "message"
    assert signal.event == {
        "subscription": "s1",
        "message": f"{name}-m",
        "payload": {"n": Decimal("1.0")},
        "by": "shop",
    }
    assert [s.subscription for s in store.instances.subscriptions(name)] == ["s2"]


def test_a_message_that_comes_first_waits_for_its_instance(store: Store, name: str) -> None:
    assert store.post_message(message(f"{name}-m", name)).result() == "buffered"

    result = store.commit(started(name, Subscribe("s1", name, "k"))).result()

    assert "signals" in result.woken
    assert [s.event["message"] for s in signals(store, name)] == [f"{name}-m"]
    assert store.instances.subscriptions(name) == ()


def test_the_same_message_counts_once(store: Store, name: str) -> None:
    store.commit(started(name, Subscribe("s1", name, "k"), Subscribe("s2", name, "k"))).result()

    posted = [store.post_message(message(f"{name}-m", name)).result() for _ in range(3)]

    assert posted == ["delivered", "duplicate", "duplicate"]
    assert len(signals(store, name)) == 1


def test_one_message_goes_to_the_one_that_waits_longest(store: Store, name: str) -> None:
    for i in "ab":
        store.commit(started(f"{name}-{i}", Subscribe("s", name, "k"))).result()

    store.post_message(message(f"{name}-1", name)).result()
    store.post_message(message(f"{name}-2", name)).result()

    told = [(s.instance, s.event["message"]) for s in signals(store, f"{name}-a", f"{name}-b")]
    assert told == [(f"{name}-a", f"{name}-1"), (f"{name}-b", f"{name}-2")]


def test_a_message_whose_time_is_over_reaches_nobody(store: Store, name: str) -> None:
    store.post_message(message(f"{name}-m", name, seconds=1)).result()
    store.commit(started(name, Subscribe("s", name, "k"), at=later(seconds=1))).result()

    assert signals(store, name) == []
    assert store.expire_messages(later(seconds=1)).result() >= 1
    (kept,) = store.inbounds.messages(name=name).rows
    assert (kept.status, kept.payload) == ("dead", {"n": Decimal("1.0")})


def test_who_no_longer_waits_gets_nothing(store: Store, name: str) -> None:
    store.commit(started(name, Subscribe("s", name, "k"))).result()
    store.commit(moved(name, 1, Unsubscribe("s"))).result()

    assert store.post_message(message(f"{name}-m", name)).result() == "buffered"


def test_a_message_that_matched_too_late_goes_on_to_the_next(store: Store, name: str) -> None:
    first, second = f"{name}-1", f"{name}-2"
    store.commit(started(first, Subscribe("s", name, "k"))).result()
    store.commit(started(second, Subscribe("s", name, "k"))).result()
    store.post_message(message(f"{name}-m", name)).result()

    # A timer wins at the first instance before it took the message in.
    result = store.commit(moved(first, 1, Unsubscribe("s"))).result()

    assert "signals" in result.woken
    assert [s.instance for s in signals(store, first, second)] == [second]


def test_a_message_that_matched_too_late_waits_when_nobody_else_does(store: Store, name: str) -> None:
    store.commit(started(name, Subscribe("s", name, "k"))).result()
    store.post_message(message(f"{name}-m", name)).result()
    store.commit(moved(name, 1, Unsubscribe("s"))).result()

    store.commit(started(f"{name}-next", Subscribe("s", name, "k"))).result()

    assert [s.event["message"] for s in signals(store, f"{name}-next")] == [f"{name}-m"]


def test_a_message_taken_in_is_not_given_back(store: Store, name: str) -> None:
    store.commit(started(name, Subscribe("s", name, "k"))).result()
    store.post_message(message(f"{name}-m", name)).result()
    (signal,) = signals(store, name)

    store.commit(moved(name, 1, Unsubscribe("s"), consumed=Consumed(signals=[signal.id]))).result()

    (kept,) = store.inbounds.messages(name=name).rows
    assert (kept.status, kept.taken_by) == ("taken", name)


def test_whoever_comes_first_each_message_finds_its_instance(url: str, name: str) -> None:
    # Two stores are two processes to the database.
    with Store.open(url) as one, Store.open(url) as other:

        def subscribe() -> None:
            for i in range(40):
                one.commit(started(f"{name}-{i}", Subscribe("s", name, str(i)))).result()

        def post() -> None:
            for i in range(40):
                other.post_message(message(f"{name}-{i}", name, str(i))).result()

        threads = [threading.Thread(target=subscribe), threading.Thread(target=post)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        told = signals(one, *(f"{name}-{i}" for i in range(40)))
        assert sorted(s.instance for s in told) == sorted(f"{name}-{i}" for i in range(40))
        assert sorted(s.event["message"] for s in told) == sorted(f"{name}-{i}" for i in range(40))


def test_a_broadcast_reaches_everybody_who_hears_it_and_nobody_who_comes_later(store: Store, name: str) -> None:
    for i in "ab":
        store.commit(started(f"{name}-{i}", Hear("s", name))).result()

    result = store.commit(started(f"{name}-c", Announce("n1", name, {"line": "L1"}), Hear("s", name))).result()

    assert "signals" in result.woken
    told = signals(store, *(f"{name}-{i}" for i in "abc"))
    assert sorted((s.instance, s.kind) for s in told) == [(f"{name}-a", "broadcast"), (f"{name}-b", "broadcast")]
    assert told[0].event == {"subscription": "s", "message": "n1", "payload": {"line": "L1"}, "by": ""}


def test_whoever_stops_hearing_hears_nothing_more(store: Store, name: str) -> None:
    store.commit(started(f"{name}-a", Hear("s", name))).result()
    store.commit(moved(f"{name}-a", 1, Unsubscribe("s"))).result()

    store.commit(started(f"{name}-b", Announce("n1", name, None))).result()

    assert signals(store, f"{name}-a") == []

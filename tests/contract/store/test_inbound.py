"""What a connection brings is kept as it came, and taken in once."""

from __future__ import annotations

import pytest

from taktflow.store import AlreadyTaken, Commit, Consumed, InboundRow, NewInbound, NewMessage, Store
from tests.contract.store.builders import NOW, later, started


def event(name: str, id: str = "e1") -> NewInbound:
    return NewInbound(name, id, "orders/create", {"X-Sig": "æ"}, b"\x00\xff{raw}", NOW)


def pending(store: Store, name: str, at: object = None) -> list[InboundRow]:
    return [r for r in store.pending_inbound(NOW if at is None else at, 10_000) if r.connection == name]  # type: ignore[arg-type]


def test_a_replayed_event_is_kept_once(store: Store, name: str) -> None:
    first = store.receive(event(name)).result()
    again = store.receive(event(name)).result()

    assert (first.fresh, again.fresh) == (True, False)
    assert first.id == again.id
    (row,) = pending(store, name)
    assert (row.body, row.headers, row.topic) == (b"\x00\xff{raw}", {"X-Sig": "æ"}, "orders/create")


def test_an_event_is_taken_in_once_with_what_came_of_it(store: Store, name: str) -> None:
    id = store.receive(event(name)).result().id
    posted = NewMessage(f"{name}-m", name, "k", None, NOW, later(days=1))
    store.commit(started(name, consumed=Consumed(inbound=[id]), messages=[posted])).result()

    with pytest.raises(AlreadyTaken):
        store.commit(started(f"{name}-2", consumed=Consumed(inbound=[id]))).result()

    row = store.inbound_event(id)
    assert row is not None
    assert (row.status, row.instance) == ("done", name)
    assert store.instances.find(f"{name}-2") is None
    assert pending(store, name) == []
    assert [m.id for m in store.inbounds.messages(name=name).rows] == [f"{name}-m"]


def test_an_event_that_failed_waits_before_it_is_tried_again(store: Store, name: str) -> None:
    id = store.receive(event(name)).result().id

    store.settle_inbound(id, "pending", error="no such sku", next_at=later(minutes=1)).result()

    assert pending(store, name) == []
    (row,) = pending(store, name, later(minutes=1))
    assert (row.attempts, row.error) == (1, "no such sku")


def test_an_event_set_aside_can_still_be_taken_in_later(store: Store, name: str) -> None:
    id = store.receive(event(name)).result().id
    store.settle_inbound(id, "failed", error="mapping").result()
    assert pending(store, name) == []
    assert [r.id for r in store.inbounds.page(connection=name, status="failed").rows] == [id]

    store.commit(Commit(at=NOW, consumed=Consumed(inbound=[id]))).result()

    row = store.inbound_event(id)
    assert row is not None
    assert row.status == "done"


def test_a_commit_may_bring_events_itself(store: Store, name: str) -> None:
    result = store.commit(Commit(at=NOW, inbound=[event(name, "a"), event(name, "a"), event(name, "b")])).result()

    assert result.woken == {"inbound"}
    assert [r.event_id for r in pending(store, name)] == ["a", "b"]

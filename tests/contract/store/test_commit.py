"""One commit is kept whole or not at all."""

from __future__ import annotations

from decimal import Decimal

import pytest

from taktflow.errors import NotFound, TaktflowError
from taktflow.runtime.effects import (
    CancelChild,
    CloseIncident,
    CloseTask,
    DropEffect,
    DropTimer,
    EndInstance,
    OpenTask,
    RaiseIncident,
    SetTimer,
    StartChild,
    Tell,
)
from taktflow.runtime.events import Fault
from taktflow.sdk import Alert
from taktflow.store import (
    AlreadyStarted,
    AlreadyTaken,
    AuditEntry,
    AuditFilter,
    Commit,
    Consumed,
    IncidentFilter,
    RowWrite,
    StaleInstance,
    Store,
    TaskFilter,
)
from taktflow.values import Text
from tests.contract.store.builders import NOW, later, moved, perform, started


def test_each_commit_counts_the_revision_and_the_journal(store: Store, name: str) -> None:
    first = store.commit(started(name)).result()
    second = store.commit(moved(name, 1, state='{"a":1}')).result()
    third = store.commit(moved(name, 2, journal=None)).result()

    assert [(r.rev, r.seq) for r in (first, second, third)] == [(1, 1), (2, 2), (3, 2)]
    loaded = store.load_instance(name)
    assert (loaded.rev, loaded.seq, loaded.state, loaded.status) == (3, 2, "2", "running")
    assert [j.seq for j in store.instances.journal(name).rows] == [1, 2]


def test_a_decision_on_an_old_revision_is_refused_and_changes_nothing(store: Store, name: str) -> None:
    store.commit(started(name)).result()
    store.commit(moved(name, 1)).result()

    with pytest.raises(StaleInstance):
        store.commit(moved(name, 1, perform(f"{name}:late"))).result()

    assert store.load_instance(name).rev == 2
    assert store.instances.effect(f"{name}:late") is None


def test_a_start_key_starts_one_instance(store: Store, name: str) -> None:
    store.commit(started(f"{name}-1", workflow=name, start_key="order-7")).result()

    with pytest.raises(AlreadyStarted) as refused:
        store.commit(started(f"{name}-2", workflow=name, start_key="order-7")).result()

    assert refused.value.instance == f"{name}-1"
    assert store.instances.started(name, "order-7") == f"{name}-1"
    store.commit(started(f"{name}-3", workflow=f"{name}-other", start_key="order-7")).result()


def test_an_instance_id_is_used_once(store: Store, name: str) -> None:
    store.commit(started(name)).result()

    with pytest.raises(AlreadyStarted) as refused:
        store.commit(started(name)).result()

    assert refused.value.instance == name


def test_an_unknown_instance_is_not_found(store: Store, name: str) -> None:
    with pytest.raises(NotFound) as refused:
        store.load_instance(name)
    assert name in refused.value.message("zh")


def test_a_commit_that_fails_in_its_last_part_leaves_nothing(store: Store, name: str) -> None:
    whole = started(
        name,
        perform(f"{name}:1"),
        SetTimer("t", NOW),
        writes=[RowWrite(name, "r1", "create", "{}"), RowWrite(name, "missing", "update", "{}")],
        audit=[AuditEntry(NOW, "ann", "start", name)],
    )

    with pytest.raises(NotFound):
        store.commit(whole).result()

    assert store.instances.find(name) is None
    assert store.instances.journal(name).rows == ()
    assert store.instances.effect(f"{name}:1") is None
    assert store.instances.timers(name) == ()
    assert store.records.find(name, "r1") is None
    assert store.audits.page(AuditFilter(object=name)).rows == ()


def test_a_timer_is_taken_once(store: Store, name: str) -> None:
    store.commit(started(name, SetTimer("due", later(hours=1)), SetTimer("far", later(days=9)))).result()
    assert not [t for t in store.due_timers(later(minutes=59), 1000) if t.instance == name]

    due = [t.timer for t in store.due_timers(later(hours=1), 1000) if t.instance == name]
    store.commit(moved(name, 1, consumed=Consumed(timers=due))).result()

    assert due == ["due"]
    with pytest.raises(AlreadyTaken):
        store.commit(moved(name, 2, consumed=Consumed(timers=due))).result()
    assert store.load_instance(name).rev == 2
    store.commit(moved(name, 2, DropTimer("far"))).result()
    assert store.instances.timers(name) == ()


def test_a_timer_that_fires_may_be_set_again_by_the_same_decision(store: Store, name: str) -> None:
    store.commit(started(name, SetTimer("tick", NOW))).result()

    again = later(hours=1)
    store.commit(moved(name, 1, SetTimer("tick", again), consumed=Consumed(timers=["tick"]))).result()

    assert [t.due for t in store.instances.timers(name)] == [again]


def test_a_child_is_started_and_its_end_heard_of_through_signals(store: Store, name: str) -> None:
    child = f"{name}-child"
    store.commit(started(name, StartChild(child, "sub@3", {"n": Decimal("1.50")}, 4))).result()
    store.commit(started(child, EndInstance("ended", "ok", {"n": Decimal(2)}, (name, 4)), parent_id=name)).result()

    told = [s for s in store.pending_signals(10_000) if s.instance in (name, child)]
    assert [(s.instance, s.kind) for s in told] == [(child, "start_child"), (name, "child_ended")]
    start, ended = (s.event for s in told)
    assert start == {
        "ref": "sub@3",
        "variables": {"n": Decimal("1.50")},
        "parent": name,
        "token": Decimal(4),
        "depth": Decimal(1),
    }
    assert ended["child"] == child
    assert (ended["outcome"], ended["value"], ended["status"]) == ("ok", {"n": Decimal(2)}, "ended")

    store.commit(moved(name, 1, consumed=Consumed(signals=[told[1].id]))).result()
    with pytest.raises(AlreadyTaken):
        store.commit(moved(name, 2, consumed=Consumed(signals=[told[1].id]))).result()


def test_a_child_that_began_hears_that_it_is_cancelled_and_one_that_did_not_never_begins(
    store: Store, name: str
) -> None:
    begun, waiting = f"{name}-begun", f"{name}-waiting"
    store.commit(started(name, *(StartChild(c, "sub@3", {}, 4) for c in (begun, waiting)))).result()
    (start,) = [s for s in store.pending_signals(10_000) if s.instance == begun]
    store.commit(started(begun, parent_id=name, consumed=Consumed(signals=[start.id]))).result()

    store.commit(moved(name, 1, *(CancelChild(c, "late") for c in (begun, waiting)))).result()

    told = [s for s in store.pending_signals(10_000) if s.instance in (begun, waiting)]
    assert [(s.instance, s.kind) for s in told] == [(begun, "cancel_child")]
    assert told[0].event == {"why": "late", "parent": name}


def test_an_incident_is_counted_while_it_is_open(store: Store, name: str) -> None:
    fault = Fault("timeout", "超时", "It took too long", {"ms": Decimal(5)})
    store.commit(started(name, RaiseIncident(f"{name}:i", "call", fault, f"{name}:e"))).result()

    row = store.incidents.page(IncidentFilter(instance=name)).rows[0]
    assert (row.code, row.text, row.details, row.effect_key) == (
        "timeout",
        Text("超时", "It took too long"),
        {"ms": Decimal(5)},
        f"{name}:e",
    )
    instance = store.instances.find(name)
    assert instance is not None
    assert instance.incidents == 1

    store.commit(moved(name, 1, CloseIncident(f"{name}:i", "retry", "bo"))).result()

    closed = store.incidents.find(f"{name}:i")
    assert closed is not None
    assert (closed.status, closed.how, closed.by, closed.closed_at) == ("closed", "retry", "bo", later(seconds=1))
    instance = store.instances.find(name)
    assert instance is not None
    assert instance.incidents == 0


def test_a_user_task_goes_from_open_to_done(store: Store, name: str) -> None:
    task = OpenTask(
        f"{name}:t",
        "hold",
        "approval",
        {"zh": "放行", "en": "Release"},
        (f"role:{name}",),
        (),
        ("yes",),
        "f@1",
        {"a": NOW},
        None,
    )
    store.commit(started(name, task, business_key="PO-1")).result()
    row = store.tasks.page(TaskFilter(principals=[f"role:{name}"])).rows[0]
    assert (row.id, row.title["zh"], row.shown, row.business_key) == (f"{name}:t", "放行", {"a": NOW}, "PO-1")

    store.commit(moved(name, 1, CloseTask(f"{name}:t", "yes", "bo", {"n": Decimal("0.10")}))).result()

    assert store.tasks.page(TaskFilter(principals=[f"role:{name}"])).rows == ()
    done = store.tasks.page(TaskFilter(status="done", principals=[f"role:{name}"])).rows[0]
    assert (done.outcome, done.decided_by, done.data) == ("yes", "bo", {"n": Decimal("0.10")})


def test_alerts_reach_each_recipient_once(store: Store, name: str) -> None:
    alert = Alert([f"user:{name}"], Text("标题", "Title"), Text("正文", "Body"), cc=[f"user:{name}", f"role:{name}"])
    store.commit(started(name, Tell(alert), alerts=[(alert, "notify")])).result()

    mine = store.alerts.page([f"user:{name}", f"role:{name}"]).rows
    assert [(a.node, a.cc) for a in mine] == [("notify", False), ("", False)]
    assert [a.cc for a in store.alerts.page([f"role:{name}"]).rows] == [True, True]


def test_a_dropped_effect_is_owed_no_more(store: Store, name: str) -> None:
    store.commit(started(name, perform(f"{name}:1", not_before=later(days=99)))).result()
    store.commit(moved(name, 1, DropEffect(f"{name}:1"))).result()

    dropped = store.instances.effect(f"{name}:1")
    assert dropped is not None
    assert dropped.status == "dropped"


def test_a_runnable_instance_is_found_until_it_went_on(store: Store, name: str) -> None:
    store.commit(started(name, runnable=True)).result()
    assert name in store.ready_instances(1000)

    store.commit(moved(name, 1)).result()
    assert name not in store.ready_instances(1000)


def test_text_that_no_database_holds_is_refused_alone(store: Store, name: str) -> None:
    with pytest.raises(TaktflowError) as refused:
        store.commit(started(f"{name}\ud800")).result()
    assert refused.value.code == "store.unstorable"

    with pytest.raises(TaktflowError) as nul:
        store.commit(Commit(at=NOW, audit=[AuditEntry(NOW, "a\0b", "x", name)])).result()
    assert nul.value.code == "store.unstorable"

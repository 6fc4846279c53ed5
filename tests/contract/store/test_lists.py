"""What screens ask: instances, inboxes, incidents, alerts and the audit log, page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from taktflow.errors import Conflict, Invalid
from taktflow.runtime.effects import ChangeTask, OpenTask, RaiseIncident, Tell
from taktflow.runtime.events import Fault
from taktflow.sdk import Alert
from taktflow.store import (
    AuditEntry,
    AuditFilter,
    IncidentFilter,
    InstanceFilter,
    Page,
    Part,
    Store,
    TaskFilter,
)
from taktflow.values import Text
from tests.contract.store.builders import NOW, later, moved, perform, started


def every(ask: Callable[[Part], Page[Any]], **part: Any) -> list[Any]:
    """All rows, two at a time."""
    page = ask(Part(limit=2, **part))
    rows = list(page.rows)
    while page.next is not None:
        page = ask(Part(limit=2, cursor=page.next, **part))
        rows += page.rows
    return rows


def a_task(id: str, who: str, *, exclude: tuple[str, ...] = ()) -> OpenTask:
    return OpenTask(id, "hold", "approval", {"zh": "批", "en": "Ok"}, (who,), exclude, ("yes",), None, {}, None)


def test_instances_are_found_by_what_they_are(store: Store, name: str) -> None:
    for i in range(5):
        trouble = [RaiseIncident(f"{name}:{i}", "n", Fault("x", "中", "en"))] if i == 2 else []
        key = f"PO_{i % 2}%{i}"
        store.commit(
            started(f"{name}-{i}", *trouble, workflow=name, business_key=key, started_at=later(hours=i // 2))
        ).result()
    store.commit(moved(f"{name}-4", 1, workflow=name, status="ended", outcome="ok", ended_at=later(days=1))).result()

    def found(sort: str = "", **wanted: Any) -> list[int]:
        rows = every(lambda part: store.instances.page(InstanceFilter(workflow=name, **wanted), part), sort=sort)
        return [int(r.id[-1]) for r in rows]

    assert found() == [4, 3, 2, 1, 0]
    assert found(sort="started_at") == [0, 1, 2, 3, 4]
    assert found(sort="business_key") == [0, 2, 4, 1, 3]
    assert found(status="ended") == [4]
    assert found(key="PO_1%3") == [3]
    assert found(key_prefix="PO_0") == [4, 2, 0]
    assert found(key_prefix="PO%") == []
    assert found(started_from=later(hours=1), started_before=later(hours=2)) == [3, 2]
    assert found(has_incidents=True) == [2]
    assert found(has_incidents=False) == [4, 3, 1, 0]
    assert store.instances.page(InstanceFilter(workflow=name), Part(limit=1)).total == 5


def test_the_total_is_counted_on_the_first_page_and_up_to_a_bound(
    store: Store, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(3):
        store.commit(started(f"{name}-{i}", workflow=name)).result()
    wanted = InstanceFilter(workflow=name)
    first = store.instances.page(wanted, Part(limit=1))

    assert first.total == 3
    assert store.instances.page(wanted, Part(limit=1, cursor=first.next)).total is None
    assert store.instances.page(wanted, Part(limit=1, count=False)).total is None
    monkeypatch.setattr("taktflow.store.lists.paging.MOST_COUNTED", 2)
    assert store.instances.page(wanted, Part(limit=1)).total is None


def test_a_strange_cursor_is_refused(store: Store, name: str) -> None:
    for i in range(2):
        store.commit(started(f"{name}-{i}", workflow=name)).result()
    wanted = InstanceFilter(workflow=name)
    own = store.instances.page(wanted, Part(limit=1)).next
    assert own is not None

    for strange, sort in ((own, "business_key"), ("", ""), ("x", ""), ("€", ""), ("WzFd", ""), (own[:-3], "")):
        with pytest.raises(Invalid) as refused:
            store.instances.page(wanted, Part(cursor=strange, sort=sort))
        assert refused.value.code == "store.cursor"
    with pytest.raises(Invalid):
        store.instances.page(wanted, Part(sort="state"))


def test_an_inbox_holds_what_its_reader_may_do(store: Store, name: str) -> None:
    role, other = f"role:{name}", f"role:{name}-other"
    store.commit(
        started(
            name,
            a_task(f"{name}:1", role),
            a_task(f"{name}:2", role, exclude=("ann",)),
            a_task(f"{name}:3", "user:ann"),
            a_task(f"{name}:4", other),
        )
    ).result()

    def inbox(me: str, *principals: str) -> list[str]:
        rows = every(lambda part: store.tasks.page(TaskFilter(principals=principals, me=me, instance=name), part))
        return [r.id[-1] for r in rows]

    assert inbox("ann", role, "user:ann") == ["1", "3"]
    assert inbox("bo", role, "user:bo") == ["1", "2"]
    assert inbox("cy", "user:cy") == []

    store.commit(moved(name, 1, ChangeTask(f"{name}:4", (role,), ("bo",), [{"by": "x"}], escalated=True))).result()

    assert inbox("ann", role, "user:ann") == ["1", "3", "4"]
    assert inbox("bo", role, other) == ["1", "2"]
    changed = store.tasks.find(f"{name}:4")
    assert changed is not None
    assert (changed.escalated, changed.decisions, changed.who, changed.exclude) == (
        True,
        [{"by": "x"}],
        (role,),
        ("bo",),
    )


def test_a_claimed_task_leaves_the_inboxes_of_others_until_it_is_given_back(store: Store, name: str) -> None:
    store.commit(started(name, a_task(f"{name}:1", f"role:{name}"))).result()
    store.tasks.claim(f"{name}:1", "ann")
    store.tasks.claim(f"{name}:1", "ann")

    def inbox(me: str) -> int:
        return len(store.tasks.page(TaskFilter(principals=[f"role:{name}"], me=me)).rows)

    with pytest.raises(Conflict):
        store.tasks.claim(f"{name}:1", "bo")
    assert (inbox("ann"), inbox("bo")) == (1, 0)
    store.tasks.unclaim(f"{name}:1", "bo")
    assert inbox("bo") == 0
    store.tasks.unclaim(f"{name}:1", "ann")
    assert inbox("bo") == 1


def test_incidents_are_found_by_what_they_are(store: Store, name: str) -> None:
    faults = [RaiseIncident(f"{name}:{i}", f"n{i % 2}", Fault(f"c{i}", "中", "en")) for i in range(4)]
    store.commit(started(name, *faults, workflow=name)).result()

    assert len(every(lambda part: store.incidents.page(IncidentFilter(workflow=name), part))) == 4
    assert {r.id[-1] for r in store.incidents.page(IncidentFilter(instance=name, node="n1")).rows} == {"1", "3"}
    assert [r.id[-1] for r in store.incidents.page(IncidentFilter(workflow=name, code="c2")).rows] == ["2"]


def test_an_instance_shows_its_journal_and_effects(store: Store, name: str) -> None:
    store.commit(started(name, *(perform(f"{name}:{i}", not_before=later(days=99)) for i in range(3)))).result()
    for rev in range(1, 5):
        store.commit(moved(name, rev, journal=f"[{rev}]")).result()

    assert [j.seq for j in every(lambda part: store.instances.journal(name, part))] == [1, 2, 3, 4, 5]
    newest = store.instances.journal(name, Part(limit=1, sort="-seq")).rows[0]
    assert (newest.seq, newest.batch, newest.at) == (5, "[4]", later(seconds=4))
    assert [e.key[-1] for e in every(lambda part: store.instances.effects(name, part))] == ["0", "1", "2"]


def test_alerts_are_read_by_their_recipients(store: Store, name: str) -> None:
    words = Text("中", "en")
    for i in range(3):
        cc = [f"role:{name}"] if i else []
        store.commit(started(f"{name}-{i}", Tell(Alert([f"user:{name}"], words, words, cc=cc)))).result()
    me, role = f"user:{name}", f"role:{name}"
    mine = every(lambda part: store.alerts.page([me, role], part))
    assert [(a.instance, a.cc) for a in mine] == [(f"{name}-2", False), (f"{name}-1", False), (f"{name}-0", False)]
    assert (store.alerts.unread([me]), store.alerts.unread([role]), store.alerts.unread([])) == (3, 2, 0)

    store.alerts.mark_read([mine[0].id], [me], name, later(hours=1))
    store.alerts.mark_read([mine[0].id], [me], name, later(hours=2))

    assert (store.alerts.unread([me]), store.alerts.unread([role])) == (2, 2)
    assert [a.id for a in store.alerts.page([me], unread=True).rows] == [a.id for a in mine[1:]]
    assert store.alerts.page([me], Part(limit=1)).rows[0].read_at == later(hours=1)
    assert store.alerts.recipients(mine[0].id) == ((me, False), (role, True))
    assert [a.id for a in store.alerts.page(None, instance=f"{name}-1").rows] == [mine[1].id]


def test_the_audit_log_is_found_by_who_what_and_when(store: Store, name: str) -> None:
    for i in range(4):
        store.audits.note(AuditEntry(later(hours=i), f"{name}-{i % 2}", "publish", f"{name}/wf_{i}", {"n": i}))

    def found(**wanted: Any) -> list[str]:
        rows = every(lambda part: store.audits.page(AuditFilter(**wanted), part))
        return [r.object[-1] for r in rows]

    assert found(by=f"{name}-1") == ["3", "1"]
    assert found(object=f"{name}/wf_2") == ["2"]
    assert found(object_prefix=f"{name}/") == ["3", "2", "1", "0"]
    assert found(object_prefix=name, action="publish", since=later(hours=1), before=later(hours=3)) == ["2", "1"]
    row = store.audits.page(AuditFilter(object=f"{name}/wf_2")).rows[0]
    assert (row.at, row.details) == (later(hours=2), {"n": 2})
    assert row.at > NOW

"""Definitions: immutable versions, drafts and plans."""

from __future__ import annotations

import pytest

from taktflow.errors import NotFound
from taktflow.store import DRAFT, AuditEntry, AuditFilter, NewDefinition, PlanRow, Store, StoreFailed
from tests.contract.store.builders import NOW, later


def a_definition(id: str, sha: str = "1", kind: str = "workflow", pack: str = "") -> NewDefinition:
    return NewDefinition(kind, id, sha, f"# {sha}", f'{{"v":"{sha}"}}', "ann", pack)


def test_publishing_counts_versions_and_repeats_nothing(store: Store, name: str) -> None:
    one = store.definitions.publish([a_definition(name, "1")], NOW, [AuditEntry(NOW, "ann", "publish", name)])
    same = store.definitions.publish([a_definition(name, "1")], later(hours=1))
    two = store.definitions.publish([a_definition(name, "2")], later(hours=2))

    assert [r[0].version for r in (one, same, two)] == [1, 1, 2]
    assert (one[0].status, one[0].published_at, one[0].source) == ("published", NOW, "# 1")
    assert [v.version for v in store.definitions.versions("workflow", name)] == [2, 1]
    assert [a.action for a in store.audits.page(AuditFilter(object=name)).rows] == ["publish"]


def test_the_version_of_a_moment_can_be_asked_for(store: Store, name: str) -> None:
    store.definitions.publish([a_definition(name, "1")], NOW)
    store.definitions.publish([a_definition(name, "2")], later(hours=2))

    def newest(**hours: float) -> int | None:
        found = store.definitions.newest("workflow", name, later(**hours))
        return found.version if found else None

    assert [newest(hours=-1), newest(hours=0), newest(hours=1), newest(hours=2)] == [None, 1, 1, 2]


def test_a_retired_version_is_no_longer_the_newest(store: Store, name: str) -> None:
    store.definitions.publish([a_definition(name, "1")], NOW)
    store.definitions.publish([a_definition(name, "2")], NOW)

    store.definitions.set_status("workflow", name, 2, "retired", later(hours=1))

    newest = store.definitions.newest("workflow", name)
    assert newest is not None
    assert newest.version == 1
    assert store.definitions.publish([a_definition(name, "2")], later(hours=2))[0].version == 3
    with pytest.raises(NotFound):
        store.definitions.set_status("workflow", name, 9, "retired", NOW)


def test_a_pack_is_published_whole_or_not_at_all(store: Store, name: str) -> None:
    bad = NewDefinition("form", name, "1", "nul \0", "{}", "ann")
    with pytest.raises(Exception, match="cannot be stored"):
        store.definitions.publish([a_definition(name), bad], NOW)

    assert store.definitions.newest("workflow", name) is None


def test_a_draft_is_replaced_and_dropped_and_never_published_by_itself(store: Store, name: str) -> None:
    store.definitions.save_draft(a_definition(name, "1"), NOW)
    store.definitions.save_draft(a_definition(name, "2"), later(hours=1))

    draft = store.definitions.find("workflow", name, DRAFT)
    assert draft is not None
    assert (draft.sha256, draft.status, draft.published_at, draft.changed_at) == ("2", "draft", None, later(hours=1))
    assert store.definitions.newest("workflow", name) is None
    store.definitions.drop_draft("workflow", name)
    assert store.definitions.versions("workflow", name) == ()


def test_lists_show_each_definition_once(store: Store, name: str) -> None:
    new = [a_definition(f"{name}_{i}", pack=name) for i in range(3)] + [
        a_definition(f"{name}_0", kind="form", pack=name)
    ]
    store.definitions.publish(new, NOW)
    store.definitions.publish([a_definition(f"{name}_1", "2", pack=name)], NOW)
    store.definitions.save_draft(a_definition(f"{name}_9", pack=name), NOW)

    page = store.definitions.page(pack=name)
    assert [(r.kind, r.id[-1], r.version) for r in page.rows] == [
        ("form", "0", 1),
        ("workflow", "0", 1),
        ("workflow", "1", 2),
        ("workflow", "2", 1),
        ("workflow", "9", 0),
    ]
    assert [r.id for r in store.definitions.page(kind="workflow", id_prefix=f"{name}_1").rows] == [f"{name}_1"]
    mine = [(r.id[-1], r.version) for r in store.definitions.published("workflow") if r.pack == name]
    assert mine == [("0", 1), ("1", 2), ("2", 1)]


def test_a_plan_once_kept_stays_as_it_is(store: Store, name: str) -> None:
    store.definitions.keep_plan(PlanRow(name, "wf", 1, '{"price":3}'))
    store.definitions.keep_plan(PlanRow(name, "wf", 2, "{}"))

    assert store.definitions.plan(name) == PlanRow(name, "wf", 1, '{"price":3}')
    assert store.definitions.plan(f"{name}-none") is None


def test_a_broken_statement_names_its_cause(store: Store) -> None:
    with pytest.raises(StoreFailed) as refused:
        store.write(lambda tx: tx.run("SELECT * FROM nowhere")).result()
    assert "nowhere" in refused.value.message("zh")

"""People, roles, sign-ins and keys."""

from __future__ import annotations

import pytest

from taktflow.errors import Conflict, NotFound
from taktflow.store import ApiTokenRow, AuditEntry, AuditFilter, SessionRow, Store, UserRow
from tests.contract.store.builders import NOW, later


def a_user(name: str, *roles: str) -> UserRow:
    return UserRow(name, name.title(), "hash", True, "zh", NOW, frozenset(roles))


def test_a_person_is_created_once_with_roles_and_an_audit_entry(store: Store, name: str) -> None:
    store.people.create(a_user(name, "planner", f"r-{name}"), AuditEntry(NOW, "admin", "create", f"user:{name}"))
    with pytest.raises(Conflict):
        store.people.create(a_user(name), AuditEntry(NOW, "admin", "again", f"user:{name}"))

    assert store.people.find(name) == a_user(name, "planner", f"r-{name}")
    assert store.people.find(f"{name}-none") is None
    assert a_user(name, "planner", f"r-{name}") in store.people.all()
    assert [a.action for a in store.audits.page(AuditFilter(object=f"user:{name}")).rows] == ["create"]


def test_changing_a_person_changes_what_is_given(store: Store, name: str) -> None:
    store.people.create(a_user(name, f"r-{name}"))
    store.people.change(name, display="Ann", language="en")
    changed = store.people.find(name)
    assert changed == UserRow(name, "Ann", "hash", True, "en", NOW, frozenset({f"r-{name}"}))
    assert store.people.holders(f"r-{name}") == (name,)

    store.people.change(name, active=False, roles=[f"r-{name}", "x"])

    assert store.people.holders(f"r-{name}") == ()
    with pytest.raises(NotFound):
        store.people.change(f"{name}-none", display="x")


def test_a_sign_in_holds_until_it_expires_or_ends(store: Store, name: str) -> None:
    store.people.create(a_user(name))
    for i in range(3):
        store.people.sign_in(SessionRow(f"{name}-{i}", name, NOW, later(hours=i + 1), "csrf"))

    assert store.people.session(f"{name}-0", NOW) == SessionRow(f"{name}-0", name, NOW, later(hours=1), "csrf")
    assert store.people.session(f"{name}-0", later(hours=1)) is None
    assert store.people.end_expired(later(hours=1)) >= 1
    store.people.sign_out(f"{name}-1")
    assert store.people.session(f"{name}-1", NOW) is None
    store.people.change(name, password_hash="new")
    assert store.people.session(f"{name}-2", NOW) is None


def test_a_key_holds_until_it_expires_or_is_revoked(store: Store, name: str) -> None:
    for i, expires in enumerate((None, later(hours=1))):
        store.people.create_token(ApiTokenRow(f"{name}-{i}", f"h-{name}-{i}", name, "erp", NOW, expires, None, None))

    assert store.people.token(f"h-{name}-1", NOW) is not None
    assert store.people.token(f"h-{name}-1", later(hours=1)) is None
    store.people.note_use(f"{name}-0", later(hours=2))
    store.people.revoke_token(f"{name}-1", later(hours=3))
    assert store.people.token(f"h-{name}-1", NOW) is None
    shown = {t.id: (t.last_used, t.revoked_at) for t in store.people.tokens(name)}
    assert shown == {f"{name}-0": (later(hours=2), None), f"{name}-1": (None, later(hours=3))}
    assert f"{name}-0" in {t.id for t in store.people.tokens()}

"""Signing in and what proves it afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from taktflow.services import accounts, passwords
from tests.door import ADMIN, PASSWORD, Door, a_door


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with a_door(tmp_path_factory.mktemp("door")) as door:
        yield door


def test_a_sign_in_gives_a_cookie_that_no_script_reads(door: Door) -> None:
    sam = door.stranger()

    answer = sam.send("/api/session", {"name": "sam", "password": PASSWORD})

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert answer.json()["user"]["roles"] == ["sales"]
    assert sam.read("/api/session")["user"]["name"] == "sam"


def test_the_database_holds_no_token_and_no_password(door: Door) -> None:
    sam = door.fresh("sam")
    key = sam.send("/api/tokens", {"title": "import"}).json()["token"]

    kept = (door.engine.settings.var / "taktflow.db").read_bytes() + (
        door.engine.settings.var / "taktflow.db-wal"
    ).read_bytes()

    for secret in (PASSWORD, key, sam.http.cookies["taktflow_session"]):
        assert secret.encode() not in kept


@pytest.mark.parametrize(("name", "password"), [("sam", "wrong password"), ("nobody", PASSWORD), ("sam", "sam")])
def test_a_wrong_name_and_a_wrong_password_are_refused_alike(door: Door, name: str, password: str) -> None:
    answer = door.stranger().send("/api/session", {"name": name, "password": password})

    assert answer.status_code == 401
    assert answer.json()["code"] == "account.wrong"
    assert "set-cookie" not in answer.headers


def test_an_unknown_name_takes_as_long_as_a_wrong_password() -> None:
    kept = passwords.password_hash(PASSWORD)

    def quickest(of: str | None) -> float:
        took = []
        for _ in range(5):
            begun = time.perf_counter()
            assert not passwords.is_password(of, "wrong")
            took.append(time.perf_counter() - begun)
        return min(took)

    assert 0.5 < quickest(None) / quickest(kept) < 2


def test_a_change_with_the_cookie_alone_is_refused(door: Door) -> None:
    sam = door.fresh("sam")
    token, sam.csrf = sam.csrf, ""

    without = sam.send("/api/records/customer", {"fields": {"code": "X", "name": "X"}})
    forged = sam.send("/api/tokens", {"title": "x"}, headers={"x-csrf-token": token[:-1] + "_"})
    others = sam.send("/api/tokens", {"title": "x"}, headers={"x-csrf-token": door.fresh("sue").csrf})

    assert [a.json()["code"] for a in (without, forged, others)] == ["api.csrf"] * 3
    assert without.status_code == 403


def test_signing_out_ends_the_session_on_the_server(door: Door) -> None:
    sam = door.fresh("sam")
    stolen = dict(sam.http.cookies)

    assert sam.ask("DELETE", "/api/session").status_code == 204

    answer = door.stranger().ask(
        "GET", "/api/session", headers={"cookie": f"taktflow_session={stolen['taktflow_session']}"}
    )
    assert answer.json()["code"] == "account.session_over"


def test_a_new_password_ends_every_session(door: Door) -> None:
    ada = door.user("ada")
    assert ada.send("/api/users", {"name": "tom", "password": PASSWORD}).status_code == 201
    tom = door.fresh("tom")

    changed = ada.send("/api/users/tom", {"password": "another long password"}, method="PATCH")

    assert changed.status_code == 200
    assert tom.ask("GET", "/api/session").status_code == 401
    assert door.fresh("tom", "another long password").csrf


def test_an_inactive_user_is_out_at_once_and_cannot_come_back(door: Door) -> None:
    ada = door.user("ada")
    made = ada.send("/api/users", {"name": "eve", "roles": ["sales"]}).json()
    eve = door.fresh("eve", made["password"])
    key = eve.send("/api/tokens", {"title": "x"}).json()["token"]

    ada.send("/api/users/eve", {"active": False}, method="PATCH")

    assert eve.ask("GET", "/api/session").status_code == 401
    assert door.stranger().ask("GET", "/api/session", headers={"authorization": f"Bearer {key}"}).status_code == 401
    again = door.stranger().send("/api/session", {"name": "eve", "password": made["password"]})
    assert again.json()["code"] == "account.wrong"


def test_a_program_with_a_token_needs_no_csrf(door: Door) -> None:
    made = door.user("sam").send("/api/tokens", {"title": "ERP import"}).json()
    program = {"authorization": f"Bearer {made['token']}"}

    answer = door.stranger().send("/api/records/customer", {"fields": {"code": "P1", "name": "P"}}, headers=program)

    assert answer.status_code == 201
    shown = door.user("sam").read("/api/tokens")
    assert [t["title"] for t in shown if t["id"] == made["id"]] == ["ERP import"]
    assert "token" not in shown[0]


def test_a_revoked_token_opens_nothing(door: Door) -> None:
    sam = door.user("sam")
    made = sam.send("/api/tokens", {"title": "x"}).json()

    assert sam.ask("DELETE", f"/api/tokens/{made['id']}").status_code == 204

    answer = door.stranger().ask("GET", "/api/session", headers={"authorization": f"Bearer {made['token']}"})
    assert answer.json()["code"] == "account.token_wrong"


def test_an_expired_token_opens_nothing(door: Door) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=300)
    _, token = accounts.create_token(door.engine, by=ADMIN, user_name="sam", title="x", expires_at=soon)
    headers = {"authorization": f"Bearer {token}"}
    assert door.stranger().ask("GET", "/api/session", headers=headers).status_code == 200

    time.sleep(0.35)

    assert door.stranger().ask("GET", "/api/session", headers=headers).status_code == 401


def test_a_token_cannot_make_its_own_successor(door: Door) -> None:
    made = door.user("sam").send("/api/tokens", {"title": "x"}).json()

    answer = door.stranger().send("/api/tokens", {"title": "y"}, headers={"authorization": f"Bearer {made['token']}"})

    assert answer.json()["code"] == "token.by_token"


def test_nobody_revokes_the_token_of_another(door: Door) -> None:
    made = door.user("sam").send("/api/tokens", {"title": "x"}).json()

    assert door.user("sue").ask("DELETE", f"/api/tokens/{made['id']}").json()["code"] == "token.unknown"
    assert door.user("ada").ask("DELETE", f"/api/tokens/{made['id']}").status_code == 204


def test_guessing_a_password_is_slowed_down_for_that_name_alone(door: Door) -> None:
    answers = [door.stranger().send("/api/session", {"name": "sid", "password": f"guess {n}"}) for n in range(12)]

    assert [a.status_code for a in answers] == [401] * 10 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[-1].json()["code"] == "api.rate"
    assert door.fresh("sue").csrf


def test_every_change_of_an_account_is_in_the_audit_log(door: Door) -> None:
    ada = door.user("ada")
    ada.send("/api/users", {"name": "kim", "roles": ["sales"]})
    ada.send("/api/users/kim", {"roles": ["sales", "supervisor"]}, method="PATCH")

    log = ada.read("/api/audit", object="user:kim")["items"]

    assert [(e["by"], e["action"]) for e in log] == [("ada", "user.changed"), ("ada", "user.created")]
    assert log[0]["details"] == {"roles": ["sales", "supervisor"], "roles_before": ["sales"]}


def test_the_last_administrator_stays(door: Door) -> None:
    ada = door.user("ada")

    for change in ({"roles": ["analyst"]}, {"active": False}):
        answer = ada.send("/api/users/ada", change, method="PATCH")
        assert answer.status_code == 403
        assert answer.json()["code"] == "account.last_admin"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "ann"}, "account.exists"),
        ({"name": "1st"}, "account.name"),
        ({"name": "zoe", "roles": ["Chief"]}, "account.role"),
        ({"name": "zoe", "password": "short"}, "account.password"),
        ({"name": "zoezoezoezoe", "password": "ZoeZoeZoeZoe"}, "account.password"),
    ],
)
def test_an_unfit_account_is_refused(door: Door, body: dict[str, object], code: str) -> None:
    assert door.user("ada").send("/api/users", body).json()["code"] == code


def test_roles_are_told_with_their_titles_from_the_packs(door: Door) -> None:
    roles = {r["id"]: r for r in door.user("ann").read("/api/roles")}

    assert roles["supervisor"]["title"] == {"zh": "主管", "en": "Supervisor"}
    assert roles["supervisor"]["holders"] >= 2
    assert roles["admin"]["built_in"]


def test_demo_users_are_made_once_with_passwords_that_work(door: Door) -> None:
    made = accounts.ensure_demo_users(door.engine)
    again = accounts.ensure_demo_users(door.engine)

    assert {"admin", "analyst", "supervisor", "planner", "operator", "sales", "finance"} <= {m[0] for m in made}
    assert again == []
    assert len({password for _, _, password in made}) == len(made)
    name, roles, password = made[0]
    assert door.fresh(name, password).read("/api/session")["user"]["roles"] == sorted(roles)

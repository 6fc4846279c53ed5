"""Every route says who may, and the guard keeps to it."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.applications import Starlette

from taktflow.api.app import DOORS, bare_app
from taktflow.api.designer import Designer
from taktflow.api.door import Door as Declaring
from taktflow.api.door import GuardedRoute, Opening
from taktflow.services import accounts
from tests.door import ADMIN, USERS, Door, a_door

OPENINGS = [opening for door in DOORS for opening in door.openings]
PUBLIC = {
    "POST /api/session",
    "GET /api/schemas/{kind}",
    "GET /api/forms",
    "GET /api/forms/{workflow}/{start}",
    "POST /api/forms/{workflow}/{start}",
    "GET /hooks/{connection}",
    "POST /hooks/{connection}",
    "GET /healthz",
    "GET /readyz",
    "GET /openapi.json",
}
"""What a stranger may use. A route is added here only with a reason that a reviewer has seen."""


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with a_door(tmp_path_factory.mktemp("door")) as door:
        yield door


@pytest.fixture(scope="module")
def keys(door: Door) -> Mapping[str, str]:
    """An API token for every user: the matrix must not sign anyone out."""
    return {name: accounts.create_token(door.engine, by=ADMIN, title="matrix", user_name=name)[1] for name in USERS}


def knock(door: Door, method: str, path: str, token: str | None) -> tuple[int, str]:
    """The status and problem code that a route answers with to an empty request."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    path = re.sub(r"\{[^}]+\}", "1", path)
    request = door.nobody.http.build_request(
        method, path, headers=headers, json={} if method in ("POST", "PATCH") else None
    )
    # An event stream never ends by itself, so that only the beginning of an answer is waited for.
    answer = door.nobody.http.send(request, stream=True)
    try:
        if "json" not in answer.headers.get("content-type", ""):
            return answer.status_code, ""
        answer.read()
    finally:
        answer.close()
    found = answer.json()
    return answer.status_code, str(found.get("code", "")) if isinstance(found, dict) else ""


def test_every_route_of_the_app_is_guarded_except_the_designers_files() -> None:
    unguarded = [r for r in bare_app().routes if not isinstance(r, GuardedRoute)]

    assert [getattr(r, "name", "") for r in unguarded] == ["designer"]


def test_every_guarded_route_declares_a_policy() -> None:
    routes = [r for r in bare_app().routes if isinstance(r, APIRoute)]

    assert len(routes) == len(OPENINGS) > 40
    assert all(isinstance(r, GuardedRoute) and r.policy.kind in ("anyone", "signed_in", "roles") for r in routes)


def test_only_the_listed_routes_are_public() -> None:
    assert {f"{o.method} {o.path}" for o in OPENINGS if o.who.kind == "anyone"} == PUBLIC


def test_a_route_without_a_policy_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match="who"):
        Declaring("test").get("/api/open")  # type: ignore[call-arg]  # what must not work


def test_every_route_that_names_roles_names_roles_the_engine_knows() -> None:
    named = {role for o in OPENINGS for role in o.who.roles}

    assert named <= accounts.BUILT_IN_ROLES.keys()


@pytest.mark.parametrize("opening", OPENINGS, ids=lambda o: f"{o.method} {o.path}")
def test_the_guard_lets_in_whom_the_route_names_and_nobody_else(
    door: Door, keys: Mapping[str, str], opening: Opening
) -> None:
    method, path, who = opening.method, opening.path, opening.who

    stranger = knock(door, method, path, None)
    forged = knock(door, method, path, "tf_" + "x" * 43)
    nobody = knock(door, method, path, keys["noa"])
    known = {name: knock(door, method, path, keys[name]) for name in ("ann", "otto", "sam")}
    admin = knock(door, method, path, keys["ada"])

    refused = (403, "api.forbidden")
    assert admin[0] != 401
    assert admin != refused
    match who.kind:
        case "anyone":
            assert stranger[1] != "api.sign_in"
            assert nobody != refused
        case "signed_in":
            assert stranger == (401, "api.sign_in")
            assert forged == (401, "account.token_wrong")
            assert nobody[0] != 401
            assert refused not in (nobody, *known.values())
        case _:
            assert stranger == (401, "api.sign_in")
            assert forged == (401, "account.token_wrong")
            assert nobody == refused
            let_in = {name for name, answer in known.items() if answer != refused}
            assert let_in == {name for name in known if set(USERS[name]) & who.roles}


def test_the_guard_answers_before_it_reads_a_body(door: Door) -> None:
    host, port = door.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(b"POST /api/records/customer HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n{")

        answer = raw.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 401 ")


def test_the_built_designer_is_served_and_its_pages_fall_back_to_it(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app-1a2b.js").write_text("export {}")
    (tmp_path / "index.html").write_text("<title>Taktflow</title>")
    app = Starlette(routes=[Designer(tmp_path)])

    async def ask(path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get(path)

    page, asset, missing, api = (
        asyncio.run(ask(p)) for p in ("/instances/42", "/assets/app-1a2b.js", "/assets/gone.js", "/api/nothing")
    )
    outside = asyncio.run(ask("/..%2f..%2fetc%2fpasswd"))

    assert page.text == "<title>Taktflow</title>"
    assert "immutable" in asset.headers["cache-control"]
    assert page.headers["cache-control"] == "no-cache"
    assert missing.status_code == 404
    assert api.status_code == 404
    assert outside.text == "<title>Taktflow</title>"

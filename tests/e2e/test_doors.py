"""The doors of a real server: what is wrong is refused with a code and a remedy, and leaves nothing behind."""

from __future__ import annotations

import hmac
import json
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.factory import (
    SECRET,
    Served,
    a_plant,
    a_user,
    client,
    keep_master_data,
    opened,
    publish_order_to_cash,
    settings_of,
)

_TABLES = ("instance", "journal", "effect", "record", "record_change", "inbound", "definition", "user_task", "message")
PUBLIC_RATE = 12


@dataclass
class Doors:
    """A running server with the reference pack, and callers with their keys."""

    http: httpx.Client
    database: Path
    tokens: dict[str, str]

    def ask(self, method: str, path: str, who: str | None = None, **more: Any) -> httpx.Response:
        """A request by ``who``, who may be nobody."""
        headers = {"accept-language": "en", **more.pop("headers", {})}
        if who is not None:
            headers["authorization"] = f"Bearer {self.tokens[who]}"
        return self.http.request(method, path, headers=headers, **more)

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:
            return {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in _TABLES}  # noqa: S608

    @contextmanager
    def nothing_written(self) -> Iterator[None]:
        """Proves that the block leaves every table as it was."""
        before = self.counts()
        yield
        assert self.counts() == before


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """One server for all these tests."""
    folder = tmp_path_factory.mktemp("doors")
    database = folder / "taktflow.db"
    with a_plant(folder, {"FL-DN50": 1000}) as plant:
        environment = settings_of(
            folder, plant, f"sqlite:///{database}", PUBLIC_RATE_PER_MINUTE=str(PUBLIC_RATE), EXECUTOR_THREADS="2"
        )
        with opened(environment) as engine:
            publish_order_to_cash(engine, folder)
            keep_master_data(engine, {"C1": ("CN", "B")}, {"FL-DN50": 20})
            roles = {"ada": "admin", "sam": "sales", "sue": "supervisor", "noa": "planner"}
            tokens = {name: a_user(engine, name, role) for name, role in roles.items()}
        with Served(environment, folder / "server.log") as server:
            server.wait_ready()
            with client(server.base) as http:
                yield Doors(http, database, tokens)
            server.stop()


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of a refusal, whose sentence says what to do."""
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    found: dict[str, Any] = answer.json()
    assert (answer.status_code, found["status"], found["code"]) == (status, status, code), found
    assert len(found["detail"]) > 20
    return found


def form(number: int = 1) -> dict[str, Any]:
    data = {
        "customer": "C1",
        "contact": "x",
        "template": "domestic",
        "reference": f"R{number}",
        "lines": [{"sku": "FL-DN50", "qty": 30}],
    }
    return {"submission_id": f"submission-{number}", "data": data}


@pytest.mark.parametrize(
    "signature", [None, "", "bm90IGl0", b64encode(hmac.digest(b"guess", b"{}", "sha256")).decode()]
)
def test_a_webhook_with_a_wrong_signature_is_turned_away(doors: Doors, signature: str | None) -> None:
    headers = {"x-shopify-topic": "orders/create", "x-shopify-webhook-id": "w1"}
    if signature is not None:
        headers["x-shopify-hmac-sha256"] = signature

    with doors.nothing_written():
        answer = doors.ask("POST", "/hooks/shop_shopify", content=b"{}", headers=headers)

    problem(answer, 401, "webhook.signature")


def test_a_signed_webhook_that_is_no_json_is_told_so(doors: Doors) -> None:
    body = b"not json"
    headers = {
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": "w1",
        "x-shopify-hmac-sha256": b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode(),
    }

    with doors.nothing_written():
        answer = doors.ask("POST", "/hooks/shop_shopify", content=body, headers=headers)

    assert answer.status_code in (400, 422)
    assert answer.json()["code"] == "webhook.body"


@pytest.mark.parametrize("path", ["/api/forms/order_intake/web", "/hooks/shop_shopify", "/api/packs/publish"])
@pytest.mark.parametrize("told", [True, False])
def test_ten_megabytes_are_too_much_whether_their_length_is_told_or_not(doors: Doors, path: str, told: bool) -> None:
    chunk = b"x" * 1_000_000
    body: Any = chunk * 10 if told else (chunk for _ in range(10))

    with doors.nothing_written():
        try:
            answer = doors.ask("POST", path, "ada", content=body, headers={"content-type": "application/json"})
        except httpx.TransportError:
            # The server has hung up on the rest, as it may.
            assert not told
            return

    problem(answer, 413, "api.body.large")


def test_malformed_yaml_is_told_with_its_line_and_publishes_nothing_beside_it(doors: Doors) -> None:
    good = "kind: entity\nid: fine\ntitle: {zh: 好, en: Fine}\nkey: no\nfields: {no: {type: text, required: true}}\n"
    files = [
        {"name": "good.yaml", "source": good},
        {"name": "bad.yaml", "source": "kind: entity\nid: bad\n  key: [no\n"},
    ]

    with doors.nothing_written():
        answer = doors.ask("POST", "/api/packs/publish", "ada", json={"files": files})

    found = problem(answer, 422, "publish.findings")
    places = [(f["file"], f["line"], f["code"]) for f in found["findings"] if f["severity"] == "error"]
    assert ("bad.yaml", 3, "definition.colon") in places
    assert {file for file, _, _ in places} == {"bad.yaml", "pack"}


def test_an_unknown_kind_is_told_where_it_stands(doors: Doors) -> None:
    files = [{"name": "a.yaml", "source": "id: a\nkind: wrokflow\n"}]

    with doors.nothing_written():
        answer = doors.ask("POST", "/api/packs/publish", "ada", json={"files": files})

    findings = problem(answer, 422, "publish.findings")["findings"]
    assert any(f["line"] == 2 and "workflow" in f["message"] for f in findings), findings


def test_a_wrong_role_may_look_but_not_do(doors: Doors) -> None:
    with doors.nothing_written():
        publish = doors.ask("POST", "/api/packs/publish", "sam", json={"files": []})
        write = doors.ask("POST", "/api/records/customer", "sue", json={"fields": {"code": "C9"}})
        nobody = doors.ask("GET", "/api/instances")

    problem(publish, 403, publish.json()["code"])
    problem(write, 403, write.json()["code"])
    problem(nobody, 401, nobody.json()["code"])


def test_a_stale_write_is_refused_and_the_newer_one_stays(doors: Doors) -> None:
    first = doors.ask("GET", "/api/records/customer/C1", "sam")
    etag = first.headers["etag"]
    newer = doors.ask(
        "PATCH",
        "/api/records/customer/C1",
        "sam",
        json={"fields": {"tier": "A"}, "why": "grew"},
        headers={"if-match": etag},
    )
    assert newer.status_code == 200

    with doors.nothing_written():
        stale = doors.ask(
            "PATCH",
            "/api/records/customer/C1",
            "sam",
            json={"fields": {"tier": "C"}, "why": "shrank"},
            headers={"if-match": etag},
        )

    problem(stale, 409, "record.stale")
    assert doors.ask("GET", "/api/records/customer/C1", "sam").json()["fields"]["tier"] == "A"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/instances", {"workflow": "nothing", "data": {}}),
        ("GET", "/api/forms/nothing/web", None),
        ("POST", "/api/forms/order_intake/nothing", form()),
        ("POST", "/hooks/nothing", {}),
        ("GET", "/api/instances/nothing", None),
        ("GET", "/api/records/nothing/x", None),
    ],
)
def test_what_does_not_exist_is_not_found(doors: Doors, method: str, path: str, body: Any) -> None:
    with doors.nothing_written():
        answer = doors.ask(method, path, "ada", content=None if body is None else json.dumps(body),
                           headers={"content-type": "application/json"})  # fmt: skip

    problem(answer, 404, answer.json()["code"])


def test_a_form_that_lacks_fields_is_told_all_of_them(doors: Doors) -> None:
    body = form()
    body["data"] = {"lines": [{"sku": "FL-DN50", "qty": -1}]}

    with doors.nothing_written():
        answer = doors.ask("POST", "/api/forms/order_intake/web", "sam", json=body)

    findings = problem(answer, 422, "start.data")["findings"]
    assert {f["at"] for f in findings} >= {"/customer", "/contact", "/reference", "/lines/0/qty"}


def test_strangers_may_send_only_so_many_forms_a_minute(doors: Doors) -> None:
    before = doors.counts()["instance"]

    answers = [doors.ask("POST", "/api/forms/order_intake/web", json=form(n)) for n in range(PUBLIC_RATE + 8)]

    taken = [a for a in answers if a.is_success]
    refused = [a for a in answers if a.status_code == 429]
    assert len(taken) + len(refused) == len(answers)
    assert 1 <= len(taken) <= PUBLIC_RATE + 1
    assert all(int(a.headers["retry-after"]) >= 1 for a in refused)
    problem(refused[0], 429, refused[0].json()["code"])
    assert doors.counts()["instance"] == before + len(taken)

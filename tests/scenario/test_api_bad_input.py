"""What is wrong is told with a code and a remedy in the reader's language, and nothing is half written."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.door import PACK, Door, Person, a_door, an_engine, publish, serving


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with a_door(tmp_path_factory.mktemp("door"), public_rate_per_minute=5) as door:
        yield door


@pytest.fixture
def sam(door: Door) -> Person:
    return door.user("sam")


def test_a_10_mb_body_is_refused_and_nothing_is_kept(sam: Person) -> None:
    body = b'{"fields": {"code": "BIG", "name": "' + b"x" * 10_000_000 + b'"}}'

    answer = sam.ask("POST", "/api/records/customer", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 413
    assert answer.json()["code"] == "api.body.large"
    assert "2000000" in answer.json()["detail"]
    assert sam.ask("GET", "/api/records/customer/BIG").status_code == 404
    assert sam.ask("GET", "/api/session").status_code == 200


def test_a_10_mb_body_in_chunks_of_no_announced_length_is_refused(sam: Person) -> None:
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        yield b'{"fields": {"code": "BIG", "name": "'
        for _ in range(100):
            sent += 100_000
            yield b"x" * 100_000
        yield b'"}}'

    answer = sam.ask("POST", "/api/records/customer", content=chunks(), headers={"content-type": "application/json"})

    assert answer.status_code == 413
    assert answer.json()["code"] == "api.body.large"


def test_an_endless_webhook_is_cut_off_at_the_limit(door: Door) -> None:
    host, port = door.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        raw.sendall(b"POST /hooks/shop HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(25):
            raw.sendall(b"186a0\r\n" + b"x" * 100_000 + b"\r\n")

        # The sender has not said that it is over, and is answered all the same.
        answer = raw.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [(b'{"fields": {,}}', 1, 13), (b'{"fields":\n {"code": "A",\n  "name": }}', 3, 11), (b"", 1, 1), (b"{", 1, 2)],
)
def test_malformed_json_names_its_place(sam: Person, body: bytes, line: int, column: int) -> None:
    answer = sam.ask("POST", "/api/records/customer", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 400
    finding = answer.json()["findings"][0]
    assert (finding["code"], finding["line"], finding["column"]) == ("api.json", line, column)


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"\xff\xfe{}", "api.json.encoding"), (b'{"fields": {"code": "a\\u0000"}}', "api.json.character")],
)
def test_bytes_that_are_no_storable_text_are_malformed(sam: Person, body: bytes, code: str) -> None:
    answer = sam.ask("POST", "/api/records/customer", content=body, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_form_encoded_body_is_no_json(sam: Person) -> None:
    answer = sam.ask("POST", "/api/records/customer", data={"fields": "x"})

    assert answer.status_code == 422
    assert answer.json()["findings"][0]["code"] == "api.body.json"


def test_every_misfit_of_a_request_is_told_at_once(sam: Person) -> None:
    answer = sam.send("/api/instances", {"wrokflow": "x", "data": [], "start": 5})

    found = {(f["code"], f["at"]) for f in answer.json()["findings"]}
    assert answer.status_code == 422
    assert found == {
        ("api.field.missing", "/workflow"),
        ("api.field.unknown", "/wrokflow"),
        ("api.field.mapping", "/data"),
        ("api.field.text", "/start"),
    }


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/instances?limit=0", "api.field.low"),
        ("/api/instances?limit=many", "api.field.integer"),
        ("/api/instances?status=lost", "api.field.choice"),
        ("/api/instances?incidents=perhaps", "api.field.boolean"),
        ("/api/audit?since=yesterday", "api.field.datetime"),
        ("/api/instances?workflow=" + "x" * 64, "api.field.long"),
    ],
)
def test_a_query_that_does_not_fit_names_its_parameter(door: Door, path: str, code: str) -> None:
    answer = door.user("ada").ask("GET", path)

    name = path.partition("?")[2].partition("=")[0]
    assert answer.status_code == 422
    assert (answer.json()["findings"][0]["code"], answer.json()["findings"][0]["at"]) == (code, f"/{name}")
    assert name in answer.json()["findings"][0]["message"]


@pytest.mark.parametrize("cursor", ["x", "!!!", "bm9uc2Vuc2U", "W10", "WyItc3RhcnRlZF9hdCIsMSwyLDNd"])
def test_a_cursor_that_is_not_ours_is_refused(door: Door, cursor: str) -> None:
    answer = door.user("otto").ask("GET", "/api/instances", params={"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (422, "store.cursor")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_problem_speaks_the_readers_language(door: Door, language: str) -> None:
    stranger = door.stranger(language)

    for answer in (
        stranger.ask("GET", "/api/session"),
        stranger.ask("GET", "/api/nothing"),
        stranger.ask("PUT", "/api/session"),
        stranger.send("/api/session", {}),
        stranger.send("/api/session", {"name": "sam", "password": "wrong password"}),
    ):
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["content-language"] == language
        assert problem["status"] == answer.status_code
        assert problem["type"] == f"urn:taktflow:problem:{problem['code']}"
        assert any("一" <= c <= "鿿" for c in problem["title"] + problem["detail"]) == (language == "zh")
        assert "{" not in problem["detail"]


def test_a_method_that_a_path_does_not_take_is_told_with_those_it_does(door: Door) -> None:
    answer = door.stranger().ask("PUT", "/api/session")

    assert (answer.status_code, answer.json()["code"]) == (405, "api.method")
    assert answer.headers["allow"]


def test_a_definition_with_mistakes_yields_findings_with_line_and_remedy_and_publishes_nothing(door: Door) -> None:
    ann = door.user("ann")
    broken = PACK["entities.yaml"].replace("type: choice", "type: chioce").replace("index: [tier", "index: [teir")
    body = {"files": [{"name": "pack.yaml", "source": PACK["pack.yaml"]}, {"name": "entities.yaml", "source": broken}]}
    before = ann.read("/api/definitions/entity/customer")["version"]

    checked = ann.send("/api/definitions/check", body).json()
    published = ann.send("/api/packs/publish", body)

    assert not checked["ok"]
    assert all(f["line"] > 0 and f["file"] == "entities.yaml" and f["message"] for f in checked["findings"])
    assert published.status_code == 422
    assert published.json()["code"] == "publish.findings"
    assert len(published.json()["findings"]) >= 1
    assert ann.read("/api/definitions/entity/customer")["version"] == before


@pytest.mark.parametrize("source", ["{", "kind: wrokflow\nid: x\n", "a: [1, 2", "\t- x", "kind: workflow"])
def test_malformed_yaml_and_unknown_kinds_are_findings(door: Door, source: str) -> None:
    body = {"files": [{"name": "x.yaml", "source": source}]}

    checked = door.user("ann").send("/api/definitions/check", body)

    assert checked.status_code == 200
    assert not checked.json()["ok"]
    assert all(f["message"] and f["message"] != f["code"] for f in checked.json()["findings"])


@pytest.mark.parametrize("name", ["../evil.yaml", "/etc/evil.yaml", "a/../../evil.yaml", "a\\..\\evil.yaml"])
def test_a_file_name_that_leaves_the_pack_is_refused(door: Door, name: str) -> None:
    body = {"files": [{"name": name, "source": "kind: pack"}]}

    answer = door.user("ann").send("/api/definitions/check", body)

    assert (answer.status_code, answer.json()["code"]) == (422, "files.name")


def test_a_public_form_is_taken_only_so_often_from_one_address(door: Door) -> None:
    stranger = door.stranger()

    answers = [
        stranger.send("/api/forms/complaint/web", {"submission_id": f"submission-{n}", "data": {"what": f"no {n}"}})
        for n in range(7)
    ]

    assert [a.status_code for a in answers] == [201] * 5 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) >= 1
    with_sign_in = door.user("sam").send(
        "/api/forms/complaint/desk", {"submission_id": "submission-9", "data": {"what": "from the desk"}}
    )
    assert with_sign_in.status_code == 201


def test_an_unexpected_error_tells_a_number_and_nothing_of_the_inside(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> object:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(door.engine.catalog, "listing", broken)

    answer = door.user("ann").ask("GET", "/api/plugins")

    assert answer.status_code == 500
    assert answer.json()["code"] == "api.unexpected"
    assert answer.json()["id"] in answer.json()["detail"]
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_an_unknown_webhook_address_says_nothing(door: Door) -> None:
    answer = door.stranger().ask("POST", "/hooks/shop_main", content=b"{}")

    assert (answer.status_code, answer.json()["code"]) == (404, "webhook.unknown")


def test_every_answer_tells_the_browser_what_it_must_not_do(door: Door) -> None:
    for answer in (door.stranger().ask("GET", "/healthz"), door.stranger().ask("GET", "/api/session")):
        assert "unsafe-eval" not in answer.headers["content-security-policy"]
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers
    assert door.stranger().ask("GET", "/api/session").headers["cache-control"] == "no-store"


def test_publishing_a_corrected_pack_takes_effect_without_a_restart(door: Door) -> None:
    wider = PACK["entities.yaml"].replace("values: [S, A, B]", "values: [S, A, B, C]")
    files = {**PACK, "entities.yaml": wider}
    sam = door.user("sam")
    record = {"fields": {"code": "HOT", "name": "Hot", "tier": "C"}}
    assert sam.send("/api/records/customer", record).status_code == 422

    body = {"files": [{"name": name, "source": source} for name, source in files.items()]}
    done = door.user("ann").send("/api/packs/publish", body).json()

    assert [(p["kind"], p["id"], p["version"]) for p in done["published"]] == [("entity", "customer", 2)]
    assert len(done["unchanged"]) >= 4
    assert sam.send("/api/records/customer", record).status_code == 201
    log = door.user("ada").read("/api/audit", action="definition.published")["items"]
    assert log[0]["by"] == "ann"
    publish(door.engine, PACK)


def test_a_full_queue_is_told_with_when_to_come_back(tmp_path: Path) -> None:
    with a_door(tmp_path, queue_limit=1) as door:
        sam = door.user("sam")
        begun, gone_on = threading.Event(), threading.Event()

        def slow(_: object) -> None:
            begun.set()
            gone_on.wait(10)

        held = door.engine.store.write(slow)
        begun.wait(10)
        waiting = door.engine.store.write(lambda _: None)

        answer = sam.send("/api/records/customer", {"fields": {"code": "BUSY", "name": "x"}})
        gone_on.set()
        held.result(10)
        waiting.result(10)

        assert (answer.status_code, answer.json()["code"]) == (503, "store.busy")
        assert int(answer.headers["retry-after"]) >= 1
        assert sam.ask("GET", "/api/records/customer/BUSY").status_code == 404
        assert sam.send("/api/records/customer", {"fields": {"code": "BUSY", "name": "x"}}).status_code == 201


def test_a_server_whose_database_is_gone_is_alive_but_not_ready(tmp_path: Path) -> None:
    with an_engine(tmp_path) as engine, serving(engine) as door:
        engine.store.close()

        ready = door.stranger().ask("GET", "/readyz")

        assert door.stranger().ask("GET", "/healthz").status_code == 200
        assert ready.status_code == 503
        assert ready.json()["status"] == "failed"
        assert ready.json()["writer"] == "failed"

"""The HTTP connector against a real server on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from taktflow.sdk import NodeError, plain_loads
from taktflow_connectors.http.connector import HttpConnector
from taktflow_connectors.http.models import HttpAction, HttpConfig, HttpStream


@dataclass
class System:
    """A server that notes what came and answers what the test told it."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0
    drip: bool = False
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    sockets: set[Any] = field(default_factory=set)
    url: str = ""


@contextmanager
def a_system(**told: Any) -> Iterator[System]:
    system = System(**told)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            system.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            system.sockets.add(self.client_address)
            time.sleep(system.delay_s)
            try:
                self.send_response(system.status)
                for name, value in {"content-length": str(len(system.body)), **system.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                for byte in system.body if system.drip else ():
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.05)
                if not system.drip:
                    self.wfile.write(system.body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815  # The names that http.server looks for.

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    system.url = f"http://127.0.0.1:{server.server_port}/api"
    try:
        yield system
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def connected(url: str, **config: Any) -> Iterator[HttpConnector]:
    connector = HttpConnector(HttpConfig.model_validate({"base_url": url, "allow_private": True, **config}))
    try:
        yield connector
    finally:
        connector.close()


def failure(call: Callable[[], Any]) -> NodeError:
    with pytest.raises(NodeError) as failed:
        call()
    return failed.value


def test_a_stream_is_read_as_its_definition_says() -> None:
    stream = HttpStream(path="/stock", query={"sku": "{sku}"}, records="items", key_by="sku", value="sellable")

    with a_system(body=b'{"items":[{"sku":"A 1","sellable":12.50}]}') as system, connected(system.url) as connector:
        value = connector.read(stream, {"sku": ["A 1", "B"]}, timeout_s=None)

    assert value == {"A 1": Decimal("12.50")}
    assert system.seen[0][:2] == ("GET", "/api/stock?sku=A%201%2CB")


def test_an_action_sends_all_the_data_and_its_key() -> None:
    with a_system(status=201, body=b'{"order":{"no":"SO-1"}}') as system, connected(system.url) as connector:
        action = HttpAction(path="/orders/{number}", method="PUT", result="order.no")

        value = connector.act(action, {"number": "A/1", "total": Decimal("0.10")}, key="订单-1", timeout_s=None)

    method, path, headers, body = system.seen[0]
    assert value == "SO-1"
    assert (method, path) == ("PUT", "/api/orders/A%2F1")
    assert headers["idempotency-key"] == "%E8%AE%A2%E5%8D%95-1"
    assert headers["content-type"] == "application/json"
    assert b'"total":0.10' in body
    assert plain_loads(body) == {"number": "A/1", "total": Decimal("0.10")}


def test_an_action_may_shape_its_body_and_name_its_key_header() -> None:
    with a_system() as system, connected(system.url) as connector:
        action = HttpAction(body={"no": {"$input": "number"}, "fixed": True}, idempotency_header="X-Request-Id")

        connector.act(action, {"number": "A-1", "inner": "x"}, key="k", timeout_s=None)

    assert plain_loads(system.seen[0][3]) == {"no": "A-1", "fixed": True}
    assert system.seen[0][2]["x-request-id"] == "k"
    assert "idempotency-key" not in system.seen[0][2]


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"type": "bearer", "token": "t-1"}, "authorization", "Bearer t-1"),
        ({"type": "basic", "user": "u", "password": "密"}, "authorization", "Basic dTrlr4Y="),
        ({"type": "api_key", "header": "X-Key", "key": "k-1"}, "x-key", "k-1"),
    ],
)
def test_every_kind_of_proof_is_sent(auth: dict[str, str], header: str, value: str) -> None:
    with a_system() as system, connected(system.url, auth=auth) as connector:
        connector.read(HttpStream(), {}, timeout_s=None)

    assert system.seen[0][2][header] == value


def test_a_duplicate_that_the_system_knows_counts_as_done() -> None:
    action = HttpAction(path="/orders", accept_status=(409,), result="no")

    with a_system(status=409, body=b'{"no":"SO-7"}') as system, connected(system.url) as connector:
        assert connector.act(action, {}, key="k", timeout_s=None) == "SO-7"
        system.body = b'{"message":"exists"}'
        assert connector.act(action, {}, key="k", timeout_s=None) is None


def test_a_refusal_says_why() -> None:
    with a_system(status=422, body=b'{"message":"qty"}') as system, connected(system.url) as connector:
        error = failure(lambda: connector.act(HttpAction(), {}, key="k", timeout_s=None))

    assert (error.code, error.retryable, error.unknown) == ("rejected", False, False)
    assert error.details == {"status": 422, "body": '{"message":"qty"}'}


def test_a_system_that_does_not_answer_in_time_may_have_done_it() -> None:
    with a_system(delay_s=0.5) as system, connected(system.url) as connector:
        read = failure(lambda: connector.read(HttpStream(), {}, timeout_s=0.05))
        act = failure(lambda: connector.act(HttpAction(), {}, key="k", timeout_s=0.05))

    assert (read.code, read.retryable, read.unknown) == ("timeout", True, False)
    assert (act.code, act.retryable, act.unknown) == ("timeout", True, True)


def test_an_answer_that_trickles_in_is_a_timeout_too() -> None:
    with a_system(body=b'{"a":' + b" " * 50 + b"1}", drip=True) as system, connected(system.url) as connector:
        began = time.monotonic()
        error = failure(lambda: connector.read(HttpStream(), {}, timeout_s=0.2))

    assert error.code == "timeout"
    assert time.monotonic() - began < 2


def test_a_system_that_is_not_there_has_done_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

    with connected(url) as connector:
        error = failure(lambda: connector.act(HttpAction(), {}, key="k", timeout_s=1))
        report = connector.test()

    assert (error.code, error.retryable, error.unknown) == ("unavailable", True, False)
    assert not report.ok


def test_a_connection_that_breaks_may_have_carried_the_order() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def hang_up() -> None:
            taken, _ = server.accept()
            taken.recv(65536)
            taken.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with connected(f"http://127.0.0.1:{port}") as connector:
            error = failure(lambda: connector.act(HttpAction(), {"a": 1}, key="k", timeout_s=2))
        thread.join()

    assert (error.code, error.retryable, error.unknown) == ("unavailable", True, True)


def test_a_redirect_is_not_followed() -> None:
    with a_system(status=302, headers={"location": "/elsewhere"}) as system, connected(system.url) as connector:
        error = failure(lambda: connector.read(HttpStream(), {}, timeout_s=None))

    assert error.code == "rejected"
    assert len(system.seen) == 1


def test_an_answer_that_is_too_long_is_not_read_to_its_end() -> None:
    with a_system(body=b'"' + b"x" * 2_000_000 + b'"') as system, connected(system.url, max_answer_bytes=1000) as c:
        error = failure(lambda: c.read(HttpStream(), {}, timeout_s=None))

    assert error.code == "unreadable"
    assert "max_answer_bytes" in error.text.en


def test_a_private_address_needs_permission() -> None:
    with a_system() as system, connected(system.url, allow_private=False) as connector:
        error = failure(lambda: connector.read(HttpStream(), {}, timeout_s=None))

    assert (error.code, error.retryable) == ("rejected", False)
    assert "allow_private" in error.text.en
    assert system.seen == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1"])
def test_an_odd_spelling_of_loopback_is_seen_through(host: str) -> None:
    with connected(f"http://{host}:1", allow_private=False) as connector:
        error = failure(lambda: connector.read(HttpStream(), {}, timeout_s=1))

    assert error.code == "rejected"


def test_many_threads_share_kept_alive_sockets() -> None:
    with a_system(body=b'{"ok":1}') as system, connected(system.url) as connector, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: connector.read(HttpStream(path=f"/{n}"), {}, timeout_s=5), range(40)))

    assert answers == [{"ok": Decimal(1)}] * 40
    assert {path for _, path, _, _ in system.seen} == {f"/api/{n}" for n in range(40)}
    assert len(system.sockets) <= 4


@pytest.mark.parametrize(("status", "ok"), [(200, True), (404, True), (401, False), (500, False)])
def test_the_connection_test_tells_whether_we_are_let_in(status: int, ok: bool) -> None:
    with a_system(status=status) as system, connected(system.url) as connector:
        assert connector.test().ok is ok

"""Reads from and writes to any system that speaks JSON over HTTP, as its connection definition declares."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Mapping
from typing import assert_never

import httpx

from taktflow.sdk import Connector, Json, NodeError, TestReport, Text, Value, plain_dumps
from taktflow_connectors.http.answers import Answer, document, part, records, refusal
from taktflow_connectors.http.egress import EgressRefused, GuardedTransport
from taktflow_connectors.http.filling import filled_body, filled_path, filled_query, header_key
from taktflow_connectors.http.models import (
    ApiKeyAuth,
    BasicAuth,
    BearerAuth,
    HttpAction,
    HttpConfig,
    HttpStream,
    NoAuth,
)


class HttpConnector(Connector[HttpConfig, HttpStream, HttpAction]):
    """One client with kept-alive sockets, shared by all threads.

    Errors: ``timeout``, ``unavailable``, ``throttled`` (retryable), ``rejected``, and ``unreadable`` when the answer is
    not what the definition says. Repeating is the engine's business: a request is sent once.
    """

    kind = "http"
    title = Text(zh="HTTP 接口", en="HTTP interface")
    Config = HttpConfig
    Stream = HttpStream
    Action = HttpAction

    def __init__(self, config: HttpConfig) -> None:
        super().__init__(config)
        proof, self._hide = _proof(config)
        host = httpx.URL(config.base_url).raw_host.decode("ascii")
        self._client = httpx.Client(
            transport=GuardedTransport(host, allow_private=config.allow_private),
            headers={
                "Accept": "application/json",
                # Compressed answers could unfold to far more than max_answer_bytes.
                "Accept-Encoding": "identity",
                "User-Agent": "taktflow",
                **config.headers,
                **proof,
            },
            follow_redirects=False,
            trust_env=False,
        )

    def read(self, stream: HttpStream, query: Mapping[str, Value], *, timeout_s: float | None) -> Value:
        """The records of the answer to one request."""
        address = self._address(stream.path, query)
        if asked := filled_query(stream.query, query, stream.lists):
            address += f"?{asked}"
        body = filled_body(stream.body, query) if stream.method == "POST" and stream.body is not None else None
        answer = self._exchange(stream.method, address, body, {}, timeout_s, effect=False)
        if not answer.fine:
            raise refusal(answer, effect=False, hide=self._hide)
        found = document(answer, effect=False)
        return records(found, path=stream.records, key_by=stream.key_by, value=stream.value)

    def act(self, action: HttpAction, data: Mapping[str, Value], *, key: str, timeout_s: float | None) -> Value:
        """Sends one request that carries ``key``; the part of the answer that the action calls its result.

        An accepted status outside 2xx gives ``None`` when its answer has no such part.
        """
        address = self._address(action.path, data)
        body = filled_body(action.body, data) if action.body is not None else dict(data)
        headers = {action.idempotency_header: header_key(key)} if action.idempotency_header else {}
        answer = self._exchange(action.method, address, body, headers, timeout_s, effect=True)
        if answer.fine:
            return part(document(answer, effect=True), action.result, effect=True)
        if answer.status in action.accept_status:
            return _told_anyway(answer, action.result)
        raise refusal(answer, effect=True, hide=self._hide)

    def test(self) -> TestReport:
        """Asks for ``test_path``; without one, an answer of "no such page" proves at least that the system is there."""
        began = time.monotonic()
        try:
            answer = self._exchange("GET", self.config.base_url + self.config.test_path, None, {}, None, effect=False)
        except NodeError as failed:
            return TestReport(False, failed.text)
        latency_ms = round((time.monotonic() - began) * 1000, 1)
        if answer.fine or (answer.status in (404, 405) and not self.config.test_path):
            return TestReport(True, Text(zh="系统有应答。", en="The system answers."), latency_ms)
        return TestReport(False, refusal(answer, effect=False).text, latency_ms)

    def close(self) -> None:
        """Closes the kept-alive sockets."""
        self._client.close()

    def _address(self, path: str, data: Mapping[str, Value]) -> str:
        return self.config.base_url + filled_path(path, data)

    def _exchange(
        self,
        method: str,
        address: str,
        body: Json,
        headers: Mapping[str, str],
        timeout_s: float | None,
        *,
        effect: bool,
    ) -> Answer:
        wait_s = self.config.timeout_s if timeout_s is None else timeout_s
        sent = {**headers, "Content-Type": "application/json"} if body is not None else dict(headers)
        content = plain_dumps(body).encode() if body is not None else None
        try:
            request = self._client.build_request(method, address, content=content, headers=sent, timeout=wait_s)
            return self._answer(request, time.monotonic() + wait_s)
        except (EgressRefused, httpx.InvalidURL) as wrong:
            raise self._refused(wrong) from wrong
        except (httpx.ConnectTimeout, httpx.PoolTimeout) as wrong:
            raise self._too_slow(wait_s, unknown=False) from wrong
        except httpx.TimeoutException as wrong:
            raise self._too_slow(wait_s, unknown=effect) from wrong
        except httpx.TransportError as wrong:
            # Without a connection nothing was done; one that broke may have carried the request.
            raise self._gone(wrong, unknown=effect and not isinstance(wrong, httpx.ConnectError)) from wrong

    def _answer(self, request: httpx.Request, until: float) -> Answer:
        response = self._client.send(request, stream=True)
        try:
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > self.config.max_answer_bytes:
                    break
                if time.monotonic() > until:
                    raise httpx.ReadTimeout("the answer trickles in", request=request)
            return Answer(
                response.status_code, response.headers, bytes(body), cut=len(body) > self.config.max_answer_bytes
            )
        finally:
            response.close()

    def _refused(self, wrong: Exception) -> NodeError:
        return NodeError(
            "rejected",
            Text(
                zh=f"不允许连接该地址（{wrong}）；若它是公司内网系统，请由管理员设置 allow_private: true。",
                en=f"This address may not be reached ({wrong}); if it is a system of the company's own network, an "
                "administrator sets allow_private: true.",
            ),
        )

    def _too_slow(self, wait_s: float, *, unknown: bool) -> NodeError:
        return NodeError(
            "timeout",
            Text(
                zh=f"{self.config.base_url} 在 {wait_s:g} 秒内没有应答；请稍后重试或增大 timeout_s。",
                en=f"{self.config.base_url} did not answer within {wait_s:g} s; try again later or raise timeout_s.",
            ),
            retryable=True,
            unknown=unknown,
        )

    def _gone(self, wrong: httpx.TransportError, *, unknown: bool) -> NodeError:
        return NodeError(
            "unavailable",
            Text(
                zh=f"无法连接 {self.config.base_url}（{wrong}）；请检查系统是否运行、地址是否正确。",
                en=f"{self.config.base_url} cannot be reached ({wrong}); check that it runs and the address is right.",
            ),
            retryable=True,
            unknown=unknown,
        )


def _told_anyway(answer: Answer, path: str) -> Value:
    try:
        return part(document(answer, effect=True), path, effect=True)
    except NodeError:
        return None


def _proof(config: HttpConfig) -> tuple[dict[str, str], tuple[str, ...]]:
    """The headers that prove who calls, and the secrets they hold."""
    match config.auth:
        case NoAuth():
            return {}, ()
        case BearerAuth(token=token):
            return {"Authorization": f"Bearer {token}"}, (token,)
        case BasicAuth(user=user, password=password):
            pair = b64encode(f"{user}:{password}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}, tuple(s for s in (pair, password) if s)
        case ApiKeyAuth(header=header, key=key):
            return {header: key}, (key,)
        case _:
            assert_never(config.auth)

"""Makes values or errors of what a system answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taktflow.sdk import Json, NodeError, Text, Value, plain_loads
from taktflow_connectors.http.filling import as_text, at_path

_EXCERPT = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; ``cut`` when it was longer than the connection takes."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool = False

    @property
    def fine(self) -> bool:
        """Whether the system says that it did what was asked."""
        return 200 <= self.status < 300


def refusal(answer: Answer, *, effect: bool, hide: Sequence[str] = ()) -> NodeError:
    """The error that ``answer``'s status stands for.

    A 5xx may come from a gateway that lost a request already done, so an ``effect`` is unknown then. ``hide`` holds
    secrets that a system may echo; they are struck out of the excerpt.
    """
    status = answer.status
    details: dict[str, Json] = {"status": status, "body": _excerpt(answer.body, hide)}
    if wait := answer.headers.get("retry-after", "")[:64]:
        details["retry_after"] = wait
    if status == 408:
        return NodeError(
            "timeout",
            Text(
                zh="对方系统等待请求超时（408）；稍后会重试。",
                en="The system gave up waiting (408); it is tried again.",
            ),
            retryable=True,
            details=details,
        )
    if status == 429:
        return NodeError(
            "throttled",
            Text(zh="对方系统限流（429）；请稍后再试。", en="The system asks us to slow down (429); try again later."),
            retryable=True,
            details=details,
        )
    if status >= 500:
        return NodeError(
            "unavailable",
            Text(
                zh=f"对方系统出错（{status}）；请稍后重试或联系其管理员。",
                en=f"The system failed ({status}); try again later or ask its administrator.",
            ),
            retryable=True,
            unknown=effect,
            details=details,
        )
    return NodeError("rejected", _rejection(status), details=details)


def _rejection(status: int) -> Text:
    if status in (401, 403):
        return Text(
            zh=f"对方系统不接受我们的身份（{status}）；请检查连接的 auth 及其权限。",
            en=f"The system does not let us in ({status}); check the connection's auth and its rights.",
        )
    if 300 <= status < 400:
        return Text(
            zh=f"对方系统转向别处（{status}），我们不跟随；请在 base_url 中写最终地址。",
            en=f"The system points elsewhere ({status}), which is not followed; put the final address in base_url.",
        )
    return Text(
        zh=f"对方系统拒绝了请求（{status}）；详情见其回答，请更正数据。",
        en=f"The system refused the request ({status}); correct the data, its answer says why.",
    )


def _excerpt(body: bytes, hide: Sequence[str]) -> str:
    # Cut after striking out: a secret that crosses the end of the excerpt must not survive in part.
    text = body[: 20 * _EXCERPT].decode("utf-8", errors="replace")
    for secret in hide:
        text = text.replace(secret, "***")
    return text[:_EXCERPT]


def document(answer: Answer, *, effect: bool) -> Value:
    """The JSON document in ``answer``, ``None`` when it is empty; NodeError ``unreadable`` for anything else."""
    if answer.cut:
        raise _unreadable(
            Text(
                zh="对方的回答超过 max_answer_bytes；请缩小查询范围或提高上限。",
                en="The answer is longer than max_answer_bytes; ask for less or raise the limit.",
            ),
            effect,
        )
    if answer.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise _unreadable(
            Text(
                zh="对方压缩了回答，而我们没有要求压缩；请在对方系统中关闭压缩。",
                en="The system compressed its answer unasked; switch compression off there.",
            ),
            effect,
        )
    body = answer.body.removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        return None
    try:
        return plain_loads(body)
    except ValueError as wrong:
        raise _unreadable(
            Text(
                zh="对方的回答不是 JSON；请检查 base_url 和 path 是否指向接口而非网页。",
                en="The answer is no JSON; check that base_url and path lead to an interface, not to a web page.",
            ),
            effect,
            {"body": _excerpt(body, ())},
        ) from wrong


def records(found: Value, *, path: str, key_by: str | None, value: str | None) -> Value:
    """The records at ``path`` of an answer, by their key or as they came, whole or one field of each."""
    wanted = part(found, path, effect=False)
    if key_by is None and value is None:
        return wanted
    if not isinstance(wanted, list):
        raise _unreadable(
            Text(
                zh=f"回答中“{path}”处不是列表；请更正数据流的 records。",
                en=f"The answer holds no list at {path!r}; correct the stream's records.",
            ),
            effect=False,
        )
    values = [record if value is None else part(record, value, effect=False) for record in wanted]
    if key_by is None:
        return values
    keys = [as_text(part(record, key_by, effect=False)) for record in wanted]
    keyed = dict(zip(keys, values, strict=True))
    if len(keyed) < len(keys):
        twice = next(key for key in keyed if keys.count(key) > 1)
        raise _unreadable(
            Text(
                zh=f"回答中有多条记录的 {key_by} 都是“{twice}”；请换一个 key_by，或去掉它并在流程中汇总。",
                en=f"Several records have the {key_by} {twice!r}; choose another key_by, or leave it out and sum up.",
            ),
            effect=False,
        )
    return keyed


def part(found: Value, path: str, *, effect: bool) -> Value:
    """What lies at ``path`` of an answer; NodeError ``unreadable`` when nothing does."""
    try:
        return at_path(found, path)
    except KeyError:
        raise _unreadable(
            Text(
                zh=f"回答中没有“{path}”；请更正连接定义中的路径。",
                en=f"The answer holds no {path!r}; correct the path in the connection's definition.",
            ),
            effect,
        ) from None


def _unreadable(text: Text, effect: bool, details: Any = None) -> NodeError:
    return NodeError("unreadable", text, unknown=effect, details=details)

"""What a connection of kind ``http`` declares: the system, what can be read from it and what can be done in it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator

from taktflow.sdk import ConnectorConfig, Secret, Titled


def _header_text(value: str) -> str:
    # A line break would let a value smuggle in a header of its own; other controls are no header text either.
    if not value.isascii() or any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise ValueError("a header holds printable ASCII only")
    return value


HeaderText: TypeAlias = Annotated[str, AfterValidator(_header_text)]
HeaderName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")]
_KIND = Titled("方式", "Kind")

Path: TypeAlias = Annotated[str, Field(pattern=r"^(/[^?#]*)?$")]


class NoAuth(ConnectorConfig):
    """The system asks for no proof of who calls."""

    type: Annotated[Literal["none"], _KIND] = Field("none", description="No proof.")


class BearerAuth(ConnectorConfig):
    """``Authorization: Bearer <token>``."""

    type: Annotated[Literal["bearer"], _KIND] = Field(description="A bearer token.")
    token: Annotated[HeaderText, Secret(), Titled("令牌", "Token")] = Field(min_length=1, description="The token.")


class BasicAuth(ConnectorConfig):
    """``Authorization: Basic``, the pair in UTF-8."""

    type: Annotated[Literal["basic"], _KIND] = Field(description="User and password.")
    user: Annotated[str, Titled("用户", "User")] = Field(min_length=1, pattern="^[^:]*$", description="The user name.")
    password: Annotated[str, Secret(), Titled("密码", "Password")] = Field(description="The password.")


class ApiKeyAuth(ConnectorConfig):
    """A key in a header of the system's choice."""

    type: Annotated[Literal["api_key"], _KIND] = Field(description="A key in a header.")
    header: Annotated[HeaderName, Titled("请求头", "Header")] = Field(
        "X-Api-Key", description="The header that carries the key."
    )
    key: Annotated[HeaderText, Secret(), Titled("密钥", "Key")] = Field(min_length=1, description="The key.")


Auth: TypeAlias = Annotated[NoAuth | BearerAuth | BasicAuth | ApiKeyAuth, Field(discriminator="type")]


class HttpConfig(ConnectorConfig):
    """The system: where it is, who we are there, and how long and how much we listen."""

    base_url: Annotated[str, Titled("基础地址", "Base URL")] = Field(
        description="Where the system lives, such as https://erp.example.com/api."
    )
    auth: Annotated[Auth, Titled("身份验证", "Authentication")] = Field(NoAuth(), description="How we prove who calls.")
    timeout_s: Annotated[float, Titled("超时（秒）", "Timeout (s)")] = Field(
        10, gt=0, le=300, description="Seconds to wait when the workflow names no time."
    )
    headers: Annotated[dict[HeaderName, HeaderText], Titled("请求头", "Headers")] = Field(
        default_factory=dict, description="Sent with every request."
    )
    allow_private: Annotated[bool, Titled("允许内网地址", "Allow private addresses")] = Field(
        False, description="Whether the system may live on this machine or in the company's network."
    )
    max_answer_bytes: Annotated[int, Titled("回答上限（字节）", "Longest answer (bytes)")] = Field(
        5_000_000, ge=1_000, le=200_000_000, description="The longest answer we take."
    )
    test_path: Annotated[Path, Titled("测试路径", "Test path")] = Field(
        "", description="What the connection test asks for."
    )

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value.startswith("env:"):  # Not yet replaced: the checker looks at definitions as they are written.
            return value
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("write an address that begins with http:// or https://")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("write the address without user, query and fragment; use auth and the streams' query")
        return value.rstrip("/")


class HttpStream(ConnectorConfig):
    """Something that can be read. ``{name}`` in path and query is filled from the query given at run time."""

    method: Annotated[Literal["GET", "POST"], Titled("方法", "Method")] = Field(
        "GET", description="How the system wants to be asked."
    )
    path: Annotated[Path, Titled("路径", "Path")] = Field("", description="Follows the base URL; {name} is filled in.")
    query: Annotated[dict[str, str | Decimal | bool], Titled("查询参数", "Query")] = Field(
        default_factory=dict, description="The query string; {name} is filled in, an entry that is null left out."
    )
    lists: Annotated[Literal["comma", "repeat"], Titled("列表写法", "Lists")] = Field(
        "comma", description="How a list is written in the query string."
    )
    body: Annotated[Any, Titled("请求正文", "Body")] = Field(
        None, description="What a POST sends; {$input: path} is filled in."
    )
    records: Annotated[str, Titled("记录位置", "Records")] = Field(
        "", description="Where the records are in the answer, such as data.items; all when empty."
    )
    key_by: Annotated[str | None, Titled("键字段", "Key by")] = Field(
        None, description="The field by which the records are looked up."
    )
    value: Annotated[str | None, Titled("取值字段", "Value")] = Field(
        None, description="The one field that is wanted of each record."
    )


class HttpAction(ConnectorConfig):
    """Something that can be done. ``{name}`` in the path is filled from the data."""

    method: Annotated[Literal["POST", "PUT", "PATCH", "DELETE"], Titled("方法", "Method")] = Field(
        "POST", description="The verb."
    )
    path: Annotated[Path, Titled("路径", "Path")] = Field("", description="Follows the base URL; {name} is filled in.")
    body: Annotated[Any, Titled("请求正文", "Body")] = Field(
        None, description="What is sent; {$input: path} is filled in. All the data when unset."
    )
    idempotency_header: Annotated[HeaderName | None, Titled("幂等键请求头", "Idempotency header")] = Field(
        "Idempotency-Key", description="The header that carries the key; null when the system knows none."
    )
    accept_status: Annotated[
        tuple[Annotated[int, Field(ge=100, le=599)], ...], Titled("视为成功的状态", "Accepted statuses")
    ] = Field((), description="Further statuses that mean success, such as 409 where the order exists already.")
    result: Annotated[str, Titled("结果位置", "Result")] = Field(
        "", description="Where the result is in the answer, such as order.no; all when empty."
    )

"""Reads from and acts upon the systems that connections describe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from taktflow.sdk import Connections, Node, NodeConfig, NodeContext, NodeError, Refers, Result, Text, Titled

ConnectionName = Annotated[str, Refers("connection"), Titled("连接", "Connection")]

ERRORS = {
    "timeout": Text("系统未在时限内答复。", "The system did not answer in time."),
    "unavailable": Text("系统无法访问。", "The system cannot be reached."),
    "rejected": Text("系统拒绝了请求。", "The system refused the request."),
    "throttled": Text("系统要求放慢速度。", "The system asks us to slow down."),
    "unreadable": Text("系统的答复与连接定义不符。", "The answer is not what the connection's definition says."),
}


class ReadConfig(NodeConfig):
    """What is read."""

    model_config = ConfigDict(populate_by_name=True)

    connection: ConnectionName = Field(description="The configured system.")
    stream: Annotated[str, Titled("数据流", "Stream")] = Field(description="What is read, as the connection names it.")
    query: Annotated[Mapping[str, Any], Titled("查询", "Query")] = Field(
        default_factory=dict, alias="with", description="What the stream is asked with."
    )


class ActConfig(NodeConfig):
    """What is done."""

    model_config = ConfigDict(populate_by_name=True)

    connection: ConnectionName = Field(description="The configured system.")
    action: Annotated[str, Titled("操作", "Action")] = Field(description="What is done, as the connection names it.")
    data: Annotated[Mapping[str, Any], Titled("数据", "Data")] = Field(
        default_factory=dict, alias="with", description="What is sent."
    )


class ConnectorRead(Node[ReadConfig]):
    """Reads a stream; the value is what the connector makes of the answer."""

    kind = "connector.read"
    title = Text("读取系统", "Read from system")
    note = Text("从已配置的系统读取数据。", "Reads data from a configured system.")
    idempotency = "key"
    Config = ReadConfig
    errors = ERRORS

    def run(self, config: ReadConfig, context: NodeContext) -> Result:
        value = _systems(context).read(config.connection, config.stream, config.query, timeout_s=context.timeout_s)
        return Result(value=value, trace={"connection": config.connection, "stream": config.stream})


class ConnectorAct(Node[ActConfig]):
    """Performs an action once for its key, however often it is sent."""

    kind = "connector.act"
    title = Text("操作系统", "Act on system")
    note = Text(
        "在已配置的系统中执行操作；重复发送只生效一次。", "Performs an action in a configured system, once for its key."
    )
    idempotency = "key"
    Config = ActConfig
    errors = ERRORS

    def run(self, config: ActConfig, context: NodeContext) -> Result:
        key = context.business_key or context.key
        value = _systems(context).act(
            config.connection, config.action, config.data, key=key, timeout_s=context.timeout_s
        )
        return Result(value=value, trace={"connection": config.connection, "action": config.action, "key": key})


def _systems(context: NodeContext) -> Connections:
    if context.connections is None:
        raise NodeError("unavailable", Text("此处无法访问其他系统。", "Other systems cannot be reached here."))
    return context.connections

"""Tells people: the message is stored with the node's result and then delivered, so it is neither lost nor doubled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from taktflow.sdk import Alert, Node, NodeConfig, NodeContext, Result, Template, Text, Titled

Principal = Annotated[str, Field(pattern=r"^(role|user):[A-Za-z][A-Za-z0-9_.@-]{0,62}$")]
Line = Annotated[str, Template(), Field(max_length=400)]
Message = Annotated[str, Template(), Field(max_length=4000)]


class Subject(NodeConfig):
    """One line in both languages."""

    zh: Annotated[Line, Titled("中文", "Chinese")] = Field(min_length=1, description="In Chinese; may hold {{ FEEL }}.")
    en: Annotated[Line, Titled("英文", "English")] = Field(min_length=1, description="In English; may hold {{ FEEL }}.")


class Body(NodeConfig):
    """The message in both languages."""

    zh: Annotated[Message, Titled("中文", "Chinese")] = Field("", description="In Chinese; may hold {{ FEEL }}.")
    en: Annotated[Message, Titled("英文", "English")] = Field("", description="In English; may hold {{ FEEL }}.")


class AlertConfig(NodeConfig):
    """Who is told what."""

    to: Annotated[Sequence[Principal], Titled("收件人", "To")] = Field(
        min_length=1, max_length=50, description="Who is told: role:planner or user:ann."
    )
    cc: Annotated[Sequence[Principal], Titled("抄送", "Copy to")] = Field(
        (), max_length=50, description="Who gets a copy."
    )
    subject: Annotated[Subject, Titled("标题", "Subject")] = Field(description="The headline of the message.")
    body: Annotated[Body, Titled("正文", "Body")] = Field(Body(zh="", en=""), description="The message itself.")
    severity: Annotated[Literal["info", "warning", "error"], Titled("级别", "Severity")] = Field(
        "info", description="How urgent it is."
    )
    link: Annotated[str, Template(), Titled("链接", "Link")] = Field(
        "", pattern=r"^$|^/([^/\\\s][^\\\s]*)?$", description="A path of this server, such as /orders/SO-1."
    )


class AlertNode(Node[AlertConfig]):
    """Sends a message to people; has no value."""

    kind = "alert"
    title = Text("通知", "Alert")
    note = Text("向角色或人员发送消息。", "Sends a message to roles or people.")
    idempotency = "native"
    Config = AlertConfig

    def run(self, config: AlertConfig, context: NodeContext) -> Result:
        to = list(dict.fromkeys(config.to))
        return Result(
            alerts=[
                Alert(
                    to=to,
                    cc=[p for p in dict.fromkeys(config.cc) if p not in to],
                    title=Text(config.subject.zh, config.subject.en),
                    body=Text(config.body.zh, config.body.en),
                    severity=config.severity,
                    link=config.link,
                )
            ]
        )

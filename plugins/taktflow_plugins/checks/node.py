"""Holds data against declared rules and says which do not hold, with id, severity and message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, StrictBool, model_validator

from taktflow.sdk import Node, NodeConfig, NodeContext, Result, Template, Text, Titled


class Message(NodeConfig):
    """What a person reads, in both languages."""

    zh: Annotated[str, Template(), Titled("中文", "Chinese")] = Field(
        min_length=1, max_length=400, description="In Chinese; may hold {{ FEEL }}."
    )
    en: Annotated[str, Template(), Titled("英文", "English")] = Field(
        min_length=1, max_length=400, description="In English; may hold {{ FEEL }}."
    )


class Rule(NodeConfig):
    """One rule. A condition that cannot be told (null) does not hold: silence is no consent."""

    id: Annotated[str, Titled("规则编号", "Rule id")] = Field(
        pattern=r"^[a-z][a-z0-9_]{0,62}$", description="The stable id of the rule."
    )
    severity: Annotated[Literal["error", "warning", "info"], Titled("级别", "Severity")] = Field(
        "error", description="How grave it is when the rule does not hold."
    )
    message: Annotated[Message, Titled("说明", "Message")] = Field(description="What to tell when it does not hold.")
    holds: Annotated[StrictBool | None, Titled("条件", "Holds")] = Field(
        description="Whether the rule holds; usually {$: FEEL}. Null counts as not."
    )


class ChecksConfig(NodeConfig):
    """The rules, in the order of their findings."""

    rules: Annotated[Sequence[Rule], Titled("规则", "Rules")] = Field(
        min_length=1, max_length=200, description="The rules that the data must keep."
    )

    @model_validator(mode="after")
    def _ids_differ(self) -> ChecksConfig:
        ids = [rule.id for rule in self.rules]
        doubled = sorted({i for i in ids if ids.count(i) > 1})
        if doubled:
            raise ValueError(f"rule ids must differ; rename one of each: {', '.join(doubled)}")
        return self


class Checks(Node[ChecksConfig]):
    """Gives the list of findings ``{rule, severity, message}``; empty when every rule holds."""

    kind = "checks"
    title = Text("校验", "Checks")
    note = Text("按规则校验数据，列出不符合之处。", "Checks data by rules and lists what does not hold.")
    idempotency = "pure"
    Config = ChecksConfig

    def run(self, config: ChecksConfig, context: NodeContext) -> Result:
        found = [
            {"rule": r.id, "severity": r.severity, "message": {"zh": r.message.zh, "en": r.message.en}}
            for r in config.rules
            if r.holds is not True
        ]
        return Result(value=found, trace={"checked": [r.id for r in config.rules]})

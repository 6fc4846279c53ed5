"""Shapes data: every part is computed by the engine before the node runs, so the settings are the value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from taktflow.sdk import Node, NodeConfig, NodeContext, Result, Text, Titled, normal


class TransformConfig(NodeConfig):
    """The shape to give."""

    model_config = ConfigDict(populate_by_name=True)

    values: Annotated[Mapping[str, Any], Titled("赋值", "Set")] = Field(
        alias="set",
        # Written empty it is a mistake; computed, it may come out empty.
        json_schema_extra={"minProperties": 1},
        description="Names and their values; a value may be {$: FEEL}.",
    )


class Transform(Node[TransformConfig]):
    """Gives a context of the computed values."""

    kind = "transform"
    title = Text("转换", "Transform")
    note = Text("按表达式组成新的数据。", "Composes data from expressions.")
    idempotency = "pure"
    Config = TransformConfig

    def run(self, config: TransformConfig, context: NodeContext) -> Result:
        return Result(value=normal(config.values))

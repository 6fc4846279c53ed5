"""Asks a published decision table or formula; the answer carries the rows or steps that led to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from taktflow.sdk import Decider, Node, NodeConfig, NodeContext, NodeError, Refers, Result, Text, Titled

Extra = Annotated[Mapping[str, Any] | None, Titled("附加数据", "Extra data")]


class DecisionConfig(NodeConfig):
    """Which table answers, over which data."""

    model_config = ConfigDict(populate_by_name=True)

    ref: Annotated[str, Refers("decision"), Titled("决策表", "Decision table")] = Field(
        description="The decision table that answers; id@version pins it."
    )
    data: Extra = Field(None, alias="with", description="Names laid over the variables that the table sees.")


class FormulaConfig(NodeConfig):
    """Which formula is computed, over which data."""

    model_config = ConfigDict(populate_by_name=True)

    ref: Annotated[str, Refers("formula"), Titled("公式", "Formula")] = Field(
        description="The formula that is computed; id@version pins it."
    )
    data: Extra = Field(None, alias="with", description="Names laid over the variables that the formula sees.")


class DecisionNode(Node[DecisionConfig]):
    """The answer of a decision table: one column's value, or a context of several; a list for R, O and C."""

    kind = "decision"
    title = Text("决策表", "Decision table")
    note = Text(
        "按已发布的决策表给出结果，并记录命中的行。", "Answers by a published table and records the rows that matched."
    )
    idempotency = "pure"
    Config = DecisionConfig
    errors = {
        "decision.none": Text("没有一行符合。", "No row matches."),
        "decision.ambiguous": Text("多行符合而结果不同。", "Several rows match with different answers."),
        "decision.input": Text("某个输入不是该列的类型。", "An input is not of its column's type."),
        "decision.output": Text(
            "公式单元格算不出该列类型的值。", "A formula cell gives no value of its column's type."
        ),
    }

    def run(self, config: DecisionConfig, context: NodeContext) -> Result:
        return _answer("decision", config.ref, context.library.decision(config.ref), config.data, context)


class FormulaNode(Node[FormulaConfig]):
    """The result of a formula, clamped and rounded as it declares."""

    kind = "formula"
    title = Text("公式", "Formula")
    note = Text("按已发布的公式计算，并记录每一步。", "Computes a published formula and records each step.")
    idempotency = "pure"
    Config = FormulaConfig
    errors = {
        "formula.input": Text("缺少必需的输入，或类型不符。", "A required input is missing or of the wrong type."),
        "formula.output": Text("公式算不出所声明类型的值。", "The formula gives no value of its declared type."),
    }

    def run(self, config: FormulaConfig, context: NodeContext) -> Result:
        return _answer("formula", config.ref, context.library.formula(config.ref), config.data, context)


def _answer(kind: str, ref: str, decider: Decider, data: Mapping[str, Any] | None, context: NodeContext) -> Result:
    scope = {**context.scope, **data} if data else context.scope
    try:
        return decider.decide(scope, now=context.now, zone=context.zone)
    except NodeError as problem:
        # Whoever looks into it later must know who was asked, as the trace of an answer tells.
        asked = {kind: ref.partition("@")[0], "version": decider.version}
        more = problem.details if isinstance(problem.details, Mapping) else {}
        raise NodeError(problem.code, problem.text, details={**asked, **more}) from problem

"""Reads the order out of a chat message."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from taktflow.sdk import Node, NodeConfig, NodeContext, Result, Text, Titled, Value
from taktflow_plugins.intake.catalogue import goods
from taktflow_plugins.intake.draft import Draft, Line, draft, line_confidence
from taktflow_plugins.intake.vocabulary import PIECES


class CatalogueEntry(NodeConfig):
    """A product and the names customers use for it."""

    sku: Annotated[str, Titled("产品编码", "Product code")] = Field(min_length=1, description="The product's code.")
    names: Annotated[Sequence[str], Titled("名称", "Names")] = Field(
        default=(), description="What customers call it, in any language."
    )


class ParseTextConfig(NodeConfig):
    """What is read, and what may be found in it."""

    text: Annotated[str, Titled("消息", "Message")] = Field(description="The message as the customer wrote it.")
    catalogue: Annotated[Sequence[CatalogueEntry], Titled("产品目录", "Catalogue")] = Field(
        description="The products that may be ordered."
    )
    units: Annotated[Sequence[str], Titled("单位", "Units")] = Field(
        default=PIECES, description="Measure words that count single pieces; other measures make a line doubtful."
    )
    currency: Annotated[str | None, Titled("货币", "Currency")] = Field(
        default=None, description="The agreed currency (ISO 4217); a price in another one makes a line doubtful."
    )
    minimum: Annotated[Decimal, Titled("最低相似度", "Least likeness")] = Field(
        default=Decimal("0.75"), ge=Decimal("0.5"), le=1, description="How alike a name must be to count, 0.5 to 1."
    )


class ParseText(Node[ParseTextConfig]):
    """An order draft from a message in Chinese or English, with a confidence from 0 to 1.

    The value is ``{lines: [{sku, qty, unit, price, matched, confidence}], due, confidence, unparsed, reasons}``.
    Whether a draft is sure enough is the workflow's decision; the node never fails on a text.
    """

    kind = "intake.parse_text"
    title = Text("解析订单消息", "Read order message")
    note = Text("把聊天消息变成订单草稿，并给出可信度。", "Makes an order draft of a chat message, with a confidence.")
    idempotency = "pure"
    Config = ParseTextConfig

    def run(self, config: ParseTextConfig, context: NodeContext) -> Result:
        found = draft(
            config.text,
            goods((entry.sku, entry.names) for entry in config.catalogue),
            today=context.now.astimezone(context.zone).date(),
            units=config.units,
            currency=config.currency,
            minimum=float(config.minimum),
        )
        return Result(value=_value(found), trace={"reasons": [reason.code for reason in found.reasons]})


def _value(found: Draft) -> Value:
    reasons = [*(reason for line in found.lines for reason in line.reasons), *found.reasons]
    return {
        "lines": [_line(line) for line in found.lines],
        "due": found.due,
        "confidence": found.confidence,
        "unparsed": found.unparsed,
        "reasons": [reason.as_value() for reason in reasons],
    }


def _line(line: Line) -> Value:
    price = {"amount": line.price.amount, "currency": line.price.currency} if line.price else None
    return {
        "sku": line.sku,
        "qty": line.qty,
        "unit": line.unit,
        "price": price,
        "matched": line.matched,
        "confidence": line_confidence(line),
    }

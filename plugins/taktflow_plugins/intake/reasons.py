"""Why a draft is not fully trusted, in words for the person who looks at it, and how far each reason lowers trust."""

from __future__ import annotations

from dataclasses import dataclass

from taktflow.sdk import Text, Value


@dataclass(frozen=True, slots=True)
class _Meaning:
    cap: float
    """The most that the whole draft is trusted when this is said."""
    text: Text


_MEANINGS = {
    "nothing_recognised": _Meaning(
        0, Text("没有认出任何产品；请人工录入。", "No product was recognised; enter it by hand.")
    ),
    "missing_quantity": _Meaning(0.3, Text("缺少数量；请向客户确认。", "The quantity is missing; ask the customer.")),
    "several_candidates": _Meaning(
        0.4, Text("名称对应多个产品；请选择正确的一个。", "The name fits several products; choose the right one.")
    ),
    "similar_name": _Meaning(
        0.9, Text("按相近的名称匹配；请核对产品。", "Matched by a similar name; check the product.")
    ),
    "other_unit": _Meaning(
        0.5, Text("单位不是常用单位；请换算数量。", "The unit is not the usual one; convert the quantity.")
    ),
    "fraction": _Meaning(0.5, Text("数量不是整数；请核对。", "The quantity is no whole number; check it.")),
    "repeated_product": _Meaning(
        0.7, Text("同一产品出现多次；请确认是否重复。", "A product occurs twice; check that it is meant.")
    ),
    "unclear_pairing": _Meaning(
        0.5, Text("不清楚哪个数量属于哪个产品；请核对。", "Which quantity belongs to which product is unclear; check.")
    ),
    "loose_number": _Meaning(0.6, Text("有数字没有用上；请核对原文。", "A number was left over; read the message.")),
    "unread_words": _Meaning(
        0.95, Text("有内容没有读懂；请看原文。", "Some words were not understood; read the message.")
    ),
    "too_long": _Meaning(0.5, Text("消息太长，只读了开头；请看原文。", "Only the beginning of the message was read.")),
    "negation": _Meaning(
        0.2, Text("可能是取消或否定；请看原文。", "This may cancel or deny something; read the message.")
    ),
    "change": _Meaning(
        0.3, Text("可能是更改已有订单；请看原文。", "This may change an earlier order; read the message.")
    ),
    "question": _Meaning(0.4, Text("可能只是询问；请看原文。", "This may only be a question; read the message.")),
    "approximate": _Meaning(0.6, Text("数量是约数；请确认。", "The quantity is approximate; confirm it.")),
    "ambiguous_date": _Meaning(0.6, Text("日期有歧义；请确认交期。", "The date can be read in two ways; confirm it.")),
    "bad_date": _Meaning(0.6, Text("日期不存在；请确认交期。", "There is no such day; confirm the date.")),
    "several_dates": _Meaning(0.6, Text("有多个日期；请确认交期。", "Several days are named; confirm the date.")),
    "due_in_past": _Meaning(0.5, Text("交期已过；请确认。", "The wanted day is past; confirm it.")),
    "other_currency": _Meaning(
        0.6, Text("货币不是约定的货币；请核对价格。", "The currency is not the agreed one; check.")
    ),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason and what it is about: a sku, a word or a number of the message."""

    code: str
    about: str = ""

    @property
    def cap(self) -> float:
        """The most that a draft with this reason is trusted, 0 to 1."""
        return _MEANINGS[self.code].cap

    def as_value(self) -> Value:
        """For a variable of an instance, with the sentence in both languages."""
        text = _MEANINGS[self.code].text
        return {"code": self.code, "about": self.about, "zh": text.zh, "en": text.en}


def codes() -> tuple[str, ...]:
    """Every reason there is."""
    return tuple(_MEANINGS)

"""The small words of an order message: measures, courtesies, and words that make a message doubtful."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

PIECES = ("pcs", "pc", "pieces", "piece", "ea", "each", "units", "unit", "nos", "个", "件", "只", "支", "片", "块")
OTHER_MEASURES = (
    *("sets", "set", "boxes", "box", "cartons", "carton", "ctns", "ctn", "pallets", "pallet", "bags", "bag", "dozen"),
    *("kgs", "kg", "tons", "ton", "t", "g", "m", "meters", "metres", "mm", "cm", "rolls", "roll", "pairs", "pair"),
    *(
        "公斤",
        "千克",
        "吨",
        "斤",
        "米",
        "箱",
        "盒",
        "包",
        "袋",
        "套",
        "台",
        "条",
        "根",
        "张",
        "卷",
        "对",
        "双",
        "打",
        "托",
    ),
)

_FILLERS = (
    *("please", "pls", "kindly", "we", "i", "would", "like", "want", "need", "to", "order", "buy", "purchase", "place"),
    *("an", "a", "the", "of", "for", "hi", "hello", "dear", "thanks", "thank", "you", "qty", "quantity", "us", "my"),
    *("our", "your", "some", "send", "supply", "new", "also", "additionally", "more", "another", "with", "at", "is"),
    *("good", "morning", "afternoon", "evening", "day", "sir", "madam", "regards", "best", "no", "x", "delivery"),
    *("deliver", "ship", "it", "them", "asap", "urgent", "and", "plus", "as", "well", "following", "items", "item"),
    *(
        "你好",
        "您好",
        "请",
        "麻烦",
        "谢谢",
        "谢",
        "我们",
        "我",
        "想要",
        "需要",
        "想",
        "要",
        "订购",
        "订货",
        "订",
        "下单",
    ),
    *(
        "采购",
        "购买",
        "买",
        "帮忙",
        "帮",
        "来",
        "数量",
        "型号",
        "产品",
        "货",
        "的",
        "是",
        "了",
        "给",
        "再",
        "另外",
        "还",
    ),
    *(
        "以下",
        "如下",
        "单价",
        "每",
        "各",
        "共",
        "合计",
        "交货",
        "到货",
        "发货",
        "尽快",
        "加急",
        "急",
        "吧",
        "哈",
        "呢",
        "啊",
        "一下",
        "老板",
    ),
    *("和", "及", "以及", "还有", "跟", "与"),
)
_JOINS = ("and", "plus", "和", "及", "以及", "还有", "跟", "与", "另外")
_DOUBTS = {
    "negation": (
        *("cancel", "cancelled", "don't", "dont", "do not", "not", "without", "instead", "return", "refund", "remove"),
        *("不要", "不用", "不需要", "别", "取消", "退货", "退", "没有", "减少", "去掉", "删除", "作废"),
    ),
    "change": (
        "change",
        "changed",
        "revise",
        "amend",
        "increase",
        "reduce",
        "改成",
        "改为",
        "改",
        "换成",
        "增加到",
        "变更",
    ),
    "question": (
        *("how much", "how many", "price", "quote", "quotation", "available", "in stock", "can you", "do you have"),
        *("多少钱", "多少", "报价", "价格", "有没有", "有货", "能不能", "可以吗", "吗", "什么时候"),
    ),
    "approximate": (
        "about",
        "around",
        "approx",
        "approximately",
        "roughly",
        "大约",
        "大概",
        "约",
        "左右",
        "上下",
        "差不多",
    ),
}


def _words(words: Iterable[str]) -> re.Pattern[str]:
    """Finds the longest of ``words`` at a place; a Latin word only where it is a word of its own."""
    parts = [re.escape(w) + (r"(?![a-z])" if w[-1].isascii() else "") for w in sorted(words, key=len, reverse=True)]
    return re.compile("|".join(parts))


FILLER = _words(_FILLERS)
JOIN = _words(_JOINS)
DOUBTS: Sequence[tuple[str, re.Pattern[str]]] = tuple((code, _words(words)) for code, words in _DOUBTS.items())


def measures(units: Iterable[str]) -> re.Pattern[str]:
    """Finds a measure word right after a number: those of ``units`` and all others we know."""
    return re.compile(rf"\s?(?P<unit>{_words({*units, *OTHER_MEASURES, *PIECES}).pattern})")

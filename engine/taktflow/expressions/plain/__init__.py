"""Expressions and table cells told in words, in Chinese and English: precise enough that no two read the same.

A part stands in brackets wherever its words would otherwise run into those around it, so that ``(a + b) * c`` and
``a + b * c`` stay apart. Names are told by the titles of what is declared.
"""

from __future__ import annotations

from collections.abc import Mapping

from taktflow.expressions.cells import Cell
from taktflow.expressions.expression import Expression
from taktflow.expressions.plain.cells import cell_told
from taktflow.expressions.plain.teller import Teller
from taktflow.expressions.tree import Node
from taktflow.values import Language, Text

__all__ = ["plain", "plain_test"]


def plain(told: Expression | Node | Cell, language: Language, titles: Mapping[str, Text] | None = None) -> str:
    """``told`` in words of ``language``.

    ``titles`` gives what people call a variable or a field of one: ``order``, ``order.lines``, ``order.lines.qty``;
    where two share a title, the name stands behind it. A cell alone is what may follow "is": ``from 1 to under 5``.
    """
    teller = Teller(language, dict(titles or {}))
    if isinstance(told, Cell):
        return cell_told(teller, told)
    return teller.of(told.root if isinstance(told, Expression) else told).text


def plain_test(cell: Cell, subject: str, language: Language, titles: Mapping[str, Text] | None = None) -> str:
    """What ``cell`` asks of its column as a sentence about ``subject``, a title; empty when it asks nothing."""
    return "" if cell.wildcard else cell_told(Teller(language, dict(titles or {}), subject), cell, subject)

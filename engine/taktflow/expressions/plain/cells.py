"""Cells of a table in words: what may follow "is", or a sentence about the column."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from taktflow.expressions import tree as t
from taktflow.expressions.cells import Cell, Residual
from taktflow.expressions.plain.constants import constant_told, range_told
from taktflow.expressions.plain.phrase import bracketed, separated, template
from taktflow.expressions.plain.teller import Teller
from taktflow.values import Value

_BARE = re.compile(r"[^\W\d][\w-]*(?:[ /][\w-]+)*")
_RESERVED = re.compile(r"\b(or|and|not|none|any|missing|anything|from|to|true|false|nothing|such)\b|[或且为空]")


def cell_told(teller: Teller, cell: Cell, subject: str = "") -> str:
    """``cell`` in words; a sentence about ``subject`` when there is one."""
    language = teller.language
    if cell.wildcard:
        return template("cell", "anything", language)
    tests, clauses = _tests(teller, cell)
    glue = template("cell", "or", language)
    if cell.negated:
        tests, clauses = [_Test(_negated(teller, tests, clauses))], []
    if not subject:
        return glue.join([*(test.text for test in tests), *(teller.say("cell", "holds", test=c) for c in clauses)])
    words = [teller.say("cell", "value", tests=t.text) if t.value and n == 0 else t.text for n, t in enumerate(tests)]
    told = [teller.say("cell", "is", subject=subject, tests=glue.join(words))] if tests else []
    if not told and len(clauses) == 1:
        return clauses[0]
    return glue.join([*told, *(bracketed(c, language) for c in clauses)])


@dataclass(frozen=True, slots=True)
class _Test:
    """What may follow "is"; ``value``: it is one value to equal."""

    text: str
    value: bool = False


def _negated(teller: Teller, tests: Sequence[_Test], clauses: Sequence[str]) -> str:
    if len(tests) == 1 and not clauses:
        (only,) = tests
        text = only.text if only.value else bracketed(only.text, teller.language)
        return teller.say("cell", "other_one", tests=text)
    every = [*(test.text for test in tests), *(teller.say("cell", "holds", test=c) for c in clauses)]
    return teller.say("cell", "other", tests=separated(every, teller.language))


def _tests(teller: Teller, cell: Cell) -> tuple[list[_Test], list[str]]:
    """What may follow "is", and whole sentences."""
    tests = [_Test(text_told(value, teller), value=True) for value in cell.values]
    tests += [_Test(range_told(interval, teller.language)) for interval in cell.intervals]
    tests += [_Test(template("cell", "missing", teller.language))] if cell.null else []
    clauses = []
    for residual in cell.residuals:
        following = _following(teller, residual)
        if following is None:
            clauses.append(teller.of(residual.expression.root).text)
        else:
            tests += following
    return tests, clauses


def _following(teller: Teller, residual: Residual) -> list[_Test] | None:
    """The tests of a residual that was written without its subject; None when it speaks of ``?`` itself."""
    root = residual.expression.root
    if residual.asks:
        return None
    match root:
        case t.In(of=t.Name(), tests=tests):
            ranges = (t.UnaryTest, t.RangeLiteral)
            return [_Test(teller.test(test), value=not isinstance(test, ranges)) for test in tests]
        case t.Comparison(operator=operator, right=right):
            return [_Test(teller.test(t.UnaryTest(operator=operator, operand=right, at=root.at, end=root.end)))]
        case _:
            return None


def text_told(value: Value, teller: Teller) -> str:
    """A constant of a cell: plain words need no quotes there."""
    if isinstance(value, str):
        return (
            value if _BARE.fullmatch(value) and not _RESERVED.search(value) else json.dumps(value, ensure_ascii=False)
        )
    return constant_told(value, teller.language).text

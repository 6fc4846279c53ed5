"""Which parts of an expression Python's own operators may work out, and what must first be seen to be true.

A *region* is a tree of arithmetic, comparisons and logic over names, fields and constants. Where every operand is of
the one type that the region wants of it, Python's operators on it give what FEEL's rules give: there is no null, no
mixture and no third truth value left. That is looked at once per operand, in ``guards``, before the region is entered;
where a guard fails, FEEL's own functions answer as ever.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from taktflow.expressions import tree as t
from taktflow.expressions.builtins import Form
from taktflow.expressions.operators import less_equal
from taktflow.expressions.python_nodes import (
    all_of,
    any_of,
    compared,
    constant,
    is_just,
    kept,
    loaded,
    opposite,
    reckoned,
)
from taktflow.expressions.types import BOOLEAN, NUMBER
from taktflow.values import Value

KINDS: dict[str, type] = {
    "number": Decimal,
    "string": str,
    "boolean": bool,
    "date": date,
    "date and time": datetime,
    "days and time duration": timedelta,
}
"""The types a region may want of an operand, each by the one Python type that its values have."""
_WORDS = {python: word for word, python in KINDS.items()}
_NAMED = (t.Name, t.Path)
_SIGNS: dict[str, Callable[[], ast.operator]] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div}
_TESTS: dict[str, Callable[[], ast.cmpop]] = {
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
    "=": ast.Eq,
    "!=": ast.NotEq,
}


class NotRaw(Exception):
    """Inside the emission only: this is no region."""


@dataclass(frozen=True, slots=True)
class Read:
    """How a region reads an operand. ``promised`` is its declared kind, empty where nothing was declared."""

    key: str
    code: ast.expr
    promised: str


class Source(Protocol):
    """What a region asks of the emission it is a part of."""

    direct: bool

    def fresh(self) -> str: ...
    def value(self, value: Value) -> ast.expr: ...
    def call(self, function: Callable[..., Any], *arguments: ast.expr, name: str = "") -> ast.expr: ...
    def read(self, node: t.Name | t.Path, frames: Any) -> Read: ...
    def form(self, node: t.Call, frames: Any) -> tuple[str, Form, list[t.Node | None]] | None: ...


@dataclass(slots=True)
class Region:
    """One region under way; methods raise :class:`NotRaw` where its node cannot belong to one."""

    source: Source
    frames: Any
    guards: list[ast.expr] = field(default_factory=list)
    others: list[tuple[str, str, t.Node]] = field(default_factory=list)
    """Operands that are no region: the variable each is kept in, its kind, its node. Worked out first, all of them."""
    reckons: bool = False
    _known: dict[str, tuple[str, str]] = field(default_factory=dict)
    _conditional: bool = False

    def root(self, node: t.Node) -> ast.expr:
        """``node`` by Python's operators: a number or a truth value, never null."""
        if isinstance(node, t.Arithmetic | t.Negation):
            if not self.source.direct or (isinstance(node, t.Arithmetic) and node.operator not in _SIGNS):
                raise NotRaw
            return self._number(node)
        if isinstance(node, t.Call):
            return self._built_in(node, alone=True)
        return self._truth(node)

    def _number(self, node: t.Node) -> ast.expr:
        match node:
            case t.Literal(value=Decimal()):
                return self.source.value(node.value)
            case t.Negation() if self.source.direct:
                return self.source.call(Decimal.copy_negate, self._number(node.of))
            case t.Arithmetic() if self.source.direct and node.operator in _SIGNS:
                self.reckons = True
                return reckoned(self._number(node.left), _SIGNS[node.operator](), self._number(node.right))
            case t.Name() | t.Path():
                return self._operand(node, "number")
            case t.Call() if self.source.direct:
                return self._built_in(node)
            case t.Call() | t.If() | t.Arithmetic() | t.Negation() | t.Filter():
                return self._other(node, "number")
            case _:
                raise NotRaw

    def _built_in(self, node: t.Call, *, alone: bool = False) -> ast.expr:
        """A built-in from numbers to a number, its arguments known to fit; ``alone`` it must be that one."""
        found = self.source.form(node, self.frames) if self.source.direct else None
        given = [a for a in found[2] if a is not None] if found else []
        if found and found[0] in ("min", "max") and len(given) > 1:
            return self.source.call(min if found[0] == "min" else max, *[self._number(a) for a in given])
        if not found or not _of_numbers(found[1]) or len(given) != len(found[2]):
            if alone:
                raise NotRaw
            return self._other(node, "number")
        name, form, _ = found
        arguments = [self._operand(a, "number", sure=True) if isinstance(a, _NAMED) else self._number(a) for a in given]
        code = self.source.call(form.work, *arguments, name="w_" + name.replace(" ", "_"))
        variable = self.source.fresh()
        self.reckons = True
        self.guards.append(is_just(kept(variable, code), KINDS["number"].__name__))
        return loaded(variable)

    def _other(self, node: t.Node, kind: str) -> ast.expr:
        if self._conditional:
            raise NotRaw  # It might never be needed, and may be long.
        variable = self.source.fresh()
        self.others.append((variable, kind, node))
        return loaded(variable)

    def _operand(self, node: t.Name | t.Path, kind: str, *, sure: bool = False) -> ast.expr:
        """A name or field; ``sure``: where a promise is not enough, since null would pass unnoticed."""
        read = self.source.read(node, self.frames)
        if read.promised and read.promised != kind:
            raise NotRaw
        if read.promised and kind != "boolean" and not sure:
            return read.code  # Null is noticed by Python's operators themselves, but as a truth value it would pass.
        if read.key in self._known:
            variable, before = self._known[read.key]
            if before != kind:
                raise NotRaw
            return loaded(variable)
        variable = self.source.fresh()
        self._known[read.key] = (variable, kind)
        self.guards.append(is_just(kept(variable, read.code), KINDS[kind].__name__))
        return loaded(variable)

    def _term(self, node: t.Node, kind: str) -> ast.expr:
        if kind == "number":
            return self._number(node)
        if isinstance(node, t.Literal) and _WORDS.get(type(node.value)) == kind:
            return self.source.value(node.value)
        if isinstance(node, t.Name | t.Path):
            return self._operand(node, kind)
        raise NotRaw

    def _kind(self, node: t.Node) -> str:
        """The one kind ``node`` can be wanted as; empty where it does not say."""
        match node:
            case t.Literal():
                if type(node.value) not in _WORDS:
                    raise NotRaw
                return _WORDS[type(node.value)]
            case t.Arithmetic() | t.Negation():
                return "number"
            case t.Name() | t.Path():
                return self.source.read(node, self.frames).promised
            case t.Call():
                found = self.source.form(node, self.frames)
                return "number" if found is not None and found[1].result == NUMBER else ""
            case _:
                return ""

    def _truth(self, node: t.Node) -> ast.expr:
        match node:
            case t.Literal(value=bool()):
                return constant(node.value)
            case t.Comparison():
                return self._comparison(node)
            case t.Between():
                kind = self._kind(node.of) or self._kind(node.low) or self._kind(node.high) or "number"
                self._ordered(kind)
                low, of, high = (self._term(n, kind) for n in (node.low, node.of, node.high))
                return compared(low, (ast.LtE(), of), (ast.LtE(), high))
            case t.In():
                return self._in(node)
            case t.Conjunction():
                return all_of(self._operands(node.operands))
            case t.Disjunction():
                return any_of(self._operands(node.operands))
            case t.Name() | t.Path():
                return self._operand(node, "boolean")
            case t.Call():
                return self._call(node)
            case _:
                raise NotRaw

    def _call(self, node: t.Call) -> ast.expr:
        found = self.source.form(node, self.frames)
        if found is not None and found[0] == "not" and found[2][0] is not None:
            return opposite(self._truth(found[2][0]))
        if found is not None and found[1].result == BOOLEAN:
            return self._other(node, "boolean")
        raise NotRaw

    def _operands(self, operands: tuple[t.Node, ...]) -> list[ast.expr]:
        """The first is always needed, the others may not be."""
        first = self._truth(operands[0])
        before, self._conditional = self._conditional, True
        rest = [self._truth(o) for o in operands[1:]]
        self._conditional = before
        return [first, *rest]

    def _ordered(self, kind: str) -> None:
        if kind == "boolean":
            raise NotRaw

    def _equated(self, kind: str) -> None:
        if kind == "date and time":
            raise NotRaw  # FEEL counts seconds, and knows moments without a zone.

    def _comparison(self, node: t.Comparison) -> ast.expr:
        kind = self._kind(node.left) or self._kind(node.right)
        if node.operator in ("=", "!="):
            if not kind:
                raise NotRaw  # Two names may be anything alike.
            self._equated(kind)
        else:
            kind = kind or "number"
            self._ordered(kind)
        left, right = self._term(node.left, kind), self._term(node.right, kind)
        return compared(left, (_TESTS[node.operator](), right))

    def _in(self, node: t.In) -> ast.expr:
        tests = [item for test in node.tests for item in _spread(test)]
        kind = self._kind(node.of) or next((k for k in map(self._test_kind, tests) if k), "")
        if not kind or not tests:
            raise NotRaw
        of = self._term(node.of, kind)
        if kind == "string" and all(isinstance(test, t.Literal) for test in tests):
            words = [test.value for test in tests if isinstance(test, t.Literal)]
            if not all(isinstance(w, str) for w in words):
                raise NotRaw
            return compared(of, (ast.In(), self.source.value(frozenset(words))))
        variable = self.source.fresh()
        first, *others = [(self._test(test, kind)) for test in tests]
        return any_of([first(kept(variable, of)), *(one(loaded(variable)) for one in others)])

    def _test_kind(self, test: t.Node) -> str:
        match test:
            case t.UnaryTest():
                return self._kind(test.operand)
            case t.RangeLiteral():
                return self._kind(test.low)
            case _:
                return self._kind(test)

    def _test(self, test: t.Node, kind: str) -> Callable[[ast.expr], ast.expr]:
        match test:
            case t.UnaryTest():
                if test.operator in ("=", "!="):
                    self._equated(kind)
                else:
                    self._ordered(kind)
                operator, bound = _TESTS[test.operator](), self._term(test.operand, kind)
                return lambda value: compared(value, (operator, bound))
            case t.RangeLiteral(low=t.Literal(value=first), high=t.Literal(value=last)):
                self._ordered(kind)
                low, high = self._term(test.low, kind), self._term(test.high, kind)
                if less_equal(first, last) is not True:
                    raise NotRaw
                above = ast.GtE() if test.low_closed else ast.Gt()
                below = ast.LtE() if test.high_closed else ast.Lt()
                return lambda value: both(value, (above, low), (below, high))
            case t.Literal():
                self._equated(kind)
                wanted = self._term(test, kind)
                return lambda value: compared(value, (ast.Eq(), wanted))
            case _:
                raise NotRaw


def _of_numbers(form: Form) -> bool:
    plain = not form.rest and not form.needs_run and form.result == NUMBER
    return plain and all(p.type == NUMBER for p in form.parameters)


def both(value: ast.expr, first: tuple[ast.cmpop, ast.expr], second: tuple[ast.cmpop, ast.expr]) -> ast.expr:
    """``low <= value <= high``, the value worked out once."""
    mirrored: dict[type[ast.cmpop], ast.cmpop] = {ast.GtE: ast.LtE(), ast.Gt: ast.Lt()}
    return compared(first[1], (mirrored[type(first[0])], value), second)


def _spread(test: t.Node) -> tuple[t.Node, ...]:
    """A list is met where one of its entries is; ``!= 5`` in it is no range, and so no entry anything meets."""
    if not isinstance(test, t.ListLiteral):
        return (test,)
    if any(isinstance(item, t.UnaryTest) for item in test.items):
        raise NotRaw
    return test.items

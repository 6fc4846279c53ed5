"""Pieces of FEEL trees that no text wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from taktflow.errors import TaktflowError
from taktflow.expressions import SUBJECT, Expression, Function, Type, parse
from taktflow.expressions import tree as t
from taktflow.expressions.builtins import find
from taktflow.rules.dmn.boxes import Box, LiteralExpression
from taktflow.rules.dmn.notes import Notes
from taktflow.rules.dmn.passage import KEY
from taktflow.values import Value


@dataclass(frozen=True, slots=True)
class Known:
    """The names that an expression's author sees: ``names`` of variables, ``fields`` of what they hold."""

    names: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    types: tuple[tuple[str, Type], ...] = ()
    """The types that the file declares, with their names."""

    def with_names(self, *names: str) -> Known:
        """These and ``names``."""
        return replace(self, names=self.names.union(n for n in names if n))

    def root(self, text: str) -> t.Node:
        """The tree of ``text``; raises ExpressionInvalid."""
        # Most of a large model's names are not in one text, and looking for all of them takes long.
        words = " ".join(text.split())
        fields = frozenset(name for name in self.fields if name in words)
        types = tuple(one for one in self.types if one[0] in words)
        root = parse(text, self.names, fields, types).root
        ours_first = frozenset(name for name in self.names if find(name) is not None)
        return _own_functions(root, ours_first) if ours_first else root

    def expression(self, root: t.Node, text: str = "") -> Expression:
        """``root`` ready to be evaluated."""
        return Expression(text, root, dict(self.types))


def _own_functions(node: t.Node, names: frozenset[str]) -> t.Node:
    """``node`` with calls of ``names`` meant for the model's own functions, though built-ins are called so too."""
    changed = {slot: _all_own(getattr(node, slot), names) for slot in node.__dataclass_fields__}
    made = replace(node, **changed)
    if isinstance(made, t.Call) and isinstance(made.of, t.Name) and made.of.name in names:
        # What is called is no bare name any more, so nobody takes it for a built-in's.
        return replace(made, of=t.If(test=constant(True), then=made.of, otherwise=made.of, at=made.at, end=made.end))
    return made


def _all_own(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, t.Node):
        return _own_functions(value, names)
    return tuple(_all_own(v, names) for v in value) if isinstance(value, tuple) else value


def constant(value: Value) -> t.Node:
    """``value`` itself, which may be a function."""
    return t.Literal(value=value, at=0, end=0)


NULL = constant(None)


def named(name: str) -> t.Name:
    """The variable ``name``."""
    return t.Name(name=name, at=0, end=0)


def called(of: t.Node, arguments: Sequence[tuple[str, t.Node]]) -> t.Node:
    """A call with arguments by name, or by position where the name is empty."""
    given = tuple(t.Argument(name=name, value=value, at=0, end=0) for name, value in arguments)
    return t.Call(of=of, arguments=given, at=0, end=0)


def ours(body: Callable[..., Value], *arguments: t.Node) -> t.Node:
    """A call of our own ``body`` with the passage and ``arguments``."""
    parameters = tuple(f"_{n}" for n in range(len(arguments) + 1))
    return called(constant(Function(parameters, body)), [("", named(KEY)), *(("", a) for a in arguments)])


def read_text(box: LiteralExpression, known: Known, notes: Notes) -> t.Node:
    """The tree of a literal expression; null, with a finding, when it cannot be read."""
    if box.foreign or not box.text.strip():
        if not box.foreign:
            notes.add("dmn.empty_expression", box.at)
        return NULL
    return _read(box.text, box, known, notes)


def _read(text: str, box: LiteralExpression, known: Known, notes: Notes) -> t.Node:
    try:
        return known.root(text)
    except TaktflowError as wrong:
        notes.unread(wrong, box.at)
        return NULL


def span_of(box: Box | None, known: Known) -> tuple[t.Node, t.Node] | None:
    """The ends of ``1..n``, which only a loop may run over; None for anything else."""
    if not isinstance(box, LiteralExpression) or ".." not in box.text:
        return None
    try:
        loop = known.root(f"for {SUBJECT} in {box.text}\nreturn 0")
    except TaktflowError:
        return None
    first = loop.iterators[0] if isinstance(loop, t.For) and len(loop.iterators) == 1 else None
    return None if first is None or first.upto is None else (first.domain, first.upto)


def tests_of(box: LiteralExpression, known: Known, notes: Notes) -> tuple[tuple[t.Node, ...], bool] | None:
    """The single tests of unary tests, each over ``?``, and whether they are negated; None for ``-``."""
    text = box.text.strip()
    if text in ("", "-"):
        return None
    if box.foreign:
        return (NULL,), False
    known = known.with_names(SUBJECT)
    negated = inside_not(text)
    found = _read(f"{SUBJECT} in ({negated or text}\n)", box, known, notes)
    if not isinstance(found, t.In):
        return (NULL,), False
    return tuple(_over_subject(test) for test in found.tests), negated is not None


def one_test(box: LiteralExpression, known: Known, notes: Notes) -> t.Node | None:
    """Unary tests as one condition over ``?``; None for ``-``."""
    found = tests_of(box, known, notes)
    if found is None:
        return None
    tests, negated = found
    whole = tests[0] if len(tests) == 1 else t.Disjunction(operands=tests, at=0, end=0)
    return called(named("not"), [("", whole)]) if negated else whole


def inside_not(text: str) -> str | None:
    """What stands between the brackets when all of ``text`` is ``not(...)``."""
    if not text.startswith("not") or not text.endswith(")") or not text[3:].lstrip().startswith("("):
        return None
    inner = text[text.index("(") + 1 : -1]
    depth, quoted, escaped = 0, False, False
    for mark in inner:
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = mark == "\\", mark != '"'
        elif mark == '"':
            quoted = True
        elif mark in "([":
            depth += 1
        elif mark in ")]":
            depth -= 1
            if depth < 0 and mark == ")":
                return None
    return inner if inner.strip() else None


def _over_subject(test: t.Node) -> t.Node:
    subject = named(SUBJECT)
    if isinstance(test, t.Literal | t.UnaryTest | t.RangeLiteral):
        return t.In(of=subject, tests=(test,), at=0, end=0)
    if asks(test):
        return test
    # A condition that never speaks of the value, such as `score > 3` in a column of texts, is its own answer.
    meets = t.In(of=subject, tests=(test,), at=0, end=0)
    return ours(_met, subject, test, meets)


def _met(_: Value, subject: Value, answer: Value, meets: Value) -> Value:
    return answer if isinstance(answer, bool) and not isinstance(subject, bool | list) else meets


def asks(node: t.Node) -> bool:
    """Whether ``node`` speaks of the value under test."""
    todo = [node]
    while todo:
        one = todo.pop()
        if isinstance(one, t.Name) and one.name == SUBJECT:
            return True
        todo += t.parts(one)
    return False

"""Writes what a DMN table says as the cells of a native one, whose texts need no quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from taktflow.definitions.decision import CellType
from taktflow.errors import TaktflowError
from taktflow.expressions import SUBJECT, Clock, Expression, ExpressionInvalid, parse, parse_cell
from taktflow.expressions import tree as t
from taktflow.expressions.builtins import find
from taktflow.rules.dmn.boxes import LiteralExpression
from taktflow.rules.dmn.nodes import Known, asks, inside_not
from taktflow.rules.dmn.to_feel import quoted
from taktflow.rules.typed import CELL_TYPES, Mistyped, cell_text, literal
from taktflow.values import Value, YearsMonths, shown

_CLOCK = Clock(datetime(2000, 1, 1, tzinfo=UTC), UTC)
_MAKERS = frozenset({"date", "time", "date and time", "duration", "years and months duration"})


_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_PARTS = frozenset({"time offset", "start included", "end included"})
"""What the language itself calls parts of times and ranges."""


class NotCarried(Exception):
    """Nothing in a native table says this."""


def plain(name: str) -> bool:
    """Whether ``name`` is read without being known."""
    try:
        return isinstance(parse(name).root, t.Name)
    except TaktflowError:
        return False


def slug(name: str, taken: frozenset[str] | set[str] = frozenset(), otherwise: str = "column") -> str:
    """A stable id made of ``name``, none of ``taken``."""
    words = re.sub(r"[^a-z0-9]+", "_", _CAMEL.sub("_", name).lower()).strip("_")
    made = words if words[:1].isalpha() else f"{otherwise}_{words}".strip("_")
    made = made[:56]
    found, number = made, 2
    while found in taken:
        found, number = f"{made}_{number}", number + 1
    return found


def spelled(name: str) -> str:
    """``name`` as native expressions can read it: the name itself where it is one word."""
    if plain(name):
        return name
    return slug(name) if name.isascii() else re.sub(r"\W+", "_", name).strip("_")


def respelled(text: str, known: Known, ids: Mapping[str, str] | None = None) -> str:
    """``text`` with every name that native expressions cannot read spelled otherwise, and variables by their ``ids``.

    Raises NotCarried where a name of the text's own stands for one that is spelled otherwise.
    """
    root = known.root(text)
    spelling = ids or {}
    if _own_names(root) & {name for name, new in spelling.items() if name != new}:
        raise NotCarried
    for at, end, new in sorted(set(_changes(root, text, known, spelling)), reverse=True):
        text = text[:at] + new + text[end:]
    parse(text)
    return text


def _changes(root: t.Node, text: str, known: Known, spelling: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    for node in _every(root):
        if isinstance(node, t.Name) and not _built_in(node.name, known):
            new = spelling.get(node.name) or spelled(node.name)
            if new != node.name:
                yield node.at, node.end, new
        if isinstance(node, t.Path) and node.field not in _PARTS and not plain(node.field):
            yield text.index(".", node.of.end) + 1, node.end, spelled(node.field)


def _own_names(root: t.Node) -> set[str]:
    """The names that loops, functions and contexts within the text bring."""
    found: set[str] = set()
    for node in _every(root):
        match node:
            case t.Iterator():
                found.add(node.name)
            case t.FunctionLiteral():
                found.update(node.parameters)
            case t.Entry():
                found.add(node.key)
    return found


def _every(root: t.Node) -> Iterator[t.Node]:
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        todo += t.parts(node)


def _built_in(name: str, known: Known) -> bool:
    return name not in known.names and find(name) is not None


def constant_of(node: t.Node) -> Value:
    """The value of a node that is a constant; :class:`NotCarried` for any other."""
    match node:
        case t.Literal():
            return node.value
        case t.LocalDateTime():
            raise NotCarried
        case t.Negation(of=t.Literal()):
            pass
        case t.Call(of=t.Name(name=name), arguments=arguments) if name in _MAKERS:
            for argument in arguments:
                constant_of(argument.value)
        case _:
            raise NotCarried
    value = Expression("", node).evaluate({}, _CLOCK)
    if value is None:
        raise NotCarried
    return value


def native_value(value: Value, type_: CellType) -> str:
    """A constant as an input cell of a column of ``type_`` writes it; raises NotCarried."""
    text = value if isinstance(value, str) and type_ == "text" else _marked(value, type_)
    if _reads_as(text, value, type_):
        return text
    if isinstance(value, str) and _reads_as(again := quoted(value), value, type_):
        return again
    raise NotCarried


def _marked(value: Value, type_: CellType) -> str:
    if isinstance(value, str):
        return quoted(value)
    plain_text = shown(value)
    if type_ == "any" and not isinstance(value, bool) and value is not None and _temporal(value):
        return f'@"{plain_text}"'
    return plain_text


def _temporal(value: Value) -> bool:
    return hasattr(value, "isoformat") or hasattr(value, "total_seconds") or isinstance(value, YearsMonths)


def _reads_as(text: str, value: Value, type_: CellType) -> bool:
    try:
        cell = parse_cell(text, CELL_TYPES[type_])
    except ExpressionInvalid:
        return False
    if value is None:
        return cell.null
    return not cell.negated and not cell.residuals and not cell.intervals and cell.values == (value,)


def native_tests(box: LiteralExpression, type_: CellType, known: Known) -> str:
    """Unary tests as an input cell; raises NotCarried or ExpressionInvalid."""
    text = box.text.strip()
    if text in ("", "-"):
        return "-"
    inner = inside_not(text)
    body = inner or text
    before = f"{SUBJECT} in ("
    root = known.root(f"{before}{body}\n)")
    if not isinstance(root, t.In):
        raise NotCarried
    try:
        pieces = [_piece(test, type_) for test in root.tests]
        if inner and len(pieces) > 1:
            pieces = [p for p in pieces if p != "null"] or ["null"]  # With us null never meets not(...).
        made = ", ".join(pieces)
        made = f"not({made})" if inner else made
        parse_cell(made, CELL_TYPES[type_])
    except (NotCarried, ExpressionInvalid):
        made = f"= {_condition(root, body, before, inner is not None, known)}"
        parse_cell(made, CELL_TYPES[type_])
    return made


def lets_null_pass(box: LiteralExpression, cell: str) -> bool:
    """Whether no value at all meets the unary tests, but not the ``cell`` made of them: ``not("EU")`` in DMN."""
    return cell.startswith("not(") and not re.search(r"\bnull\b", box.text)


def _piece(test: t.Node, type_: CellType) -> str:
    match test:
        case t.UnaryTest(operator=operator, operand=operand):
            value = native_value(constant_of(operand), type_)
            return value if operator == "=" else f"{operator} {value}"
        case t.RangeLiteral():
            low, high = (native_value(constant_of(n), type_) for n in (test.low, test.high))
            return f"{'[' if test.low_closed else '('}{low}..{high}{']' if test.high_closed else ')'}"
        case _:
            return native_value(constant_of(test), type_)


def _condition(root: t.In, body: str, before: str, negated: bool, known: Known) -> str:
    """The tests as one condition over the value."""
    if len(root.tests) == 1 and asks(root.tests[0]):
        found = body
    elif any(asks(test) for test in root.tests):
        texts = [body[test.at - len(before) : test.end - len(before)] for test in root.tests]
        pairs = zip(texts, root.tests, strict=True)
        found = " or ".join(f"({x})" if asks(test) else f"({SUBJECT} in ({x}))" for x, test in pairs)
    else:
        found = f"{SUBJECT} in ({body})"
    found = respelled(found, known.with_names(SUBJECT))
    return f"not({found})" if negated else found


def native_answer(box: LiteralExpression, type_: CellType, known: Known) -> tuple[str, bool]:
    """An output entry as a cell, and whether it is computed; raises NotCarried or ExpressionInvalid."""
    text = box.text.strip()
    if text in ("", "-"):
        return "", False
    root = known.root(text)
    try:
        value = constant_of(root)
        return ("" if value is None else _constant_answer(value, type_)), False
    except NotCarried:
        return f"= {respelled(text, known)}", True


def _constant_answer(value: Value, type_: CellType) -> str:
    bare = value if isinstance(value, str) else shown(value)
    for text in (bare, quoted(bare) if isinstance(value, str) else bare):
        try:
            if cell_text(text) == text and literal(text, type_) == value and type(literal(text, type_)) is type(value):
                return text
        except Mistyped:
            continue
    raise NotCarried

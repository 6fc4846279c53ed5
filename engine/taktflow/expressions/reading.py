"""From FEEL text to the typed tree, every bound checked before anything is evaluated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import cache
from typing import Any, cast

from lark import Lark, Token
from lark.exceptions import UnexpectedToken, VisitError
from lark.visitors import Transformer, v_args

from taktflow.expressions import temporal
from taktflow.expressions import tree as t
from taktflow.expressions.builtins import phrases
from taktflow.expressions.faults import ExpressionInvalid
from taktflow.expressions.grammar import parser
from taktflow.expressions.limits import DEPTH, LITERAL_DIGITS, NODES, SOURCE_CHARS

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
_WORDS_BEFORE_BRACKET = re.compile(r"[^\W\d]\w{0,40}(?:\s{1,9}\w{1,40}){1,5}(?=\s{0,9}\()")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "/": "/"}


def read(text: str) -> t.Node:
    """The tree of ``text``; :class:`ExpressionInvalid` with the offset of the first mistake.

    A :class:`.names.Source` brings the names that its author's scope knows.
    """
    if len(text) > SOURCE_CHARS:
        raise ExpressionInvalid("expressions.limit.source", offset=SOURCE_CHARS, limit=SOURCE_CHARS)
    if not text.strip():
        raise ExpressionInvalid("expressions.syntax.empty", offset=0)
    try:
        root = cast(t.Node, _parser().parse(text))
    except UnexpectedToken as wrong:
        raise _unexpected(text, wrong) from None
    except VisitError as wrong:
        if isinstance(wrong.orig_exc, ExpressionInvalid):
            raise wrong.orig_exc from None
        raise
    _bounded(root)
    return root


@cache
def _parser() -> Lark:
    # Built when first needed and then shared: many processes never read an expression.
    return parser(Reader())


def _unexpected(text: str, wrong: UnexpectedToken) -> ExpressionInvalid:
    if wrong.token.type == "$END":
        return ExpressionInvalid("expressions.syntax.unfinished", offset=len(text.rstrip()))
    misspelt = _misspelt(text, int(wrong.token.start_pos))
    if misspelt is not None:
        return misspelt
    return ExpressionInvalid("expressions.syntax.unexpected", offset=int(wrong.token.start_pos), found=str(wrong.token))


def _misspelt(text: str, at: int) -> ExpressionInvalid | None:
    """Several words before a bracket are most likely a built-in's name with a letter wrong."""
    for words in _WORDS_BEFORE_BRACKET.finditer(text):
        close = get_close_matches(words[0], phrases(), n=1, cutoff=0.75) if words.start() <= at <= words.end() else []
        if close:
            name, hint = words[0], close[0]
            return ExpressionInvalid("expressions.functions.unknown", offset=words.start(), name=name, hint=hint)
    return None


def _bounded(root: t.Node) -> None:
    """Counts nodes and levels without recursion: a hostile tree must not exhaust our own stack."""
    todo, count = [(root, 1)], 0
    while todo:
        node, depth = todo.pop()
        count += 1
        if depth > DEPTH:
            raise ExpressionInvalid("expressions.limit.depth", offset=node.at, limit=DEPTH)
        if count > NODES:
            raise ExpressionInvalid("expressions.limit.nodes", offset=node.at, limit=NODES)
        todo += [(part, depth + 1) for part in t.parts(node)]


def _at(token: Token) -> int:
    return int(token.start_pos or 0)


def _end(token: Token) -> int:
    return int(token.end_pos or 0)


def _nodes(children: Sequence[Any]) -> tuple[t.Node, ...]:
    return tuple(c for c in children if isinstance(c, t.Node))


def unescaped(quoted: str) -> str:
    """The characters that the text ``quoted``, its quotes included, stands for."""

    def one(match: re.Match[str]) -> str:
        body = match[1]
        if body[0] in "uU" and len(body) > 1:
            code = int(body[1:], 16)
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                return match[0]
            return chr(code)
        return _ESCAPED.get(body, match[0])

    # Two \u escapes may write one character beyond the basic plane, as JSON does.
    body = re.sub(
        r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})",
        lambda m: chr(0x10000 + ((int(m[1], 16) - 0xD800) << 10) + int(m[2], 16) - 0xDC00),
        quoted[1:-1],
    )
    return _ESCAPE.sub(one, body)


class Reader(Transformer[Token, t.Node]):
    """Makes our nodes while the parser reduces; stateless, so one serves all threads."""

    def start(self, children: list[t.Node]) -> t.Node:
        return children[0]

    @v_args(inline=True)
    def number(self, token: Token) -> t.Node:
        digits = re.split("[eE]", token)[0].replace(".", "").lstrip("0")
        try:
            value = Decimal(str(token)) if len(token) <= 64 else None
        except InvalidOperation:
            value = None  # The exponent alone is beyond what any number can have.
        if value is None or len(digits) > LITERAL_DIGITS or abs(value.adjusted()) > 6_000:
            raise ExpressionInvalid("expressions.limit.number", offset=_at(token), limit=LITERAL_DIGITS)
        return t.Literal(value=value, at=_at(token), end=_end(token))

    @v_args(inline=True)
    def text(self, token: Token) -> t.Node:
        return t.Literal(value=unescaped(str(token)), at=_at(token), end=_end(token))

    @v_args(inline=True)
    def temporal(self, token: Token) -> t.Node:
        body = unescaped(str(token)[str(token).index('"') :])
        if temporal.is_local(body):
            return t.LocalDateTime(text=body, at=_at(token), end=_end(token))
        value = temporal.read_any(body, None)
        if value is None:
            raise ExpressionInvalid("expressions.syntax.temporal", offset=_at(token), found=body)
        return t.Literal(value=value, at=_at(token), end=_end(token))

    @v_args(inline=True)
    def constant(self, token: Token) -> t.Node:
        value = {"true": True, "false": False, "null": None}[str(token)]
        return t.Literal(value=value, at=_at(token), end=_end(token))

    @v_args(inline=True)
    def name(self, token: Token) -> t.Node:
        return t.Name(name=str(token), at=_at(token), end=_end(token))

    def grouped(self, children: list[Any]) -> t.Node:
        return cast(t.Node, children[1])

    def half_open(self, children: list[Any]) -> t.Node:
        return cast(t.Node, children[1])

    def bound(self, children: list[Any]) -> t.Node:
        operator, operand = children
        return t.UnaryTest(operator=operator.value, operand=operand, at=_at(operator), end=operand.end)

    def interval(self, children: list[Any]) -> t.Node:
        first, low, _, high, last = children
        return t.RangeLiteral(
            low=low,
            high=high,
            low_closed=first.type == "LSQB",
            high_closed=last.type == "RSQB",
            at=_at(first),
            end=_end(last),
        )

    def listed(self, children: list[Any]) -> t.Node:
        return t.ListLiteral(items=_nodes(children), at=_at(children[0]), end=_end(children[-1]))

    def context(self, children: list[Any]) -> t.Node:
        entries = tuple(c for c in children if isinstance(c, t.Entry))
        keys = [e.key for e in entries]
        for place, entry in enumerate(entries):
            if entry.key in keys[:place]:
                raise ExpressionInvalid("expressions.syntax.key_twice", offset=entry.at, key=entry.key)
        return t.ContextLiteral(entries=entries, at=_at(children[0]), end=_end(children[-1]))

    def entry(self, children: list[Any]) -> t.Node:
        key, _, value = children
        text = unescaped(str(key)) if key.type == "STRING" else str(key)
        return t.Entry(key=text, value=value, at=_at(key), end=value.end)

    def path(self, children: list[Any]) -> t.Node:
        of, _, field = children
        return t.Path(of=of, field=str(field), at=of.at, end=_end(field))

    def filtered(self, children: list[Any]) -> t.Node:
        of, _, test, last = children
        return t.Filter(of=of, test=test, at=of.at, end=_end(last))

    def call(self, children: list[Any]) -> t.Node:
        of, arguments = children[0], tuple(c for c in children[1:] if isinstance(c, t.Argument))
        if any(a.name for a in arguments) and not all(a.name for a in arguments):
            raise ExpressionInvalid("expressions.syntax.arguments_mixed", offset=arguments[0].at)
        return t.Call(of=of, arguments=arguments, at=of.at, end=_end(children[-1]))

    def argument(self, children: list[Any]) -> t.Node:
        if len(children) == 1:
            return t.Argument(name="", value=children[0], at=children[0].at, end=children[0].end)
        name, _, value = children
        return t.Argument(name=str(name), value=value, at=_at(name), end=value.end)

    def instance(self, children: list[Any]) -> t.Node:
        of, _, written = children
        return t.InstanceOf(of=of, type=written, at=of.at, end=written.end)

    def kind(self, children: list[Any]) -> t.Node:
        (token,) = children
        return t.TypeName(name=str(token), at=_at(token), end=_end(token))

    def imported(self, children: list[Any]) -> t.Node:
        return t.TypeName(name="".join(children), at=_at(children[0]), end=_end(children[-1]))

    def generic(self, children: list[Any]) -> t.Node:
        parts = tuple(c for c in children if isinstance(c, t.TypeName))
        return t.TypeName(name=str(children[0]), parts=parts, at=_at(children[0]), end=_end(children[-1]))

    def structure(self, children: list[Any]) -> t.Node:
        fields = tuple(str(c) for c in children[1:] if isinstance(c, Token) and c.type == "NAME")
        parts = tuple(c for c in children if isinstance(c, t.TypeName))
        at, end = _at(children[0]), _end(children[-1])
        return t.TypeName(name=str(children[0]), parts=parts, fields=fields, at=at, end=end)

    def signature(self, children: list[Any]) -> t.Node:
        parts = tuple(c for c in children if isinstance(c, t.TypeName))
        return t.TypeName(name="function", parts=parts, at=_at(children[0]), end=parts[-1].end)

    def negation(self, children: list[Any]) -> t.Node:
        minus, of = children
        if isinstance(of, t.Literal) and isinstance(of.value, Decimal):
            return t.Literal(value=of.value.copy_negate(), at=_at(minus), end=of.end)
        return t.Negation(of=of, at=_at(minus), end=of.end)

    def arithmetic(self, children: list[Any]) -> t.Node:
        left, operator, right = children
        return t.Arithmetic(operator=operator.value, left=left, right=right, at=left.at, end=right.end)

    def compared(self, children: list[Any]) -> t.Node:
        left, operator, right = children
        return t.Comparison(operator=operator.value, left=left, right=right, at=left.at, end=right.end)

    def between(self, children: list[Any]) -> t.Node:
        of, low, high = _nodes(children)
        return t.Between(of=of, low=low, high=high, at=of.at, end=high.end)

    def inside(self, children: list[Any]) -> t.Node:
        of, *tests = _nodes(children)
        last = children[-1]
        return t.In(of=of, tests=tuple(tests), at=of.at, end=_end(last) if isinstance(last, Token) else last.end)

    def both(self, children: list[Any]) -> t.Node:
        operands = _nodes(children)
        return t.Conjunction(operands=operands, at=operands[0].at, end=operands[-1].end)

    def either(self, children: list[Any]) -> t.Node:
        operands = _nodes(children)
        return t.Disjunction(operands=operands, at=operands[0].at, end=operands[-1].end)

    def choice(self, children: list[Any]) -> t.Node:
        test, then, otherwise = _nodes(children)
        return t.If(test=test, then=then, otherwise=otherwise, at=_at(children[0]), end=otherwise.end)

    def iterator(self, children: list[Any]) -> t.Node:
        name, nodes = children[0], _nodes(children)
        upto = nodes[1] if len(nodes) == 2 else None
        return t.Iterator(name=str(name), domain=nodes[0], upto=upto, at=_at(name), end=nodes[-1].end)

    def iterators(self, children: list[Any]) -> Any:
        return tuple(c for c in children if isinstance(c, t.Iterator))

    def each(self, children: list[Any]) -> t.Node:
        first, iterators, _, body = children
        return t.For(iterators=iterators, body=body, at=_at(first), end=body.end)

    def quantified(self, children: list[Any]) -> t.Node:
        first, iterators, _, body = children
        every = first.type == "EVERY"
        return t.Quantified(every=every, iterators=iterators, body=body, at=_at(first), end=body.end)

    def parameter(self, children: list[Any]) -> Any:
        return str(children[0]), children[2] if len(children) > 2 else None

    def parameters(self, children: list[Any]) -> Any:
        return tuple(c for c in children if not isinstance(c, Token))

    def function(self, children: list[Any]) -> t.Node:
        parameters, body = children[2], children[-1]
        external = isinstance(children[-2], Token) and children[-2].type == "EXTERNAL"
        return t.FunctionLiteral(
            parameters=tuple(name for name, _ in parameters),
            body=body,
            types=tuple(type for _, type in parameters),
            external=external,
            at=_at(children[0]),
            end=body.end,
        )

"""What cannot be read is refused with the place and a way out, in both languages."""

from __future__ import annotations

from itertools import pairwise

import pytest

from taktflow.expressions import ExpressionInvalid, parse
from taktflow.expressions import tree as t
from taktflow.expressions.reading import read
from taktflow.texts import catalogue


@pytest.mark.parametrize(
    ("text", "offset", "code"),
    [
        ("", 0, "expressions.syntax.empty"),
        ("   ", 0, "expressions.syntax.empty"),
        ("a >", 3, "expressions.syntax.unfinished"),
        ("a > > b", 4, "expressions.syntax.unexpected"),
        ("(1", 0, "expressions.syntax.open"),
        ("a[1", 1, "expressions.syntax.open"),
        ("1)", 1, "expressions.syntax.closed"),
        ('"abc', 0, "expressions.syntax.quote"),
        ("a == b", 2, "expressions.syntax.habit"),
        ("a && b", 2, "expressions.syntax.habit"),
        ("a ＞ 3", 2, "expressions.syntax.habit"),
        ("name = 'x'", 7, "expressions.syntax.habit"),
        ("a # b", 2, "expressions.syntax.character"),
        ('@"2026-13-01"', 0, "expressions.syntax.temporal"),
        ("{a: 1, a: 2}", 7, "expressions.syntax.key_twice"),
        ("f(1, b: 2)", 2, "expressions.syntax.arguments_mixed"),
        ('string lenth("a")', 0, "expressions.functions.unknown"),
        ("if a then b", 11, "expressions.syntax.unfinished"),
        ("1..2", 1, "expressions.syntax.unexpected"),
        ("12345678901234567890123456789012345", 0, "expressions.limit.number"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, offset: int, code: str) -> None:
    with pytest.raises(ExpressionInvalid) as refused:
        parse(text)

    assert (refused.value.code, refused.value.offset) == (code, offset)
    assert refused.value.findings[0].column == offset + 1
    for sentence in (refused.value.message("en"), refused.value.message("zh")):
        assert "{" not in sentence
        assert code not in sentence


def test_every_sentence_of_this_area_is_there_in_both_languages() -> None:
    ours = {code: words for code, words in catalogue().items() if code.startswith("expressions.")}

    assert len(ours) > 30
    assert all(words.zh and words.en for words in ours.values())


def test_every_node_knows_the_text_it_was_read_from() -> None:
    text = 'if a.b[item > 3] in (1, > 2) then f(x: [1..2)) else {k: "v"}'

    def checked(node: t.Node) -> None:
        assert 0 <= node.at < node.end <= len(text)
        for part in t.parts(node):
            checked(part)
        for first, second in pairwise(t.parts(node)):
            assert first.end <= second.at

    root = read(text)
    checked(root)
    assert text[root.at : root.end] == text


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("a  +\n b", "a+b"),
        ("string   length ( x )", "string length(x)"),
        ("a and b or c", "(a and b) or c"),
        ("a + b * c", "a + (b * c)"),
        ("-a ** b", "(-a) ** b"),
        ("a - b - c", "(a - b) - c"),
        ("a in b and c", "(a in b) and c"),
        ("if a then b else c + d", "if a then b else (c + d)"),
        ("some x in a satisfies x and y", "some x in a satisfies (x and y)"),
        ("a instance of number = b", "(a instance of number) = b"),
    ],
)
def test_precedence_is_the_standards(text: str, same_as: str) -> None:
    def shape(node: t.Node) -> object:
        values = [getattr(node, f) for f in node.__dataclass_fields__ if f not in ("at", "end")]
        return type(node), [shape(v) if isinstance(v, t.Node) else _shapes(v) for v in values]

    def _shapes(value: object) -> object:
        return [shape(v) if isinstance(v, t.Node) else v for v in value] if isinstance(value, tuple) else value

    assert shape(read(text)) == shape(read(same_as))


def test_a_keyword_can_be_a_field() -> None:
    assert parse("order.in.for").names == {"order"}

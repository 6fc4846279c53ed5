"""Expressions and cells in words: every node and built-in, both languages, and no two that read the same."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.expressions import DATE, NUMBER, STRING, Type, parse, parse_cell
from taktflow.expressions import tree as t
from taktflow.expressions.builtins import builtins
from taktflow.expressions.plain import plain, plain_test
from taktflow.expressions.plain.phrase import call_template, parts_of
from taktflow.expressions.plain.teller import TOLD
from taktflow.values import Language, Text

TITLES = {
    "order": Text("订单", "Order"),
    "order.lines": Text("订单行", "Order lines"),
    "order.lines.min_qty": Text("起订量", "Minimum quantity"),
    "order.lines.sku": Text("物料", "SKU"),
    "available": Text("可用库存", "Available stock"),
}
LANGUAGES: tuple[Language, ...] = ("zh", "en")


def both(text: str) -> tuple[str, str]:
    return plain(parse(text), "en", TITLES), plain(parse(text), "zh", TITLES)


@pytest.mark.parametrize(
    ("text", "en", "zh"),
    [
        (
            "every l in order.lines satisfies available[l.sku] >= l.min_qty",
            "for every l of Order lines: Available stock for l's SKU is at least l's Minimum quantity",
            "对订单行中的每个 l 都有：可用库存中 l 的物料对应的值至少为 l 的起订量",
        ),
        (
            'if amount > 5 then 3 else if tier in ("A", "B") then 2 else 1',
            'if amount is more than 5 then 3, otherwise if tier is any of ("A", "B") then 2, otherwise 1',
            '若 amount 大于 5 则 3，否则若 tier 为以下任一（"A"、"B"）则 2，否则 1',
        ),
        (
            'count(order.lines[sku = "x"]) > 2 or a and not(b) or c = null',
            'the number of entries in (those of Order lines where (SKU is "x")) is more than 2 '
            "or (a and not b) or c is missing",
            '（订单行中满足（物料等于 "x"）的各项）的项数大于 2 或 （a 且 并非 b） 或 c 为空',
        ),
        ('d >= @"2026-01-01"', "d is on or after 2026-01-01", "d 不早于 2026-01-01"),
        ("-(a - b) ** 2", "(minus (a - b)) to the power 2", "（负的（a - b））的 2 次方"),
        ("today() - order.placed", "today - Order's placed", "今天 - 订单的 placed"),
        ("x in [1..5)", "x is from 1 to under 5", "x 在 1（含）至 5（不含）之间"),
        ('@"P1DT4H"', "1 day 4 hours", "1 天 4 小时"),
    ],
)
def test_an_expression_reads_well_in_both_languages(text: str, en: str, zh: str) -> None:
    assert both(text) == (en, zh)


@pytest.mark.parametrize(
    ("text", "type", "en", "zh"),
    [
        ("-", NUMBER, "anything", "任何值"),
        ("EU, US", STRING, "EU or US", "EU 或 US"),
        ("not(EU)", STRING, "not EU", "不是 EU"),
        ('"a or b"', STRING, '"a or b"', '"a or b"'),
        ("[100..500)", NUMBER, "from 100 to under 500", "在 100（含）至 500（不含）之间"),
        ("not([1..2])", NUMBER, "not (from 1 to 2)", "不是（在 1（含）至 2（含）之间）"),
        (">=2026-01-01", DATE, "on or after 2026-01-01", "不早于 2026-01-01"),
        ("> limit", NUMBER, "more than limit", "大于 limit"),
        ("null", NUMBER, "missing", "为空"),
        ("= ? > limit", NUMBER, "such that (the value is more than limit)", "（该值大于 limit）"),
    ],
)
def test_a_cell_reads_as_what_may_follow_is(text: str, type: Type, en: str, zh: str) -> None:
    cell = parse_cell(text, type)

    assert (plain(cell, "en"), plain(cell, "zh")) == (en, zh)


def test_a_cell_is_a_sentence_about_its_column() -> None:
    cell = parse_cell("5, [10..20], ? > limit and ? < 3", NUMBER)

    assert plain_test(cell, "Quantity", "en") == (
        "Quantity is 5 or from 10 to 20 or (Quantity is more than limit and Quantity is less than 3)"
    )
    assert (
        plain_test(cell, "数量", "zh") == "数量为 5 或 在 10（含）至 20（含）之间 或 （数量大于 limit 且 数量小于 3）"
    )
    assert plain_test(parse_cell("-", NUMBER), "Quantity", "en") == ""


def test_two_variables_with_one_title_are_told_apart() -> None:
    titles = {"order.tier": Text("等级", "Tier"), "customer.tier": Text("等级", "Tier")}

    assert plain(parse("order.tier = customer.tier"), "en", titles) == "Tier (order.tier) is Tier (customer.tier)"


def test_every_kind_of_node_can_be_told() -> None:
    kinds = {kind for kind in vars(t).values() if isinstance(kind, type) and issubclass(kind, t.Node)}

    assert kinds - {t.Node} == set(TOLD)


def test_every_form_of_every_built_in_has_a_phrase_that_speaks_of_all_its_parameters() -> None:
    for built_in in builtins().values():
        for number, form in enumerate(built_in.forms):
            wanted = {p.name for p in form.parameters}
            if form.rest:
                wanted = wanted - {form.parameters[-1].name} | {f"*{form.parameters[-1].name}"}
            for language in LANGUAGES:
                text = call_template(built_in.name, number, language)
                assert text is not None, f"{built_in.name}, form {number}"
                assert parts_of(text) == wanted, f"{built_in.name}, form {number}, {language}"


def test_no_two_built_ins_are_told_alike() -> None:
    for language in LANGUAGES:
        told: dict[str, str] = {}
        for built_in in builtins().values():
            for number, form in enumerate(built_in.forms):
                text = call_template(built_in.name, number, language) or ""
                for place, parameter in enumerate(form.parameters):
                    text = text.replace("{" + parameter.name + "}", f"{{{place}}}")
                assert told.setdefault(text, built_in.name) == built_in.name


def test_every_phrase_is_there_in_both_languages_with_the_same_parts() -> None:
    document = tomllib.loads(files("taktflow.expressions.plain").joinpath("phrases.toml").read_text(encoding="utf-8"))

    for name, words in leaves(document):
        assert parts_of(words["zh"]) == parts_of(words["en"]), name
        assert not re.search("[\u4e00-\u9fff]", words["en"]), name


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    if isinstance(value, dict) and value.keys() == {"zh", "en"}:
        yield name, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, f"{name}/{key}")
    else:
        for number, part in enumerate(value):
            yield from leaves(part, f"{name}/{number}")


def shape(node: Any) -> Any:
    """``node`` without its places."""
    if isinstance(node, t.Node):
        slots = [s for s in type(node).__dataclass_fields__ if s not in ("at", "end")]
        return (type(node).__name__, *(shape(getattr(node, s)) for s in slots))
    return tuple(map(shape, node)) if isinstance(node, tuple) else repr(node)


ATOMS = st.sampled_from(["a", "b", "c", "1", '"a"', "null", '@"2026-01-31"', "[a]"])


def _more(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    sign = st.sampled_from(["+", "-", "*", "/", "**", "=", "<", ">=", "and", "or"])
    called = st.sampled_from(["max", "abs", "not", "contains", "all", "count", "f", "after", "is"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, sign, inner),
        st.builds("({} {} {})".format, inner, sign, inner),
        st.builds("({} and {} and {})".format, inner, inner, inner),
        st.builds("(if {} then {} else {})".format, inner, inner, inner),
        st.builds("({} x in {} satisfies {})".format, st.sampled_from(["some", "every"]), inner, inner),
        st.builds("(for x in {} return {})".format, inner, inner),
        st.builds("({} in (> {}, {}))".format, inner, inner, inner),
        st.builds("({} between {} and {})".format, inner, inner, inner),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("({}).a".format, inner),
        st.builds("{}({})".format, called, inner),
        st.builds("{}({}, {})".format, called, inner, inner),
        st.builds("(- ({}))".format, inner),
    )


TEXTS = st.recursive(ATOMS, _more, max_leaves=5)


@given(st.lists(TEXTS, min_size=20, max_size=60))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_two_expressions_that_differ_never_read_the_same(texts: list[str]) -> None:
    read = {text: parse(text) for text in texts}

    for language in LANGUAGES:
        told: dict[str, str] = {}
        for text, expression in read.items():
            words = plain(expression, language)
            other = told.setdefault(words, text)
            assert shape(read[other].root) == shape(expression.root), (other, text, words)


@pytest.mark.parametrize("sign", ["+", "*", "**", "=", " and ", " or ", "."])
def test_a_deep_expression_is_told_once(sign: str) -> None:
    text = sign.join(["a"] * 40)

    assert plain(parse(text), "en").count("a") < 200


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a + b * c", "(a + b) * c"),
        ("a - (b - c)", "a - b - c"),
        ("(a or b) and c", "a or b and c"),
        ("not(a and b)", "not(a) and b"),
        ("abs(a - b)", "abs(a) - b"),
        ("max(a, b) and c", "max(a, b and c)"),
        ("(if a then b else c) + d", "if a then b else c + d"),
        ("every x in a satisfies (x and b)", "(every x in a satisfies x) and b"),
        ("if a then (if b then c else d) else x", "if a then (if b then c else x) else d"),
        ("a = (b = c)", "(a = b) = c"),
        ('"a and b"', "a and b"),
        ("a[b][c]", "a[b[c]]"),
        ("(a + b).c", "a + b.c"),
    ],
)
def test_brackets_stand_where_the_words_would_run_together(one: str, other: str) -> None:
    for language in LANGUAGES:
        assert plain(parse(one), language) != plain(parse(other), language)

"""The fast evaluator and the careful one agree on every expression Hypothesis can think of, and neither ever fails."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.expressions import ANY, Clock, ExpressionInvalid, LimitExceeded, conforms, parse, type_of_value
from taktflow.expressions.builtins import builtins

CLOCK = Clock(datetime(2026, 11, 23, 4, tzinfo=UTC), UTC)
SCOPE: dict[str, Any] = {
    "n": Decimal("3.5"),
    "i": 4,
    "s": "abc",
    "b": True,
    "z": None,
    "d": date(2026, 11, 23),
    "p": timedelta(hours=4),
    "xs": [Decimal(1), 2, Decimal(3), None],
    "rows": [{"k": "a", "v": 1}, {"k": "b", "v": Decimal(2)}, {"k": None}],
    "ctx": {"a": Decimal(1), "abc": "found", "xs": [1]},
}
ATOMS = st.one_of(
    st.sampled_from([*SCOPE, "missing", "item", "0", "1", "-2", "1.5", "0.1", "10", "true", "false", "null"]),
    st.sampled_from(['"a"', '"abc"', '""', '@"2026-01-31"', '@"2026-01-01T10:00:00"', '@"12:00:00"', '@"PT4H"']),
    st.sampled_from(['@"P1M"', "[]", "[1..3]", "(> 2)", "{}"]),
)


def _more(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.sampled_from(["+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in"])
    name = st.sampled_from(["x", "y", "n"])
    called = st.sampled_from(sorted(n for n in builtins() if n != "now"))
    return st.one_of(
        st.builds("({} {} {})".format, inner, binary, inner),
        st.builds("({}).{}".format, inner, st.sampled_from(["a", "k", "v", "year", "hours", "start"])),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("(if {} then {} else {})".format, inner, inner, inner),
        st.builds("(for {} in {} return {})".format, name, inner, inner),
        st.builds("(some {} in {}, y in {} satisfies {})".format, name, inner, inner, inner),
        st.builds("(every {} in {} satisfies {})".format, name, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{a: {}, b: {}, c: a}}".format, inner, inner),
        st.builds("({} between {} and {})".format, inner, inner, inner),
        st.builds("({} in (> {}, {}))".format, inner, inner, inner),
        st.builds("[{}..{})".format, inner, inner),
        st.builds("{}({})".format, called, inner),
        st.builds("{}({}, {})".format, called, inner, inner),
        st.builds("{}({}, {}, {})".format, called, inner, inner, inner),
        st.builds("(function(x) {})({})".format, inner, inner),
        st.builds("({} instance of number)".format, inner),
        st.builds("-{}".format, inner),
    )


EXPRESSIONS = st.recursive(ATOMS, _more, max_leaves=12)


def _outcome(act: Any) -> str:
    try:
        return repr(act(SCOPE, CLOCK))
    except LimitExceeded:
        return "too much"


@given(EXPRESSIONS)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_both_evaluators_give_the_same_value_and_never_fail(text: str) -> None:
    expression = parse(text)

    fast, careful = _outcome(expression.evaluate), _outcome(expression.evaluate_safely)

    # The careful one may stop earlier: its budget is smaller.
    assert careful in (fast, "too much")


@given(EXPRESSIONS)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_the_value_has_the_type_that_was_inferred(text: str) -> None:
    expression = parse(text)
    inferred, _ = expression.infer({name: type_of_value(value) for name, value in SCOPE.items()})

    try:
        value = expression.evaluate(SCOPE, CLOCK)
    except LimitExceeded:
        return

    # An index that turns out to be null keeps no entry, where a number would have chosen one.
    assert value == [] or conforms(value, inferred), inferred


@given(EXPRESSIONS)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_where_nothing_is_known_no_name_is_doubted(text: str) -> None:
    _, findings = parse(text).infer(dict.fromkeys([*SCOPE, "missing", "item", "x", "y"], ANY))

    assert not [f for f in findings if f.code.startswith("expressions.names")]


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        refused, expression = None, parse(text)
    except ExpressionInvalid as wrong:
        refused, expression = wrong, parse("null")

    assert refused is None or 0 <= refused.offset <= len(text)
    _outcome(expression.evaluate)

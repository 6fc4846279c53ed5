"""Every kind of boxed expression answers as the FEEL that says the same."""

from __future__ import annotations

from decimal import Decimal

import pytest

from taktflow.expressions import LimitExceeded
from tests.unit.rules.dmn.builders import CLOCK, a_decision, an_input, feel, outcome, read, value

NINE, TWO = Decimal(9), Decimal(2)


def test_a_context_without_a_result_is_its_entries_and_later_ones_see_earlier_ones() -> None:
    box = f"""<context><contextEntry><variable name="net price"/>{feel("a * 2")}</contextEntry>
        <contextEntry><variable name="gross" typeRef="number"/>{feel("net price + 1")}</contextEntry></context>"""

    assert value(an_input("a"), a_decision("d", box, ["Input:i_a"]), a=4) == {"net price": 8, "gross": 9}


def test_a_context_with_a_result_is_that_result() -> None:
    box = f"""<context><contextEntry><variable name="x"/>{feel("3")}</contextEntry>
        <contextEntry>{feel("x * x")}</contextEntry></context>"""

    assert value(a_decision("d", box)) == NINE


def test_a_function_definition_is_called_by_an_invocation_with_names() -> None:
    function = f"""<functionDefinition><formalParameter name="base value"/><formalParameter name="n"/>
        {feel("base value ** n")}</functionDefinition>"""
    box = f"""<context><contextEntry><variable name="power of"/>{function}</contextEntry>
        <contextEntry><invocation>{feel("power of")}
          <binding><parameter name="n"/>{feel("2")}</binding>
          <binding><parameter name="base value"/>{feel("3")}</binding></invocation></contextEntry></context>"""

    assert value(a_decision("d", box)) == NINE


def test_an_argument_that_does_not_fit_its_parameter_makes_the_call_null() -> None:
    function = f"""<functionDefinition><formalParameter name="n" typeRef="number"/>
        {feel('if n = null then "none" else "some"')}</functionDefinition>"""

    def called(argument: str) -> str:
        return f"""<context><contextEntry><variable name="f"/>{function}</contextEntry>
            <contextEntry>{feel(f"f({argument})")}</contextEntry></context>"""

    assert value(a_decision("d", called("1"))) == "some"
    assert value(a_decision("d", called("null"))) == "none"
    assert value(a_decision("d", called("[1]"))) == "some"
    assert value(a_decision("d", called('"x"'))) is None


def test_a_relation_is_a_list_of_contexts_whose_cells_do_not_see_one_another() -> None:
    box = f"""<relation><column name="a"/><column name="unit price" typeRef="number"/>
        <row>{feel('"x"')}{feel("a")}</row><row>{feel('"y"')}{feel("a + 1")}</row></relation>"""

    assert value(an_input("a"), a_decision("d", box, ["Input:i_a"]), a=4) == [
        {"a": "x", "unit price": 4},
        {"a": "y", "unit price": 5},
    ]


def test_a_boxed_list_holds_its_items_in_order() -> None:
    assert value(a_decision("d", f"<list>{feel('1')}<list>{feel('2')}</list></list>")) == [1, [2]]


@pytest.mark.parametrize(("a", "expected"), [(True, 1), (False, 2), (None, 2)])
def test_a_conditional_takes_its_else_unless_the_test_is_true(a: bool | None, expected: int) -> None:
    box = f"<conditional><if>{feel('a')}</if><then>{feel('1')}</then><else>{feel('2')}</else></conditional>"

    assert value(an_input("a", "boolean"), a_decision("d", box, ["Input:i_a"]), a=a) == expected


def test_a_boxed_filter_sees_the_entry_and_its_fields() -> None:
    box = f"<filter><in>{feel('[{n: 1}, {n: 5}]')}</in><match>{feel('n > 2 and item.n > 2')}</match></filter>"

    assert value(a_decision("d", box)) == [{"n": 5}]


def test_a_boxed_filter_whose_condition_is_none_is_null() -> None:
    box = f"<filter><in>{feel('[1, 2]')}</in><match>{feel('if item = 1 then true else 7')}</match></filter>"

    assert value(a_decision("d", box)) is None


def test_a_boxed_for_knows_what_it_gave_so_far() -> None:
    box = f"""<for iteratorVariable="one thing"><in>{feel("[1, 2, 3]")}</in>
        <return>{feel("one thing + sum(append(partial, 0))")}</return></for>"""

    assert value(a_decision("d", box)) == [1, 3, 7]


@pytest.mark.parametrize(
    ("domain", "expected"), [("1..n + 1", [1, 2, 3]), ("[1..3)", [1, 2]), ("5", [5]), ("null", None)]
)
def test_a_boxed_for_runs_over_lists_ranges_and_spans(domain: str, expected: list[int] | None) -> None:
    box = f'<for iteratorVariable="x"><in>{feel(domain)}</in><return>{feel("x")}</return></for>'

    assert value(an_input("n"), a_decision("d", box, ["Input:i_n"]), n=2) == expected


@pytest.mark.parametrize(
    ("word", "condition", "expected"),
    [
        ("some", "x > 2", True),
        ("some", "x > 3", False),
        ("every", "x > 0", True),
        ("every", "x > 1", False),
        ("some", 'if x = 1 then true else "no"', None),
        ("every", "if x = 1 then true else null", None),
    ],
)
def test_boxed_quantifiers_ask_every_entry(word: str, condition: str, expected: bool | None) -> None:
    box = f"""<{word} iteratorVariable="x"><in>{feel("[1, 2, 3]")}</in>
        <satisfies>{feel(condition)}</satisfies></{word}>"""

    assert value(a_decision("d", box)) is expected


def test_a_function_in_another_language_is_null_and_said_so() -> None:
    box = f"""<context><contextEntry><variable name="f"/>
        <functionDefinition kind="Java">{feel("{}")}</functionDefinition></contextEntry>
        <contextEntry>{feel("f()")}</contextEntry></context>"""

    model, findings = read(a_decision("d", box))

    assert [(f.code, f.severity) for f in findings] == [("dmn.function_kind", "warning")]
    assert model.evaluate("d", {}, CLOCK).value is None


def test_one_evaluation_shares_one_budget() -> None:
    box = feel("for a in 1..9999, b in 1..9999 return f(b)")
    f = f"""<businessKnowledgeModel id="k" name="f"><encapsulatedLogic><formalParameter name="n"/>
        {feel("sum(for i in 1..500 return i * n)")}</encapsulatedLogic></businessKnowledgeModel>"""

    with pytest.raises(LimitExceeded):
        outcome(f, a_decision("d", box, ["Knowledge:k"]))

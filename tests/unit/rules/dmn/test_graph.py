"""Decisions see what they require, by types, names and files, and nothing else."""

from __future__ import annotations

from datetime import UTC, date
from decimal import Decimal
from typing import Any

import pytest

from taktflow.errors import NotFound
from tests.unit.rules.dmn.builders import (
    CLOCK,
    a_decision,
    a_file,
    a_type,
    an_input,
    feel,
    outcome,
    read,
    value,
)


def test_a_decision_sees_what_it_requires_and_nothing_else() -> None:
    model = [
        an_input("a"),
        an_input("b"),
        a_decision("sum", feel("a + b"), ["Input:i_a", "Input:i_b"]),
        a_decision("d", feel("[sum, a, b]"), ["Decision:d_sum", "Input:i_a"]),
    ]

    found = outcome(*model, a=1, b=2)

    assert found.value == [3, 1, None]
    assert [(s.decision, s.value) for s in found.steps] == [("sum", 3), ("d", [3, 1, None])]


def test_names_may_hold_spaces_and_signs() -> None:
    data = '<inputData id="i" name="Pre-tax sum/net"><variable name="Pre-tax sum/net"/></inputData>'

    assert value(data, a_decision("d", feel("Pre-tax sum/net - 1"), ["Input:i"]), **{"Pre-tax sum/net": 5}) == 4


@pytest.mark.parametrize(
    ("type_ref", "text", "expected"),
    [
        ("number", "[3]", 3),
        ("number", '"x"', None),
        ("numbers", "3", [3]),
        ("numbers", '[3, "x"]', None),
        ("level", '"low"', "low"),
        ("level", '"LOW"', None),
        ("level", "null", None),
        ("levels", '["low", "high"]', ["low", "high"]),
        ("levels", '["low", "mid"]', None),
        ("line", '{sku: "x", qty: 1, more: 2}', {"sku": "x", "qty": 1, "more": 2}),
        ("line", '{sku: "x", qty: "1"}', None),
        ("line", '{sku: "x"}', None),
        ("few", "[1, 2]", [1, 2]),
        ("few", "[1, 2, 3]", None),
        ("percent", "40", 40),
        ("percent", "140", None),
        ("string", "1", None),
        ("Any", "1", 1),
    ],
)
def test_a_result_that_does_not_conform_is_null(type_ref: str, text: str, expected: Any) -> None:
    component = '<itemComponent name="{}"><typeRef>{}</typeRef></itemComponent>'
    types = [
        a_type("numbers", "number", isCollection="true"),
        a_type("level", "string", allowed='"low", "high"'),
        a_type("levels", "level", isCollection="true"),
        a_type("line", inside=component.format("sku", "string") + component.format("qty", "number")),
        a_type(
            "few",
            "number",
            inside="<typeConstraint><text>count(?) &lt; 3</text></typeConstraint>",
            isCollection="true",
        ),
        a_type("percent", "number", allowed="[0..100]"),
    ]

    assert value(*types, a_decision("d", feel(text), type_ref=type_ref)) == expected


def test_a_date_stands_for_its_midnight_where_a_moment_is_wanted() -> None:
    found = value(a_decision("d", feel('date("2026-11-23")'), type_ref="date and time"))

    assert found.date() == date(2026, 11, 23)
    assert (found.hour, found.minute) == (0, 0)


def test_an_input_that_does_not_conform_is_null_and_said_so() -> None:
    found = outcome(an_input("a", "number"), a_decision("d", feel("a = null"), ["Input:i_a"]), a="x")

    assert found.value is True
    assert [(f.code, f.args["type"]) for f in found.findings] == [("dmn.type_mismatch", "number")]


def test_text_from_json_is_read_as_the_inputs_declare_it() -> None:
    component = '<itemComponent name="{}"><typeRef>{}</typeRef></itemComponent>'
    line = a_type("line", inside=component.format("day", "date") + component.format("note", "string"))
    model, _ = read(
        line, a_type("lines", "line", isCollection="true"), an_input("all", "lines"), an_input("n", "number")
    )

    given = model.given({"all": [{"day": "2026-11-23", "note": "12"}, {"day": "soon"}], "n": "12.5", "x": "1"}, UTC)

    assert given == {
        "all": [{"day": date(2026, 11, 23), "note": "12"}, {"day": "soon"}],
        "n": Decimal("12.5"),
        "x": "1",
    }


SERVICE = """<decisionService id="s" name="pricing"><outputDecision href="#d_price"/>{more}
    <encapsulatedDecision href="#d_base"/><inputDecision href="#d_rate"/><inputData href="#i_a"/></decisionService>"""
PARTS = [
    an_input("a", "number"),
    a_decision("rate", feel("100")),
    a_decision("base", feel("a + 1"), ["Input:i_a"]),
    a_decision("price", feel("base * rate"), ["Decision:d_base", "Decision:d_rate"]),
]


def test_a_service_is_a_function_of_its_inputs_and_then_its_input_decisions() -> None:
    call = a_decision("d", feel("[pricing(2, 10), pricing(rate: 5, a: 1), pricing(2)]"), ["Knowledge:s"])

    assert value(*PARTS, SERVICE.format(more=""), call) == [30, 10, None]


def test_a_service_is_evaluated_by_its_name() -> None:
    assert value(*PARTS, SERVICE.format(more=""), name="pricing", a=2, rate=10) == 30


def test_a_service_of_several_decisions_answers_with_a_context() -> None:
    several = SERVICE.format(more='<outputDecision href="#d_base"/>')

    assert value(*PARTS, several, name="pricing", a=2, rate=10) == {"price": 30, "base": 3}


def test_knowledge_models_call_one_another_even_in_a_circle() -> None:
    def knows(id: str, name: str, text: str, needs: str) -> str:
        return f"""<businessKnowledgeModel id="{id}" name="{name}">
            <encapsulatedLogic><formalParameter name="n"/>{feel(text)}</encapsulatedLogic>
            <knowledgeRequirement><requiredKnowledge href="#{needs}"/></knowledgeRequirement>
            </businessKnowledgeModel>"""

    even = knows("e", "is even", "if n = 0 then true else is odd(n - 1)", "o")
    odd = knows("o", "is odd", "if n = 0 then false else is even(n - 1)", "e")

    assert value(even, odd, a_decision("d", feel("[is even(10), is odd(4)]"), ["Knowledge:e", "Knowledge:o"])) == [
        True,
        False,
    ]


def test_a_models_own_function_goes_before_a_built_in_of_that_name() -> None:
    own = f"""<businessKnowledgeModel id="k" name="max"><encapsulatedLogic><formalParameter name="n"/>
        {feel("n + 100")}</encapsulatedLogic></businessKnowledgeModel>"""

    assert value(own, a_decision("d", feel("[max(1), min(max(n: 2), 3)]"), ["Knowledge:k"])) == [101, 3]


def test_a_knowledge_model_is_a_value_of_its_declared_type() -> None:
    above = f"""<businessKnowledgeModel id="k" name="above"><encapsulatedLogic typeRef="boolean">
        <formalParameter name="x" typeRef="number"/><formalParameter name="y" typeRef="number"/>
        {feel("x > y")}</encapsulatedLogic></businessKnowledgeModel>"""
    asked = """[sort([1, 3, 2], above), above instance of function<number, number>->boolean,
        above instance of function<string, number>->boolean, above(true, 1)]"""

    assert value(above, a_decision("d", feel(asked), ["Knowledge:k"])) == [[3, 2, 1], True, False, None]


def test_decisions_that_require_one_another_are_null_there() -> None:
    model = [a_decision("a", feel("d"), ["Decision:d_d"]), a_decision("d", feel("[a]"), ["Decision:d_a"])]

    found = outcome(*model)

    assert found.value == [None]
    assert [f.code for f in found.findings] == ["dmn.circle"]


IMPORT = '<import name="{}" namespace="urn:theirs" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>'
THEIRS = a_file(
    a_type("level", "string", allowed='"low", "high"'),
    an_input("b c"),
    a_decision("twice it", feel("b c * 2"), ["Input:i_b c"]),
    """<businessKnowledgeModel id="k" name="half of"><encapsulatedLogic><formalParameter name="n"/>
    <literalExpression><text>n / 2</text></literalExpression></encapsulatedLogic></businessKnowledgeModel>""",
    namespace="urn:theirs",
)


def test_imported_parts_are_seen_by_the_imports_name() -> None:
    needs = ["Decision:urn:theirs#d_twice it", "Knowledge:urn:theirs#k", "Input:urn:theirs#i_b c"]
    call = a_decision("d", feel("their own.twice it + their own.half of(their own.b c)"), needs)

    found = value(IMPORT.format("their own"), call, imports={"theirs.dmn": THEIRS}, **{"b c": 4})

    assert found == 10


def test_imported_parts_without_an_imports_name_are_seen_as_our_own() -> None:
    call = a_decision("d", feel("twice it"), ["Decision:urn:theirs#d_twice it"])

    assert value(IMPORT.format(""), call, imports={"theirs.dmn": THEIRS}, **{"urn:theirs#b c": 4}) == 8


def test_imported_types_are_spoken_of_by_the_imports_name() -> None:
    model = [IMPORT.format("t"), a_decision("d", feel('"mid"'), type_ref="t.level")]

    assert outcome(*model, imports={"theirs.dmn": THEIRS}).findings[0].args["type"] == "level"


def test_declared_types_can_be_asked_for() -> None:
    kind = a_type("order line", inside='<itemComponent name="qty"><typeRef>number</typeRef></itemComponent>')

    assert value(kind, a_decision("d", feel("[{qty: 1}, {qty: true}][item instance of order line]"))) == [{"qty": 1}]


def test_an_unknown_decision_is_refused_with_those_there_are() -> None:
    model, _ = read(a_decision("price", feel("1")))

    with pytest.raises(NotFound) as refused:
        model.evaluate("prices", {}, CLOCK)

    assert refused.value.code == "dmn.no_decision"
    assert "price" in refused.value.message("en")


def test_the_model_tells_its_parts_with_their_types() -> None:
    model, _ = read(*PARTS, SERVICE.format(more=""))

    assert [(i.name, i.kind.name) for i in model.inputs] == [("a", "number")]
    assert [d.name for d in model.decisions] == ["rate", "base", "price"]
    assert [(s.name, s.parameters) for s in model.services] == [("pricing", ("a", "rate"))]

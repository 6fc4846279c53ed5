"""Decision tables answer by the standard's hit policies; a violation is null with a note of the rules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rules.dmn.builders import a_decision, a_table, a_type, an_input, outcome, value

VALUES = '<outputValues><text>"high", "middle", "low"</text></outputValues>'
OVERLAPPING = [["> 0", '"low"'], ["> 10", '"high"'], ["> 5", '"middle"'], ["> 100", '"low"']]


def asked(policy: str, a: int, rules: list[list[str]] = OVERLAPPING, **more: str) -> Any:
    table = a_table({"a": "number"}, {"level": VALUES}, rules, policy, **more)
    return value(an_input("a", "number"), a_decision("d", table, ["Input:i_a"]), a=a)


@pytest.mark.parametrize(
    ("policy", "a", "expected"),
    [
        ("UNIQUE", 3, "low"),
        ("UNIQUE", 7, None),
        ("UNIQUE", -1, None),
        ("FIRST", 20, "low"),
        ("PRIORITY", 20, "high"),
        ("PRIORITY", 7, "middle"),
        ("RULE ORDER", 20, ["low", "high", "middle"]),
        ("OUTPUT ORDER", 200, ["high", "middle", "low", "low"]),
        ("COLLECT", 7, ["low", "middle"]),
        ("COLLECT", -1, []),
        ("ANY", 7, None),
        ("ANY", 3, "low"),
    ],
)
def test_each_hit_policy_chooses_among_the_rules_that_match(policy: str, a: int, expected: Any) -> None:
    assert asked(policy, a) == expected


@pytest.mark.parametrize(
    ("aggregation", "a", "expected"),
    [("SUM", 20, 12), ("MIN", 20, 2), ("MAX", 20, 7), ("COUNT", 20, 3), ("COUNT", -1, 0), ("SUM", -1, None)],
)
def test_a_collection_can_be_one_figure(aggregation: str, a: int, expected: int | None) -> None:
    rules = [["> 0", "3"], ["> 5", "7"], ["> 10", "2"]]

    assert asked("COLLECT", a, rules, aggregation=aggregation) == expected


def test_what_cannot_be_added_up_has_no_sum() -> None:
    assert asked("COLLECT", 3, [["> 0", '"low"']], aggregation="SUM") is None


def test_rules_that_agree_may_overlap_where_any_of_them_answers() -> None:
    assert asked("ANY", 7, [["> 0", '"low"'], ["> 5", '"lo" + "w"']]) == "low"


def test_a_violation_names_its_rules() -> None:
    table = a_table({"a": "number"}, {"level": ""}, OVERLAPPING, "UNIQUE", id="levels")

    found = outcome(an_input("a"), a_decision("d", table, ["Input:i_a"]), a=7)

    assert [(f.code, f.args["rules"]) for f in found.findings] == [("dmn.not_unique", "r1, r3")]
    assert found.steps[0].tables == (("levels", ("r1", "r3")),)


def test_several_outputs_make_a_context_and_defaults_answer_where_no_rule_does() -> None:
    default = "<defaultOutputEntry><text>{}</text></defaultOutputEntry>"
    outputs = {"unit price": default.format("a * 2"), "currency": default.format('"CNY"')}
    table = a_table({"a": "number"}, outputs, [["[1..10)", "5", '"EUR"']])
    model = [an_input("a"), a_decision("d", table, ["Input:i_a"])]

    assert value(*model, a=1) == {"unit price": 5, "currency": "EUR"}
    assert value(*model, a=10) == {"unit price": 20, "currency": "CNY"}


@pytest.mark.parametrize(
    ("test", "matching", "other"),
    [
        ("-", [None, "x"], []),
        ("", [None, "x"], []),
        ('"a", "b"', ["a", "b"], ["c", None]),
        ('not("a", "b")', ["c"], ["a", "b"]),
        ("null", [None], ["a"]),
        ("not(null)", ["a"], [None]),
        ("other", ["o"], ["other", "x"]),
        ('starts with(?, "x")', ["xy"], ["y"]),
        ('not(starts with(?, "x"))', ["y"], ["xy"]),
        ('"a", string length(?) = 3', ["a", "abc"], ["ab"]),
        ('list contains(["p", "q"], ?)', ["p"], ["r"]),
        ('["p", "q"]', ["p", "q"], ["r"]),
        ("< other", ["a"], ["p"]),
        ("1 = 1", ["anything"], []),
        ("1 = 2", [], ["anything"]),
        ('["b".."d")', ["b", "c"], ["a", "d"]),
        ("(other)", ["o"], ["p"]),
    ],
)
def test_an_input_entry_is_strict_feel(test: str, matching: list[Any], other: list[Any]) -> None:
    table = a_table({"v": ""}, {"": ""}, [[test, "true"]])
    model = [an_input("v"), an_input("other"), a_decision("d", table, ["Input:i_v", "Input:i_other"])]

    found = [value(*model, v=v, other="o") for v in [*matching, *other]]

    assert found == [True] * len(matching) + [None] * len(other)


def test_a_value_that_a_column_does_not_allow_is_no_answer() -> None:
    clause = (
        '<input><inputExpression><text>v</text></inputExpression><inputValues><text>"a"</text></inputValues></input>'
    )
    rule = "<rule><inputEntry><text>-</text></inputEntry><outputEntry><text>1</text></outputEntry></rule>"
    box = f'<decisionTable>{clause}<output name="o"/>{rule}</decisionTable>'
    model = [an_input("v"), a_decision("d", box, ["Input:i_v"])]

    assert value(*model, v="a") == 1
    refused = outcome(*model, v="b")
    assert refused.value is None
    assert [f.code for f in refused.findings] == ["dmn.input_value"]


def test_priority_takes_the_order_of_the_outputs_type_where_the_table_has_none() -> None:
    kind = a_type("level", "string", allowed='"high", "low"')
    table = a_table({"a": ""}, {"": ""}, [["-", '"low"'], ["-", '"high"']], "PRIORITY")

    assert value(kind, an_input("a"), a_decision("d", table, ["Input:i_a"], "level"), a=1) == "high"


def test_a_table_in_a_knowledge_model_tests_its_parameters() -> None:
    table = a_table(
        {"n": "number", "at once": "boolean"}, {"": ""}, [[">= 3", "true", "n * 10"], ["-", "-", "0"]], "FIRST"
    )
    knowledge = f"""<businessKnowledgeModel id="k" name="rush fee"><encapsulatedLogic>
        <formalParameter name="n" typeRef="number"/><formalParameter name="at once" typeRef="boolean"/>{table}
        </encapsulatedLogic></businessKnowledgeModel>"""
    call = "<literalExpression><text>[rush fee(4, true), rush fee(at once: false, n: 4)]</text></literalExpression>"

    assert value(knowledge, a_decision("d", call, ["Knowledge:k"])) == [40, 0]


def test_a_table_inside_a_context_sees_the_entries_before_it() -> None:
    table = a_table({"half": "number"}, {"": ""}, [["< limit", '"small"'], [">= limit", '"large"']])
    box = f"""<context><contextEntry><variable name="half"/><literalExpression><text>a / 2</text></literalExpression>
        </contextEntry><contextEntry><variable name="limit"/><literalExpression><text>5</text></literalExpression>
        </contextEntry><contextEntry>{table}</contextEntry></context>"""
    model = [an_input("a"), a_decision("d", box, ["Input:i_a"])]

    assert [value(*model, a=a) for a in (8, 10)] == ["small", "large"]

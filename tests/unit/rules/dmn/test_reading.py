"""Whatever a file holds, reading it gives a model or findings with their places, never an error of Python's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.rules.dmn import read_model, xml
from taktflow.texts import sentence
from tests.unit.rules.dmn.builders import CLOCK, DMN_15, a_decision, a_file, a_table, an_input, feel, read

NAMESPACES = [
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "https://www.omg.org/spec/DMN/20211108/MODEL/",
    DMN_15,
]


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_version_of_the_standard_is_read(namespace: str) -> None:
    document = a_file(an_input("a", "feel:number"), a_decision("d", feel("a"), ["Input:i_a"]), dmn=namespace)

    model, findings = read_model(document, "m.dmn")

    assert model is not None
    assert findings == []
    assert model.evaluate("d", {"a": 3}, CLOCK).value == 3


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "dmn.xml_broken"),
        (b"<definitions", "dmn.xml_broken"),
        (b"<a>\xff</a>", "dmn.xml_broken"),
        (b"<html/>", "dmn.no_definitions"),
        (b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>', "dmn.no_definitions"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "dmn.xml_broken"),
        (b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><d>&b;</d>', "dmn.xml_doctype"),
        (b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><d/>', "dmn.xml_doctype"),
        (b"<a>" * 200 + b"</a>" * 200, "dmn.xml_deep"),
    ],
)
def test_a_file_that_is_no_model_is_one_finding(document: bytes, code: str) -> None:
    model, findings = read_model(document, "m.dmn")

    assert model is None
    assert [f.code for f in findings] == [code]
    assert "{" not in sentence(code, "en", findings[0].args)


def test_a_file_beyond_the_bounds_is_one_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "ELEMENTS", 100)
    monkeypatch.setattr(xml, "BYTES", 10_000)

    assert [f.code for f in read_model(b"<a>" + b"<b/>" * 100 + b"</a>", "m")[1]] == ["dmn.xml_elements"]
    assert [f.code for f in read_model(b" " * 10_001, "m")[1]] == ["dmn.xml_large"]


@pytest.mark.parametrize(
    ("elements", "code", "line"),
    [
        ([a_decision("d", feel("1 +"))], "expressions.syntax.unfinished", 2),
        ([an_input("a", "nosuch"), a_decision("d", feel("1"))], "dmn.type_unknown", 2),
        ([a_decision("d", feel("1"), ["Input:nosuch"])], "dmn.reference", 2),
        ([a_decision("d", feel("1"), ["Input:urn:other#a"])], "dmn.reference", 2),
        ([a_decision("d", feel("1")), a_decision("d", feel("2"))], "dmn.twice", 3),
        (['<import name="x" namespace="urn:x" importType="DMN"/>'], "dmn.import_missing", 2),
        ([a_decision("d", feel("1") + feel("2"))], "dmn.several_expressions", 2),
        ([a_decision("d", feel(" "))], "dmn.empty_expression", 2),
        ([a_decision("d", "<conditional><if/></conditional>")], "dmn.no_expression", 2),
        ([a_decision("d", '<literalExpression expressionLanguage="groovy"><text>1</text></literalExpression>')],
         "dmn.language", 2),
        ([a_decision("d", a_table({"1": ""}, {"": ""}, [["-"]]))], "dmn.rule_cells", 2),
        ([a_decision("d", a_table({"1": ""}, {}, []))], "dmn.table_outputs", 2),
        ([a_decision("d", a_table({"1": ""}, {"": ""}, [], "BEST"))], "dmn.hit_policy", 2),
        ([a_decision("d", a_table({"1": ""}, {"": ""}, [["1..", "2"]]))], "expressions.syntax.unexpected", 2),
        (["<itemDefinition name='t'><typeRef>t</typeRef></itemDefinition>", a_decision("d", feel("1"), type_ref="t")],
         "dmn.type_circle", 2),
        ([a_decision("d", "<relation><column name='a'/><row/></relation>")], "dmn.relation_row", 2),
    ],
)  # fmt: skip
def test_what_is_wrong_has_a_code_a_line_and_a_sentence(elements: list[str], code: str, line: int) -> None:
    model, findings = read(*elements)

    found = next(f for f in findings if f.code == code)
    assert found.line == line
    for language in ("zh", "en"):
        assert "{" not in sentence(code, language, found.args)
    if any(p.name == "d" for p in model.decisions):
        model.evaluate("d", {}, CLOCK)


TAGS = [
    "decision",
    "inputData",
    "decisionTable",
    "context",
    "contextEntry",
    "variable",
    "invocation",
    "binding",
    "rule",
]
MORE = ["literalExpression", "text", "relation", "row", "column", "for", "some", "in", "return", "list", "input"]
LAST = ["output", "inputEntry", "outputEntry", "functionDefinition", "formalParameter", "import", "itemDefinition"]


def elements(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names = st.sampled_from(["", ' name="a b"', ' id="x"', ' typeRef="t"', ' iteratorVariable="i"', ' hitPolicy="ANY"'])
    tags = st.sampled_from([*TAGS, *MORE, *LAST])
    return st.builds(lambda t, n, c: f"<{t}{n}>{''.join(c)}</{t}>", tags, names, st.lists(inside, max_size=4))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.recursive(st.sampled_from(["", "1 + a b", "?", "-", "f(", "&amp;"]), elements, max_leaves=12)))
def test_elements_in_any_order_are_a_model_or_findings(parts: list[str]) -> None:
    model, findings = read_model(a_file(*parts), "m.dmn")

    assert model is not None or findings
    for decision in model.decisions if model is not None else ():
        model.evaluate(decision.id, {}, CLOCK)  # type: ignore[union-attr]  # There are none without a model.


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60).map(lambda b: b"<definitions " + b))
def test_bytes_are_never_a_traceback(document: bytes) -> None:
    model, findings = read_model(document, "m.dmn")

    assert model is None
    assert findings

"""A table means the same in our own form, as DMN without our extensions, and made ours again from that."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, date
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.definitions.decision import Decision, RowsFile
from taktflow.definitions.formula import Formula
from taktflow.errors import Invalid
from taktflow.expressions import Clock
from taktflow.rules import compile_decision, compile_formula
from taktflow.rules.dmn import Model, decisions_of, read_model, write_model
from taktflow.sdk import NodeError
from tests.unit.rules.builders import NOW, a_decision
from tests.unit.rules.dmn.builders import a_decision as a_dmn_decision
from tests.unit.rules.dmn.builders import a_table, a_type, an_input, feel, read

CLOCK = Clock(NOW, UTC)
VALUES: Mapping[str, tuple[Any, ...]] = {
    "text": ("EU", "US", "a, b", 'x "y"', "null"),
    "number": (Decimal("1"), Decimal("2.50"), Decimal("-3")),
    "boolean": (True, False),
    "date": (date(2026, 1, 1), date(2026, 7, 1)),
    "duration": (),
}
CELLS: Mapping[str, list[str]] = {
    "text": ["-", "EU", "EU,US", '"a, b"', "not(EU)", '"x \\"y\\""', "null", '"null", US', "= ? = limit"],
    "number": ["-", "1", "[1..2.5)", ">2", "not(1, 2.50)", "< base", "= ? * 2 > base", "null,1", "(-4..0]", "!= 1"],
    "boolean": ["-", "true", "not(true)", "null"],
    "date": ["-", "2026-01-01", ">= 2026-02-01", "[2026-01-01..2026-07-01)", "..2026-07-01", "not(2026-07-01)"],
}  # fmt: skip
ANSWERS: Mapping[str, list[str]] = {
    "text": ["low", '"a, b"', "", '= "x" + limit', "产品"],
    "number": ["1", "2.50", "-3", "", "= base * 2"],
    "boolean": ["true", "false"],
    "date": ["2026-01-01"],
}


def bare(document: bytes) -> bytes:
    """The file as a tool leaves it that keeps nothing of ours."""
    return re.sub(rb"<extensionElements>.*?</extensionElements>", b"", document, flags=re.DOTALL)


def model_of(document: bytes) -> Model:
    model, findings = read_model(document, "m.dmn")
    assert model is not None
    assert findings == []
    return model


def answered(table: Decision, data: Mapping[str, Any]) -> Any:
    """What a table of ours answers; null for what it refuses to."""
    try:
        return compile_decision(table, 1).decide(data, now=NOW, zone=UTC).value
    except NodeError:
        return None


@st.composite
def cases(draw: st.DrawFn) -> tuple[Decision, list[dict[str, Any]]]:
    types = [draw(st.sampled_from(list(CELLS))) for _ in range(draw(st.integers(1, 3)))]
    answers = [draw(st.sampled_from(list(ANSWERS))) for _ in range(draw(st.integers(1, 2)))]
    cells = [*(CELLS[kind] for kind in types), *(ANSWERS[kind] for kind in answers)]
    rows = [[f"r{n}", *(draw(st.sampled_from(c)) for c in cells)] for n in range(draw(st.integers(1, 5)))]
    dated = [f"in_{n}" for n, kind in enumerate(types) if kind == "date"]
    rows = [[c if dated or c != "..2026-07-01" else "-" for c in row] for row in rows]
    if len(dated) != 1:
        rows = [["-" if c == "..2026-07-01" else c for c in row] for row in rows]
    table = a_decision(
        [{"id": f"in_{n}", "type": kind} for n, kind in enumerate(types)],
        [{"id": f"out_{n}", "type": kind, "formula": True} for n, kind in enumerate(answers)],
        rows,
        hit_policy=draw(st.sampled_from(["unique", "any", "first", "rule_order", "collect"])),
        default={"on_none": "null"},
        **({"effective": dated[0]} if len(dated) == 1 else {}),
    )
    asked = [
        {f"in_{n}": draw(st.sampled_from([*VALUES[kind], None])) for n, kind in enumerate(types)}
        | {"limit": draw(st.sampled_from(["EU", "x"])), "base": Decimal(2)}
        for _ in range(3)
    ]
    # Our own table asks for the business date where the data has none; DMN knows no such thing.
    asked = [{k: v if v is not None or k not in dated else date(2026, 3, 1) for k, v in one.items()} for one in asked]
    return table, asked


@settings(max_examples=int(os.environ.get("TAKTFLOW_ROUND_TRIPS", "25")), deadline=None)
@given(cases())
def test_a_written_table_answers_as_the_table_does(case: tuple[Decision, list[dict[str, Any]]]) -> None:
    table, asked = case
    model = model_of(bare(write_model([table])))
    (back,), findings = decisions_of(model)

    assert isinstance(back, Decision)
    assert findings == ()
    for data in asked:
        expected = answered(table, data)
        theirs = model.evaluate("table", data, CLOCK).value
        if table.hit_policy in ("rule_order",) and expected == []:
            expected = theirs = [] if theirs is None else theirs  # No answer is null in DMN and no entry with us.
        assert theirs == expected
        assert answered(back, data) == expected


def test_a_column_that_formulas_name_is_a_decision_of_its_own() -> None:
    table = a_decision(
        [{"id": "net", "type": "number", "expr": "order.gross / 2"}],
        [{"id": "fee", "type": "number", "formula": True}],
        [["r1", "> 10", "= net * rate"]],
    )
    document = write_model([table])
    data = {"order": {"gross": Decimal(40)}, "rate": Decimal("0.5")}

    assert answered(table, data) == 10
    assert model_of(bare(document)).evaluate("table", data, CLOCK).value == 10
    assert decisions_of(model_of(document))[0] == (table,)


def test_a_date_that_comes_as_text_or_with_a_time_is_read_in_dmn_too() -> None:
    table = a_decision(
        [{"id": "day", "type": "date", "expr": "order.day"}],
        [{"id": "n", "type": "number"}],
        [["r1", "2026-11-23", "1"]],
    )
    document = write_model([table])
    model = model_of(bare(document))

    for day in ("2026-11-23", date(2026, 11, 23), NOW.replace(year=2026, month=11, day=23)):
        data = {"order": {"day": day}}
        assert model.evaluate("table", data, CLOCK).value == answered(table, data) == 1
    assert decisions_of(model_of(document))[0] == (table,)


def test_a_cross_tab_is_written_as_its_rows() -> None:
    table = a_decision(
        [{"id": "sku", "type": "text"}, {"id": "region", "type": "text"}],
        [{"id": "price", "type": "number"}],
        [],
        crosstab=[
            {
                "id": "s",
                "down": ["sku"],
                "across": [{"id": "eu", "when": {"region": "EU"}}, {"id": "us", "when": {"region": "US"}}],
                "cell": "price",
                "rows": [["a", "A", "1", "2"]],
            }
        ],
    )

    (back,), _ = decisions_of(model_of(write_model([table])))

    assert isinstance(back, Decision)
    assert back.rows == (("s.a.eu", "A", "EU", "1"), ("s.a.us", "A", "US", "2"))
    assert back.crosstab == ()


def test_a_table_whose_rows_are_in_a_file_is_not_written_without_them() -> None:
    table = a_decision([{"id": "a", "type": "text"}], [{"id": "b", "type": "text"}], []).model_copy(
        update={"rows": RowsFile(file="rows.csv")}
    )

    with pytest.raises(Invalid, match=r"rows\.csv"):
        write_model([table])


@pytest.mark.parametrize(
    "text", ["", "[", "[]", "{}", '"x"', "[{}]", '["r1", {"a": []}, "1"]', "[1]", "[" * 9_000, "1" * 5_000]
)
def test_extensions_that_say_nonsense_are_passed_over(text: str) -> None:
    table = a_decision([{"id": "a", "type": "text"}], [{"id": "b", "type": "number"}], [["r1", "EU", "1"]])
    document = write_model([table]).decode()
    for tag in ("row", "definition"):
        spoiled = re.sub(f"(<taktflow:{tag}>).*?(</taktflow:{tag}>)", lambda m: m[1] + text + m[2], document)
        assert spoiled != document

        (back,), findings = decisions_of(model_of(spoiled.encode()))

        assert isinstance(back, Decision)
        assert back.rows == table.rows
        assert findings == ()


def test_what_another_tool_changed_is_changed_and_the_rest_is_kept() -> None:
    table = a_decision(
        [{"id": "region", "type": "text", "values": ["EU", "US"], "unit": "kg"}],
        [{"id": "price", "type": "number", "scale": 2}],
        [["r1", "EU,US", "12.50", "first"], ["r2", "-", Decimal("7"), "second"]],
        owner="sales",
    )
    document = write_model([table])
    for old, new in [
        (b'<inputEntry>\n          <text>"EU", "US"', b'<inputEntry><text>"CN"'),
        (b"<text>7</text>", b"<text>7 + rate</text>"),
        (b'hitPolicy="UNIQUE"', b'hitPolicy="FIRST"'),
        (b"<text>second</text>", b"<text>later</text>"),
    ]:
        assert document.count(old) == 1, old
        document = document.replace(old, new)

    (back,), _ = decisions_of(model_of(document))

    assert isinstance(back, Decision)
    assert (back.hit_policy, back.owner, back.inputs) == ("first", "sales", table.inputs)
    assert back.outputs[0].formula
    assert back.outputs[0].scale == 2
    assert back.rows == (("r1", "CN", "12.50", "first"), ("r2", "-", "= 7 + rate", "later"))


ORDER = {
    "definitions": ["itemDefinition", "inputData", "decision", "DMNDI"],
    "inputData": ["description", "extensionElements", "variable"],
    "decision": ["description", "extensionElements", "variable", "informationRequirement", "EXPRESSION"],
    "decisionTable": ["input", "output", "annotation", "rule"],
    "input": ["inputExpression", "inputValues"],
    "output": ["outputValues", "defaultOutputEntry"],
    "rule": ["description", "extensionElements", "inputEntry", "outputEntry", "annotationEntry"],
}
"""The order in which the standard's schema (DMN15.xsd) wants what we write."""


def test_elements_stand_in_the_order_of_the_standards_schema() -> None:
    table = a_decision(
        [{"id": "net", "type": "number", "expr": "a * 2"}, {"id": "b", "type": "text", "values": ["x"]}],
        [{"id": "fee", "type": "number", "formula": True}, {"id": "c", "type": "text", "values": ["y"]}],
        [["1", "> 10", "x", "= net", "y", "note"], ["r 2", "-", "-", "1", "y"]],
        note="why",
        default={"row": {"fee": "0", "c": "y"}},
    )
    root = fromstring(write_model([table, table.model_copy(update={"id": "other"})]))  # noqa: S314  # Our own.
    seen: set[str] = set()
    ids: list[str] = []
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        ids += [element.attrib["id"]] if "id" in element.attrib else []
        if tag in ORDER:
            seen.add(tag)
            order = ORDER[tag]
            inside = [c.tag.rpartition("}")[2] for c in element]
            places = [order.index(c if c in order else "EXPRESSION") for c in inside]
            assert places == sorted(places) or tag == "definitions", (tag, inside)

    assert seen == ORDER.keys()
    assert len(ids) == len(set(ids))
    drawn = [e.attrib["dmnElementRef"] for e in root.iter() if "dmnElementRef" in e.attrib]
    named = ("inputData", "decision", "informationRequirement")
    assert sorted(drawn) == sorted(e.attrib["id"] for e in root.iter() if e.tag.rpartition("}")[2] in named)
    assert all(re.fullmatch(r"[^\W\d][\w.-]*", id) for id in ids)


def test_a_table_of_theirs_becomes_ours_with_its_names_as_slugs() -> None:
    level = a_type("tLevel", "string", allowed='"high", "low"')
    data = '<inputData id="i" name="Order Total"><variable name="Order Total" typeRef="number"/></inputData>'
    region = an_input("Region", "string")
    table = a_table(
        {"Order Total": "number", "upper case(Region)": "string"},
        {"Approval Level": ""},
        [["[0..100)", '"EU", "US"', '"low"'], [">= 100", "-", 'if Order Total > 500 then "high" else "low"']],
        "FIRST",
    )
    model, findings = read(
        level, data, region, a_dmn_decision("Approval", table, ["Input:i", "Input:i_Region"], "tLevel")
    )

    (made,), notes = decisions_of(model)

    assert findings == []
    assert [(n.code, n.args["input"]) for n in notes] == [("dmn.asks_as", "order_total")]
    assert isinstance(made, Decision)
    assert made.id == "approval"
    assert made.title.zh == "Approval"
    assert [(c.id, c.type, c.expr) for c in made.inputs] == [
        ("order_total", "number", None),
        ("upper_case_region", "text", "upper case(Region)"),
    ]
    assert [(c.id, c.type, c.values, c.formula) for c in made.outputs] == [
        ("approval_level", "text", ("high", "low"), True)
    ]
    assert made.rows == (
        ("r1", "[0..100)", "EU, US", "low"),
        ("r2", ">= 100", "-", '= if order_total > 500 then "high" else "low"'),
    )
    assert answered(made, {"order_total": Decimal(600), "Region": "eu"}) == "high"


def test_a_missing_value_that_passes_in_dmn_is_told() -> None:
    table = a_table({"a": "string"}, {"": ""}, [['not("x")', "1"], ['not("y", null)', "2"]])
    model, _ = read(an_input("a"), a_dmn_decision("d", table, ["Input:i_a"]))

    (made,), notes = decisions_of(model)

    assert isinstance(made, Decision)
    assert [row[1] for row in made.rows if isinstance(row, tuple)] == ["not(x)", "not(y)"]
    assert [(n.code, n.severity) for n in notes] == [("dmn.null_passes", "info")]


def test_an_expression_of_theirs_becomes_a_formula() -> None:
    data = '<inputData id="i" name="Net price"><variable name="Net price" typeRef="number"/></inputData>'
    box = f"""<context><contextEntry><variable name="Tax rate"/>{feel("Net price / 10")}</contextEntry>
        <contextEntry>{feel("Net price + Tax rate")}</contextEntry></context>"""
    model, _ = read(data, a_dmn_decision("Gross", box, ["Input:i"], "number"))

    (made,), notes = decisions_of(model)

    assert [n.code for n in notes] == ["dmn.asks_as"]
    assert isinstance(made, Formula)
    assert (made.steps, made.expr) == ({"tax_rate": "net_price / 10"}, "net_price + tax_rate")
    assert compile_formula(made, 1).decide({"net_price": Decimal(50)}, now=NOW, zone=UTC).value == 55


def test_a_formula_reads_the_data_of_its_model_by_the_ids_of_its_inputs() -> None:
    text = "if OrderSum > 10 then 客户 等级 else string(at.time offset)"
    grade = '<inputData id="i_g" name="客户 等级"><variable name="客户 等级" typeRef="string"/></inputData>'
    model, _ = read(
        an_input("OrderSum", "number"),
        an_input("at", "time"),
        grade,
        a_dmn_decision("d", feel(text), ["Input:i_OrderSum", "Input:i_g", "Input:i_at"]),
    )

    (made,), _ = decisions_of(model)

    assert isinstance(made, Formula)
    assert {name: given.expr for name, given in made.inputs.items()} == {
        "order_sum": "OrderSum",
        "input": "客户_等级",
        "at": None,
    }
    assert made.expr == "if order_sum > 10 then input else string(at.time offset)"
    given = {"OrderSum": Decimal(11), "客户_等级": "A"}
    assert compile_formula(made, 1).decide(given, now=NOW, zone=UTC).value == "A"


@pytest.mark.parametrize(
    ("box", "code"),
    [
        (f"<list>{feel('1')}</list>", "dmn.not_carried"),
        ("", "dmn.no_logic"),
        (feel("1"), "dmn.no_inputs"),
        (feel("1 +"), "dmn.not_carried"),
    ],
)
def test_what_cannot_be_carried_over_is_said(box: str, code: str) -> None:
    model, _ = read(a_dmn_decision("d", box))

    made, notes = decisions_of(model)

    assert made == ()
    assert [n.code for n in notes] == [code]

"""GoRules' decision tables answer here as they answer there, or are left out with the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from taktflow.definitions.decision import Decision
from taktflow.rules import decision_findings
from taktflow.rules.exchange import read_jdm
from taktflow.rules.exchange.unary import unary_cell
from taktflow.rules.exchange.zen import Untranslatable, feel_of
from taktflow.values import has_errors
from tests.unit.rules.builders import answer
from tests.unit.rules.exchange.workbooks import told


def graph(
    inputs: Sequence[str | None], outputs: Sequence[str], rules: Sequence[Sequence[str]], **settings: Any
) -> bytes:
    """A graph with one table; ``inputs`` and ``outputs`` are fields, ``rules`` their cells."""
    content = {
        "hitPolicy": "first",
        "inputs": [{"id": f"i{n}", "name": f or "Condition", "field": f} for n, f in enumerate(inputs)],
        "outputs": [{"id": f"o{n}", "name": f, "field": f} for n, f in enumerate(outputs)],
        "rules": [
            {"_id": f"rule{n}", **dict(zip([f"i{i}" for i in range(len(inputs))], cells, strict=False))}
            | {f"o{o}": cell for o, cell in enumerate(cells[len(inputs) :])}
            for n, cells in enumerate(rules)
        ],
        **settings,
    }
    table = {"id": "t", "type": "decisionTableNode", "name": "Shipping Fees", "content": content}
    return json.dumps({"nodes": [{"type": "inputNode", "id": "i", "name": "Request"}, table], "edges": []}).encode()


def the_table(content: bytes) -> Decision:
    tables, findings = read_jdm(content)
    assert not has_errors(findings), findings
    assert len(tables) == 1
    assert not has_errors(decision_findings(tables[0])), decision_findings(tables[0])
    return tables[0]


def test_a_table_answers_as_it_did() -> None:
    fees = the_table(
        graph(
            ["sum(map(cart.items, #.price * #.quantity))", "customer.tags", "customer.country"],
            ["price", "group"],
            [
                [">= 1_000", 'contains($, "premium")', "", "15", '"PREMIUM_HIGH"'],
                ["[500..1_000)", "", "'GB', 'IE'", "30", "'ISLES'"],
                ["> 100 and < 200", "-", '!= "US"', "40", '"SMALL"'],
                ["", "", 'not in ["US", "CA"]', "50", '"ROW"'],
                ["", "", "", "baseRate * 2 + 1", '"REST"'],
            ],
        )
    )

    def asked(price: int, tags: list[str], country: str) -> Any:
        cart = {"items": [{"price": Decimal(price), "quantity": Decimal(2)}]}
        return answer(fees, cart=cart, customer={"tags": tags, "country": country}, baseRate=Decimal(7))

    assert asked(500, ["premium"], "US") == {"price": 15, "group": "PREMIUM_HIGH"}
    assert asked(250, [], "IE") == {"price": 30, "group": "ISLES"}
    assert asked(75, [], "DE") == {"price": 40, "group": "SMALL"}
    assert asked(10, [], "DE") == {"price": 50, "group": "ROW"}
    assert asked(10, [], "CA") == {"price": 15, "group": "REST"}


def test_collecting_tables_collect_and_no_hit_is_no_error() -> None:
    rules = [["> 5", "'a'"], ["> 8", "'b'"]]

    first = the_table(graph(["n"], ["out"], rules))
    collect = the_table(graph(["n"], ["out"], rules, hitPolicy="collect"))

    assert (answer(first, n=Decimal(9)), answer(first, n=Decimal(1))) == ("a", None)
    assert answer(collect, n=Decimal(9)) == ["a", "b"]


def test_a_column_without_a_field_holds_conditions() -> None:
    table = the_table(graph([None], ["ok"], [["amount > 5 and customer.tier == 'gold'", "true"], ["", "false"]]))

    assert answer(table, amount=Decimal(6), customer={"tier": "gold"}) is True
    assert answer(table, amount=Decimal(6), customer={"tier": "red"}) is False


@pytest.mark.parametrize(
    ("zen", "kept"),
    [
        ("", "-"),
        ("-", "-"),
        ("'US', \"CA\"", '"US", "CA"'),
        ("[1..5)", "[1..5)"),
        ("(1..5]", "(1..5]"),
        ("not in [1..5]", "not([1..5])"),
        ("in ['a', 'b']", '"a", "b"'),
        ("[1, 2]", "1, 2"),
        ("== 5", "5"),
        ("!= 5", "!=5"),
        (">= 1_000", ">=1000"),
        ("> 5 and <= 10", "(5..10]"),
        ("< 10 and > 5", "(5..10)"),
        ("> 5 or < 2", ">5, <2"),
        ("-5", "-5"),
        ("d('2026-01-31')", "2026-01-31"),
        ("null", "null"),
        ("true", "true"),
        ("> customer.limit", ">customer.limit"),
        ("> 1 and != 5", "= (? > 1 and ? != 5)"),
        ("$ > 5 and $ < limit", "= ((? > 5) and (? < limit))"),
        ("startsWith($, 'US')", '= starts with(?, "US")'),
    ],
)
def test_cells_are_said_in_feel(zen: str, kept: str) -> None:
    assert unary_cell(zen).cell == kept


@pytest.mark.parametrize(
    ("zen", "kept"),
    [
        ("a ? b : c", "(if a then b else c)"),
        ("a ?? 'x'", '(if a != null then a else "x")'),
        ("a % 3", "(a - 3 * (if a / 3 < 0 then ceiling(a / 3) else floor(a / 3)))"),
        ("2 ^ 3 ^ 2", "(2 ** (3 ** 2))"),
        ("-2 ^ 2", "(-2 ** 2)"),
        ("not a and b", "(not(a) and b)"),
        ("{a: 1, 'b c': x}", '{"a": 1, "b c": x}'),
        ("x in ['a', y]", '(list contains(["a", y], x))'),
        ("list[0].name", "list[1].name"),
        ("some(items, #.qty > 5)", "(some item1 in items satisfies (item1.qty > 5))"),
    ],
)
def test_expressions_are_said_in_feel(zen: str, kept: str) -> None:
    assert feel_of(zen).text == kept


@pytest.mark.parametrize("zen", ["$", "not $", "$ > 3 ? true : false", "'US' or 'CA'"])
def test_cells_that_are_compared_where_nobody_means_it_are_refused(zen: str) -> None:
    with pytest.raises(Untranslatable):
        unary_cell(zen)


def test_a_column_keeps_its_type_where_all_answers_have_it() -> None:
    numbers = the_table(graph(["n"], ["out"], [["> 1", "n * 2"], ["", "5"]]))
    mixed = the_table(graph(["n"], ["out"], [["> 1", "n * 2"], ["> 0", "'x'"], ["", "5"]]))

    assert (numbers.outputs[0].type, mixed.outputs[0].type) == ("number", "any")
    assert [answer(mixed, n=Decimal(n)) for n in (2, 1, 0)] == [4, "x", 5]


@pytest.mark.parametrize("zen", ["$nodes.x", "trim(a)", "`x`", "a b", "(", "'open", "-" * 3000 + "1", "(" * 3000])
def test_what_feel_cannot_say_is_refused(zen: str) -> None:
    with pytest.raises(Untranslatable):
        feel_of(zen)


def codes(content: bytes) -> Mapping[str, str]:
    tables, findings = read_jdm(content)
    assert not tables
    assert told(findings)
    return {finding.code: finding.at for finding in findings}


def test_a_table_with_a_cell_that_cannot_be_said_is_left_out_whole() -> None:
    content = graph(["a"], ["b"], [["> 1", "1"], ["fuzzy($, 'x')", "trim(b)"]])

    tables, findings = read_jdm(content)

    assert not tables
    assert [(f.code, f.at) for f in findings if f.severity == "error"] == [
        ("jdm.cell", "/nodes/1/content/rules/1/i0"),
        ("jdm.cell", "/nodes/1/content/rules/1/o0"),
    ]


def test_documents_of_other_kinds_are_told() -> None:
    assert "jdm.no_json" in codes(b"{")
    assert "jdm.no_graph" in codes(b"[]")
    assert "jdm.no_tables" in codes(b'{"nodes": [{"type": "functionNode", "name": "f"}]}')
    assert "jdm.no_table" in codes(b'{"nodes": [{"type": "decisionTableNode", "content": {"inputs": 5}}]}')
    assert "jdm.policy" in codes(graph(["a"], ["b"], [["1", "1"]], hitPolicy="unique"))
    assert "jdm.no_outputs" in codes(graph(["a"], [], [["1"]]))
    assert "jdm.no_inputs" in codes(graph([], ["b"], [["1"]]))


def test_a_dash_is_taken_for_anything_and_told() -> None:
    _, findings = read_jdm(graph(["a"], ["b"], [["-", "1"]]))

    assert [(f.code, f.severity) for f in findings] == [("jdm.dash", "warning")]


def test_what_stood_around_a_table_is_told() -> None:
    content = graph(["a"], ["flag.companyType"], [["1", "2"]], passThrough=True, executionMode="loop", inputField="x.y")

    tables, findings = read_jdm(content)

    assert [output.id for output in tables[0].outputs] == ["flag_company_type"]
    assert {code for code, _ in told(findings)} == {"jdm.pass_through", "jdm.loop", "jdm.path", "jdm.output"}

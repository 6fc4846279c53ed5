"""Reads a decision table's clauses and rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, cast, get_args

from taktflow.rules.dmn.boxes import (
    Aggregation,
    DecisionTable,
    HitPolicy,
    InputClause,
    LiteralExpression,
    OutputClause,
    Place,
    Rule,
)
from taktflow.rules.dmn.extension import cells_of, extension_in
from taktflow.rules.dmn.notes import Notes
from taktflow.rules.dmn.xml import Element

Literals: TypeAlias = Callable[[Element, Place], LiteralExpression]


def table_of(literal: Literals, notes: Notes, element: Element, at: Place) -> DecisionTable:
    """The decision table that ``element`` is; ``literal`` reads an element with text."""
    reading = _Table(literal, notes, at)
    policy = element.attributes.get("hitPolicy", "UNIQUE").strip()
    aggregation = element.attributes.get("aggregation", "").strip()
    if policy not in get_args(HitPolicy):
        notes.add("dmn.hit_policy", at, policy=policy)
        policy = "UNIQUE"
    if aggregation not in get_args(Aggregation):
        notes.add("dmn.aggregation", at, aggregation=aggregation)
        aggregation = ""
    inputs = tuple(reading.input(e) for e in element.all("input"))
    outputs = tuple(reading.output(e) for e in element.all("output"))
    rules = [reading.rule(e, number) for number, e in enumerate(element.all("rule"), 1)]
    if not outputs:
        notes.add("dmn.table_outputs", at)
    sizes = (len(inputs), len(outputs))
    for rule in rules:
        if (len(rule.tests), len(rule.answers)) != sizes:
            notes.add("dmn.rule_cells", rule.at, rule=rule.id, inputs=sizes[0], outputs=sizes[1])
    return DecisionTable(
        at=at,
        type_ref=element.attributes.get("typeRef", "").strip(),
        id=element.attributes.get("id", "").strip(),
        hit_policy=cast(HitPolicy, policy),
        aggregation=cast(Aggregation, aggregation),
        inputs=inputs,
        outputs=outputs,
        annotations=tuple(" ".join(e.attributes.get("name", "").split()) for e in element.all("annotation")),
        rules=tuple(r for r in rules if (len(r.tests), len(r.answers)) == sizes),
        output_label=element.attributes.get("outputLabel", "").strip(),
    )


class _Table:
    def __init__(self, literal: Literals, notes: Notes, at: Place) -> None:
        self.literal, self.notes, self.at = literal, notes, at

    def input(self, element: Element) -> InputClause:
        expression, values = element.first("inputExpression"), element.first("inputValues")
        if expression is None:
            self.notes.add("dmn.no_expression", Place(self.at.element, element.line), tag="inputExpression")
        return InputClause(
            id=element.attributes.get("id", "").strip(),
            label=element.attributes.get("label", "").strip(),
            expression=LiteralExpression(at=self.at, text="null")
            if expression is None
            else self.literal(expression, self.at),
            values=None if values is None else self.literal(values, self.at),
        )

    def output(self, element: Element) -> OutputClause:
        values, default = element.first("outputValues"), element.first("defaultOutputEntry")
        return OutputClause(
            id=element.attributes.get("id", "").strip(),
            name=" ".join(element.attributes.get("name", "").split()),
            label=element.attributes.get("label", "").strip(),
            type_ref=element.attributes.get("typeRef", "").strip(),
            values=None if values is None else self.literal(values, self.at),
            default=None if default is None else self.literal(default, self.at),
        )

    def rule(self, element: Element, number: int) -> Rule:
        id = element.attributes.get("id", "").strip() or str(number)
        at = Place(id, element.line)
        return Rule(
            id=id,
            tests=tuple(self.literal(e, at) for e in element.all("inputEntry")),
            answers=tuple(self.literal(e, at) for e in element.all("outputEntry")),
            notes=tuple((e.text_of("text") or "").strip() for e in element.all("annotationEntry")),
            description=(element.text_of("description") or "").strip(),
            at=at,
            written=cells_of(extension_in(element)),
        )

"""Writes native decision tables as one DMN 1.5 file, in the order of elements that its schema wants."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from taktflow.definitions.decision import Decision, DecisionInput, DecisionOutput
from taktflow.definitions.rows import WrittenRow, rows_of, unread_files
from taktflow.errors import Invalid, TaktflowError
from taktflow.expressions import parse
from taktflow.rules.answer import is_formula
from taktflow.rules.dmn.diagram import NAMESPACES, draw
from taktflow.rules.dmn.extension import EXTENSIONS, header_text, json_text
from taktflow.rules.dmn.to_feel import (
    POLICIES,
    TYPE_REFS,
    feel_answer,
    feel_asked,
    feel_tests,
    feel_values,
    tested_names,
    xml_text,
)
from taktflow.rules.typed import cell_text

DMN = "https://www.omg.org/spec/DMN/20230324/MODEL/"
FEEL = "https://www.omg.org/spec/DMN/20230324/FEEL/"
_NC_NAME = re.compile(r"[^\W\d][\w.-]*")


def write_model(decisions: Sequence[Decision], name: str = "decisions") -> bytes:
    """The file that holds ``decisions`` as decision tables, cross-tabs as their rows.

    What DMN has no element for stands in extension elements, so that reading the file gives the same tables again.
    Raises Invalid (``table.rows_unread``) for a table whose rows are still in a file.
    """
    for decision in decisions:
        for where, file in unread_files(decision):
            raise Invalid("table.rows_unread", where=where, file=file)
    root = Element(
        "definitions",
        {
            "xmlns": DMN,
            "xmlns:taktflow": EXTENSIONS,
            **NAMESPACES,
            "id": "definitions",
            "name": name,
            "namespace": f"{EXTENSIONS}:{name}",
            "expressionLanguage": FEEL,
            "typeLanguage": FEEL,
            "exporter": "Taktflow",
        },
    )
    writing = _Writing(root)
    for decision in decisions:
        writing.inputs(decision)
    for decision in decisions:
        writing.decision(decision)
    draw(root)
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


class _Writing:
    def __init__(self, root: Element) -> None:
        self.root = root
        self.ids = {"definitions"}
        self.known: dict[str, str] = {}
        """The ids of inputs by name."""

    def id(self, wanted: str, otherwise: str) -> str:
        """``wanted`` where XML allows it and nothing else has it."""
        found = wanted if _NC_NAME.fullmatch(wanted) else otherwise
        number = 2
        while found in self.ids:
            found, number = f"{otherwise}.{number}", number + 1
        self.ids.add(found)
        return found

    def inputs(self, decision: Decision) -> None:
        """The data that the table's columns and formulas read, each name once in the file."""
        types = {c.id: TYPE_REFS[c.type] for c in decision.inputs if c.expr is None}
        reads = _reads(decision)
        inside = [n for c in reads.columns for n in sorted(_names_in(c.expr or ""))]
        for name in [*reads.data, *inside]:
            if name not in self.known:
                self.known[name] = self.id(f"input.{name}", f"input.{len(self.known) + 1}")
                data = SubElement(self.root, "inputData", {"id": self.known[name], "name": name})
                SubElement(data, "variable", {"name": name, "typeRef": types.get(name, "Any")})

    def decision(self, decision: Decision) -> None:
        """One decision with its table."""
        reads = _reads(decision)
        helpers = {column.id: self._column(decision, column) for column in reads.columns}
        id = self.id(decision.id, f"decision.{decision.id}")
        element = SubElement(
            self.root, "decision", {"id": id, "name": decision.id, "label": xml_text(decision.title.en)}
        )
        if isinstance(decision.note, str):
            SubElement(element, "description").text = xml_text(decision.note)
        _extension(element, "definition", header_text(decision))
        SubElement(element, "variable", {"name": decision.id, "typeRef": "Any"})
        for helper in helpers.values():
            self._requires(element, "requiredDecision", helper)
        for name in reads.data:
            self._requires(element, "requiredInput", self.known[name])
        self._table(element, decision, helpers)

    def _requires(self, element: Element, tag: str, id: str) -> None:
        needed = f"{element.attrib['id']}.needs.{id}"
        requirement = SubElement(element, "informationRequirement", {"id": self.id(needed, needed)})
        SubElement(requirement, tag, {"href": f"#{id}"})

    def _column(self, decision: Decision, column: DecisionInput) -> str:
        """A column's value as a decision of its own, since the table's cells name it; its id."""
        id = self.id(f"{decision.id}.{column.id}", f"{decision.id}.column")
        element = SubElement(self.root, "decision", {"id": id, "name": column.id})
        _extension(element, "column", json_text(decision.id))
        SubElement(element, "variable", {"name": column.id, "typeRef": TYPE_REFS[column.type]})
        for name in sorted(_names_in(column.expr or "")):
            self._requires(element, "requiredInput", self.known[name])
        SubElement(SubElement(element, "literalExpression"), "text").text = feel_asked(column)
        return id

    def _table(self, parent: Element, decision: Decision, helpers: Mapping[str, str]) -> None:
        attributes = {"id": self.id(f"{decision.id}.table", f"table.{decision.id}")}
        attributes["hitPolicy"] = POLICIES[decision.hit_policy]
        if decision.aggregate is not None:
            attributes["aggregation"] = decision.aggregate.upper()
        table = SubElement(parent, "decisionTable", attributes)
        for column in decision.inputs:
            self._input(table, decision, column, column.id in helpers)
        for output in decision.outputs:
            self._output(table, decision, output)
        rows = list(rows_of(decision))
        width = len(decision.inputs) + len(decision.outputs)
        noted = any(len(row.cells) > width for row in rows)
        if noted:
            SubElement(table, "annotation", {"name": "note"})
        for number, row in enumerate(rows, 1):
            self._rule(table, decision, row, number, noted)

    def _input(self, table: Element, decision: Decision, column: DecisionInput, named: bool) -> None:
        attributes = {"id": self.id(f"{decision.id}.in.{column.id}", f"{decision.id}.in"), "label": column.id}
        clause = SubElement(table, "input", attributes)
        expression = SubElement(clause, "inputExpression", {"typeRef": TYPE_REFS[column.type]})
        SubElement(expression, "text").text = column.id if named else feel_asked(column)
        if column.values:
            values = SubElement(clause, "inputValues")
            SubElement(values, "text").text = feel_values(column.values, column.type)

    def _output(self, table: Element, decision: Decision, column: DecisionOutput) -> None:
        attributes = {
            "id": self.id(f"{decision.id}.out.{column.id}", f"{decision.id}.out"),
            "name": column.id,
            "typeRef": TYPE_REFS[column.type],
        }
        clause = SubElement(table, "output", attributes)
        if column.values:
            values = SubElement(clause, "outputValues")
            SubElement(values, "text").text = feel_values(column.values, column.type)
        if decision.default.row is not None:
            default = SubElement(clause, "defaultOutputEntry")
            SubElement(default, "text").text = feel_answer(decision.default.row.get(column.id), column)

    def _rule(self, table: Element, decision: Decision, row: WrittenRow, number: int, noted: bool) -> None:
        id = self.id(cell_text(row.id), f"{decision.id}.row.{number}")
        rule = SubElement(table, "rule", {"id": id})
        _extension(rule, "row", json_text([row.id, *row.cells]))
        inputs, outputs = len(decision.inputs), len(decision.outputs)
        cells = [*row.cells, *[None] * (inputs + outputs)]
        for column, cell in zip(decision.inputs, cells, strict=False):
            entry = SubElement(rule, "inputEntry")
            SubElement(entry, "text").text = feel_tests(cell, column.type, period=decision.effective == column.id)
        for output, cell in zip(decision.outputs, cells[inputs:], strict=False):
            entry = SubElement(rule, "outputEntry")
            SubElement(entry, "text").text = feel_answer(cell, output)
        if noted:
            note = row.cells[inputs + outputs] if len(row.cells) > inputs + outputs else ""
            SubElement(SubElement(rule, "annotationEntry"), "text").text = xml_text(cell_text(note))


def _extension(element: Element, tag: str, text: str) -> None:
    inside = SubElement(element, "extensionElements")
    SubElement(inside, f"taktflow:{tag}").text = text


@dataclass(frozen=True, slots=True)
class _Reads:
    """What a table reads: ``data`` from outside, and ``columns`` whose tested value its cells name."""

    data: Sequence[str]
    columns: Sequence[DecisionInput]


def _reads(decision: Decision) -> _Reads:
    in_cells: set[str] = set()
    for row in rows_of(decision):
        for column, cell in zip(decision.inputs, row.cells, strict=False):
            in_cells |= tested_names(cell, column.type)
        for output, cell in zip(decision.outputs, row.cells[len(decision.inputs) :], strict=False):
            text = cell_text(cell)
            in_cells |= _names_in(text[1:].strip()) if is_formula(text, output) else frozenset()
    computed = [c for c in decision.inputs if c.expr is not None and c.id != c.expr and c.id in in_cells]
    data = {n: None for c in decision.inputs if c not in computed for n in sorted(_names_in(c.expr or c.id))}
    data.update(dict.fromkeys(sorted(in_cells - {c.id for c in computed})))
    return _Reads(list(data), computed)


def _names_in(text: str) -> frozenset[str]:
    try:
        return parse(text).names
    except TaktflowError:
        return frozenset()

"""Reads a decision's cells once, each distinct text only once, and notes every one that cannot be understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from taktflow.definitions.decision import Cell as Written
from taktflow.definitions.decision import Decision, DecisionInput, DecisionOutput
from taktflow.expressions import Cell, ExpressionInvalid, parse, parse_cell
from taktflow.rules.answer import Answer, answer_of, is_formula
from taktflow.rules.typed import CELL_TYPES, Mistyped, cell_text, literal, rounded
from taktflow.values import Finding, Pointer, Value


@dataclass(frozen=True, slots=True)
class Row:
    """One row that could be read; ``at`` is its place in the definition, ``cells`` the texts of its inputs."""

    at: int
    cells: Sequence[str]
    answer: Answer
    note: str


@dataclass(slots=True)
class Reading:
    """What could be read of a decision: ``parsed`` holds each input column's distinct cells by text.

    ``rows`` are those that can be read in full, ``written`` all that have the right length: place, id and input texts.
    """

    definition: Decision
    rows: list[Row] = field(default_factory=list)
    written: list[tuple[int, str, Sequence[str]]] = field(default_factory=list)
    parsed: list[dict[str, Cell]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _wrong: list[dict[str, ExpressionInvalid]] = field(default_factory=list)

    def note(self, code: str, at: Pointer, **args: Value) -> None:
        """Adds an error."""
        self.findings.append(Finding(code, at, args))

    def unread(self, wrong: ExpressionInvalid, at: Pointer) -> None:
        """Adds the expression's own finding at its place in the document."""
        self.findings.append(Finding(wrong.code, at, dict(wrong.args_)))


def read(definition: Decision) -> Reading:
    """Every row of ``definition`` that can be read, and a finding for everything that cannot."""
    reading = Reading(definition)
    reading.parsed = [{} for _ in definition.inputs]
    reading._wrong = [{} for _ in definition.inputs]
    ids = Counter(cell_text(row[0]) for row in definition.rows if row)
    for at, row in enumerate(definition.rows):
        _row(reading, at, row, ids)
    return reading


def _row(reading: Reading, at: int, row: Sequence[Written], ids: Mapping[str, int]) -> None:
    definition = reading.definition
    inputs, outputs = len(definition.inputs), len(definition.outputs)
    name = cell_text(row[0]) if row else ""
    if not 1 + inputs + outputs <= len(row) <= 2 + inputs + outputs:
        wanted = f"{1 + inputs + outputs}-{2 + inputs + outputs}"
        args = {"row": name or f"#{at + 1}", "cells": len(row), "wanted": wanted}
        reading.note("table.row_length", f"/rows/{at}", inputs=inputs, outputs=outputs, **args)
        return
    if not name:
        reading.note("table.row_id", f"/rows/{at}/0", number=at + 1)
    elif ids[name] > 1:
        reading.note("table.row_twice", f"/rows/{at}/0", row=name)
    texts = [cell_text(cell) for cell in row[1 : 1 + inputs]]
    reading.written.append((at, name, texts))
    # Lists, not generators: every wrong cell of the row is told.
    fits = [
        _input(reading, number, column, text, f"/rows/{at}/{number + 1}")
        for number, (column, text) in enumerate(zip(definition.inputs, texts, strict=True))
    ]
    written = row[1 + inputs : 1 + inputs + outputs]
    answers = [
        output_fits(reading, output, cell_text(cell), name, f"/rows/{at}/{1 + inputs + number}")
        for number, (output, cell) in enumerate(zip(definition.outputs, written, strict=True))
    ]
    if all(fits) and all(answers):
        note = cell_text(row[-1]) if len(row) == 2 + inputs + outputs else ""
        reading.rows.append(Row(at, texts, answer_of(name, definition.outputs, written), note))


def _input(reading: Reading, number: int, column: DecisionInput, text: str, at: Pointer) -> bool:
    parsed, wrong = reading.parsed[number], reading._wrong[number]
    if text not in parsed and text not in wrong:
        try:
            parsed[text] = parse_cell(text, CELL_TYPES[column.type])
        except ExpressionInvalid as unread:
            wrong[text] = unread
    if text in wrong:
        reading.unread(wrong[text], at)
    return text in parsed


def output_fits(reading: Reading, output: DecisionOutput, text: str, row: str, at: Pointer) -> bool:
    """Notes what is wrong with an output cell; whether it can be read at all."""
    args = {"row": row, "column": output.id, "cell": text}
    if is_formula(text, output):
        try:
            parse(text[1:].strip())
        except ExpressionInvalid as unread:
            reading.unread(unread, at)
            return False
        return True
    try:
        value = literal(text, output.type)
    except Mistyped:
        reading.note("table.output_cell", at, type=output.type, **args)
        return False
    if value is not None and output.values and cell_text(value) not in output.values:
        reading.note("table.output_value", at, values=", ".join(output.values), **args)
    if value != rounded(value, output.scale, output.rounding):
        reading.note("table.output_scale", at, scale=output.scale, **args)
    return True

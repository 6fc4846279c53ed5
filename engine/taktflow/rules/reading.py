"""Reads a decision's cells once, each distinct text only once, and notes every one that cannot be understood."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from taktflow.definitions.decision import Decision, DecisionInput, DecisionOutput
from taktflow.definitions.rows import MAX_ROWS, WrittenRow, rows_of, unread_files
from taktflow.expressions import STRING, Cell, Expression, ExpressionInvalid, parse, parse_cell
from taktflow.rules.answer import Answer, ComputedCell, answer_of, is_formula
from taktflow.rules.money import is_code, rounding_of, scale_of
from taktflow.rules.period import parse_period
from taktflow.rules.typed import CELL_TYPES, Mistyped, cell_text, literal, rounded
from taktflow.values import Finding, Pointer, Value

# A reading keeps what it has read itself: a table of ten thousand rows would only push everything else out.
_parse_cell: Callable[..., Cell] = inspect.unwrap(parse_cell)


_PLAIN_WORDS = re.compile(r"[\w./ -]+(?:,[\w./ -]+)*")
_LONGEST_PLAIN = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row that could be read; ``cells`` are the texts of its inputs."""

    written: WrittenRow
    cells: Sequence[str]
    answer: Answer
    note: str

    @property
    def at(self) -> Pointer:
        """Where the row was written."""
        return self.written.at

    def place(self, number: int) -> Pointer:
        """Where cell ``number`` was written; inputs come first, then outputs."""
        return self.written.place(number)


@dataclass(slots=True)
class Reading:
    """What could be read of a decision: ``parsed`` holds each input column's distinct cells by text.

    ``rows`` are those that can be read in full, ``written`` all that have the right length: the row, its id and the
    texts of its inputs.
    """

    definition: Decision
    rows: list[Row] = field(default_factory=list)
    written: list[tuple[WrittenRow, str, Sequence[str]]] = field(default_factory=list)
    parsed: list[dict[str, Cell]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _wrong: list[dict[str, ExpressionInvalid]] = field(default_factory=list)
    _said: list[dict[str, Value]] = field(default_factory=list)

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
    for at, file in unread_files(definition):
        reading.note("table.rows_unread", at, file=file)
    rows = list(islice(rows_of(definition), MAX_ROWS + 1))
    if len(rows) > MAX_ROWS:
        reading.note("table.rows", rows.pop().at, max=MAX_ROWS)
    ids = Counter(cell_text(row.id) for row in rows)
    parsers = [_parser(definition, column) for column in definition.inputs]
    for number, row in enumerate(rows):
        _row(reading, number, row, ids, parsers)
    return reading


def _parser(definition: Decision, column: DecisionInput) -> Callable[[str], Cell]:
    type_ = CELL_TYPES[column.type]
    if column.id == definition.effective:
        return lambda text: parse_period(text, type_)
    if column.type == "text":
        return _words
    return lambda text: _parse_cell(text, type_)


def _words(text: str) -> Cell:
    """A cell of a text column; plain words, by far the most, are read without the grammar."""
    if _PLAIN_WORDS.fullmatch(text) and len(text) <= _LONGEST_PLAIN:
        words = tuple(word.strip() for word in text.split(","))
        if "null" not in words and "" not in words and words != ("-",):
            return Cell(text, STRING, values=words)
    return _parse_cell(text, STRING)


def _row(
    reading: Reading,
    number: int,
    row: WrittenRow,
    ids: Mapping[str, int],
    parsers: Sequence[Callable[[str], Cell]],
) -> None:
    definition = reading.definition
    inputs, outputs = len(definition.inputs), len(definition.outputs)
    name = cell_text(row.id)
    width = len(row.cells) + 1
    if not 1 + inputs + outputs <= width <= 2 + inputs + outputs:
        wanted = f"{1 + inputs + outputs}-{2 + inputs + outputs}"
        args = {"row": name or f"#{number + 1}", "cells": width, "wanted": wanted}
        reading.note("table.row_length", row.at, inputs=inputs, outputs=outputs, **args)
        return
    if not name:
        reading.note("table.row_id", row.id_place, number=number + 1)
    elif ids[name] > 1:
        reading.note("table.row_twice", row.id_place, row=name)
    texts = [cell_text(cell) for cell in row.cells]
    tested = tuple(texts[:inputs])
    reading.written.append((row, name, tested))
    fits = True
    for column, text in enumerate(tested):
        if text not in reading.parsed[column]:
            fits = _input(reading, column, text, row.place(column), parsers[column]) and fits
    answer = answer_read(reading, name, texts[inputs : inputs + outputs], lambda place: row.place(inputs + place))
    if fits and answer is not None:
        note = texts[-1] if width == 2 + inputs + outputs else ""
        reading.rows.append(Row(row, tested, answer, note))


def _input(reading: Reading, number: int, text: str, at: Pointer, parser: Callable[[str], Cell]) -> bool:
    wrong = reading._wrong[number]
    if text not in wrong:
        try:
            reading.parsed[number][text] = parser(text)
        except ExpressionInvalid as unread:
            wrong[text] = unread
    if text in wrong:
        reading.unread(wrong[text], at)
    return text in reading.parsed[number]


def answer_read(reading: Reading, row: str, texts: Sequence[str], place: Callable[[int], Pointer]) -> Answer | None:
    """What the output cells ``texts`` say, and a finding for everything wrong with them; None when one is unreadable.

    ``place`` tells where output ``n`` was written.
    """
    outputs = reading.definition.outputs
    if not reading._said:
        reading._said = [{} for _ in outputs]
    # A list, not a generator: every wrong cell of the row is told.
    found = [
        _output(reading, number, output, text, row, place)
        for number, (output, text) in enumerate(zip(outputs, texts, strict=True))
    ]
    if any(cell is _UNREAD for cell in found):
        return None
    for number, output in enumerate(outputs):
        if output.scale is not None or output.currency is not None:
            _amount(reading, number, found, texts, row, place)
    return answer_of(row, outputs, found, texts)


_UNREAD = object()
"""Stands for an output cell that could not be read: null is a value."""


def _output(
    reading: Reading, number: int, output: DecisionOutput, text: str, row: str, place: Callable[[int], Pointer]
) -> Value | ComputedCell:
    said = reading._said[number]
    if text in said:
        return said[text]
    args = {"row": row, "column": output.id, "cell": text}
    if is_formula(text, output):
        found = _formula(reading, text, place(number))
        return _UNREAD if found is None else ComputedCell(text, found)
    try:
        value = literal(text, output.type)
    except Mistyped:
        reading.note("table.output_cell", place(number), type=output.type, **args)
        return _UNREAD
    if value is not None and output.values and cell_text(value) not in output.values:
        reading.note("table.output_value", place(number), values=", ".join(output.values), **args)
    else:
        said[text] = value
    return value


def _formula(reading: Reading, text: str, at: Pointer) -> Expression | None:
    try:
        return parse(text[1:].strip())
    except ExpressionInvalid as unread:
        reading.unread(unread, at)
        return None


def _decimals(value: Value) -> int:
    exponent = value.as_tuple().exponent if isinstance(value, Decimal) else 0
    return -exponent if isinstance(exponent, int) else 0


def _amount(
    reading: Reading,
    number: int,
    cells: Sequence[Value | ComputedCell],
    texts: Sequence[str],
    row: str,
    place: Callable[[int], Pointer],
) -> None:
    """Notes an amount with more decimals than it may have, and a currency that is none."""
    outputs = reading.definition.outputs
    output, value = outputs[number], cells[number]
    if value is None or isinstance(value, ComputedCell):
        return
    args = {"row": row, "column": output.id, "cell": texts[number]}
    scale = scale_of(output, outputs, cells)
    if scale is not None:
        if _decimals(value) > scale and value != rounded(value, scale, rounding_of(output)):
            reading.note("table.output_scale", place(number), scale=scale, **args)
    elif output.currency is not None and not is_code(output.currency):
        source = next((n for n, o in enumerate(outputs) if o.id == output.currency), None)
        if source is not None and isinstance(cells[source], str | None):
            at = {"row": row, "column": output.currency, "cell": texts[source] or "-", "amount": output.id}
            reading.note("table.currency_cell", place(source), **at)

"""Writes what a native table says in the strict FEEL of DMN, where every text is quoted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from taktflow.definitions.decision import Cell as Written
from taktflow.definitions.decision import CellType, DecisionInput, DecisionOutput, HitPolicy
from taktflow.expressions import Cell, ExpressionInvalid, parse_cell
from taktflow.rules.answer import is_formula
from taktflow.rules.period import parse_period
from taktflow.rules.typed import CELL_TYPES, Mistyped, cell_text, literal
from taktflow.values import Range, Value, YearsMonths, shown

TYPE_REFS: dict[CellType, str] = {
    "text": "string",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "datetime": "date and time",
    "duration": "days and time duration",
    "any": "Any",
}
POLICIES: Mapping[HitPolicy, str] = {
    "unique": "UNIQUE",
    "any": "ANY",
    "priority": "PRIORITY",
    "first": "FIRST",
    "rule_order": "RULE ORDER",
    "output_order": "OUTPUT ORDER",
    "collect": "COLLECT",
}
NATIVE_POLICIES: Mapping[str, HitPolicy] = {theirs: ours for ours, theirs in POLICIES.items()}
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def xml_text(text: str) -> str:
    """``text`` as it comes back from an XML file: without the characters that XML cannot hold, lines ended alike."""
    return _NO_XML.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def quoted(text: str) -> str:
    """``text`` as a FEEL string."""
    return '"' + "".join(_escaped(c) for c in text) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if _NO_XML.match(character) or (character.isspace() and character != " "):
        return f"\\u{ord(character):04x}"
    return character


def feel_value(value: Value) -> str:
    """A constant."""
    match value:
        case str():
            return quoted(value)
        case bool() | None | Decimal():
            return shown(value)
        case datetime():
            return f'date and time("{value.isoformat()}")'
        case date():
            return f'date("{value.isoformat()}")'
        case time():
            return f'time("{value.isoformat()}")'
        case timedelta() | YearsMonths():
            return f'duration("{shown(value)}")'
        case _:
            return quoted(shown(value))


def feel_asked(column: DecisionInput) -> str:
    """What a column tests; a date may come as text or with a time, which a table of ours reads by itself."""
    if column.expr is None:
        return column.id
    return xml_text(f"date({column.expr})" if column.type == "date" else column.expr)


def feel_tests(written: Written, type_: CellType, *, period: bool = False) -> str:
    """An input cell as unary tests; a cell that cannot be read stands as its author wrote it."""
    text = cell_text(written)
    try:
        cell = parse_period(text, CELL_TYPES[type_]) if period else parse_cell(text, CELL_TYPES[type_])
    except ExpressionInvalid:
        return xml_text(text)
    return "-" if cell.wildcard else xml_text(_tests(cell))


def _tests(cell: Cell) -> str:
    tests = [
        *(feel_value(v) for v in cell.values),
        *(_interval(i) for i in cell.intervals),
        # In DMN no value at all is none of these, too; with us it is unknown and matches neither way.
        *(["null"] if cell.null or cell.negated else []),
        *(r.expression.text for r in cell.residuals),
    ]
    return f"not({', '.join(tests)})" if cell.negated else ", ".join(tests)


def _interval(span: Range) -> str:
    if span.low is None:
        return f"{'<=' if span.high_closed else '<'} {feel_value(span.high)}"
    if span.high is None:
        return f"{'>=' if span.low_closed else '>'} {feel_value(span.low)}"
    left, right = "[" if span.low_closed else "(", "]" if span.high_closed else ")"
    return f"{left}{feel_value(span.low)}..{feel_value(span.high)}{right}"


def feel_answer(written: Written, output: DecisionOutput) -> str:
    """An output cell as an expression."""
    text = cell_text(written)
    if is_formula(text, output):
        return xml_text(text[1:].strip())
    try:
        return feel_value(literal(text, output.type))
    except Mistyped:
        return quoted(text)


def feel_values(values: tuple[str, ...], type_: CellType) -> str:
    """Allowed values as unary tests."""
    return ", ".join(_allowed(v, type_) for v in values)


def _allowed(text: str, type_: CellType) -> str:
    try:
        return feel_value(literal(text, type_)) if type_ != "text" else quoted(text)
    except Mistyped:
        return quoted(text)


def tested_names(written: Written, type_: CellType) -> frozenset[str]:
    """The variables that an input cell reads."""
    try:
        return parse_cell(cell_text(written), CELL_TYPES[type_]).names
    except ExpressionInvalid:
        return frozenset()

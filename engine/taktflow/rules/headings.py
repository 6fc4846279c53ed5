"""What is wrong with a table's columns and settings, whatever its rows say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from taktflow.definitions.decision import Crosstab, DecisionOutput
from taktflow.definitions.places import pointed
from taktflow.definitions.rows import listed
from taktflow.expressions import ExpressionInvalid, parse
from taktflow.rules.answer import Answer
from taktflow.rules.money import MINOR_UNITS, is_code
from taktflow.rules.reading import Reading, answer_read
from taktflow.rules.typed import cell_text
from taktflow.values import Pointer, Value

_UNORDERED = ("boolean", "any")


def note_settings(reading: Reading) -> Answer | None:
    """Notes everything about columns, policy, default, money, effective dates and cross-tabs; gives the default."""
    _columns(reading)
    _policy(reading)
    _effective(reading)
    for number, output in enumerate(reading.definition.outputs):
        _money(reading, output, f"/outputs/{number}/currency")
        _promises(reading, output, f"/outputs/{number}/monotone")
    twice = Counter(sheet.id for sheet in reading.definition.crosstab)
    for number, sheet in enumerate(reading.definition.crosstab):
        at = f"/crosstab/{number}"
        if twice[sheet.id] > 1:
            reading.note("table.sheet_twice", f"{at}/id", sheet=sheet.id)
        _sheet(reading, sheet, at)
        _sheet_rows(reading, sheet, at)
    return _default(reading)


def _columns(reading: Reading) -> None:
    definition = reading.definition
    for place, column in enumerate(definition.inputs):
        if column.expr is not None:
            try:
                parse(column.expr)
            except ExpressionInvalid as unread:
                reading.unread(unread, f"/inputs/{place}/expr")
    for side, ids in (("inputs", [c.id for c in definition.inputs]), ("outputs", [c.id for c in definition.outputs])):
        counts = Counter(ids)
        for place, id_ in enumerate(ids):
            if counts[id_] > 1:
                reading.note("table.column_twice", f"/{side}/{place}/id", column=id_)


def _policy(reading: Reading) -> None:
    definition = reading.definition
    aggregate, outputs = definition.aggregate, definition.outputs
    if aggregate is not None:
        ordered = aggregate == "count" or outputs[0].type not in _UNORDERED
        summed = aggregate != "sum" or outputs[0].type == "number"
        counted = aggregate == "count" or len(outputs) == 1
        if definition.hit_policy != "collect" or not (counted and summed and ordered):
            reading.note("table.aggregate", "/aggregate", aggregate=aggregate)
    if definition.hit_policy in ("priority", "output_order") and not any(o.values for o in outputs):
        reading.note("table.order", "/hit_policy", policy=definition.hit_policy)


def _effective(reading: Reading) -> None:
    definition = reading.definition
    if definition.effective is None:
        return
    dates = [column.id for column in definition.inputs if column.type == "date"]
    if definition.effective not in dates:
        known = ", ".join(dates) or "-"
        reading.note("table.effective", "/effective", column=definition.effective, columns=known)


def _money(reading: Reading, output: DecisionOutput, at: Pointer) -> None:
    if output.currency is None:
        return
    if output.type != "number":
        reading.note("table.money_type", at, column=output.id, type=output.type)
    if is_code(output.currency):
        if output.currency not in MINOR_UNITS:
            reading.note("table.currency", at, column=output.id, currency=output.currency)
        return
    texts = [o.id for o in reading.definition.outputs if o.type == "text"]
    if output.currency not in texts:
        known = ", ".join(texts) or "-"
        reading.note("table.currency_column", at, column=output.id, named=output.currency, columns=known)


def _promises(reading: Reading, output: DecisionOutput, at: Pointer) -> None:
    if output.monotone and output.type in _UNORDERED:
        reading.note("table.monotone_output", at, column=output.id, type=output.type)
    ordered = [c.id for c in reading.definition.inputs if c.type not in (*_UNORDERED, "text")]
    for name in output.monotone:
        if name not in ordered:
            known = ", ".join(ordered) or "-"
            reading.note("table.monotone", at + pointed(name), column=output.id, input=name, columns=known)


def _default(reading: Reading) -> Answer | None:
    row = reading.definition.default.row
    if row is None:
        return None
    outputs = [output.id for output in reading.definition.outputs]
    for name in row:
        if name not in outputs:
            columns = ", ".join(outputs)
            reading.note("table.default", "/default/row" + pointed(name), column=name, columns=columns)
    texts = [cell_text(row.get(name)) for name in outputs]
    return answer_read(reading, "default", texts, lambda place: "/default/row" + pointed(outputs[place]))


def _sheet(reading: Reading, sheet: Crosstab, at: Pointer) -> None:
    inputs = [column.id for column in reading.definition.inputs]
    outputs = [output.id for output in reading.definition.outputs]
    for place, name in enumerate(sheet.down):
        _named(reading, sheet, name, inputs, f"{at}/down/{place}")
    _named(reading, sheet, sheet.cell, outputs, f"{at}/cell")
    _headed(reading, sheet, sheet.when, sheet.then, at)
    for number, column in enumerate(sheet.across):
        _headed(reading, sheet, column.when, column.then, f"{at}/across/{number}")
    for name, count in Counter([*sheet.down, *(column.id for column in sheet.across)]).items():
        if count > 1:
            reading.note("table.sheet_column_twice", f"{at}/across", sheet=sheet.id, column=name)
    said = [{sheet.cell, *sheet.then, *column.then} for column in sheet.across]
    silent = [name for name in outputs if any(name not in names for names in said)]
    if silent:
        reading.note("table.sheet_silent", at, sheet=sheet.id, outputs=", ".join(silent))


def _headed(
    reading: Reading, sheet: Crosstab, when: Mapping[str, Value], then: Mapping[str, Value], at: Pointer
) -> None:
    inputs = [column.id for column in reading.definition.inputs]
    outputs = [output.id for output in reading.definition.outputs]
    for name in when:
        _named(reading, sheet, name, inputs, f"{at}/when{pointed(name)}")
        if name in sheet.down:
            reading.note("table.sheet_both", f"{at}/when{pointed(name)}", sheet=sheet.id, column=name)
    for name in then:
        _named(reading, sheet, name, outputs, f"{at}/then{pointed(name)}")
        if name == sheet.cell:
            reading.note("table.sheet_both", f"{at}/then{pointed(name)}", sheet=sheet.id, column=name)


def _named(reading: Reading, sheet: Crosstab, name: str, known: Iterable[str], at: Pointer) -> None:
    if name not in known:
        reading.note("table.sheet_column", at, sheet=sheet.id, column=name, columns=", ".join(known))


def _sheet_rows(reading: Reading, sheet: Crosstab, at: Pointer) -> None:
    wanted = 1 + len(sheet.down) + len(sheet.across)
    for number, row in enumerate(listed(sheet.rows)):
        if len(row) != wanted:
            args = {"sheet": sheet.id, "row": cell_text(row[0]) if row else f"#{number + 1}", "cells": len(row)}
            reading.note("table.sheet_row_length", f"{at}/rows/{number}", wanted=wanted, **args)
        elif not cell_text(row[0]):
            reading.note("table.row_id", f"{at}/rows/{number}/0", number=number + 1)

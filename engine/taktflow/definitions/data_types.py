"""What expressions may rely on about declared data, before there is any."""

from __future__ import annotations

from collections.abc import Mapping

from taktflow.definitions.data import object_fields
from taktflow.definitions.decision import Decision
from taktflow.definitions.envelope import DataField
from taktflow.definitions.formula import Formula
from taktflow.definitions.kinds import Entity
from taktflow.expressions import ANY, BOOLEAN, DATE, DATETIME, NUMBER, STRING, TIME, ContextOf, ListOf, Type

_DEEPEST = 6
"""An entity may hold itself; deeper down nothing is known of it any more."""

_SIMPLE: Mapping[str, Type] = {
    "text": STRING,
    "choice": STRING,
    "reference": STRING,
    "number": NUMBER,
    "integer": NUMBER,
    "boolean": BOOLEAN,
    "date": DATE,
    "datetime": DATETIME,
    "time": TIME,
    # A duration may count days or months; which of them only its value tells.
    "duration": ANY,
    "any": ANY,
}


def field_type(declared: DataField, entities: Mapping[str, Entity], depth: int = 0) -> Type:
    """The type of a value of ``declared``."""
    if declared.type == "list":
        return ListOf(field_type(declared.item, entities, depth + 1) if declared.item else ANY)
    if declared.type == "object":
        fields = object_fields(declared, entities) if depth < _DEEPEST else {}
        return shape_of(fields, entities, depth + 1) if fields else ContextOf({}, open=True)
    return _SIMPLE[declared.type or "any"]


def shape_of(fields: Mapping[str, DataField], entities: Mapping[str, Entity], depth: int = 0) -> ContextOf:
    """The type of data with ``fields``: it holds these and no others."""
    return ContextOf({name: field_type(declared, entities, depth) for name, declared in fields.items()})


_CELLS: Mapping[str, Type] = {
    "text": STRING,
    "number": NUMBER,
    "boolean": BOOLEAN,
    "date": DATE,
    "time": TIME,
    "datetime": DATETIME,
    "duration": ANY,
    "any": ANY,
}


def decision_type(decision: Decision) -> Type:
    """The type of a table's answer: one column's value or a context of them, a list when several rows answer."""
    columns = {o.id: _CELLS[o.type] for o in decision.outputs}
    one: Type = next(iter(columns.values())) if len(columns) == 1 else ContextOf(columns)
    if decision.aggregate is not None:
        return NUMBER if decision.aggregate in ("sum", "count") else one
    return ListOf(one) if decision.hit_policy in ("rule_order", "output_order", "collect") else one


def formula_type(formula: Formula) -> Type:
    """The type of a formula's figure; a scorecard may give its grade, or a context of score, band and parts."""
    match formula.scorecard.result if formula.scorecard else "score":
        case "band":
            return STRING
        case "card":
            return ContextOf({"score": NUMBER, "band": STRING, "parts": ContextOf({}, open=True)})
        case _:
            return _CELLS[formula.output.type]


def cell_type(type_: str) -> Type:
    """The type of an input or output column."""
    return _CELLS[type_]

"""Gives back a native table that was written as DMN: exactly, but for what was changed in the file since."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from taktflow.definitions.decision import Decision, DecisionInput, DecisionOutput
from taktflow.rules.dmn import boxes as b
from taktflow.rules.dmn.to_feel import POLICIES, TYPE_REFS, feel_answer, feel_asked, feel_tests, feel_values, xml_text
from taktflow.rules.typed import cell_text
from taktflow.values import Json

Derive: TypeAlias = Callable[[b.Rule], Sequence[Json]]
"""A row as the file alone says it."""


def restored(
    header: Decision, box: b.DecisionTable, derived: Mapping[str, Any], derive: Derive
) -> dict[str, Json] | None:
    """The definition of ``header`` with the rows of ``box``; None when the table's columns are others now.

    ``derived`` and ``derive`` give what the file alone says; it counts where that is not what was written.
    """
    if [o.id for o in header.outputs] != [o.name for o in box.outputs] or len(header.inputs) != len(box.inputs):
        return None
    found = header.model_dump(by_alias=True, exclude_unset=True, exclude={"rows"})
    if POLICIES[header.hit_policy] != box.hit_policy:
        found["hit_policy"] = derived["hit_policy"]
    if (header.aggregate or "").upper() != box.aggregation:
        found["aggregate"] = derived.get("aggregate")
    inputs = zip(header.inputs, box.inputs, derived["inputs"], found["inputs"], strict=True)
    found["inputs"] = [_input(*one) for one in inputs]
    outputs = zip(header.outputs, box.outputs, derived["outputs"], found["outputs"], strict=True)
    found["outputs"] = [
        _domain(column, clause.type_ref, clause.values, there, dict(said)) for column, clause, there, said in outputs
    ]
    default = _default(header, box, derived)
    if default is not None:
        found["default"] = default
    rows = _Rows(header, box.rules, derive)
    for column, there in zip(found["outputs"], rows.computed, strict=True):
        if there:
            column["formula"] = True  # A computed cell that came in later makes its column a computed one.
    return {**found, "rows": rows.found} if rows.found else found


def _input(column: DecisionInput, clause: b.InputClause, derived: Json, said: dict[str, Json]) -> dict[str, Json]:
    found = dict(said)
    if clause.expression.text not in (feel_asked(column), column.id):
        found["expr"] = derived.get("expr", derived["id"])
    return _domain(column, clause.expression.type_ref, clause.values, derived, found)


def _domain(
    column: DecisionInput | DecisionOutput,
    type_ref: str,
    values: b.LiteralExpression | None,
    derived: Json,
    found: dict[str, Json],
) -> dict[str, Json]:
    if type_ref != TYPE_REFS[column.type]:
        found["type"] = derived["type"]
    if feel_values(column.values, column.type) != ("" if values is None else values.text):
        found["values"] = derived.get("values", [])
    return found


def _default(header: Decision, box: b.DecisionTable, derived: Mapping[str, Any]) -> dict[str, Json] | None:
    """The default when it is another now."""
    row = header.default.row
    written = [None if row is None else feel_answer(row.get(o.id), o) for o in header.outputs]
    if written == [None if o.default is None else o.default.text for o in box.outputs]:
        return None
    kept = header.default.model_dump(exclude_unset=True, exclude={"row"})
    changed = derived.get("default", {}).get("row")
    return kept if changed is None else {**kept, "row": changed}


class _Rows:
    """The rows, and for each output whether a cell of it became a computed one."""

    def __init__(self, header: Decision, rules: Sequence[b.Rule], derive: Derive) -> None:
        self.header, self.derive = header, derive
        self.inputs = len(header.inputs)
        self.width = self.inputs + len(header.outputs)
        self.computed = [False] * len(header.outputs)
        self.found: list[Sequence[Json]] = []
        for rule in rules:
            row = self._row(rule)
            # An id that another tool gave counts; ours stands for one that XML does not allow.
            known = cell_text(row[0]) == rule.id or rule.id.startswith(f"{header.id}.row.")
            self.found.append(row if known else [rule.id, *row[1:]])

    def _row(self, rule: b.Rule) -> Sequence[Json]:
        written = rule.written or [rule.id]
        padded = [*written[1:], *[None] * self.width]
        same = [*self._tests(rule, padded), *self._answers(rule, padded[self.inputs :])]
        note = written[1 + self.width] if len(written) > 1 + self.width else ""
        noted = xml_text(cell_text(note)).strip() == "".join(rule.notes)
        if rule.written and all(same) and noted:
            return written
        derived = self.derive(rule)
        if not rule.written:
            same = [False] * self.width
        for number, kept in enumerate(same[self.inputs :]):
            self.computed[number] |= not kept and str(derived[1 + self.inputs + number]).startswith("=")
        cells = [cell if kept else there for cell, kept, there in zip(padded, same, derived[1:], strict=False)]
        return [written[0], *cells, *(written[1 + self.width :] if noted else derived[1 + self.width :])]

    def _tests(self, rule: b.Rule, cells: Sequence[Any]) -> list[bool]:
        effective = self.header.effective
        return [
            feel_tests(cell, column.type, period=effective == column.id) == test.text
            for column, cell, test in zip(self.header.inputs, cells, rule.tests, strict=False)
        ]

    def _answers(self, rule: b.Rule, cells: Sequence[Any]) -> list[bool]:
        outputs = zip(self.header.outputs, cells, rule.answers, strict=False)
        return [feel_answer(cell, output) == answer.text for output, cell, answer in outputs]

"""Everything wrong with a decision table or a formula, all together, each with its place and remedy."""

from __future__ import annotations

from collections import Counter

from taktflow.definitions.decision import Decision
from taktflow.definitions.formula import Formula
from taktflow.expressions import ExpressionInvalid, parse
from taktflow.rules.column import columns_of
from taktflow.rules.analysis.domain import domain_findings, domain_of
from taktflow.rules.formula import compile_formula
from taktflow.rules.formula_reading import shape_findings
from taktflow.rules.monotone import monotone_findings
from taktflow.rules.analysis.overlap import overlap_findings
from taktflow.rules.reading import Reading, output_fits, read
from taktflow.rules.typed import cell_text
from taktflow.values import Finding, has_errors


def decision_findings(definition: Decision) -> list[Finding]:
    """Every finding about the table: cells, rows, columns, domains, and rows that contradict one another."""
    reading = read(definition)
    domains = [domain_of(reading, number) for number in range(len(definition.inputs))]
    found = [*settings_findings(definition), *reading.findings, *domain_findings(reading, domains)]
    if not has_errors(found) and definition.hit_policy in ("unique", "any"):
        found += overlap_findings(reading, columns_of(reading), domains)
    return found


def formula_findings(definition: Formula) -> list[Finding]:
    """Every finding about the formula; its promises are tried only when it can be computed."""
    found = shape_findings(definition)
    if not has_errors(found) and any(i.monotone for i in definition.inputs.values()):
        found += monotone_findings(definition, compile_formula(definition, version=0))
    return found


def settings_findings(definition: Decision) -> list[Finding]:
    """What is wrong with the columns and settings, whatever the rows say."""
    reading = Reading(definition)
    _columns(reading)
    _policy(reading)
    outputs = {output.id: (number, output) for number, output in enumerate(definition.outputs)}
    for name, cell in (definition.default.row or {}).items():
        at = f"/default/row/{name}"
        if name not in outputs:
            reading.note("table.default", at, column=name, columns=", ".join(outputs))
        else:
            output_fits(reading, outputs[name][1], cell_text(cell), "default", at)
    return reading.findings


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
        summed = aggregate != "sum" or outputs[0].type == "number"
        counted = aggregate == "count" or len(outputs) == 1
        if definition.hit_policy != "collect" or not counted or not summed:
            reading.note("table.aggregate", "/aggregate", aggregate=aggregate)
    if definition.hit_policy in ("priority", "output_order") and not any(o.values for o in outputs):
        reading.note("table.order", "/hit_policy", policy=definition.hit_policy)

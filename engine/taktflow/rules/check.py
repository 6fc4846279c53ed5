"""Everything wrong with a decision table or a formula, all together, each with its place and remedy."""

from __future__ import annotations

from taktflow.definitions.decision import Decision
from taktflow.definitions.formula import Formula
from taktflow.rules.analysis.domain import domain_findings, domain_of
from taktflow.rules.analysis.overlap import overlap_findings
from taktflow.rules.column import columns_of
from taktflow.rules.formula import compile_formula
from taktflow.rules.formula_reading import shape_findings
from taktflow.rules.headings import note_settings
from taktflow.rules.monotone import monotone_findings
from taktflow.rules.reading import Reading, read
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
    note_settings(reading)
    return reading.findings

"""Everything wrong with a decision table or a formula, all together, each with its place and remedy."""

from __future__ import annotations

from datetime import date

from taktflow.definitions.decision import Decision
from taktflow.definitions.formula import Formula
from taktflow.rules.analysis import Budget, analyse
from taktflow.rules.analysis.domain import domain_facts, domains_of
from taktflow.rules.formula import compile_formula
from taktflow.rules.formula_reading import shape_findings
from taktflow.rules.headings import note_settings
from taktflow.rules.monotone import bound_findings, monotone_findings
from taktflow.rules.reading import Reading, read
from taktflow.values import Finding, has_errors


def decision_findings(
    definition: Decision, *, today: date | None = None, budget: Budget | None = None
) -> list[Finding]:
    """Every finding about the table: cells, rows, columns, and what its analysis finds, held against ``today``."""
    reading = read(definition)
    domains = domains_of(reading)
    found = [*settings_findings(definition), *reading.findings]
    if has_errors(found):
        # Without its unreadable rows the table would seem to lack what it has.
        return [*found, *(fact.finding() for fact in domain_facts(reading, domains))]
    analysis = analyse(reading, today=today, budget=budget)
    return [*found, *(fact.finding() for fact in analysis.facts if not fact.meant)]


def formula_findings(definition: Formula) -> list[Finding]:
    """Every finding about the formula; its promises are tried only when it can be computed."""
    found = shape_findings(definition)
    if not has_errors(found):
        figure = compile_formula(definition, version=0)
        found += [*monotone_findings(definition, figure), *bound_findings(figure)]
    return found


def settings_findings(definition: Decision) -> list[Finding]:
    """What is wrong with the columns and settings, whatever the rows say."""
    reading = Reading(definition)
    note_settings(reading)
    return reading.findings

"""What is wrong with a formula as it stands: unreadable text, names nobody declares, units that do not go together."""

from __future__ import annotations

from taktflow.definitions.formula import Formula
from taktflow.rules.scorecard_reading import scorecard_findings
from taktflow.rules.terms import Term, Terms
from taktflow.rules.units import unit_read, unit_text
from taktflow.values import Finding, Severity


def shape_findings(definition: Formula) -> list[Finding]:
    """Every mistake about ``definition``; errors among them keep it from being computed."""
    terms = Terms.of(definition)
    _inputs(definition, terms)
    for name, text in definition.steps.items():
        at = f"/steps/{name}"
        if name in definition.inputs:
            terms.findings.append(Finding("formula.step", at, {"name": name}))
        terms.learn(name, terms.take(text, at))
    if (definition.expr is None) == (definition.scorecard is None):
        terms.findings.append(Finding("formula.body", "/scorecard" if definition.scorecard else ""))
    if definition.expr is not None:
        _unit_of_output(definition, terms.take(definition.expr, "/expr"), terms)
    if definition.scorecard is not None:
        scorecard_findings(definition, definition.scorecard, terms)
    return terms.findings


def _inputs(definition: Formula, terms: Terms) -> None:
    for name, about in definition.inputs.items():
        at = f"/inputs/{name}"
        if about.expr is not None:
            terms.read(about.expr, f"{at}/expr")
        if about.min is not None and about.max is not None and about.min > about.max:
            terms.findings.append(Finding("formula.min_max", f"{at}/min", {"min": about.min, "max": about.max}))
        if about.monotone and about.type in ("text", "any"):
            args = {"input": name, "type": about.type}
            terms.findings.append(Finding("formula.monotone_type", f"{at}/monotone", args))
        for key, set_, type_ in (("unit", about.unit, "number"), ("values", about.values, "text")):
            if set_ and about.type != type_:
                args = {"input": name, "setting": key, "type": about.type, "wanted": type_}
                terms.findings.append(Finding("formula.setting", f"{at}/{key}", args))
    output = definition.output
    if output.min is not None and output.max is not None and output.min > output.max:
        terms.findings.append(Finding("formula.min_max", "/output/min", {"min": output.min, "max": output.max}))


def _unit_of_output(definition: Formula, term: Term | None, terms: Terms) -> None:
    declared = definition.output.unit
    if declared is None or term is None or term.quantity.unit is None:
        return
    if term.quantity.unit != unit_read(declared):
        args = {"declared": declared, "found": unit_text(term.quantity.unit)}
        severity: Severity = "warning" if term.quantity.scaled else "error"
        terms.findings.append(Finding("formula.unit_output", "/output/unit", args, severity=severity))

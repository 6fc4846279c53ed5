"""What is wrong with a formula as it stands: what cannot be read, and names nobody declares."""

from __future__ import annotations

from collections.abc import Iterable

from taktflow.definitions.formula import Formula
from taktflow.expressions import Expression, ExpressionInvalid, parse
from taktflow.expressions.tree import Filter, Name, Node, parts
from taktflow.values import Finding, Pointer


def shape_findings(definition: Formula) -> list[Finding]:
    """Every mistake that keeps ``definition`` from being computed."""
    found: list[Finding] = []
    for name, about in definition.inputs.items():
        at = f"/inputs/{name}"
        if about.expr is not None:
            read(about.expr, f"{at}/expr", found)
        if about.min is not None and about.max is not None and about.min > about.max:
            found.append(Finding("formula.min_max", f"{at}/min", {"min": about.min, "max": about.max}))
        if about.monotone and about.type == "text":
            found.append(Finding("formula.monotone_type", f"{at}/monotone", {"input": name, "type": about.type}))
    output = definition.output
    if output.min is not None and output.max is not None and output.min > output.max:
        found.append(Finding("formula.min_max", "/output/min", {"min": output.min, "max": output.max}))
    known = list(definition.inputs)
    for name, text in definition.steps.items():
        at = f"/steps/{name}"
        if name in definition.inputs:
            found.append(Finding("formula.step", at, {"name": name}))
        _names(read(text, at, found), known, at, found)
        known.append(name)
    _names(read(definition.expr, "/expr", found), known, "/expr", found)
    return found


def read(text: str, at: Pointer, found: list[Finding]) -> Expression | None:
    """The expression, or a finding in ``found``."""
    try:
        return parse(text)
    except ExpressionInvalid as unread:
        found.append(Finding(unread.code, at, dict(unread.args_)))
        return None


def _names(expression: Expression | None, known: Iterable[str], at: Pointer, found: list[Finding]) -> None:
    if expression is None:
        return
    for name in sorted((expression.names & _outside_filters(expression.root)) - set(known)):
        found.append(Finding("formula.name", at, {"name": name, "known": ", ".join(known)}))


def _outside_filters(node: Node) -> set[str]:
    """The names that stand outside of filters, where a name may be a field of the filtered entries."""
    if isinstance(node, Name):
        return {node.name}
    below = (node.of,) if isinstance(node, Filter) else parts(node)
    return {name for part in below for name in _outside_filters(part)}
